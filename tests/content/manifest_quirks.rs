//! What registries do differently when manifests are pulled, each test named after
//! the registry, or the program that failed with it.

use reggie::Kind;
use reggie::content::manifest_pull::{pull, stat};
use reggie::content::media_type::{DOCKER_MANIFEST, OCI_MANIFEST};
use reggie::content::options::Options;

use crate::documents::*;
use crate::scripted::{Reply, requests, serve};

const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// A server with one manifest, whose response to HEAD may differ.
fn serving(head: Option<Reply>, get: Reply) -> support::raw_server::RawServer {
    serve(move |request| match (&head, request.method.as_str()) {
        (Some(head), "HEAD") => head.clone(),
        _ => get.clone(),
    })
}

#[test]
fn kaniko_the_digest_in_the_header_has_no_algorithm() {
    let text = artifact("a/b", "");
    let hex = digest(b"other").replace("sha256:", "");
    for stated in [hex.as_str(), "", "sha256:12", "md5:0123"] {
        let reply = Reply::ok(OCI_MANIFEST, text.clone()).header("Docker-Content-Digest", stated);
        let server = serving(None, reply);
        let repository = repository(&server.url());
        let pulled = pull(&repository, Some("v1"), &Options::default()).expect("pulled");
        let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
        for descriptor in [pulled.descriptor(), &found] {
            assert_eq!(descriptor.digest().as_str(), digest(text.as_bytes()));
        }
        // HEAD does not say the digest, so that a GET has to.
        let sent = requests(&server);
        assert_eq!(sent.len(), 3, "{sent:?}");
    }
}

#[test]
fn harbor_the_digest_in_the_header_is_another_one() {
    let text = artifact("a/b", "");
    let other = digest(b"other");
    let reply = Reply::ok(OCI_MANIFEST, text.clone()).header("Docker-Content-Digest", &other);
    let server = serving(None, reply);
    let repository = repository(&server.url());
    let own = digest(text.as_bytes());
    for reference in ["v1", &own] {
        let pulled = pull(&repository, Some(reference), &Options::default()).expect("pulled");
        assert_eq!(pulled.descriptor().digest().as_str(), own);
    }
    let found = stat(&repository, Some(&own), &Options::default()).expect("found");
    assert_eq!(found.digest().as_str(), own);
}

#[test]
fn containerd_head_has_no_content_type() {
    let text = artifact("a/b", "");
    for media_type in [
        None,
        Some("application/json"),
        Some("text/plain; charset=utf-8"),
    ] {
        let mut head =
            Reply::new(200, text.clone()).header("Docker-Content-Digest", digest(text.as_bytes()));
        let mut get = Reply::new(200, text.clone());
        if let Some(media_type) = media_type {
            head = head.header("Content-Type", media_type);
            get = get.header("Content-Type", media_type);
        }
        let server = serving(Some(head), get);
        let repository = repository(&server.url());
        let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
        // From the mediaType in the body.
        assert_eq!(found.media_type(), OCI_MANIFEST);
        assert_eq!(found.size(), Some(text.len() as u64));
        assert_eq!(requests(&server).len(), 2);
    }
}

#[test]
fn gar_the_length_in_a_head_response_is_missing_or_zero() {
    let text = artifact("a/b", "");
    let own = digest(text.as_bytes());
    for length in [Some("0"), None] {
        let server = support::raw_server::RawServer::start({
            let (text, own) = (text.clone(), own.clone());
            move |conn| {
                while let Some(request) = conn.read_request() {
                    let get = Reply::ok(OCI_MANIFEST, text.clone());
                    let get = get.header("Docker-Content-Digest", &own);
                    match (request.method.as_str(), length) {
                        ("HEAD", Some(length)) => {
                            get.header("Content-Length", length).send(conn, &request);
                        }
                        ("HEAD", None) => {
                            let head = format!(
                                "HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\n\
                                 Docker-Content-Digest: {own}\r\n\r\n"
                            );
                            conn.send(head.as_bytes());
                        }
                        _ => {
                            get.send(conn, &request);
                        }
                    }
                }
            }
        });
        let repository = repository(&server.url());
        let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
        assert_eq!(found.size(), Some(text.len() as u64));
    }
}

