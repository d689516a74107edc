//! System calls that the standard library does not offer in the required form:
//! the only unsafe code outside the C boundary.
//!
//! Each function is safe to call: an invalid descriptor gives an error. Callers
//! keep descriptors open while they use them.

#![expect(unsafe_code, reason = "system calls")]

pub(crate) mod file;
pub(crate) mod signals;

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{io, mem, ptr};

use signals::{uninterrupted, without_sigpipe};

fn last<T>() -> io::Result<T> {
    Err(io::Error::last_os_error())
}

fn size(result: isize) -> io::Result<usize> {
    usize::try_from(result).or_else(|_| last())
}

/// send(2) without SIGPIPE.
pub(crate) fn send(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    uninterrupted(|| {
        // SAFETY: pointer and length are those of one slice.
        size(unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), libc::MSG_NOSIGNAL) })
    })
}

/// recv(2).
pub(crate) fn recv(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    uninterrupted(|| {
        // SAFETY: pointer and length are those of one slice.
        size(unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) })
    })
}

/// Creates an eventfd(2); it becomes readable once signalled.
pub(crate) fn event() -> io::Result<OwnedFd> {
    above_standard(event_anywhere()?)
}

fn event_anywhere() -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if fd < 0 {
        return last();
    }
    // SAFETY: the descriptor is new and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Reserves those of the descriptors 0, 1 and 2 that are free while the result
/// exists, so that files opened by other code get higher numbers.
pub(crate) fn hold_standard() -> Vec<OwnedFd> {
    let mut held = Vec::new();
    while let Ok(event) = event_anywhere() {
        if event.as_raw_fd() > libc::STDERR_FILENO {
            break;
        }
        held.push(event);
    }
    held
}

/// A pipe: the read end and the write end.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    Ok((
        above_standard(reader.into())?,
        above_standard(writer.into())?,
    ))
}

/// Moves a newly opened file off the descriptors 0, 1 and 2. They are free if
/// the host has closed them, but the host and our log may still write to them
/// as stdout or stderr.
pub(crate) fn above_standard<T: AsRawFd + From<OwnedFd>>(opened: T) -> io::Result<T> {
    if opened.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(opened);
    }
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::fcntl(opened.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3) };
    if fd < 0 {
        return last();
    }
    // SAFETY: the descriptor is new and has no other owner.
    Ok(T::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Signals an eventfd. Async-signal-safe; preserves errno.
pub(crate) fn signal_event(fd: RawFd) {
    // SAFETY: this thread's own errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let one = 1u64;
    // SAFETY: eight bytes that live for the call. Fails only if the event is
    // already signalled.
    unsafe { libc::write(fd, ptr::from_ref(&one).cast(), mem::size_of::<u64>()) };
    // SAFETY: as above.
    unsafe { *errno = before };
}

/// Makes an event unreadable again.
pub(crate) fn clear_event(fd: RawFd) {
    let mut count = 0u64;
    // SAFETY: eight bytes, which live for the call. It fails only where the
    // event is not signalled.
    unsafe { libc::read(fd, ptr::from_mut(&mut count).cast(), mem::size_of::<u64>()) };
}

/// The number of sent bytes that the peer has not acknowledged; 0 if unknown.
pub(crate) fn unsent(fd: RawFd) -> u64 {
    let mut count = 0i32;
    // SAFETY: the count lives for the call.
    let result = unsafe { libc::ioctl(fd, libc::TIOCOUTQ, ptr::from_mut(&mut count)) };
    if result == 0 {
        u64::try_from(count).unwrap_or(0)
    } else {
        0
    }
}

/// Whether a read would return immediately: data, end of file or an error.
pub(crate) fn is_readable(fd: RawFd) -> bool {
    let mut byte = 0u8;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    let peeked = uninterrupted(|| {
        // SAFETY: one byte is offered.
        size(unsafe { libc::recv(fd, ptr::from_mut(&mut byte).cast(), 1, flags) })
    });
    !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// A descriptor to wait for, with the requested events.
pub(crate) type PollFd = libc::pollfd;

/// poll(2), not restarted after a signal, since the caller checks its
/// deadlines. A negative `milliseconds` waits without limit.
pub(crate) fn poll(fds: &mut [PollFd], milliseconds: i32) -> io::Result<usize> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: pointer and count are those of one slice.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, milliseconds) };
    usize::try_from(ready).or_else(|_| last())
}

