//! One connection of a `RawServer`, as its handler sees it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use embedded_registry::secrets;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

use super::raw_request::{self, RawRequest};
use super::raw_server::Shared;

/// How long a peer may be silent in the middle of a body, so that one that
/// never ends it fails its test.
const MAX_SILENCE: Duration = Duration::from_secs(30);

/// How the peer ended its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerClose {
    /// By the end of its stream.
    Orderly,
    /// By a reset or another error.
    Reset,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    Closed,
}

/// A connection.
///
/// With TLS, the handshake happens at the first read or write. Functions that
/// send tell by false that the peer is gone, which is often of no interest.
pub struct Conn {
    number: usize,
    stream: Stream,
    /// What came and was not taken yet.
    pending: Vec<u8>,
    /// All that came.
    received: Vec<u8>,
    shared: Arc<Shared>,
}

impl Conn {
    pub(super) fn new(
        socket: TcpStream,
        number: usize,
        tls: Option<Arc<ServerConfig>>,
        shared: Arc<Shared>,
    ) -> Self {
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let session = ServerConnection::new(config).expect("the settings are complete");
                Stream::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        Self {
            number,
            stream,
            pending: Vec::new(),
            received: Vec::new(),
            shared,
        }
    }

    /// The number of the connection, the first being 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The socket below, for options and for bytes beside TLS.
    pub fn socket(&self) -> Option<&TcpStream> {
        match &self.stream {
            Stream::Plain(socket) => Some(socket),
            Stream::Tls(tls) => Some(&tls.sock),
            Stream::Closed => None,
        }
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// The host name the client asked for by TLS, once it shook hands.
    pub fn server_name(&self) -> Option<&str> {
        match &self.stream {
            Stream::Tls(tls) => tls.conn.server_name(),
            _ => None,
        }
    }

    /// The certificate that the client showed, once it shook hands, in DER.
    pub fn client_certificate(&self) -> Option<Vec<u8>> {
        match &self.stream {
            Stream::Tls(tls) => Some(tls.conn.peer_certificates()?.first()?.to_vec()),
            _ => None,
        }
    }

    /// All bytes that were read on this connection, as they came.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Reads the next request, its body included.
    ///
    /// `None` at the end of the stream or if the request is cut off; the head
    /// of one cut off is still among the server's requests.
    pub fn read_request(&mut self) -> Option<RawRequest> {
        let mut request = self.read_head()?;
        self.read_body(&mut request).then_some(request)
    }

    /// Reads the head of the next request and leaves its body.
    pub fn read_head(&mut self) -> Option<RawRequest> {
        let head = self.take_until(b"\r\n\r\n")?;
        let mut request = RawRequest::from_head(self.number, head);
        request.complete = !request.has_body();
        secrets::note_request(&request.target, request.pairs(), b"");
        request.place = self.shared.record(&request);
        Some(request)
    }

    /// Reads the body of a request from `read_head`; false if it is cut off.
    pub fn read_body(&mut self, request: &mut RawRequest) -> bool {
        if request.complete {
            return true;
        }
        self.limit_silence(Some(MAX_SILENCE));
        request.complete = if request.is_chunked() {
            self.read_chunks(request).is_some()
        } else {
            let length = request.content_length();
            let part = self.take_up_to(length);
            request.raw.extend(&part);
            request.body = part;
            request.body.len() == length
        };
        self.limit_silence(None);
        secrets::note_request("", request.pairs(), &request.body);
        self.shared.update(request.place, request);
        request.complete
    }

    fn limit_silence(&self, limit: Option<Duration>) {
        if let Some(socket) = self.socket() {
            let _ = socket.set_read_timeout(limit);
        }
    }

    fn read_chunks(&mut self, request: &mut RawRequest) -> Option<()> {
        loop {
            let line = self.take_until(b"\r\n")?;
            request.raw.extend(&line);
            let length = raw_request::chunk_length(&line)?;
            if length == 0 {
                break;
            }
            let part = self.take_up_to(length);
            request.raw.extend(&part);
            request.body.extend(&part);
            let end = self.take_up_to(2);
            request.raw.extend(&end);
            if end != b"\r\n" {
                return None;
            }
        }
        // The trailers, up to an empty line.
        loop {
            let line = self.take_until(b"\r\n")?;
            request.raw.extend(&line);
            if line == b"\r\n" {
                return Some(());
            }
        }
    }

    /// Takes all up to and with `mark`; `None` if the stream ends before it.
    fn take_until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        let mut seen = 0;
        loop {
            let found = self.pending[seen..]
                .windows(mark.len())
                .position(|window| window == mark);
            if let Some(position) = found {
                let end = seen + position + mark.len();
                return Some(self.pending.drain(..end).collect());
            }
            seen = self.pending.len().saturating_sub(mark.len() - 1);
            if !self.fill() {
                return None;
            }
        }
    }

