//! Verification of a response body against its digest while it is received.

use std::collections::VecDeque;

use super::digest::{Digest, Digester};
use super::sink::Sink;
use crate::error::{Error, Kind};

/// How much of the end of a body is withheld until the body is verified, so
/// that no caller ever has all of something wrong.
pub(crate) const WITHHELD: usize = 64 * 1024;

/// Computes the digest of what passes to another sink, which is committed only
/// if the digest is the expected one.
pub(crate) struct VerifyingSink<S> {
    sink: S,
    expected: Digest,
    digester: Digester,
    /// The length of the body, if it is known.
    length: Option<u64>,
    /// How many bytes the sink has.
    released: u64,
    withheld: VecDeque<u8>,
}

impl<S: Sink> VerifyingSink<S> {
    pub(crate) fn new(
        sink: S,
        expected: Digest,
        length: Option<u64>,
    ) -> Result<VerifyingSink<S>, Error> {
        let digester = Digester::new(expected.algorithm());
        VerifyingSink::resuming(sink, expected, length, digester, 0)
    }

    /// For a sink that already has the first `released` bytes, which the
    /// digester has seen.
    pub(crate) fn resuming(
        sink: S,
        expected: Digest,
        length: Option<u64>,
        digester: Digester,
        released: u64,
    ) -> Result<VerifyingSink<S>, Error> {
        let mut withheld = VecDeque::new();
        if !sink.is_atomic() {
            let size = length.map_or(WITHHELD, |length| {
                usize::try_from(length).unwrap_or(WITHHELD).min(WITHHELD)
            });
            withheld
                .try_reserve_exact(size)
                .map_err(|_| Error::no_memory("buffer for verification"))?;
        }
        Ok(VerifyingSink {
            sink,
            digester,
            expected,
            length,
            released,
            withheld,
        })
    }

    /// The sink behind the verification.
    pub(crate) fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// How many more bytes may be passed on, given that `received` are here in
    /// all and there may be no more.
    fn releasable(&self, received: u64) -> usize {
        // A body that turns out longer than announced is not believed to be
        // longer: its last bytes are those that are here.
        let end = self.length.map_or(received, |length| length.max(received));
        let until = end.saturating_sub(WITHHELD as u64).min(received);
        usize::try_from(until.saturating_sub(self.released)).unwrap_or(usize::MAX)
    }

    /// Passes on withheld bytes, at most `count`, and returns their number.
    fn release(&mut self, count: usize) -> Result<usize, Error> {
        let count = count.min(self.withheld.len());
        let (front, back) = self.withheld.as_slices();
        let split = front.len().min(count);
        for part in [&front[..split], &back[..count - split]] {
            if !part.is_empty() {
                self.sink.write(part)?;
            }
        }
        self.withheld.drain(..count);
        self.released += count as u64;
        Ok(count)
    }
}

