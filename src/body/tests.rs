use super::*;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;

fn all(body: &mut Body) -> Vec<u8> {
    let mut out = Vec::new();
    let mut buffer = [0; 3];
    loop {
        let amount = body
            .read(&mut buffer, &CallLimits::default())
            .expect("a readable body");
        if amount == 0 {
            return out;
        }
        out.extend_from_slice(&buffer[..amount]);
    }
}

#[test]
fn a_descriptor_is_read_from_its_offset_which_does_not_move() {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(b"0123456789").expect("written");
    file.seek(std::io::SeekFrom::Start(4)).expect("moved");
    let mut body = Body::descriptor(file.as_raw_fd(), Some(6)).expect("a descriptor");
    for _ in 0..2 {
        assert_eq!(body.start().expect("rewindable"), Some(6));
        assert_eq!(all(&mut body), b"456789");
        assert!(body.is_repeatable());
    }
    assert_eq!(file.stream_position().expect("a position"), 4);
}

#[test]
fn a_section_is_read_alone_and_again() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"0123456789").expect("written");
    let fd = file.as_file().as_raw_fd();
    let path = file.path().to_owned();
    let path = || path.clone();
    for (offset, length, content) in [
        (0, Some(10), &b"0123456789"[..]),
        (3, Some(4), b"3456"),
        (3, None, b"3456789"),
        (10, Some(0), b""),
        (10, None, b""),
    ] {
        let section = Section::new(offset, length).expect("a section");
        for mut body in [
            Body::path_section(path(), section),
            Body::descriptor_section(fd, section).expect("a descriptor"),
        ] {
            for _ in 0..2 {
                let size = content.len();
                assert_eq!(body.start().expect("fits"), Some(size as u64));
                let rest = body.file().expect("a file");
                assert_eq!(rest.offset, offset);
                assert!(rest.fd >= 0 && !rest.name.is_empty());
                let mut read = vec![0; size];
                let limits = CallLimits::default();
                assert_eq!(body.read(&mut read, &limits).expect("readable"), size);
                assert_eq!(read, content);
                body.advance(5);
                assert_eq!(
                    body.file().expect("a file").offset,
                    offset + size as u64 + 5
                );
                assert!(body.is_repeatable());
            }
        }
    }
    // The offset of the descriptor is that of the write.
    assert_eq!(file.stream_position().expect("a position"), 10);
    for (offset, length) in [(11, None), (11, Some(0)), (10, Some(1)), (0, Some(11))] {
        let section = Section::new(offset, length).expect("a section");
        for mut body in [
            Body::path_section(path(), section),
            Body::descriptor_section(fd, section).expect("a descriptor"),
        ] {
            let error = body.start().expect_err("too long");
            assert_eq!(error.kind(), Kind::BodyLength, "{error}");
            assert!(error.message().contains("has 10 bytes"), "{error}");
        }
    }
    assert!(Section::new(u64::MAX, Some(1)).is_err());
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let whole = Section::WHOLE;
    let error = Body::descriptor_section(reader.as_raw_fd(), whole).expect_err("a pipe");
    assert!(error.message().ends_with("not a regular file"), "{error}");
    let error = Body::descriptor_section(-1, whole).expect_err("no descriptor");
    assert_eq!(error.errno(), libc::EBADF);
}

#[test]
fn borrowed_bytes_are_dropped_with_the_body() {
    struct Lent(Arc<[u8; 10]>);
    impl BorrowedBytes for Lent {
        fn bytes(&self) -> &[u8] {
            &*self.0
        }
    }
    let lent = Arc::new(*b"0123456789");
    let mut body = Body::borrowed(Box::new(Lent(Arc::clone(&lent))));
    for _ in 0..2 {
        assert_eq!(body.start().expect("rewindable"), Some(10));
        assert_eq!(all(&mut body), b"0123456789");
        assert!(body.is_repeatable());
    }
    assert_eq!(body.kept(), Some(&b"0123456789"[..]));
    assert_eq!(Arc::strong_count(&lent), 2);
    drop(body);
    assert_eq!(Arc::strong_count(&lent), 1);
}

#[test]
fn a_pipe_cannot_be_sent_again_once_it_was_read() {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(b"abc").expect("written");
    drop(writer);
    let mut body = Body::descriptor(reader.as_raw_fd(), None).expect("a descriptor");
    body.start().expect("unread");
    body.start().expect("still unread");
    assert!(body.is_repeatable());
    assert_eq!(all(&mut body), b"abc");
    assert!(!body.is_repeatable());
    let error = body.start().expect_err("it was read");
    assert_eq!(error.kind(), Kind::BodyNotRewindable);
}

#[test]
fn a_descriptor_that_is_not_open_is_an_error_at_once() {
    let error = Body::descriptor(-1, Some(1)).expect_err("no descriptor");
    assert_eq!(error.kind(), Kind::File);
    assert_eq!(error.errno(), libc::EBADF);
}
