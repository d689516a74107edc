//! The buffers in which ureq parses responses and writes requests.

use ureq::unversioned::transport::Buffers;
use zeroize::Zeroize;

/// Maximum size of a response's headers, in bytes.
pub(crate) const INPUT_SIZE: usize = 64 * 1024;
/// Buffer size for a request without a body; a longer head gets a larger one.
const HEAD_SIZE: usize = 16 * 1024;
/// Buffer size for request bodies.
const BODY_SIZE: usize = 1024 * 1024;
/// Additional buffer that ureq needs when it reads from a body.
const TMP_SIZE: usize = 64 * 1024;

/// Input and output buffers of one connection. Allocated on first use.
#[derive(Debug, Default)]
pub(crate) struct ConnectionBuffers {
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
    tmp: Vec<u8>,
    output_size: usize,
    progress: bool,
}

impl ConnectionBuffers {
    /// Sets the output buffer size for a head of about `head` bytes and a body
    /// of `body` bytes.
    pub(crate) fn plan(&mut self, head: usize, body: u64) {
        let body = usize::try_from(body).unwrap_or(BODY_SIZE).min(BODY_SIZE);
        self.output_size = head.max(HEAD_SIZE).max(body);
    }

    /// The bytes received and not yet consumed.
    pub(crate) fn received(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// Removes the first `amount` bytes received.
    pub(crate) fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
        self.progress = amount > 0;
    }

    /// The first `amount` bytes of the output.
    pub(crate) fn to_send(&self, amount: usize) -> &[u8] {
        &self.output[..amount]
    }

    /// Writes a message to the start of the output buffer.
    pub(crate) fn put(&mut self, message: &[u8]) {
        self.ensure_output();
        if self.output.len() < message.len() {
            self.output.resize(message.len(), 0);
        }
        self.output[..message.len()].copy_from_slice(message);
    }

    /// Overwrites the first `amount` bytes of the output.
    pub(crate) fn wipe(&mut self, amount: usize) {
        self.output[..amount].zeroize();
    }

    /// Inserts `text` after the method of the request in the output buffer,
    /// which contains `amount` bytes; returns the new number of bytes.
    pub(crate) fn insert_after_method(&mut self, text: &[u8], amount: usize) -> usize {
        let Some(method) = self.output[..amount].iter().position(|&byte| byte == b' ') else {
            return amount;
        };
        let at = method + 1;
        let longer = amount + text.len();
        if self.output.len() < longer {
            self.output.resize(longer, 0);
        }
        self.output.copy_within(at..amount, at + text.len());
        self.output[at..at + text.len()].copy_from_slice(text);
        longer
    }

    /// Free space for input. Moves the pending input to the front first.
    pub(crate) fn free(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = vec![0; INPUT_SIZE];
        }
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.input.len() - self.end < INPUT_SIZE / 2 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.input[self.end..]
    }

    /// Marks `amount` bytes of the free space as received.
    pub(crate) fn received_more(&mut self, amount: usize) {
        self.end = (self.end + amount).min(self.input.len());
        self.progress = amount > 0;
    }

    /// Appends input, which may exceed the free space: a TLS record is
    /// delivered in one piece.
    pub(crate) fn append(&mut self, piece: &[u8]) {
        if self.free().len() < piece.len() {
            let needed = self.end + piece.len();
            self.input.resize(needed, 0);
        }
        self.input[self.end..self.end + piece.len()].copy_from_slice(piece);
        self.received_more(piece.len());
    }

    /// Frees memory that an idle connection does not need.
    pub(crate) fn shrink(&mut self) {
        if self.output.len() > HEAD_SIZE {
            self.output = Vec::new();
        }
        self.tmp = Vec::new();
        if self.input.len() > INPUT_SIZE && self.start == self.end {
            self.input = Vec::new();
            self.start = 0;
            self.end = 0;
        }
    }

    fn ensure_output(&mut self) {
        let size = self.output_size.max(HEAD_SIZE);
        if self.output.len() < size {
            self.output = vec![0; size];
        }
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.ensure_output();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.received()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.free()
    }

    /// Counts as progress, unlike with ureq's own buffers: without that, ureq
    /// would never look at a final status in place of a 100.
    fn input_appended(&mut self, amount: usize) {
        self.received_more(amount);
    }

    fn input_consume(&mut self, amount: usize) {
        self.consume(amount);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.ensure_output();
        if self.tmp.is_empty() {
            self.tmp = vec![0; TMP_SIZE];
        }
        (&mut self.tmp, &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_made_whole() {
        let mut buffers = ConnectionBuffers::default();
        let head = b"GET /v2/ HTTP/1.1\r\n\r\n";
        buffers.put(head);
        let amount = buffers.insert_after_method(b"http://r.example", head.len());
        let expected = b"GET http://r.example/v2/ HTTP/1.1\r\n\r\n";
        assert_eq!(buffers.to_send(amount), expected);
        buffers.wipe(amount);
        assert!(buffers.to_send(amount).iter().all(|&byte| byte == 0));
        let full = vec![b' '; HEAD_SIZE];
        buffers.put(&full);
        assert_eq!(buffers.insert_after_method(b"ab", HEAD_SIZE), HEAD_SIZE + 2);
    }
}
