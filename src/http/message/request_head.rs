//! The heads of requests: a request line and header fields.

use std::io;
use std::io::Write;

use crate::http::headers::Headers;

/// A request without its body.
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a str,
    /// Scheme, host and port, if a proxy reads the request (RFC 9112, section
    /// 3.2.2); otherwise empty.
    pub(crate) front: &'a str,
    pub(crate) path_and_query: &'a str,
    /// The value of the Host field, unless `headers` has one.
    pub(crate) host: &'a str,
    pub(crate) headers: &'a Headers,
    /// The body is sent in chunks.
    pub(crate) chunked: bool,
}

impl RequestHead<'_> {
    /// Returns a size that is not less than that of the head.
    pub(crate) fn max_size(&self) -> usize {
        // Everything that has a fixed size takes less than this.
        const REST: usize = 96;
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| name.len() + value.len() + ": \r\n".len());
        let target = self.front.len() + self.path_and_query.len();
        REST + self.method.len() + target + self.host.len() + fields.sum::<usize>()
    }

    /// Writes the head to the start of `buffer`, and returns its length.
    pub(crate) fn write(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len();
        let mut rest = buffer;
        let mut put = |part: &[u8]| rest.write_all(part);
        put(self.method.as_bytes())?;
        put(b" ")?;
        put(self.front.as_bytes())?;
        put(self.path_and_query.as_bytes())?;
        put(b" HTTP/1.1\r\n")?;
        let mut field = |name: &str, value: &[u8]| {
            put(name.as_bytes())?;
            put(b": ")?;
            put(value)?;
            put(b"\r\n")
        };
        if !self.headers.contains("host") {
            field("Host", self.host.as_bytes())?;
        }
        for (name, value) in self.headers.iter() {
            field(name, value)?;
        }
        if self.chunked {
            field("Transfer-Encoding", b"chunked")?;
        }
        put(b"\r\n")?;
        Ok(size - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &Headers) -> RequestHead<'_> {
        RequestHead {
            method: "GET",
            front: "",
            path_and_query: "/v2/?n=1",
            host: "r.example:5000",
            headers,
            chunked: false,
        }
    }

    fn written(head: &RequestHead<'_>) -> String {
        let mut buffer = vec![0; head.max_size()];
        let length = head.write(&mut buffer).expect("it fits");
        buffer.truncate(length);
        String::from_utf8(buffer).expect("utf-8")
    }

    #[test]
    fn fields_are_written_in_order() {
        let mut headers = Headers::default();
        let expected = "GET /v2/?n=1 HTTP/1.1\r\nHost: r.example:5000\r\n\r\n";
        assert_eq!(written(&head(&headers)), expected);
        headers.add("accept", b"a");
        headers.add("X-One", b"");
        headers.add("Accept", b"b");
        let chunked = RequestHead {
            method: "PATCH",
            chunked: true,
            ..head(&headers)
        };
        let expected = "PATCH /v2/?n=1 HTTP/1.1\r\nHost: r.example:5000\r\naccept: a\r\n\
            X-One: \r\nAccept: b\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(written(&chunked), expected);
    }

    #[test]
    fn a_proxy_gets_the_whole_url_and_a_given_host_replaces_that_of_the_url() {
        let mut headers = Headers::default();
        headers.add("hOST", b"another.example");
        let whole = RequestHead {
            front: "http://r.example:5000",
            ..head(&headers)
        };
        let expected =
            "GET http://r.example:5000/v2/?n=1 HTTP/1.1\r\nhOST: another.example\r\n\r\n";
        assert_eq!(written(&whole), expected);
    }

    #[test]
    fn a_head_that_does_not_fit_is_an_error() {
        let headers = Headers::default();
        let head = head(&headers);
        let length = written(&head).len();
        for size in 0..length {
            assert!(head.write(&mut vec![0; size]).is_err(), "{size}");
        }
    }
}
