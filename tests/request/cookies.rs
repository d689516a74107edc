//! Cookies that a registry sets, where clients keep them.

use reggie::{Client, Config};
use support::raw_server::RawServer;

fn sets_one() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[("Set-Cookie", "session=one")], b"");
        }
    })
}

fn get(client: &Client, own: Option<&str>) {
    let mut request = client.request("GET", "/v2/").expect("a request");
    if let Some(own) = own {
        request
            .set_header("Cookie", own.as_bytes())
            .expect("a header");
    }
    client.execute(&mut request).expect("an answer");
}

fn sent(server: &RawServer) -> Vec<Vec<String>> {
    let cookies = |request: support::raw_request::RawRequest| {
        let fields = request.headers.iter();
        let cookies = fields.filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        cookies.map(|(_, value)| value.clone()).collect()
    };
    server.requests().into_iter().map(cookies).collect()
}

#[test]
fn a_cookie_comes_back_behind_those_of_the_request_itself() {
    let server = sets_one();
    let mut config = Config::new();
    config.set_cookies(true);
    let client = Client::new(&server.url(), &config).expect("a client");
    get(&client, None);
    get(&client, None);
    get(&client, Some("mine=two"));
    let none: &[&str] = &[];
    assert_eq!(
        sent(&server),
        [none, &["session=one"], &["mine=two; session=one"]]
    );
}

#[test]
fn none_is_kept_unless_that_is_asked_for() {
    let server = sets_one();
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    get(&client, None);
    get(&client, Some("mine=two"));
    let none: &[&str] = &[];
    assert_eq!(sent(&server), [none, &["mine=two"]]);
}
