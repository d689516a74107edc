//! Manifests, tags, referrers and the lists.

mod client;

use client::{Client, MANIFEST, call, get};
use embedded_registry::{Options, Registry};
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn put(registry: &Registry, reference: &str, kind: &str, body: &Value) -> client::Answer {
    let target = format!("/v2/a/manifests/{reference}");
    call(
        registry,
        "PUT",
        &target,
        &[("Content-Type", kind)],
        body.to_string().as_bytes(),
    )
}

/// A manifest whose config is there.
fn manifest(registry: &Registry) -> Value {
    let config = registry.put_blob("a", b"{}");
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.test.config", "digest": config, "size": 2},
        "layers": [],
    })
}

#[test]
fn push_pull_delete() {
    let registry = Registry::start(Options::default());
    let body = manifest(&registry);
    let pushed = put(&registry, "v1", MANIFEST, &body);
    assert_eq!(pushed.status, 201);
    let digest = pushed.header("docker-content-digest").to_owned();
    assert!(
        pushed
            .header("location")
            .ends_with(&format!("/v2/a/manifests/{digest}"))
    );
    assert_eq!(put(&registry, "v2", MANIFEST, &body).status, 201);
    assert_eq!(put(&registry, &digest, MANIFEST, &body).status, 201);

    let mut client = Client::connect(&registry);
    let by_tag = client.get("/v2/a/manifests/v1");
    assert_eq!(
        (by_tag.status, by_tag.body.as_slice()),
        (200, body.to_string().as_bytes())
    );
    assert_eq!(by_tag.header("content-type"), MANIFEST);
    let by_digest = client.call(
        "HEAD",
        &format!("/v2/a/manifests/{digest}"),
        &[("Accept", MANIFEST)],
        b"",
    );
    assert_eq!(by_digest.header("docker-content-digest"), digest);
    assert_eq!(
        by_digest.header("content-length"),
        by_tag.body.len().to_string()
    );
    let other = client.call(
        "GET",
        "/v2/a/manifests/v1",
        &[("Accept", "text/plain")],
        b"",
    );
    assert_eq!(
        (other.status, other.code().as_str()),
        (404, "MANIFEST_UNKNOWN")
    );

    assert_eq!(
        client.call("DELETE", "/v2/a/manifests/v1", &[], b"").status,
        202
    );
    assert_eq!(client.get("/v2/a/manifests/v1").status, 404);
    assert_eq!(client.get("/v2/a/manifests/v2").status, 200);
    let target = format!("/v2/a/manifests/{digest}");
    assert_eq!(client.call("DELETE", &target, &[], b"").status, 202);
    assert_eq!(client.get("/v2/a/manifests/v2").code(), "MANIFEST_UNKNOWN");
    assert_eq!(client.get("/v2/a/tags/list").json()["tags"], json!([]));
}

#[test]
fn what_is_no_manifest() {
    let registry = Registry::start(Options::default());
    let body = manifest(&registry);
    let code = |answer: client::Answer| (answer.status, answer.code());
    let is = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(
        code(put(&registry, "v1", INDEX, &body)),
        is(400, "MANIFEST_INVALID")
    );
    assert_eq!(
        code(put(&registry, "v1", MANIFEST, &json!([]))),
        is(400, "MANIFEST_INVALID")
    );
    assert_eq!(
        code(put(&registry, "-", MANIFEST, &body)),
        is(400, "MANIFEST_INVALID")
    );
    assert_eq!(
        code(put(&registry, client::EMPTY, MANIFEST, &body)),
        is(400, "DIGEST_INVALID")
    );
    let mut missing = body.clone();
    missing["layers"] = json!([{"digest": client::EMPTY, "size": 0}]);
    assert_eq!(
        code(put(&registry, "v1", MANIFEST, &missing)),
        is(400, "MANIFEST_BLOB_UNKNOWN")
    );
    let index = json!({"manifests": [{"digest": client::EMPTY, "size": 0}]});
    assert_eq!(
        code(put(&registry, "v1", INDEX, &index)),
        is(400, "MANIFEST_BLOB_UNKNOWN")
    );
    let big = json!({"x": "y".repeat(4 << 20)});
    assert_eq!(put(&registry, "v1", MANIFEST, &big).status, 413);
    assert_eq!(registry.requests().last().unwrap().status, Some(413));
}

