//! How libreggie and other clients read the same responses. Where libreggie
//! differs from all others, the row says why.
//!
//! `cargo test -p peers -- --nocapture` prints the table.

mod clients;
mod rows;

use std::collections::BTreeMap;
use std::fmt;

use support::raw_server::RawServer;

use self::rows::{Row, rows};

/// What a client makes of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Error,
    Accepted {
        status: u16,
        body: Vec<u8>,
        /// The value of X-F.
        field: Vec<u8>,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Error => f.write_str("error"),
            Outcome::Accepted {
                status,
                body,
                field,
            } => {
                let body = body.escape_ascii().to_string();
                let field = field.escape_ascii().to_string();
                write!(f, "{status} {body:.12} {field:.12}")
            }
        }
    }
}

#[test]
fn responses_are_read_as_others_do() {
    let rows = rows();
    let responses: Vec<_> = rows.iter().map(|row| row.response.clone()).collect();
    let server = RawServer::start(move |conn| {
        let Some(request) = conn.read_request() else {
            return;
        };
        let index: usize = request.target[1..].parse().expect("an index");
        conn.send(&responses[index]);
        conn.finish();
    });
    let urls: Vec<_> = (0..rows.len())
        .map(|index| format!("{}/{index}", server.url()))
        .collect();
    let ours = clients::reggie(&server.url(), rows.len());
    let others: BTreeMap<_, _> = [
        ("curl", clients::curl(&urls)),
        ("go", clients::go(&urls)),
        ("hyper", Some(clients::hyper(server.address(), rows.len()))),
    ]
    .into_iter()
    .filter_map(|(name, outcomes)| Some((name, outcomes?)))
    .collect();

    let mut wrong = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let ours = &ours[index];
        let others: Vec<_> = others.iter().map(|(n, all)| (*n, &all[index])).collect();
        let shown: Vec<_> = others.iter().map(|(n, o)| format!("{n}: {o}")).collect();
        println!("{}: {ours} | {}", row.name, shown.join(" | "));
        if let Some(why) = check(row, ours, &others) {
            wrong.push(format!(
                "{}: {why}: {ours} | {}",
                row.name,
                shown.join(" | ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with our outcome.
fn check(row: &Row, ours: &Outcome, others: &[(&str, &Outcome)]) -> Option<String> {
    if *ours != row.expected {
        return Some(format!("expected {}", row.expected));
    }
    // hyper is always there; it alone is no measure.
    if others.len() < 3 {
        return None;
    }
    let agrees = others.iter().any(|(_, other)| *other == ours);
    match (agrees, row.differs) {
        (false, None) => Some("no other client does so".to_owned()),
        (true, Some(_)) => Some("another client does so too".to_owned()),
        _ => None,
    }
}