impl<S: Sink> Sink for VerifyingSink<S> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.digester.update(piece);
        if self.sink.is_atomic() {
            return self.sink.write(piece);
        }
        let received = self.released + (self.withheld.len() + piece.len()) as u64;
        let releasable = self.releasable(received);
        let direct = releasable - self.release(releasable)?;
        if direct > 0 {
            self.sink.write(&piece[..direct])?;
            self.released += direct as u64;
        }
        self.withheld.extend(&piece[direct..]);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        let actual = self.digester.clone().finish();
        let expected = self.expected.as_str();
        if actual != expected {
            let message = format!("body: expected digest {expected}, received {actual}");
            return Err(Error::new(Kind::DigestMismatch, message));
        }
        self.release(usize::MAX)?;
        self.sink.commit()
    }

    fn is_atomic(&self) -> bool {
        self.sink.is_atomic()
    }

    fn has_delivered(&self) -> bool {
        self.sink.has_delivered()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::digest::{Algorithm, of_bytes};

    /// What the caller has, and whether it is all.
    #[derive(Default)]
    struct Record {
        bytes: Vec<u8>,
        is_atomic: bool,
        is_committed: bool,
    }

    impl Sink for Record {
        fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
            assert!(!piece.is_empty() && !self.is_committed);
            self.bytes.extend_from_slice(piece);
            Ok(())
        }

        fn commit(&mut self) -> Result<(), Error> {
            self.is_committed = true;
            Ok(())
        }

        fn is_atomic(&self) -> bool {
            self.is_atomic
        }

        fn has_delivered(&self) -> bool {
            !self.bytes.is_empty()
        }
    }

    fn body(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    fn digest(bytes: &[u8]) -> Digest {
        Digest::parse(&of_bytes(Algorithm::Sha256, bytes)).expect("a digest")
    }

    #[test]
    fn the_last_64_kib_are_withheld_until_the_digest_is_right() {
        let sizes = [0, 1, WITHHELD - 1, WITHHELD, WITHHELD + 1, 3 * WITHHELD + 7];
        for size in sizes {
            let content = body(size);
            let mut other = content.clone();
            other.push(0);
            for (piece, is_length_known) in [
                (1000, true),
                (1000, false),
                (16 * 1024, true),
                (16 * 1024, false),
                (size.max(1), true),
                (size.max(1), false),
            ] {
                for is_right in [true, false] {
                    let expected = digest(if is_right { &content } else { &other });
                    let length = is_length_known.then_some(size as u64);
                    let sink = Record::default();
                    let mut sink = VerifyingSink::new(sink, expected, length).expect("a sink");
                    let mut received = 0;
                    for part in content.chunks(piece) {
                        sink.write(part).expect("written");
                        received += part.len();
                        let had = sink.sink().bytes.len();
                        assert!(had <= size.saturating_sub(WITHHELD), "{size} {piece}");
                        if !is_length_known {
                            assert_eq!(had, received.saturating_sub(WITHHELD));
                        }
                    }
                    let early = size.saturating_sub(WITHHELD);
                    assert_eq!(sink.sink().bytes.len(), early, "{size} {piece}");
                    assert_eq!(sink.has_delivered(), early > 0);
                    let outcome = sink.commit();
                    let Record {
                        bytes,
                        is_committed,
                        ..
                    } = sink.sink;
                    assert_eq!((outcome.is_ok(), is_committed), (is_right, is_right));
                    match outcome {
                        Ok(()) => assert!(bytes == content, "{size} {piece}"),
                        Err(error) => {
                            assert!(bytes == content[..early], "{size} {piece}");
                            assert_eq!(error.kind(), Kind::DigestMismatch);
                            for part in [digest(&content), digest(&other)] {
                                assert!(error.message().contains(part.as_str()), "{error}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_announced_length_that_is_wrong_releases_no_more() {
        let content = body(3 * WITHHELD);
        for length in [0, WITHHELD, 2 * WITHHELD, 4 * WITHHELD] {
            let sink = Record::default();
            let expected = digest(b"other");
            let mut sink = VerifyingSink::new(sink, expected, Some(length as u64)).expect("a sink");
            for part in content.chunks(10_000) {
                sink.write(part).expect("written");
            }
            let received = content.len().max(length);
            assert!(sink.sink().bytes.len() <= received - WITHHELD, "{length}");
            assert!(sink.commit().is_err());
        }
    }

    #[test]
    fn an_atomic_sink_has_all_before_and_is_committed_only_after() {
        let content = body(100);
        for is_right in [true, false] {
            let sink = Record {
                is_atomic: true,
                ..Record::default()
            };
            let expected = digest(if is_right { &content } else { b"other" });
            let mut sink = VerifyingSink::new(sink, expected, None).expect("a sink");
            sink.write(&content).expect("written");
            assert_eq!(sink.sink().bytes, content);
            assert_eq!(sink.commit().is_ok(), is_right);
            assert_eq!(sink.sink().is_committed, is_right);
        }
    }
}
