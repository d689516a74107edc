//! Servers that keep a connection busy without sending data: the stall limit
//! counts data only.

use std::thread;
use std::time::Duration;

use reggie::{Client, Config, Error, Kind, Response, Step};
use support::certificates::Certificates;
use support::raw_conn::Conn;
use support::raw_server::RawServer;

/// Between the pieces of what drips.
const PAUSE: Duration = Duration::from_millis(10);
/// The window of the stall limit.
const WINDOW: Duration = Duration::from_millis(300);

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A GET with a minimum rate. The other limit is for a rate that is not kept.
fn get(server: &RawServer, bytes_per_second: u64) -> Result<Response, Error> {
    let mut config = Config::new();
    if let Some(path) = server.ca_path() {
        config.add_ca_file(&path).expect("a ca");
    }
    config.set_retries(0).expect("no retries");
    config.set_first_byte_timeout(None);
    config.set_timeout(Some(Duration::from_secs(60)));
    config.set_stall_limit(bytes_per_second, WINDOW);
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    client.execute(&mut request)
}

fn expect_stall(server: &RawServer) {
    let error = get(server, 1).expect_err("it stalls");
    assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Receive));
    assert!(
        error.message().contains("less than 1 per second"),
        "{error}"
    );
}

/// A server that reads a request, sends the start of a response and then drips.
fn dripping(
    tls: bool,
    start: &'static [u8],
    drip: impl Fn(&mut Conn) -> bool + Send + Sync + 'static,
) -> RawServer {
    let handler = move |conn: &mut Conn| {
        if conn.read_request().is_none() || !conn.send(start) {
            return;
        }
        while drip(conn) {
            thread::sleep(PAUSE);
        }
    };
    match tls {
        true => RawServer::start_tls(handler),
        false => RawServer::start(handler),
    }
}

#[test]
fn key_updates_are_no_progress() {
    for start in [HEAD, b"HTTP/1.1 200 OK\r\nX-A: ", CHUNKED] {
        // rustls ends a session after 32 in a row.
        expect_stall(&dripping(true, start, |conn| {
            thread::sleep(5 * PAUSE);
            conn.update_keys()
        }));
    }
}

#[test]
fn the_framing_of_a_body_is_no_progress() {
    let drips: [(&[u8], &[u8]); 4] = [
        (b"1;", b"a"),
        (b"5\r\nabcde\r\n5;a=\"", b"b"),
        (b"0000", b"0"),
        (b"0\r\nX-A: ", b"a"),
    ];
    for tls in [false, true] {
        for (start, piece) in drips {
            let start = [CHUNKED, start].concat().leak();
            expect_stall(&dripping(tls, start, move |conn| conn.send(piece)));
        }
    }
}

#[test]
fn a_record_that_arrives_slowly_is_progress() {
    let body = [b'a'; 100 * 100];
    let server = RawServer::start_tls(move |conn| {
        if conn.read_request().is_some() {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
            // Three windows, if nothing is late.
            conn.send_records_slowly(&body, 100, PAUSE);
        }
    });
    let response = get(&server, 100).expect("it moves");
    assert_eq!(response.body(), body);
}

#[test]
fn records_without_data_end() {
    // About 100 bytes each.
    let certificates = Certificates::new().with_tickets(30_000);
    let server = RawServer::start_tls_with(certificates, |conn| {
        if conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let error = get(&server, 1).expect_err("too many tickets");
    assert_eq!(error.kind(), Kind::Tls, "{error}");
    assert!(error.message().contains("records without data"), "{error}");
    let server = RawServer::start_tls_with(Certificates::new().with_tickets(100), |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    get(&server, 1).expect("a few are fine");
}
