//! A server whose responses a test decides.

use support::raw_request::RawRequest;
use support::raw_server::RawServer;

/// A response.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    status: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Whether the connection is closed instead.
    closes: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status: format!("{status} Status"),
            headers: Vec::new(),
            body: body.into(),
            closes: false,
        }
    }

    /// No response: the connection is closed.
    pub(crate) fn none() -> Reply {
        Reply {
            closes: true,
            ..Reply::default()
        }
    }

    pub(crate) fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        Reply::new(200, body).header("Content-Type", media_type)
    }

    pub(crate) fn error(status: u16, code: &str) -> Reply {
        let body = format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#);
        Reply::new(status, body).header("Content-Type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Responds to the request; false if the connection is closed.
    pub(crate) fn send(&self, conn: &mut support::raw_conn::Conn, request: &RawRequest) -> bool {
        if self.closes {
            conn.close();
            return false;
        }
        let length = self.body.len().to_string();
        let mut headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut body = self.body.as_slice();
        if request.method == "HEAD" {
            body = &[];
            let is_given = headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            if !is_given {
                headers.push(("Content-Length", &length));
            }
        }
        conn.respond(&self.status, &headers, body)
    }
}

/// Starts a server that responds to each request.
pub(crate) fn serve(reply: impl Fn(&RawRequest) -> Reply + Send + Sync + 'static) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if !reply(&request).send(conn, &request) {
                return;
            }
        }
    })
}

/// The requests that a server received, each as method and target.
pub(crate) fn requests(server: &RawServer) -> Vec<String> {
    let requests = server.requests();
    requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.target))
        .collect()
}
