//! Bodies in chunks (RFC 9112, section 7.1).

use std::fmt;

use super::head::MAX_HEAD;

/// Limit of the bytes around all chunks, beyond those in them and a few for
/// each. Without it, extensions could be sent without end.
const MAX_OVERHEAD: u64 = 16 * MAX_HEAD as u64;
/// The size of a chunk and two line breaks.
const OVERHEAD_PER_CHUNK: u64 = 16;

/// Finds the data in a chunked body that arrives in pieces.
#[derive(Debug)]
pub(crate) struct ChunkDecoder {
    state: State,
    /// The data that is left of the chunk.
    left: u64,
    /// The size of this line or of the trailers, in bytes.
    line: usize,
    /// How much of [`MAX_OVERHEAD`] is used.
    overhead: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the size.
    Start,
    Size,
    /// White space after the size.
    AfterSize,
    Extension,
    /// After the CR that ends the line of the size.
    SizeEnd,
    Data,
    AfterData,
    /// After the CR that follows the data.
    DataEnd,
    /// At the beginning of a line after the last chunk.
    TrailerStart,
    Trailer,
    /// After the CR of the empty line at the end.
    LastEnd,
    End,
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Up to this many bytes of data.
    Data(u64),
    /// More input is needed.
    Input,
    End,
}

/// Why a chunked body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkError {
    Size,
    TooLarge,
    Extension,
    LineEnd,
    LineTooLong,
    TrailersTooLong,
    Overhead,
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChunkError::Size => f.write_str("the size of a chunk is not a hexadecimal number"),
            ChunkError::TooLarge => f.write_str("the size of a chunk exceeds 64 bits"),
            ChunkError::Extension => f.write_str("a chunk extension contains a line break"),
            ChunkError::LineEnd => f.write_str("a chunk does not end with a line break"),
            ChunkError::LineTooLong => {
                write!(f, "a chunk extension is longer than {MAX_HEAD} bytes")
            }
            ChunkError::TrailersTooLong => {
                write!(f, "the trailers are longer than {MAX_HEAD} bytes")
            }
            ChunkError::Overhead => {
                f.write_str("the chunk extensions are much longer than the data")
            }
        }
    }
}

impl Default for ChunkDecoder {
    fn default() -> ChunkDecoder {
        ChunkDecoder {
            state: State::Start,
            left: 0,
            line: 0,
            overhead: 0,
        }
    }
}