#[test]
fn referrers() {
    let registry = Registry::start(Options::default());
    let subject = client::EMPTY;
    let mut body = manifest(&registry);
    body["subject"] = json!({"mediaType": MANIFEST, "digest": subject, "size": 0});
    body["annotations"] = json!({"k": "v"});
    let first = put(&registry, "v1", MANIFEST, &body);
    assert_eq!((first.status, first.header("oci-subject")), (201, subject));
    body["artifactType"] = json!("application/vnd.test.other");
    assert_eq!(put(&registry, "v2", MANIFEST, &body).status, 201);

    let target = format!("/v2/a/referrers/{subject}");
    let all = get(&registry, &target);
    assert_eq!((all.status, all.header("content-type")), (200, INDEX));
    assert_eq!(all.json()["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(all.header("oci-filters-applied"), "");

    let some = get(
        &registry,
        &format!("{target}?artifactType=application/vnd.test.config"),
    );
    assert_eq!(some.header("oci-filters-applied"), "artifactType");
    let list = some.json();
    let found = &list["manifests"][0];
    assert_eq!(list["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(found["digest"], first.header("docker-content-digest"));
    assert_eq!(found["artifactType"], "application/vnd.test.config");
    assert_eq!(found["annotations"]["k"], "v");

    let none = get(&registry, &target.replace("/a/", "/none/"));
    assert_eq!(
        (none.status, none.json()["manifests"].clone()),
        (200, json!([]))
    );
    let bad = get(&registry, "/v2/a/referrers/sha256:0");
    assert_eq!((bad.status, bad.code().as_str()), (400, "DIGEST_INVALID"));

    let registry = Registry::start(Options::default().referrers(false));
    assert_eq!(get(&registry, &target).status, 404);
}

#[test]
fn pages() {
    let registry = Registry::start(Options::default().prefix("/some/where/"));
    for tag in ["b", "a", "d", "c"] {
        registry.put_manifest("x/y", tag, MANIFEST, b"{}");
    }
    registry.put_blob("z", b"");
    let mut client = Client::connect(&registry);
    let tags = client.get("/some/where/v2/x/y/tags/list");
    assert_eq!(
        tags.json(),
        json!({"name": "x/y", "tags": ["a", "b", "c", "d"]})
    );
    assert_eq!(tags.header("link"), "");

    let page = client.get("/some/where/v2/x/y/tags/list?n=3");
    assert_eq!(page.json()["tags"], json!(["a", "b", "c"]));
    let link = "</some/where/v2/x/y/tags/list?n=3&last=c>; rel=\"next\"";
    assert_eq!(page.header("link"), link);
    let page = client.get("/some/where/v2/x/y/tags/list?n=3&last=c");
    assert_eq!(
        (page.json()["tags"].clone(), page.header("link")),
        (json!(["d"]), "")
    );
    assert_eq!(
        client.get("/some/where/v2/x/y/tags/list?n=0").json()["tags"],
        json!([])
    );
    assert_eq!(client.get("/some/where/v2/x/y/tags/list?n=-1").status, 400);
    assert_eq!(
        client.get("/some/where/v2/none/tags/list").code(),
        "NAME_UNKNOWN"
    );

    let catalog = client.get("/some/where/v2/_catalog?n=1");
    assert_eq!(catalog.json(), json!({"repositories": ["x/y"]}));
    assert!(catalog.header("link").contains("last=x/y"));
    assert_eq!(client.get("/v2/").status, 404);
    assert_eq!(client.get("/some/where/v2/").status, 200);
    assert_eq!(
        client.get("/some/where/v2/X/tags/list").code(),
        "NAME_INVALID"
    );
}

#[test]
fn switches() {
    let registry = Registry::start(
        Options::default()
            .delete(false)
            .page_size(1)
            .warning("be warned"),
    );
    for tag in ["a", "b"] {
        registry.put_manifest("x", tag, MANIFEST, b"{}");
    }
    let refused = call(&registry, "DELETE", "/v2/x/manifests/a", &[], b"");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (405, "UNSUPPORTED")
    );
    let page = get(&registry, "/v2/x/tags/list");
    assert_eq!(
        page.header("link"),
        "</v2/x/tags/list?last=a>; rel=\"next\""
    );
    assert_eq!(page.header("warning"), "299 - \"be warned\"");
    assert_eq!(
        call(&registry, "POST", "/v2/x/tags/list", &[], b"").header("allow"),
        "GET, HEAD"
    );
}
