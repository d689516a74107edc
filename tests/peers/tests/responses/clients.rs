//! Runs the clients. Each returns its outcome for every row.

mod hyper_client;

use std::process::Command;

use reggie::{Client, Config};
use support::{programs, temp};

use super::Outcome;

pub(super) use hyper_client::hyper;

pub(super) fn reggie(address: &str, count: usize) -> Vec<Outcome> {
    let client = Client::new(address, &Config::new()).expect("a client");
    let get = |index: usize| {
        let mut request = client
            .request("GET", &format!("/{index}"))
            .expect("a request");
        match client.execute(&mut request) {
            Err(_) => Outcome::Error,
            Ok(response) => Outcome::Accepted {
                status: response.status(),
                body: response.body().to_vec(),
                field: response.headers().get("x-f").unwrap_or_default().to_vec(),
            },
        }
    };
    (0..count).map(get).collect()
}

/// `None` if curl is not installed.
pub(super) fn curl(urls: &[String]) -> Option<Vec<Outcome>> {
    let program = find("curl")?;
    let get = |url: &String| {
        let mut curl = Command::new(&program);
        curl.args(["-q", "-sS", "--max-time", "20", "--noproxy", "*"]);
        curl.args(["-w", "\n%{http_code} %header{x-f}", url]);
        let output = curl.output().expect("curl runs");
        if !output.status.success() {
            return Outcome::Error;
        }
        let last = output.stdout.iter().rposition(|&byte| byte == b'\n');
        let (body, rest) = output.stdout.split_at(last.expect("a line"));
        let (status, field) = (&rest[1..4], &rest[5..]);
        Outcome::Accepted {
            status: number(&String::from_utf8_lossy(status)),
            body: body.to_vec(),
            field: field.to_vec(),
        }
    };
    Some(urls.iter().map(get).collect())
}

/// `None` if Go is not installed.
pub(super) fn go(urls: &[String]) -> Option<Vec<Outcome>> {
    let go = find("go")?;
    let folder = temp::folder();
    let program = folder.path().join("peers");
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/go"))
        .status();
    assert!(built.expect("go runs").success());
    let mut peers = Command::new(program);
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        peers.env_remove(variable);
    }
    let output = peers.args(urls).output().expect("it runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("utf-8");
    let outcomes: Vec<_> = text.lines().map(of_go).collect();
    assert_eq!(outcomes.len(), urls.len(), "{text}");
    Some(outcomes)
}

fn of_go(line: &str) -> Outcome {
    let mut words = line.split(' ');
    if words.next() == Some("error") {
        return Outcome::Error;
    }
    Outcome::Accepted {
        status: number(words.next().expect("a status")),
        body: unhex(words.next().expect("a body")),
        field: unhex(words.next().expect("a field")),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
        .collect()
}

fn number(text: &str) -> u16 {
    text.parse().expect("a status")
}

fn find(name: &str) -> Option<std::path::PathBuf> {
    let found = programs::find(name);
    if found.is_none() {
        programs::missing(&format!("{name} is not installed"), "");
    }
    found
}
