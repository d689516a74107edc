//! The end of a head, and what the first bytes of a response say.

/// Number of bytes needed to read a status: `HTTP/1.1 200`.
const STATUS_LINE_START: usize = 12;

/// Searches for the empty line that ends a head, in input that grows. Each byte
/// is looked at once, however small the pieces are.
#[derive(Debug, Default)]
pub(super) struct EndSearch {
    /// The first byte that is not searched yet.
    next: usize,
    /// The empty lines before the status line were skipped.
    started: bool,
}

impl EndSearch {
    /// Returns the length of the head at the beginning of `input`.
    pub(super) fn find(&mut self, input: &[u8]) -> Option<usize> {
        if !self.started {
            let line = input.iter().position(|byte| !is_line_break(*byte))?;
            self.next = line;
            self.started = true;
        }
        while let Some(more) = input[self.next..].iter().position(|&byte| byte == b'\n') {
            let line_end = self.next + more;
            match &input[line_end + 1..] {
                [b'\n', ..] => return Some(line_end + 2),
                [b'\r', b'\n', ..] => return Some(line_end + 3),
                [] | [b'\r'] => {
                    self.next = line_end;
                    return None;
                }
                _ => self.next = line_end + 1,
            }
        }
        self.next = input.len();
        None
    }
}

fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The status of the first final response in `input`, as soon as it has
/// arrived.
pub(crate) fn early_status(mut input: &[u8]) -> Option<u16> {
    loop {
        let start = input.iter().position(|byte| !is_line_break(*byte))?;
        let line = input[start..].get(..STATUS_LINE_START)?;
        let digits = line.strip_prefix(b"HTTP/1.")?.get(2..)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let status = digits
            .iter()
            .fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
        if status >= 200 {
            return Some(status);
        }
        input = &input[EndSearch::default().find(input)?..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_the_first_empty_line() {
        for (input, end) in [
            (&b""[..], None),
            (b"\r\n\r\n", None),
            (b"HTTP/1.1 200 OK", None),
            (b"HTTP/1.1 200 OK\r\n", None),
            (b"HTTP/1.1 200 OK\r\n\r", None),
            (b"HTTP/1.1 200 OK\r\n\r\n", Some(19)),
            (b"HTTP/1.1 200 OK\r\n\r\nbody\r\n\r\n", Some(19)),
            (b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Some(23)),
            (b"HTTP/1.1 200 OK\n\n", Some(17)),
            (b"HTTP/1.1 200 OK\n\r\n", Some(18)),
            (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Some(29)),
        ] {
            assert_eq!(EndSearch::default().find(input), end, "{input:?}");
            let mut search = EndSearch::default();
            let found = (0..=input.len()).find_map(|size| search.find(&input[..size]));
            assert_eq!(found, end, "{input:?} byte by byte");
        }
    }

    #[test]
    fn a_status_shows_once_its_line_is_long_enough() {
        for (input, status) in [
            (&b"HTTP/1.1 40"[..], None),
            (b"HTTP/1.1 401", Some(401)),
            (b"\r\nHTTP/1.1 401", Some(401)),
            (b"HTTP/1.1 100 Continue\r\n\r\n", None),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 ", Some(413)),
            (b"HTTP/1.1 103\nLink: a\n\nHTTP/1.1 413 ", Some(413)),
            (b"SSH-2.0-OpenSSH", None),
            (b"HTTP/1.1 x01 ", None),
            (b"HTTP/1.1 +01 ", None),
        ] {
            assert_eq!(early_status(input), status);
        }
    }
}
