//! hyper without a runtime: a thread polls until the response is there.

use std::future::Future;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use std::{io, thread};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};

use crate::Outcome;

const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn hyper(address: SocketAddr, count: usize) -> Vec<Outcome> {
    let get = |index: usize| get(address, index).unwrap_or(Outcome::Error);
    (0..count).map(get).collect()
}

/// `None` on any error.
fn get(address: SocketAddr, index: usize) -> Option<Outcome> {
    let socket = TcpStream::connect(address).ok()?;
    socket.set_nonblocking(true).ok()?;
    let request = http::Request::get(format!("/{index}"))
        .header("host", address.to_string())
        .body(NoBody)
        .ok()?;
    let handshake = pin!(http1::handshake(Socket(socket)));
    let (mut sender, connection) = poll_until_ready(handshake, None)?.ok()?;
    let mut connection = pin!(connection);
    let response = pin!(sender.send_request(request));
    let response = poll_until_ready(response, Some(connection.as_mut()))?.ok()?;
    let status = response.status().as_u16();
    let field = response.headers().get("x-f");
    let field = field.map_or_else(Vec::new, |value| value.as_bytes().to_vec());
    let mut incoming = pin!(response.into_body());
    let mut body = Vec::new();
    loop {
        let frame = pin!(std::future::poll_fn(|context| incoming
            .as_mut()
            .poll_frame(context)));
        match poll_until_ready(frame, Some(connection.as_mut()))? {
            None => break,
            Some(frame) => {
                if let Ok(mut data) = frame.ok()?.into_data() {
                    body.extend_from_slice(&data);
                    data.advance(data.len());
                }
            }
        }
    }
    Some(Outcome::Accepted {
        status,
        body,
        field,
    })
}

type Connection<'a> = Pin<&'a mut dyn Future<Output = hyper::Result<()>>>;

/// Polls a future and the connection that it depends on; `None` after [`LIMIT`].
fn poll_until_ready<F: Future>(
    mut future: Pin<&mut F>,
    mut connection: Option<Connection<'_>>,
) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    let mut ended = false;
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if let Some(connection) = connection.as_mut().filter(|_| !ended) {
            ended = connection.as_mut().poll(&mut context).is_ready();
        }
        thread::yield_now();
    }
    None
}

struct Socket(TcpStream);

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; 4096];
        let room = piece.len().min(buffer.remaining());
        let read = self.0.read(&mut piece[..room]);
        pending_if_blocked(read.map(|amount| buffer.put_slice(&piece[..amount])))
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        pending_if_blocked(self.0.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn pending_if_blocked<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        other => Poll::Ready(other),
    }
}

struct NoBody;

impl Body for NoBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}
