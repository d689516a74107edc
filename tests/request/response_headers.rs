//! What the headers of answers mean: pages, ranges, limits, times, warnings.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::{Client, Config, ContentRange, Kind, Level, RateLimit, Response};
use support::raw_server::RawServer;

/// Answers each request at `/` with the head, in which `{url}` is the server's
/// own; redirects others there.
fn server(head: &'static str) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let url = format!("http://{}", request.header("host").expect("a host"));
            let head = head.replace("{url}", &url);
            conn.send(format!("{head}Content-Length: 0\r\n\r\n").as_bytes());
        }
    })
}

fn get(address: &str, path: &str) -> Response {
    let client = Client::new(address, &Config::new()).expect("a client");
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request).expect("an answer")
}

fn answer(head: &'static str) -> Response {
    get(&server(head).url(), "/v2/a/tags/list")
}

#[test]
fn the_next_page_can_be_sent_as_it_is() {
    for (prefix, head, expected) in [
        (
            "",
            "HTTP/1.1 200 OK\r\nLink: </v2/a/tags/list?n=2&last=b%2F+>; rel=\"next\"\r\n",
            Some("/v2/a/tags/list?n=2&last=b%2F+"),
        ),
        (
            "/p",
            "HTTP/1.1 200 OK\r\nLink: </p/v2/x?y>; rel=\"next\"\r\n",
            Some("/v2/x?y"),
        ),
        (
            "/p",
            "HTTP/1.1 200 OK\r\nLink: </v2/x?y>; rel=\"next\"\r\n",
            None,
        ),
        (
            "",
            "HTTP/1.1 200 OK\r\nLink: <list?last=b>; rel=next\r\n",
            Some("/v2/a/tags/list?last=b"),
        ),
        (
            "",
            "HTTP/1.1 200 OK\r\nLink: </p>; rel=prev\r\nLink: <{url}/n>; rel=next\r\n",
            Some("/n"),
        ),
        (
            "",
            "HTTP/1.1 200 OK\r\nLink: <http://evil.example/v2/>; rel=next\r\n",
            None,
        ),
        ("", "HTTP/1.1 200 OK\r\n", None),
    ] {
        let server = server(head);
        let address = format!("{}{prefix}", server.url());
        let response = get(&address, "/v2/a/tags/list");
        assert_eq!(response.next_page(), expected, "{prefix} {head}");
        if let Some(page) = response.next_page() {
            get(&address, page);
            let sent = server.requests().pop().expect("a request").target;
            assert_eq!(sent, format!("{prefix}{page}"));
        }
    }
}

#[test]
fn a_next_page_that_is_refused_is_no_last_page() {
    let last = answer("HTTP/1.1 200 OK\r\nLink: </p>; rel=prev\r\n");
    assert!(last.next_page().is_none() && last.check_next_page().is_ok());
    let more = answer("HTTP/1.1 200 OK\r\nLink: </n>; rel=next\r\n");
    assert!(more.next_page().is_some() && more.check_next_page().is_ok());
    for (head, words) in [
        (
            "HTTP/1.1 200 OK\r\nLink: <http://inner.example:5000/n?last=b&k=secret>; rel=next\r\n",
            "link \"http://inner.example:5000/n?last=b&k=[redacted]\" is not at",
        ),
        (
            "HTTP/1.1 200 OK\r\nLink: <//inner.example/n>; rel=\"next\"\r\n",
            "link \"//inner.example/n\" is not at",
        ),
        (
            "HTTP/1.1 200 OK\r\nLink: </p>; rel=prev, <ftp://inner.example/n>; rel=next\r\n",
            "link \"ftp://inner.example/n\" is not at",
        ),
        (
            "HTTP/1.1 200 OK\r\nLink: </n> rel=next\r\n",
            "the link header is invalid",
        ),
    ] {
        let lines = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&lines);
        let mut config = Config::new();
        let write = Arc::new(move |_, text: &str| log.lock().expect("a log").push_str(text));
        config.set_log_callback(Level::Warning, Some(write));
        let server = server(head);
        let client = Client::new(&server.url(), &config).expect("a client");
        let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.next_page(), None);
        let error = response.check_next_page().expect_err(head);
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::NextPageRefused, 200)
        );
        assert_eq!(error.host(), Some(server.authority().as_str()));
        assert!(error.message().contains(words), "{error}");
        assert_eq!(*lines.lock().expect("a log"), error.message());
    }
}