/// Starts connecting a non-blocking TCP socket to `address`.
pub(crate) fn start_connect(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::socket(family, kind, 0) };
    if fd < 0 {
        return last();
    }
    // SAFETY: the descriptor is new and has no other owner.
    let socket = above_standard(unsafe { OwnedFd::from_raw_fd(fd) })?;
    let fd = socket.as_raw_fd();
    set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;

    // SAFETY: all-zero is a valid value of this type.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let length = match address {
        SocketAddr::V4(v4) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: sockaddr_storage is large enough and aligned for it.
            unsafe {
                ptr::from_mut(&mut storage)
                    .cast::<libc::sockaddr_in>()
                    .write(raw)
            };
            mem::size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: sockaddr_storage is large enough and aligned for it.
            unsafe {
                ptr::from_mut(&mut storage)
                    .cast::<libc::sockaddr_in6>()
                    .write(raw)
            };
            mem::size_of::<libc::sockaddr_in6>()
        }
    };
    // SAFETY: the address is initialised for `length` bytes.
    let result = unsafe {
        libc::connect(
            fd,
            ptr::from_ref(&storage).cast(),
            length as libc::socklen_t,
        )
    };
    if result == 0 {
        return Ok(socket);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // An interrupted connect continues in the background.
        Some(libc::EINPROGRESS | libc::EINTR) => Ok(socket),
        _ => Err(error),
    }
}

/// Connects a non-blocking Unix domain socket to `path`.
pub(crate) fn connect_unix(path: &Path) -> io::Result<OwnedFd> {
    let path = path.as_os_str().as_bytes();
    // SAFETY: all-zero is a valid value of this type.
    let mut raw: libc::sockaddr_un = unsafe { mem::zeroed() };
    // Leave room for the NUL.
    if path.len() >= raw.sun_path.len() || path.contains(&0) {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    raw.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (place, &byte) in raw.sun_path.iter_mut().zip(path) {
        *place = byte as libc::c_char;
    }
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is passed.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if fd < 0 {
        return last();
    }
    // SAFETY: the descriptor is new and has no other owner.
    let socket = above_standard(unsafe { OwnedFd::from_raw_fd(fd) })?;
    let length = mem::size_of::<libc::sockaddr_un>() as libc::socklen_t;
    // SAFETY: the address is initialised and has the length given.
    let result = unsafe { libc::connect(socket.as_raw_fd(), ptr::from_ref(&raw).cast(), length) };
    if result == 0 { Ok(socket) } else { last() }
}

fn set_option(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = mem::size_of::<i32>() as libc::socklen_t;
    // SAFETY: the value lives for the call and has the length given.
    let result = unsafe { libc::setsockopt(fd, level, name, ptr::from_ref(&value).cast(), length) };
    if result == 0 { Ok(()) } else { last() }
}

/// Takes the pending error of a socket: the result of its connect.
pub(crate) fn take_socket_error(socket: &OwnedFd) -> Option<io::Error> {
    let mut code = 0i32;
    let mut length = mem::size_of::<i32>() as libc::socklen_t;
    // SAFETY: value and length live for the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ERROR,
            ptr::from_mut(&mut code).cast(),
            &mut length,
        )
    };
    if result != 0 {
        return Some(io::Error::last_os_error());
    }
    (code != 0).then(|| io::Error::from_raw_os_error(code))
}

/// pread(2) on a descriptor of the caller.
pub(crate) fn pread(fd: RawFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let offset =
        libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    uninterrupted(|| {
        // SAFETY: pointer and length are those of one slice.
        size(unsafe { libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset) })
    })
}

