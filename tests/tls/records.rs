//! How the records of a body reach an output.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::{Client, Config, Error, WriteSink};
use support::raw_server::RawServer;

const RECORD: usize = 16 * 1024;
/// Fits in the buffers of a connection on loopback.
const BODY: usize = 8 * RECORD;
const LONG: Duration = Duration::from_secs(60);

/// Records the pieces, and continues after the first when told to.
struct Pieces {
    sizes: Arc<Mutex<Vec<usize>>>,
    first: Sender<()>,
    go_on: Receiver<()>,
}

impl WriteSink for Pieces {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let mut sizes = self.sizes.lock().expect("not poisoned");
        sizes.push(piece.len());
        if sizes.len() == 1 {
            let _ = self.first.send(());
            self.go_on.recv_timeout(LONG).expect("told to go on");
        }
        Ok(())
    }
}

/// The sizes of the pieces of a body, whose rest the server sends when the output
/// has received the `first` bytes.
fn sizes_after(first: usize) -> Vec<usize> {
    let (first_sent, first_received) = mpsc::channel();
    let (rest_sent, rest_received) = mpsc::channel();
    let received = Mutex::new(first_received);
    let server = RawServer::start_tls(move |conn| {
        conn.read_request();
        conn.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n").as_bytes());
        conn.send(&[b'x'; BODY][..first]);
        let received = received.lock().expect("not poisoned");
        received.recv_timeout(LONG).expect("the first bytes");
        conn.send(&[b'x'; BODY][first..]);
        let _ = rest_sent.send(());
        conn.wait_for_close();
    });
    let mut config = Config::new();
    config
        .add_ca_file(&server.ca_path().expect("a ca"))
        .expect("a ca file");
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("valid");
    let sizes = Arc::new(Mutex::new(Vec::new()));
    request.set_output_sink(Box::new(Pieces {
        sizes: Arc::clone(&sizes),
        first: first_sent,
        go_on: rest_received,
    }));
    let response = client.execute(&mut request).expect("a response");
    assert_eq!(response.status(), 200);
    let sizes = sizes.lock().expect("not poisoned").clone();
    assert_eq!(sizes.iter().sum::<usize>(), BODY);
    sizes
}

#[test]
fn an_output_gets_all_records_that_have_arrived_at_once() {
    let sizes = sizes_after(1);
    assert_eq!(sizes[0], 1);
    assert!(sizes.iter().any(|size| *size > RECORD), "{sizes:?}");
}

#[test]
fn an_output_gets_a_record_while_the_next_is_awaited() {
    for first in [1, RECORD, RECORD + 1] {
        sizes_after(first);
    }
}
