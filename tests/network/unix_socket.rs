//! Registries that listen on a socket of this host.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Config, Error, Kind, Response};
use support::raw_server::RawServer;
use support::server_process::ServerProcess;
use support::{programs, temp};

fn send(client: &Client, method: &str, path: &str, body: &[u8]) -> Result<Response, Error> {
    let mut request = client.request(method, path)?;
    request.set_body(body.to_vec());
    client.execute(&mut request)
}

/// Answers each request on a socket by `answer`, with the head that came.
fn listen(path: &Path, answer: impl Fn(&str) -> String + Send + 'static) {
    let listener = UnixListener::bind(path).expect("a socket");
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            let mut head = Vec::new();
            let mut byte = [0];
            while matches!(socket.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
                if head.ends_with(b"\r\n\r\n") {
                    let text = answer(&String::from_utf8_lossy(&head));
                    socket.write_all(text.as_bytes()).expect("it is read");
                    head.clear();
                }
            }
        }
    });
}

#[test]
fn a_registry_on_a_socket() {
    let Some(program) = programs::find("docker-registry") else {
        let line = "docker-registry is not installed: its tests are skipped";
        return programs::missing(line, "not in PATH");
    };
    let folder = temp::folder();
    let socket = folder.path().join("a registry.sock");
    let config = folder.path().join("config.yml");
    let storage = folder.path().join("storage");
    let text = format!(
        "version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {storage:?}}}}}
http: {{net: unix, addr: {socket:?}, secret: shared by nobody}}
"
    );
    fs::write(&config, text).expect("the folder is writable");
    let arguments = ["serve".as_ref(), config.as_os_str()];
    let process = ServerProcess::spawn(&program, &arguments).expect("it can be run");
    let deadline = Instant::now() + Duration::from_secs(30);
    let listens =
        process.wait_for_line(deadline, |line| line.contains("listening on").then_some(()));
    assert!(listens.is_some(), "{}", process.log());

    let address = format!("unix://{}", socket.display());
    let client = Client::new(&address, &Config::new()).expect("a client");
    let begun = send(&client, "POST", "/v2/a/b/blobs/uploads/", b"").expect("an upload");
    assert_eq!(begun.status(), 202);
    let digest = of_bytes(Algorithm::Sha256, b"content");
    for absolute in [false, true] {
        let begun = send(&client, "POST", "/v2/a/b/blobs/uploads/", b"").expect("an upload");
        let location = match absolute {
            true => begun.absolute_location(),
            false => begun.relative_location(),
        };
        let location = location.expect("a location").to_owned();
        let start = if absolute { "http+unix://%2F" } else { "/v2/" };
        assert!(location.starts_with(start), "{location}");
        let mut request = client.request("PUT", &location).expect("a request");
        request.set_query("digest", &digest).expect("a query");
        request.set_body(b"content".to_vec());
        assert_eq!(
            client.execute(&mut request).expect("an answer").status(),
            201
        );
    }
    let path = format!("/v2/a/b/blobs/{digest}");
    let blob = send(&client, "GET", &path, b"").expect("an answer");
    assert_eq!(blob.body(), b"content");
}

#[test]
fn the_server_is_called_localhost() {
    let folder = temp::folder();
    let path = folder.path().join("r.sock");
    listen(&path, |head| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}",
            head.len()
        )
    });
    let address = format!("unix://{}", path.display());
    let mut config = Config::new();
    // No proxy leads to a socket.
    config
        .set_proxy(None, Some("http://127.0.0.1:1"))
        .expect("a proxy");
    let client = Client::new(&address, &config).expect("a client");
    let mut request = client.request("GET", "/v2/x?y").expect("a request");
    let response = client.execute(&mut request).expect("an answer");
    let head = String::from_utf8_lossy(response.body()).to_lowercase();
    assert!(head.starts_with("get /v2/x?y http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: localhost\r\n"), "{head}");
}

#[test]
fn redirects_from_a_socket() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            conn.respond("200 OK", &[], request.target.as_bytes());
        }
    });
    let folder = temp::folder();
    let path = folder.path().join("r.sock");
    let elsewhere = server.url();
    let encoded = format!(
        "http+unix://{}",
        path.display().to_string().replace('/', "%2F")
    );
    listen(&path, move |head| {
        let to = match head.split(' ').nth(1).unwrap_or_default() {
            "/out" => format!("{elsewhere}/there"),
            "/own" => "http://localhost/end".to_owned(),
            "/socket" => format!("{encoded}/end"),
            "/metadata" => "http://169.254.169.254/".to_owned(),
            _ => return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend".to_owned(),
        };
        format!("HTTP/1.1 307 To\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
    });
    let address = format!("unix://{}", path.display());
    let client = Client::new(&address, &Config::new()).expect("a client");
    let get = |path: &str| {
        let mut request = client.request("GET", path)?;
        client.execute(&mut request)
    };
    assert_eq!(get("/out").expect("an answer").body(), b"/there");
    assert_eq!(get("/own").expect("an answer").body(), b"end");
    let error = get("/socket").expect_err("a server names no socket");
    assert_eq!(error.kind(), Kind::RedirectRefused, "{error}");
    let error = get("/metadata").expect_err("a cloud's secrets");
    assert_eq!(error.kind(), Kind::AddressRefused, "{error}");
}

#[test]
fn a_socket_that_is_not_there() {
    let folder = temp::folder();
    let path = folder.path().join("none.sock");
    let client = Client::new(&format!("unix://{}", path.display()), &Config::new());
    let client = client.expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    let error = client.execute(&mut request).expect_err("nobody");
    let shown = path.display().to_string();
    assert_eq!(
        (error.kind(), error.host()),
        (Kind::Connect, Some(shown.as_str()))
    );
    let message = format!("connect to {shown}: no such file or directory");
    assert_eq!(error.message(), message);
}
