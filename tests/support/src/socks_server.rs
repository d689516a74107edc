//! A SOCKS 5 server (RFC 1928, RFC 1929) that connects to loopback alone.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::raw_conn::Conn;
use super::raw_server::RawServer;
use super::sync::lock;

/// A running server, stopped on drop.
pub struct SocksServer {
    server: RawServer,
    asked: Arc<Mutex<Vec<String>>>,
}

impl SocksServer {
    /// Starts one that wants user and password if some are given. All that it
    /// is asked for is at 127.0.0.1, whatever its name.
    pub fn start(login: Option<(&'static str, &'static str)>) -> SocksServer {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&asked);
        let server = RawServer::start(move |conn| {
            // A client that goes away is no matter of the server's.
            let _ = serve(conn, login, &told);
        });
        SocksServer { server, asked }
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.server.authority()
    }

    /// What it was asked to connect to: `name r.example:80`, `v4 127.0.0.1:80`.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

fn take<const N: usize>(conn: &mut Conn) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    conn.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_text(conn: &mut Conn) -> io::Result<String> {
    let [length] = take(conn)?;
    let mut bytes = vec![0; length.into()];
    conn.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn serve(
    conn: &mut Conn,
    login: Option<(&str, &str)>,
    asked: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let [version, count] = take(conn)?;
    assert_eq!(version, 5);
    let mut methods = vec![0; count.into()];
    conn.read_exact(&mut methods)?;
    let wanted = if login.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return conn.write_all(&[5, 0xff]);
    }
    conn.write_all(&[5, wanted])?;
    if let Some((username, password)) = login {
        assert_eq!(take(conn)?, [1]);
        let given = (take_text(conn)?, take_text(conn)?);
        let right = given == (username.to_owned(), password.to_owned());
        conn.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Ok(());
        }
    }
    let [version, command, _, kind] = take(conn)?;
    assert_eq!((version, command), (5, 1));
    let host = match kind {
        1 => format!("v4 {}", Ipv4Addr::from(take::<4>(conn)?)),
        3 => format!("name {}", take_text(conn)?),
        other => panic!("an address of the kind {other}"),
    };
    let port = u16::from_be_bytes(take(conn)?);
    lock(asked).push(format!("{host}:{port}"));
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(target) = TcpStream::connect(target) else {
        return conn.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    // The name is the longest form of the address that was bound.
    conn.write_all(&[5, 0, 0, 3, 4])?;
    conn.write_all(b"here\x12\x34")?;
    let client = conn.socket().expect("it is open").try_clone()?;
    relay(client, target)
}

/// Carries bytes both ways until both sides have ended.
fn relay(client: TcpStream, target: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, target.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (target, client);
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    there.join().expect("copying does not panic");
    Ok(())
}
