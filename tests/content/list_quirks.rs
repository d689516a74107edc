//! What registries do differently in lists, and lists that lie.

use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::{Error, Kind};
use support::raw_server::RawServer;

use crate::documents::*;
use crate::scripted::{Reply, requests, serve};

fn list(server: &RawServer) -> (Result<Vec<String>, Error>, usize) {
    let repository = repository(&server.url());
    let mut options = Options::default();
    options.set_pages(1000, Some(20)).expect("in range");
    let mut names = Names::tags(&repository, None, &options);
    let mut found = Vec::new();
    loop {
        match names.next() {
            Ok(Some(name)) => found.push(name.to_owned()),
            Ok(None) => return (Ok(found), names.left_out()),
            Err(error) => return (Err(error), names.left_out()),
        }
    }
}

fn serving(body: &'static str) -> RawServer {
    serve(move |_| Reply::ok("application/json; charset=utf-8", body))
}

#[test]
fn nexus_a_list_without_tags_is_null() {
    for body in [
        r#"{"name":"a","tags":null}"#,
        r#"{"name":"a","tags":[]}"#,
        r#"{"name":"a"}"#,
        "{}",
    ] {
        let (found, left_out) = list(&serving(body));
        assert_eq!((found.expect("empty"), left_out), (vec![], 0), "{body}");
    }
    let (found, left_out) = list(&serving(r#"{"tags":["a",null,"b"]}"#));
    assert_eq!(
        (found.expect("a list"), left_out),
        (vec!["a".to_owned(), "b".to_owned()], 1)
    );
}

#[test]
fn artifactory_digests_and_other_junk_are_left_out_and_counted() {
    let body = r#"{"tags":["a","sha256:0123","","../x","b c",1,{},["c"],"-d","a\n","b","b",
        "sha256__0123"]}"#;
    let (found, left_out) = list(&serving(body));
    assert_eq!(found.expect("a list"), ["a", "b", "sha256__0123"]);
    assert_eq!(left_out, 9);
}

