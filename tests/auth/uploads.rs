//! Uploads at whatever URL a registry returns.

use reggie::{Client, Config, Credential};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use crate::guarded::{config, own_url};

/// Sends a request to a path or a URL; the status, and the Location in full.
fn send(client: &Client, method: &str, target: &str) -> (u16, Option<String>) {
    let mut request = client.request(method, target).expect("a request");
    if method != "POST" && method != "GET" {
        request.set_body(b"content".to_vec());
    }
    let response = client.execute(&mut request).expect("a response");
    let location = response.absolute_location().map(str::to_owned);
    (response.status(), location)
}

/// The token server of a registry, which grants what is asked for.
fn grants(conn: &mut Conn, request: &RawRequest) -> bool {
    let token = match request.target.contains("push") {
        true => r#"{"token":"push"}"#,
        false => r#"{"token":"pull"}"#,
    };
    conn.respond("200 OK", &[], token.as_bytes())
}

/// A registry whose uploads are at `first`, and then at `next`. It challenges
/// with pull, and refuses tokens without push without a challenge.
fn registry(first: &'static str, next: &'static str) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let url = own_url(&request);
            if request.target.starts_with("/token") {
                grants(conn, &request);
                continue;
            }
            match request.header("authorization") {
                Some("Bearer push") => {}
                Some(_) => {
                    conn.respond("403 Forbidden", &[], b"{}");
                    continue;
                }
                None => {
                    let challenge =
                        format!("Bearer realm=\"{url}/token\",scope=\"repository:team/app:pull\"");
                    let headers = [("WWW-Authenticate", challenge.as_str())];
                    conn.respond("401 Unauthorized", &headers, b"{}");
                    continue;
                }
            }
            let (status, location) = match request.method.as_str() {
                "POST" => ("202 Accepted", first),
                "PATCH" => ("202 Accepted", next),
                "GET" => ("204 No Content", next),
                "DELETE" => ("204 No Content", ""),
                _ => ("201 Created", "/v2/team/app/blobs/sha256:0"),
            };
            let location = location.replace("{url}", &url);
            conn.respond(status, &[("Location", &location)], b"");
        }
    })
}

fn sent(server: &RawServer) -> Vec<String> {
    let show = |request: &RawRequest| {
        let authorization = request.header("authorization").unwrap_or("-");
        let target = request.target.split('?').next().unwrap_or_default();
        format!("{} {target} {authorization}", request.method)
    };
    let requests = server.requests();
    let others = requests
        .iter()
        .filter(|one| !one.target.starts_with("/token"));
    others.map(show).collect()
}

#[test]
fn a_location_of_any_form_gets_the_token_of_its_post() {
    for (first, next) in [
        (
            "/v2/team/app/blobs/uploads/1",
            "/v2/team/app/blobs/uploads/2?_state=x",
        ),
        ("/v2/team/app/blobs/upload/1", "/v2/team/app/blobs/upload/1"),
        (
            "/artifacts-uploads/1?state=a",
            "/artifacts-uploads/2?state=b",
        ),
        ("/uploads?id=1", "/uploads?id=2"),
        ("/\u{e9}/1?x=\u{fc}", "/\u{e9}/2"),
        ("{url}/other/prefix/1", "{url}/v2/team/app/blobs/uploads/2"),
        ("/v2/team/app/blobs/uploads/1", "{url}/moved/2"),
        // Relative to /v2/team/app/blobs/uploads/, and then to /v2/team/app/x/.
        ("../../x/1", "2"),
        (
            "/v2/other/name/blobs/uploads/1",
            "/v2/other/name/blobs/uploads/1?n=2",
        ),
    ] {
        let server = registry(first, next);
        let client = Client::new(&server.url(), &config()).expect("a client");
        let (status, at) = send(&client, "POST", "/v2/team/app/blobs/uploads/");
        assert_eq!(status, 202);
        let (status, at) = send(&client, "PATCH", &at.expect("a location"));
        assert_eq!(status, 202, "{first}");
        let (status, at) = send(&client, "GET", &at.expect("a location"));
        assert_eq!(status, 204, "{next}");
        let at = at.expect("a location");
        let join = if at.contains('?') { '&' } else { '?' };
        let (status, _) = send(&client, "PUT", &format!("{at}{join}digest=sha256:0"));
        assert_eq!(status, 201, "{next}");
        let sent = sent(&server);
        assert_eq!(sent.len(), 5, "one challenge: {sent:?}");
        assert!(sent[0].ends_with('-'), "{sent:?}");
        assert!(
            sent[1..].iter().all(|one| one.ends_with(" Bearer push")),
            "{sent:?}"
        );
    }
}