#[test]
fn a_page_of_another_server_leads_nowhere() {
    // It names the registry's own origin, and has no word there.
    let registry = Arc::new(Mutex::new(String::new()));
    let named = Arc::clone(&registry);
    let other = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            let url = named.lock().expect("no panic elsewhere").clone();
            let link = format!("<{url}/v2/secret>; rel=next");
            conn.respond("200 OK", &[("Link", &link)], b"");
        }
    });
    let location = other.url();
    let first = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            conn.respond("307 Temporary Redirect", &[("Location", &location)], b"");
        }
    });
    *registry.lock().expect("no panic elsewhere") = first.url();
    let response = get(&first.url(), "/v2/a/tags/list");
    assert!(response.headers().contains("link"));
    assert_eq!(response.next_page(), None);
}

#[test]
fn ranges_are_those_of_uploads_and_of_partial_contents() {
    let upload = answer("HTTP/1.1 202 Accepted\r\nRange: 0-99\r\nContent-Range: bytes 5-9/100\r\n");
    assert_eq!(upload.range(), Some((0, 99)));
    assert_eq!(upload.content_range(), None);
    let part = answer("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/100\r\n");
    assert_eq!(part.range(), Some((5, 9)));
    let expected = ContentRange {
        first: 5,
        last: 9,
        total: Some(100),
    };
    assert_eq!(part.content_range(), Some(expected));
    assert_eq!(
        answer("HTTP/1.1 206 Partial Content\r\nRange: 0-9\r\n").range(),
        None
    );
    assert_eq!(
        answer("HTTP/1.1 202 Accepted\r\nRange: 9-0\r\n").range(),
        None
    );
    assert_eq!(answer("HTTP/1.1 202 Accepted\r\n").range(), None);
}

#[test]
fn limits_and_times_to_wait() {
    let busy = answer(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 21600\r\n\
         RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 0;w=21600\r\n",
    );
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(21_600)));
    let expected = RateLimit {
        limit: Some(100),
        remaining: Some(0),
        window: Some(21_600),
    };
    assert_eq!(busy.rate_limit(), Some(expected));
    let dated = answer(
        "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n",
    );
    assert_eq!(dated.retry_after(), Some(Duration::from_secs(60)));
    let silent = answer("HTTP/1.1 200 OK\r\n");
    assert_eq!((silent.retry_after(), silent.rate_limit()), (None, None));
}

#[test]
fn warnings_are_told_once_for_each_text_and_host() {
    let head = "HTTP/1.1 200 OK\r\nWarning: 299 - \"old\", 299 - \"slow\"\r\n\
                Warning: 299 - \"old\"\r\nWarning: 199 - \"other\"\r\n";
    let (first, second) = (server(head), server(head));
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let mut config = Config::new();
    config.set_warning_callback(Some(Arc::new(move |host, text| {
        let line = format!("http://{host} {text}");
        hears.lock().expect("no panic elsewhere").push(line);
    })));
    let client = Client::new(&first.url(), &config).expect("a client");
    for url in [first.url(), first.url(), second.url()] {
        let mut request = client.request("GET", &url).expect("a request");
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.warnings(), ["old", "slow"]);
    }
    let expected = [
        format!("{} old", first.url()),
        format!("{} slow", first.url()),
        format!("{} old", second.url()),
        format!("{} slow", second.url()),
    ];
    assert_eq!(*told.lock().expect("no panic elsewhere"), expected);
}