impl ChunkDecoder {
    /// Reads up to the next data, and returns how many bytes of `input` that
    /// took. The caller takes data from the input itself.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Result<(usize, Next), ChunkError> {
        let mut used = 0;
        loop {
            match self.state {
                State::Data => return Ok((used, Next::Data(self.left))),
                State::End => return Ok((used, Next::End)),
                _ => {}
            }
            let Some(&byte) = input.get(used) else {
                return Ok((used, Next::Input));
            };
            used += 1;
            self.take(byte)?;
        }
    }

    /// Whether the last chunk was read, after which no data follows.
    pub(crate) fn has_last_chunk(&self) -> bool {
        matches!(
            self.state,
            State::TrailerStart | State::Trailer | State::LastEnd | State::End
        )
    }

    /// Called when `amount` bytes of the chunk's data were taken.
    pub(crate) fn took(&mut self, amount: u64) {
        self.left = self.left.saturating_sub(amount);
        self.overhead = self.overhead.saturating_sub(amount);
        if self.left == 0 {
            self.state = State::AfterData;
        }
    }

    /// Takes a byte that is not data.
    fn take(&mut self, byte: u8) -> Result<(), ChunkError> {
        self.line += 1;
        self.overhead += 1;
        if self.line > MAX_HEAD {
            return Err(match self.state {
                State::TrailerStart | State::Trailer | State::LastEnd => {
                    ChunkError::TrailersTooLong
                }
                _ => ChunkError::LineTooLong,
            });
        }
        if self.overhead > MAX_OVERHEAD {
            return Err(ChunkError::Overhead);
        }
        self.state = match (self.state, byte) {
            (State::Start | State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.add_digit(byte)?;
                State::Size
            }
            (State::Size | State::AfterSize, b' ' | b'\t') => State::AfterSize,
            (State::Size | State::AfterSize, b';') => State::Extension,
            (State::Size | State::AfterSize | State::Extension, b'\r') => State::SizeEnd,
            (State::Start | State::Size | State::AfterSize, _) => return Err(ChunkError::Size),
            (State::Extension, b'\n') => return Err(ChunkError::Extension),
            (State::Extension, _) => State::Extension,
            (State::SizeEnd, b'\n') => {
                self.line = 0;
                match self.left {
                    0 => State::TrailerStart,
                    _ => State::Data,
                }
            }
            (State::SizeEnd, _) => return Err(ChunkError::Extension),
            (State::AfterData, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => {
                self.line = 0;
                self.overhead = self.overhead.saturating_sub(OVERHEAD_PER_CHUNK);
                State::Start
            }
            (State::TrailerStart, b'\r') => State::LastEnd,
            // A bare LF ends a field line, as in heads (RFC 9112, section 2.2).
            (State::TrailerStart | State::LastEnd, b'\n') => State::End,
            (State::Trailer, b'\n') => State::TrailerStart,
            (State::TrailerStart | State::Trailer, _) => State::Trailer,
            (State::AfterData | State::DataEnd | State::LastEnd, _) => {
                return Err(ChunkError::LineEnd);
            }
            (State::Data | State::End, _) => self.state,
        };
        Ok(())
    }

    fn add_digit(&mut self, byte: u8) -> Result<(), ChunkError> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        let shifted = self.left.checked_mul(16).ok_or(ChunkError::TooLarge)?;
        self.left = shifted | u64::from(digit);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data, the number of bytes taken, and what is needed next, of a body
    /// that arrives in pieces of this size.
    fn decode_in(pieces: usize, input: &[u8]) -> Result<(Vec<u8>, usize, Next), ChunkError> {
        let mut decoder = ChunkDecoder::default();
        let mut data = Vec::new();
        let (mut start, mut end) = (0, 0);
        loop {
            let (used, next) = decoder.advance(&input[start..end])?;
            start += used;
            match next {
                Next::Data(left) if start < end => {
                    let left = usize::try_from(left).unwrap_or(usize::MAX);
                    let amount = left.min(end - start);
                    data.extend_from_slice(&input[start..start + amount]);
                    decoder.took(amount as u64);
                    start += amount;
                }
                Next::Data(_) | Next::Input if end < input.len() => {
                    end = input.len().min(end + pieces);
                }
                next => return Ok((data, start, next)),
            }
        }
    }

    fn decode(input: &[u8]) -> Result<(Vec<u8>, usize, Next), ChunkError> {
        let whole = decode_in(input.len().max(1), input);
        for pieces in [1, 2, 7] {
            assert_eq!(decode_in(pieces, input), whole, "in pieces of {pieces}");
        }
        whole
    }

    #[test]
    fn chunks_and_what_surrounds_them() {
        for input in [
            "5\r\nhello\r\n0\r\n\r\n",
            "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
            "0000000000000000000000005\r\nhello\r\n000\r\n\r\n",
            "5;a\r\nhello\r\n0\r\n\r\n",
            "5;a=b;c=\"d; e\"\r\nhello\r\n0;last\r\n\r\n",
            "5 \t\r\nhello\r\n0\r\n\r\n",
            "5 ; a = b\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\r\nA: b\r\nC : d\r\n e\r\n\r\n",
            "5\r\nhello\r\n0\r\nA: b\n\n",
            "5\r\nhello\r\n0\r\n\n",
        ] {
            let whole = Ok((b"hello".to_vec(), input.len(), Next::End));
            assert_eq!(decode(input.as_bytes()), whole, "{input:?}");
            let more = format!("{input}HTTP/1.1");
            assert_eq!(decode(more.as_bytes()), whole, "{input:?} and more");
            for size in 0..input.len() {
                let (_, _, next) = decode(&input.as_bytes()[..size]).expect(input);
                assert_ne!(next, Next::End, "{:?}", &input[..size]);
            }
        }
        let upper = b"1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
        let (data, _, _) = decode(upper).expect("digits in upper case");
        assert_eq!(data.len(), 26);
    }

    #[test]
    fn what_is_not_a_chunk() {
        for (input, error) in [
            ("\r\n", ChunkError::Size),
            ("g\r\n", ChunkError::Size),
            ("+5\r\n", ChunkError::Size),
            ("-5\r\n", ChunkError::Size),
            ("0x5\r\n", ChunkError::Size),
            (" 5\r\n", ChunkError::Size),
            (";a\r\n", ChunkError::Size),
            ("5 5\r\n", ChunkError::Size),
            ("5\nhello\n0\n\n", ChunkError::Size),
            ("5;a\nhello", ChunkError::Extension),
            ("5;a\rb\r\nhello", ChunkError::Extension),
            ("5\rhello", ChunkError::Extension),
            ("5\r\nhello0\r\n\r\n", ChunkError::LineEnd),
            ("5\r\nhello!\r\n0\r\n\r\n", ChunkError::LineEnd),
            ("5\r\nhello\n0\r\n\r\n", ChunkError::LineEnd),
            ("5\r\nhello\r0\r\n\r\n", ChunkError::LineEnd),
            ("0\r\n\rx", ChunkError::LineEnd),
            ("10000000000000000\r\n", ChunkError::TooLarge),
            ("fffffffffffffffff\r\n", ChunkError::TooLarge),
        ] {
            assert_eq!(decode(input.as_bytes()), Err(error), "{input:?}");
        }
        let most = decode(b"ffffffffffffffff\r\n").expect("the largest");
        assert_eq!(most.2, Next::Data(u64::MAX));
    }

    #[test]
    fn extensions_and_trailers_have_limits() {
        let extended = |size: usize| format!("1;{}\r\na\r\n", "e".repeat(size - 4));
        let end = "0\r\n\r\n";
        let (data, _, _) = decode((extended(MAX_HEAD) + end).as_bytes()).expect("the limit");
        assert_eq!(data, b"a");
        let error = decode(extended(MAX_HEAD + 1).as_bytes()).expect_err("more");
        assert_eq!(error, ChunkError::LineTooLong);
        let zeros = "0".repeat(MAX_HEAD + 1);
        let error = decode(zeros.as_bytes()).expect_err("zeros");
        assert_eq!(error, ChunkError::LineTooLong);
        let trailers = |size: usize| format!("0\r\n{}\r\n\r\n", "A".repeat(size - 4));
        decode(trailers(MAX_HEAD).as_bytes()).expect("the limit");
        for input in [
            trailers(MAX_HEAD + 1),
            format!("0\r\n{}", "A: b\r\n".repeat(MAX_HEAD / 6 + 1)),
        ] {
            let error = decode(input.as_bytes()).expect_err("more");
            assert_eq!(error, ChunkError::TrailersTooLong);
        }
        let error = decode_in(1 << 20, extended(MAX_HEAD).repeat(17).as_bytes());
        assert_eq!(error, Err(ChunkError::Overhead));
        let small = "1\r\na\r\n".repeat(1 << 20);
        let (data, _, _) = decode_in(1 << 20, small.as_bytes()).expect("many small chunks");
        assert_eq!(data.len(), 1 << 20);
        let signed = format!("1000;chunk-signature={:064}\r\n{:04096}\r\n", 0, 0).repeat(2000);
        decode_in(1 << 20, signed.as_bytes()).expect("signed chunks");
    }
}