#[test]
fn a_client_that_only_has_the_url_asks_for_push() {
    for at in [
        "/v2/team/app/blobs/upload/1",
        "/v2/team/app/blobs/b/1/2",
        "/artifacts-uploads/1?state=a",
        "/v2/other/1",
    ] {
        let server = registry(at, "/artifacts-uploads/2?state=b");
        let client = Client::new(&server.url(), &config()).expect("a client");
        let (status, next) = send(&client, "PATCH", at);
        assert_eq!(status, 202, "{at}");
        let next = next.expect("a location");
        assert_eq!(send(&client, "PATCH", &next).0, 202);
        assert_eq!(
            send(&client, "PUT", &format!("{next}&digest=sha256:0")).0,
            201
        );
        let sent = sent(&server);
        assert_eq!(sent.len(), 4, "one challenge: {sent:?}");
        assert_eq!(send(&client, "DELETE", at).0, 204);
    }
}

#[test]
fn derived_clients_continue_an_upload() {
    let server = registry("/artifacts-uploads/1", "/artifacts-uploads/1");
    let client = Client::new(&server.url(), &config()).expect("a client");
    let (_, at) = send(&client, "POST", "/v2/team/app/blobs/uploads/");
    let derived = client.derive(&config()).expect("a client");
    assert_eq!(send(&derived, "PATCH", &at.expect("a location")).0, 202);
    assert_eq!(sent(&server).len(), 3);
}

/// A registry with Basic authentication that starts uploads at `location`.
fn basic_registry(location: String) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let url = own_url(&request);
            match (request.header("authorization"), request.method.as_str()) {
                (None, _) => {
                    let headers = [("WWW-Authenticate", "Basic realm=x")];
                    conn.respond("401 Unauthorized", &headers, b"{}")
                }
                (_, "POST") => {
                    let location = location.replace("{url}", &url);
                    conn.respond("202 Accepted", &[("Location", &location)], b"")
                }
                _ => conn.respond("201 Created", &[], b""),
            };
        }
    })
}

/// A client with a password for the registry and one for a path.
fn with_paths(server: &RawServer) -> Client {
    let mut config = Config::new();
    for (path, user) in [("", "all"), ("/team", "team")] {
        let credential = Credential::password(user, "p").expect("a credential");
        let place = format!("{}{path}", server.authority());
        config.add_credential(&place, credential).expect("a place");
    }
    Client::new(&server.url(), &config).expect("a client")
}

#[test]
fn an_upload_gets_the_credentials_of_its_repository() {
    let server = basic_registry("/storage/1?state=x".to_owned());
    let client = with_paths(&server);
    let (_, at) = send(&client, "POST", "/v2/team/app/blobs/uploads/");
    let at = at.expect("a location");
    assert_eq!(
        send(&client, "PUT", &format!("{at}&digest=sha256:0")).0,
        201
    );
    // The upload has ended: the path no longer belongs to the repository.
    assert_eq!(send(&client, "PUT", "/v2/other/manifests/v1").0, 201);
    assert_eq!(send(&client, "PUT", &at).0, 201);
    // base64 of "team:p" and "all:p".
    let (team, all) = ("Basic dGVhbTpw", "Basic YWxsOnA=");
    let post = "POST /v2/team/app/blobs/uploads/";
    assert_eq!(
        sent(&server),
        [
            format!("{post} -"),
            format!("{post} {team}"),
            format!("PUT /storage/1 {team}"),
            format!("PUT /v2/other/manifests/v1 {all}"),
            "PUT /storage/1 -".to_owned(),
            format!("PUT /storage/1 {all}"),
        ]
    );
}

#[test]
fn an_upload_at_another_origin_gets_nothing() {
    let other = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let is_put = request.method == "PUT";
            conn.respond(if is_put { "201 Created" } else { "200 OK" }, &[], b"");
        }
    });
    let server = basic_registry(format!("{}/storage/1", other.url()));
    let client = with_paths(&server);
    let (_, at) = send(&client, "POST", "/v2/team/app/blobs/uploads/");
    assert_eq!(send(&client, "PUT", &at.expect("a location")).0, 201);
    assert_eq!(sent(&other), ["PUT /storage/1 -"]);
    // The same path at the registry is not an upload.
    assert_eq!(send(&client, "PUT", "/storage/1").0, 201);
    let sent = sent(&server);
    assert_eq!(sent[sent.len() - 2], "PUT /storage/1 -");
}

#[test]
fn a_location_that_is_something_else_is_no_upload() {
    let server = basic_registry("/v2/other/manifests/v1".to_owned());
    let client = with_paths(&server);
    send(&client, "POST", "/v2/team/app/blobs/uploads/");
    assert_eq!(send(&client, "PUT", "/v2/other/manifests/v1").0, 201);
    let sent = sent(&server);
    let all = "PUT /v2/other/manifests/v1 Basic YWxsOnA=";
    assert_eq!(sent.last().map(String::as_str), Some(all));
}