#[test]
fn azure_the_digest_is_in_the_redirect_alone() {
    let text = artifact("a/b", "");
    let own = digest(text.as_bytes());
    let stated = own.clone();
    let server = serve(move |request| match request.target.as_str() {
        "/storage" => Reply::ok(OCI_MANIFEST, text.clone()),
        _ => Reply::new(307, "")
            .header("Location", "/storage")
            .header("Docker-Content-Digest", &stated),
    });
    let repository = repository(&server.url());
    let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
    assert_eq!(found.digest().as_str(), own);
    let pulled = pull(&repository, Some(&own), &Options::default()).expect("pulled");
    assert_eq!(pulled.descriptor().digest().as_str(), own);
}

#[test]
fn quay_the_content_type_has_parameters_and_capitals() {
    let text = artifact("a/b", "");
    let field = "Application/vnd.OCI.image.manifest.v1+JSON ;charset=utf-8";
    let reply =
        Reply::ok(field, text.clone()).header("Docker-Content-Digest", digest(text.as_bytes()));
    let server = serving(None, reply);
    let repository = repository(&server.url());
    pull(&repository, Some("v1"), &Options::default()).expect("pulled");
    let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
    assert!(found.media_type().eq_ignore_ascii_case(OCI_MANIFEST));
    assert_eq!(requests(&server).len(), 2);
}

#[test]
fn docker_hub_counts_get_but_not_head() {
    let text = artifact("a/b", "").replace(OCI_MANIFEST, DOCKER_MANIFEST);
    let reply = Reply::ok(DOCKER_MANIFEST, text.clone())
        .header("Docker-Content-Digest", digest(text.as_bytes()));
    let server = serving(None, reply);
    let repository = repository(&server.url());
    stat(&repository, Some("v1"), &Options::default()).expect("found");
    stat(
        &repository,
        Some(&digest(text.as_bytes())),
        &Options::default(),
    )
    .expect("found");
    assert!(
        requests(&server)
            .iter()
            .all(|sent| sent.starts_with("HEAD "))
    );
}

#[test]
fn artifactory_refuses_head() {
    let text = artifact("a/b", "");
    for status in [400, 404, 405, 406] {
        let reply = Reply::ok(OCI_MANIFEST, text.clone());
        let server = serving(Some(Reply::new(status, "")), reply);
        let repository = repository(&server.url());
        let found = stat(&repository, Some("v1"), &Options::default()).expect("found");
        assert_eq!(found.digest().as_str(), digest(text.as_bytes()));
    }
}

#[test]
fn docker_schema_1_is_refused_as_such() {
    let text = r#"{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]}"#;
    for media_type in [SCHEMA_1, "application/json", OCI_MANIFEST] {
        let reply =
            Reply::ok(media_type, text).header("Docker-Content-Digest", digest(text.as_bytes()));
        let head = reply.clone().header("Content-Type", SCHEMA_1);
        let server = serving(Some(head).filter(|_| media_type != OCI_MANIFEST), reply);
        let repository = repository(&server.url());
        let error = pull(&repository, Some("v1"), &Options::default()).expect_err("refused");
        assert_eq!(error.kind(), Kind::Unsupported, "{error}");
        assert!(error.message().contains("schema 1"), "{error}");
        if media_type != OCI_MANIFEST {
            let error = stat(&repository, Some("v1"), &Options::default()).expect_err("refused");
            assert_eq!(error.kind(), Kind::Unsupported, "{error}");
        }
    }
}

#[test]
fn unknown_types_are_pulled_as_they_are() {
    let text = r#"{"mediaType":"x/y","subject":7,"layers":"none"}"#;
    let server = serving(None, Reply::ok("x/y", text));
    let repository = repository(&server.url());
    let pulled = pull(&repository, Some("v1"), &Options::default()).expect("pulled");
    assert_eq!(pulled.bytes(), text.as_bytes());
    assert_eq!(pulled.descriptor().media_type(), "x/y");
}