/// read(2) on a descriptor of the caller.
pub(crate) fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    uninterrupted(|| {
        // SAFETY: pointer and length are those of one slice.
        size(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) })
    })
}

/// The current offset of a descriptor; `None` if it cannot seek.
pub(crate) fn position(fd: RawFd) -> io::Result<Option<u64>> {
    // SAFETY: no memory is passed.
    let offset = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
    match u64::try_from(offset) {
        Ok(offset) => Ok(Some(offset)),
        Err(_) => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESPIPE) => Ok(None),
            error => Err(error),
        },
    }
}

/// The size of the regular file that a descriptor of the caller refers to;
/// `None` if it refers to something else.
pub(crate) fn regular_file_size(fd: RawFd) -> io::Result<Option<u64>> {
    Ok(regular_file(fd)?.map(|(size, _)| size))
}

/// The size of the regular file that is open there, and the time of its last
/// change in seconds and nanoseconds; `None` if it is no regular file.
pub(crate) fn regular_file(fd: RawFd) -> io::Result<Option<(u64, (i64, i64))>> {
    // SAFETY: all-zero is a valid value of this type.
    let mut about: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the result lives for the call.
    if unsafe { libc::fstat(fd, &mut about) } != 0 {
        return last();
    }
    let is_file = about.st_mode & libc::S_IFMT == libc::S_IFREG;
    let size = about.st_size.try_into().unwrap_or(0);
    Ok(is_file.then_some((size, (about.st_mtime, about.st_mtime_nsec))))
}

/// Whether a write to a full pipe or socket would block.
pub(crate) fn blocks(fd: RawFd) -> bool {
    // SAFETY: no memory is passed.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK == 0
}

/// write(2) to a caller's descriptor, which may be a pipe or a socket without
/// a reader.
pub(crate) fn write_without_sigpipe(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    without_sigpipe(data.len(), || {
        // SAFETY: pointer and length are those of one slice.
        size(unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) })
    })
}

/// sendfile(2): sends up to `count` bytes of a file, from `offset` on, over a
/// socket. The position of the file's descriptor does not move. 0 = the end of
/// the file.
pub(crate) fn send_file(
    socket: RawFd,
    file: RawFd,
    offset: u64,
    count: usize,
) -> io::Result<usize> {
    let mut offset =
        libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    without_sigpipe(count, || {
        // SAFETY: the offset lives for the call.
        size(unsafe { libc::sendfile(socket, file, &mut offset, count) })
    })
}

/// The user id of this process.
pub(crate) fn user() -> u32 {
    // SAFETY: no memory is passed.
    unsafe { libc::getuid() }
}

/// Gives a subprocess the default disposition of SIGCHLD, whatever this process
/// has set.
pub(crate) fn reset_sigchld(command: &mut Command) {
    let reset = || {
        // SAFETY: no memory is passed; allowed between fork and exec.
        match unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) } {
            libc::SIG_ERR => last(),
            _ => Ok(()),
        }
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(reset) };
}

/// The state of a child process.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Child {
    Runs,
    /// With its exit code; `None` if a signal killed it or other code reaped
    /// it.
    Ended(Option<i32>),
}

/// Checks a child process, and reaps it if it has exited.
pub(crate) fn child(id: u32) -> Child {
    // SAFETY: all-zero is a valid value of this type.
    let mut about: libc::siginfo_t = unsafe { mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG;
    // SAFETY: the information lives for the call.
    let result = unsafe { libc::waitid(libc::P_PID, id, &mut about, options) };
    if result != 0 {
        return Child::Ended(None);
    }
    // SAFETY: waitid(2) sets it; 0 means no state change.
    if unsafe { about.si_pid() } == 0 {
        return Child::Runs;
    }
    // SAFETY: set for a child that has exited.
    let status = unsafe { about.si_status() };
    Child::Ended((about.si_code == libc::CLD_EXITED).then_some(status))
}

/// Kills the process group of a running child.
pub(crate) fn kill_group(id: u32) {
    if let Ok(group) = i32::try_from(id) {
        // SAFETY: no memory is passed.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}