    /// Takes `length` bytes, or what came before the stream's end.
    fn take_up_to(&mut self, length: usize) -> Vec<u8> {
        while self.pending.len() < length && self.fill() {}
        let length = length.min(self.pending.len());
        self.pending.drain(..length).collect()
    }

    /// Waits for more bytes; false at the end of the stream.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.read_stream(&mut buffer) {
            Ok(length) if length > 0 => {
                self.pending.extend(&buffer[..length]);
                self.received.extend(&buffer[..length]);
                true
            }
            _ => false,
        }
    }

    fn read_stream(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.stream {
                Stream::Plain(socket) => socket.read(buffer),
                Stream::Tls(tls) => tls.read(buffer),
                Stream::Closed => Ok(0),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Sends these bytes and nothing else.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        secrets::note_raw_answer(bytes);
        self.write_all(bytes).and_then(|()| self.flush()).is_ok()
    }

    /// Sends a whole answer, as in `respond("200 OK", &[], b"text")`.
    ///
    /// `Content-Length` is added unless the headers tell the length or the
    /// status has no body. The answer to a HEAD has to give its own.
    pub fn respond(&mut self, status: &str, headers: &[(&str, &str)], body: &[u8]) -> bool {
        let mut bytes = raw_request::response_head(status, headers, Some(body.len())).into_bytes();
        bytes.extend(body);
        self.send(&bytes)
    }

    /// Sends a whole answer whose body goes in these chunks.
    pub fn respond_chunked(
        &mut self,
        status: &str,
        headers: &[(&str, &str)],
        chunks: &[&[u8]],
    ) -> bool {
        let mut headers = headers.to_vec();
        headers.push(("Transfer-Encoding", "chunked"));
        let mut bytes = raw_request::response_head(status, &headers, None).into_bytes();
        for chunk in chunks {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(*chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        self.send(&bytes)
    }

    /// Sends TLS records without data, which update the keys; false where the
    /// peer has gone. TLS 1.3 only.
    pub fn update_keys(&mut self) -> bool {
        let Stream::Tls(tls) = &mut self.stream else {
            return false;
        };
        let queued = tls.conn.refresh_traffic_keys();
        queued.is_ok() && tls.conn.write_tls(&mut tls.sock).is_ok()
    }

    /// Sends these bytes in TLS records, whose own bytes go out in such pieces,
    /// each after a pause; false where the peer has gone.
    pub fn send_records_slowly(&mut self, bytes: &[u8], piece: usize, pause: Duration) -> bool {
        let Stream::Tls(tls) = &mut self.stream else {
            return false;
        };
        let mut records = Vec::new();
        if tls.conn.writer().write_all(bytes).is_err() {
            return false;
        }
        while tls.conn.wants_write() {
            if tls.conn.write_tls(&mut records).is_err() {
                return false;
            }
        }
        records.chunks(piece).all(|piece| {
            std::thread::sleep(pause);
            tls.sock.write_all(piece).is_ok()
        })
    }

    /// Ends our side in good order, by close_notify first with TLS; the peer
    /// may still send.
    pub fn finish(&mut self) {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.conn.send_close_notify();
            let _ = tls.conn.write_tls(&mut tls.sock);
        }
        if let Some(socket) = self.socket() {
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    /// Closes the socket, without close_notify.
    ///
    /// As for any program, the system makes this a reset where bytes came that
    /// were not read.
    pub fn close(&mut self) {
        // Both handles have to go for the socket to close.
        self.shared.forget_socket(self.number);
        self.stream = Stream::Closed;
    }

    /// Closes the socket by a reset.
    pub fn reset(&mut self) {
        if let Some(socket) = self.socket() {
            // A lingering time of 0 makes the close a reset.
            SockRef::from(socket)
                .set_linger(Some(Duration::ZERO))
                .expect("a socket can be told to linger");
        }
        self.close();
    }

    /// Reads until the peer ends its side and tells how it did.
    pub fn wait_for_close(&mut self) -> PeerClose {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.read_stream(&mut buffer) {
                Ok(0) => return PeerClose::Orderly,
                Ok(length) => self.received.extend(&buffer[..length]),
                // The end of the stream without close_notify.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return PeerClose::Orderly;
                }
                Err(_) => return PeerClose::Reset,
            }
        }
    }

    /// Does nothing, with the connection open, until the server is stopped.
    pub fn hold(&self) {
        self.shared.wait_for_stop();
    }

    /// Ends what the handler left open.
    pub(super) fn end(&mut self) {
        self.finish();
        self.close();
    }
}

impl Read for Conn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pending.is_empty() {
            let length = self.read_stream(buffer)?;
            self.received.extend(&buffer[..length]);
            return Ok(length);
        }
        let length = buffer.len().min(self.pending.len());
        buffer[..length].copy_from_slice(&self.pending[..length]);
        self.pending.drain(..length);
        Ok(length)
    }
}

impl Write for Conn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
            Stream::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(tls) => tls.flush(),
            Stream::Closed => Ok(()),
        }
    }
}
