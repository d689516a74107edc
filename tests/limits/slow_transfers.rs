//! Transfers that are slow, as a program in C sees them.

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use support::c::{BuildOptions, Compiler, Program};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

/// Between the bytes of what drips, and between the pieces that a slow reader
/// takes.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends byte by byte; false where the peer has gone.
fn drip(conn: &mut Conn, bytes: impl IntoIterator<Item = u8>) -> bool {
    bytes.into_iter().all(|byte| {
        thread::sleep(PAUSE);
        conn.send(&[byte])
    })
}

/// Takes so much of a body, a piece at a time; false where it ends before.
fn take_slowly(conn: &mut Conn, length: usize, piece: usize) -> bool {
    let mut buffer = vec![0; piece];
    let mut left = length;
    while left > 0 {
        thread::sleep(PAUSE);
        let most = left.min(piece);
        match conn.read(&mut buffer[..most]) {
            Ok(taken @ 1..) => left -= taken,
            _ => return false,
        }
    }
    true
}

/// Answers a request; false where the connection is over.
fn serve(conn: &mut Conn) -> bool {
    let Some(mut request) = conn.read_head() else {
        return false;
    };
    let length = request.content_length();
    match request.target.as_str() {
        "/drip-body" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n") && drip(conn, [b'a'; 300])
        }
        "/drip-chunks" => {
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                && drip(conn, *b"12c\r\n")
                && drip(conn, [b'a'; 300])
                && drip(conn, *b"\r\n0\r\n\r\n")
        }
        "/drip-head" => drip(
            conn,
            format!(
                "HTTP/1.1 200 OK\r\nX-A: {}\r\nContent-Length: 0\r\n\r\n",
                "a".repeat(250)
            )
            .into_bytes(),
        ),
        "/slow-reader" => {
            take_slowly(conn, length, length / 200) && conn.respond("200 OK", &[], b"")
        }
        "/slower-reader" => {
            take_slowly(conn, length, length / 400) && conn.respond("200 OK", &[], b"")
        }
        "/slow-tail" => take_slowly(conn, length, length / 300) && conn.respond("200 OK", &[], b""),
        "/no-reader" => {
            conn.hold();
            false
        }
        "/reader" => {
            conn.read_body(&mut request);
            conn.hold();
            false
        }
        "/interim-then-late" => {
            conn.send(b"HTTP/1.1 102 Processing\r\n\r\n");
            // Longer than two windows of the client's stall limit.
            thread::sleep(Duration::from_millis(3600));
            conn.respond("200 OK", &[], b"")
        }
        "/interim-drip" => {
            while conn.send(b"HTTP/1.1 102 Processing\r\n\r\n") {
                thread::sleep(PAUSE);
            }
            false
        }
        "/interim-flood" => {
            while conn.send(b"HTTP/1.1 102 Processing\r\n\r\n") {}
            false
        }
        "/head-flood" => {
            conn.send(b"HTTP/1.1 200 OK\r\n");
            while conn.send(b"X-A: a\r\n") {}
            false
        }
        "/redirect-half" => {
            conn.send(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 8\r\n\r\nhalf");
            conn.hold();
            false
        }
        "/redirect-half-chunk" => {
            conn.send(b"HTTP/1.1 302 Found\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n");
            conn.send(b"8\r\nhalf");
            conn.hold();
            false
        }
        _ => conn.read_body(&mut request) && conn.respond("200 OK", &[], b""),
    }
}

/// A proxy for HTTP and SOCKS 5 whose answer has no end.
fn proxy(conn: &mut Conn) {
    let mut first = [0];
    if conn.read_exact(&mut first).is_err() {
        return;
    }
    if first == [5] {
        let mut greeting = [0; 2];
        let _ = conn.read_exact(&mut greeting);
        conn.send(&[5, 0]);
        let mut request = [0; 4 + 1 + "drip.example".len() + 2];
        let _ = conn.read_exact(&mut request);
        conn.send(&[5, 0, 0, 3, 255]);
        drip(conn, [b'a'; 255]);
        return;
    }
    let Some(request) = conn.read_head() else {
        return;
    };
    if request.target.starts_with("flood.") {
        while conn.send(b"HTTP/1.1 100 Continue\r\n\r\n") {}
    } else {
        conn.send(b"HTTP/1.1 200 OK\r\nX-A: ");
        drip(conn, std::iter::repeat(b'a'));
    }
}

fn run(tls: bool) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let handler = |conn: &mut Conn| {
        if let Some(socket) = conn.socket() {
            // So that what a reader leaves fills its peer's buffers.
            let _ = SockRef::from(socket).set_recv_buffer_size(16 * 1024);
        }
        while serve(conn) {}
    };
    let server = match tls {
        true => RawServer::start_tls(handler),
        false => RawServer::start(handler),
    };
    let handshake = RawServer::start(|conn| {
        // The start of a long message.
        drip(conn, [22, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb, 3, 3]);
        drip(conn, std::iter::repeat(0));
    });
    let proxy = RawServer::start(proxy);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/slow.c");
    let program = Program::build(source, &BuildOptions::default())
        .unwrap_or_else(|words| panic!("slow.c\n{words}"));
    let ca = server.ca_path();
    let arguments = [
        "main".to_owned(),
        server.url(),
        ca.map_or_else(|| "-".to_owned(), |path| path.display().to_string()),
        format!("https://{}", handshake.authority()),
        proxy.authority(),
    ];
    let output = program.run(&arguments, &[]);
    output.expect_success();
    assert_eq!((&*output.stdout, &*output.stderr), ("done\n", ""));
}

#[test]
fn slow_transfers() {
    run(false);
}

#[test]
fn slow_transfers_over_tls() {
    run(true);
}