#[test]
fn ecr_a_page_of_more_than_a_thousand_is_refused() {
    let server = serve(|request| {
        let size = request
            .target
            .split_once("n=")
            .map(|(_, size)| size.parse());
        match size {
            Some(Ok(..=1000_usize)) | None => Reply::ok("application/json", r#"{"tags":["a"]}"#),
            _ => Reply::error(400, "UNSUPPORTED"),
        }
    });
    let repository = repository(&server.url());
    let mut options = Options::default();
    options.set_pages(5000, None).expect("in range");
    let mut names = Names::tags(&repository, None, &options);
    assert_eq!(names.next().expect("a name"), Some("a"));
    let path = "GET /v2/team/app/tags/list";
    assert_eq!(
        requests(&server),
        [format!("{path}?n=5000"), path.to_owned()]
    );
    let mut names = Names::tags(&repository, Some("A"), &options);
    assert_eq!(names.next().expect("a name"), Some("a"));
    assert_eq!(
        requests(&server)[2..],
        [format!("{path}?n=5000&last=A"), format!("{path}?last=A"),]
    );
}

#[test]
fn docker_registry_sends_the_list_from_its_beginning() {
    let server = serving(r#"{"tags":["a","b","c"]}"#);
    let repository = repository(&server.url());
    for (after, expected) in [("b", Some("c")), ("c", None), ("x", Some("a"))] {
        let mut names = Names::tags(&repository, Some(after), &Options::default());
        assert_eq!(names.next().expect("a list"), expected);
    }
}

#[test]
fn ggcr_cuts_a_list_without_a_link() {
    let tags = ["a", "b", "c", "d"];
    for (size, count) in [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1)] {
        let server = serve(move |request| {
            let last = request.target.split_once("last=").map(|(_, last)| last);
            let rest = tags
                .iter()
                .filter(|tag| last.is_none_or(|last| **tag > last));
            let page: Vec<String> = rest.take(size).map(|tag| format!("{tag:?}")).collect();
            let body = format!(r#"{{"tags":[{}]}}"#, page.join(","));
            Reply::ok("application/json", body)
        });
        let mut options = Options::default();
        options.set_pages(size, None).expect("in range");
        let mut names = Names::tags(&repository(&server.url()), None, &options);
        let mut found = Vec::new();
        while let Some(name) = names.next().expect("a list") {
            found.push(name.to_owned());
        }
        assert_eq!(found, tags, "{size}");
        assert_eq!(server.requests().len(), count, "{size}");
    }
}

#[test]
fn docker_registry_sends_all_tags_although_a_page_would_be_full() {
    let server = serving(r#"{"tags":["b","a","c"]}"#);
    let mut options = Options::default();
    options.set_pages(3, None).expect("in range");
    let mut names = Names::tags(&repository(&server.url()), None, &options);
    for expected in [Some("b"), Some("a"), Some("c"), None, None] {
        assert_eq!(names.next().expect("a list"), expected);
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn links_are_followed_as_they_are() {
    let server = serve(|request| match request.target.as_str() {
        "/v2/team/app/tags/list?n=1000" => Reply::ok("application/json", r#"{"tags":["b"]}"#)
            .header(
                "Link",
                "</v2/team/app/tags/list?x=%2f+%20&last=b>; rel=next",
            ),
        "/v2/team/app/tags/list?x=%2f+%20&last=b" => {
            Reply::ok("application/json", r#"{"tags":["b","a"]}"#)
        }
        _ => Reply::new(404, ""),
    });
    let (found, _) = list(&server);
    assert_eq!(found.expect("two pages"), ["b", "a"]);
}

#[test]
fn a_next_page_elsewhere_is_an_error() {
    for link in [
        "<http://other.example/v2/team/app/tags/list>; rel=\"next\"",
        "<//127.0.0.1:1/v2/>; rel=next",
        "<https://127.0.0.1/v2/>; rel=next",
    ] {
        let server =
            serve(move |_| Reply::ok("application/json", r#"{"tags":["a"]}"#).header("Link", link));
        let (found, _) = list(&server);
        assert_eq!(found.expect_err("elsewhere").kind(), Kind::NextPageRefused);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn circular_and_endless_pages_are_an_error() {
    let circles = [
        (r#"</v2/team/app/tags/list?n=1000>; rel="next""#, 1),
        (r#"</v2/team/app/tags/list?n=1>; rel="next""#, 2),
    ];
    for (link, count) in circles {
        let server =
            serve(move |_| Reply::ok("application/json", r#"{"tags":["a"]}"#).header("Link", link));
        let (found, _) = list(&server);
        let error = found.expect_err("circular");
        assert_eq!(error.kind(), Kind::ListEndless, "{error}");
        assert_eq!(server.requests().len(), count);
    }
    let page = std::sync::atomic::AtomicUsize::new(0);
    let server = serve(move |_| {
        let page = page.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let link = format!("</v2/team/app/tags/list?page={page}>; rel=\"next\"");
        Reply::ok("application/json", r#"{"tags":[]}"#).header("Link", &link)
    });
    let repository = repository(&server.url());
    let mut options = Options::default();
    options.set_pages(1000, Some(50)).expect("in range");
    let mut names = Names::tags(&repository, None, &options);
    assert_eq!(names.next().expect_err("endless").kind(), Kind::ListEndless);
    assert_eq!(server.requests().len(), 50);
}

#[test]
fn what_is_no_list_is_an_error() {
    let deep = format!("{{\"tags\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    let deep: &'static str = Box::leak(deep.into_boxed_str());
    for body in [
        "",
        "[]",
        "null",
        "\"a\"",
        "<html>",
        r#"{"tags":"a"}"#,
        r#"{"tags":{}}"#,
        deep,
    ] {
        let (found, _) = list(&serving(body));
        let error = found.expect_err("no list");
        assert_eq!(error.kind(), Kind::InvalidJson, "{error}");
    }
    let server = RawServer::start(|conn| {
        conn.read_request();
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 1 << 16], b"\r\n"].concat();
        while conn.send(&chunk) {}
    });
    let (found, _) = list(&server);
    assert_eq!(found.expect_err("endless").kind(), Kind::BodyTooLarge);
}

#[test]
fn the_time_limit_is_for_all_pages_of_a_call() {
    let page = std::sync::atomic::AtomicUsize::new(0);
    let server = serve(move |_| {
        let page = page.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(20));
        Reply::ok("application/json", r#"{"tags":[]}"#).header(
            "Link",
            format!("</v2/team/app/tags/list?page={page}>; rel=next"),
        )
    });
    let mut options = Options::default();
    options.timeout = Some(std::time::Duration::from_millis(200));
    options.set_pages(1000, Some(100)).expect("in range");
    let mut names = Names::tags(&repository(&server.url()), None, &options);
    let error = names.next().expect_err("too long");
    assert_eq!(error.kind(), Kind::Deadline, "{error}");
}

#[test]
fn a_signature_in_the_link_of_a_page_is_no_secret_in_a_message() {
    let link = r#"</v2/team/app/tags/list?sig=hush&n=1>; rel="next""#;
    let server =
        serve(move |_| Reply::ok("application/json", r#"{"tags":["a"]}"#).header("Link", link));
    let (found, _) = list(&server);
    let error = found.expect_err("circular");
    assert_eq!(error.kind(), Kind::ListEndless);
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[test]
fn a_huge_page_is_refused() {
    let server = serve(|_| {
        Reply::ok(
            "application/json",
            format!(r#"{{"tags":[{}0]}}"#, "0,".repeat(600_000)),
        )
    });
    let (found, _) = list(&server);
    assert_eq!(found.expect_err("too many").kind(), Kind::InvalidJson);
    let server = serve(|_| {
        let names = format!(r#""{}","#, "a".repeat(100)).repeat(200_000);
        Reply::ok("application/json", format!(r#"{{"tags":[{names}"a"]}}"#))
    });
    let (found, _) = list(&server);
    assert_eq!(found.expect_err("too large").kind(), Kind::BodyTooLarge);
}
