//! Blobs go up in every form and come down again, whole or in part.

mod client;

use client::{Client, EMPTY, OCTETS, call, get, path};
use embedded_registry::{Options, Registry};

/// sha256 of `hello world`.
const HELLO: &str = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

fn begin(registry: &Registry) -> String {
    let begun = call(registry, "POST", "/v2/a/b/blobs/uploads/", &[], b"");
    assert_eq!((begun.status, begun.header("range")), (202, "0-0"));
    assert!(!begun.header("docker-upload-uuid").is_empty());
    assert_eq!(registry.open_uploads(), 1);
    path(&begun)
}

fn chunk(registry: &Registry, location: &str, range: &str, body: &[u8]) -> client::Answer {
    let headers = [OCTETS, ("Content-Range", range)];
    call(registry, "PATCH", location, &headers, body)
}

#[test]
fn put_after_post() {
    let registry = Registry::start(Options::default());
    let location = begin(&registry);
    let put = call(
        &registry,
        "PUT",
        &format!("{location}&digest={HELLO}"),
        &[OCTETS],
        b"hello world",
    );
    assert_eq!(
        (put.status, put.header("docker-content-digest")),
        (201, HELLO)
    );
    assert_eq!(
        put.header("location"),
        format!("http://registry.test/v2/a/b/blobs/{HELLO}")
    );
    assert_eq!(registry.blob("a/b", HELLO).unwrap(), b"hello world");
    assert_eq!(registry.open_uploads(), 0);

    let request = &registry.requests()[1];
    assert_eq!(
        (request.method.as_str(), request.status),
        ("PUT", Some(201))
    );
    assert_eq!(request.body.as_deref(), Some(&b"hello world"[..]));
    assert_eq!((request.body_length, request.connection), (11, 2));
    assert_eq!(
        request.headers[0],
        ("Host".to_owned(), "registry.test".to_owned())
    );
}

#[test]
fn one_post() {
    let registry = Registry::start(Options::default());
    let target = format!("/v2/a/blobs/uploads/?digest={HELLO}");
    assert_eq!(
        call(&registry, "POST", &target, &[OCTETS], b"hello world").status,
        201
    );
    assert!(registry.has_blob("a", HELLO));
    let wrong = call(&registry, "POST", &target, &[OCTETS], b"hello");
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );

    let registry = Registry::start(Options::default().single_post(false));
    assert_eq!(
        call(&registry, "POST", &target, &[OCTETS], b"hello world").status,
        202
    );
}

#[test]
fn chunks_in_order_and_out_of_order() {
    let registry = Registry::start(Options::default().relative_locations(true));
    let first = begin(&registry);
    let answer = chunk(&registry, &first, "0-5", b"hello ");
    assert_eq!((answer.status, answer.header("range")), (202, "0-5"));
    assert!(
        answer
            .header("location")
            .starts_with("/v2/a/b/blobs/uploads/")
    );
    let second = path(&answer);

    // Out of place, and in place by a stale location: both tell how to go on.
    for (location, range) in [(&second, "7-11"), (&first, "6-10")] {
        let refused = chunk(&registry, location, range, b"world");
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (416, "RANGE_INVALID")
        );
        assert_eq!(
            (refused.header("range"), path(&refused)),
            ("0-5", second.clone())
        );
    }
    let short = chunk(&registry, &second, "6-9", b"world");
    assert_eq!((short.status, short.code().as_str()), (400, "SIZE_INVALID"));
    let forged = chunk(
        &registry,
        first.split('?').next().unwrap(),
        "6-10",
        b"world",
    );
    assert_eq!(
        (forged.status, forged.code().as_str()),
        (400, "BLOB_UPLOAD_INVALID")
    );

    let state = get(&registry, &first);
    assert_eq!((state.status, state.header("range")), (204, "0-5"));
    let done = call(
        &registry,
        "PUT",
        &format!("{}&digest={HELLO}", path(&state)),
        &[OCTETS, ("Content-Range", "6-10")],
        b"world",
    );
    assert_eq!(done.status, 201);
    assert_eq!(get(&registry, &second).status, 404);
}

#[test]
fn a_stream_in_http_chunks() {
    let registry = Registry::start(Options::default());
    let location = begin(&registry);
    let mut client = Client::connect(&registry);
    client.send_head(
        "PATCH",
        &location,
        &[
            OCTETS,
            ("Transfer-Encoding", "chunked"),
            ("Expect", "100-continue"),
        ],
    );
    assert_eq!(client.answer(false).unwrap().status, 100);
    client.send(b"6;x=y\r\nhello \r\n5\r\nwor").unwrap();
    client.send(b"ld\r\n0\r\nTrailer: x\r\n\r\n").unwrap();
    let answer = client.answer(false).unwrap();
    assert_eq!((answer.status, answer.header("range")), (202, "0-10"));
    let done = client.call(
        "PUT",
        &format!("{}&digest={HELLO}", path(&answer)),
        &[],
        b"",
    );
    assert_eq!(done.status, 201);
    assert_eq!(registry.requests()[1].body_length, 11);
    assert_eq!(registry.connections(), 2);
}

#[test]
fn a_broken_chunk_keeps_what_came() {
    let registry = Registry::start(Options::default());
    let location = begin(&registry);
    let mut client = Client::connect(&registry);
    client.send_head("PATCH", &location, &[OCTETS, ("Content-Length", "11")]);
    client.send(b"hello ").unwrap();
    drop(client);
    // The state waits for the chunk under way.
    let state = loop {
        let state = get(&registry, &location);
        if state.header("range") != "0-0" {
            break state;
        }
    };
    assert_eq!(state.header("range"), "0-5");
    let done = call(
        &registry,
        "PUT",
        &format!("{}&digest={HELLO}", path(&state)),
        &[],
        b"world",
    );
    assert_eq!(done.status, 201);
}

#[test]
fn wrong_digests_and_cancelled_uploads_end_the_session() {
    let registry = Registry::start(Options::default());
    let location = begin(&registry);
    let wrong = call(
        &registry,
        "PUT",
        &format!("{location}&digest={HELLO}"),
        &[OCTETS],
        b"hello",
    );
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );
    assert_eq!(registry.open_uploads(), 0);

    let location = begin(&registry);
    assert_eq!(call(&registry, "DELETE", &location, &[], b"").status, 204);
    let gone = call(&registry, "DELETE", &location, &[], b"");
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (404, "BLOB_UPLOAD_UNKNOWN")
    );
}

#[test]
fn an_empty_blob_and_a_long_digest() {
    let registry = Registry::start(Options::default());
    let location = begin(&registry);
    let put = call(
        &registry,
        "PUT",
        &format!("{location}&digest={EMPTY}"),
        &[],
        b"",
    );
    assert_eq!(put.status, 201);
    let blob = get(&registry, &format!("/v2/a/b/blobs/{EMPTY}"));
    assert_eq!((blob.status, blob.header("content-length")), (200, "0"));

    let sha512 = "sha512:4dff4ea340f0a823f15d3f4f01ab62eae0e5da579ccb851f8db9dfe84c58b2b3\
                  7b89903a740e1ee172da793a6e79d560e5f7f9bd058a12a280433ed6fa46510a";
    let target = format!("/v2/a/blobs/uploads/?digest={sha512}");
    assert_eq!(call(&registry, "POST", &target, &[], b"a").status, 400);
    let sha512 = "sha512:1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f53\
                  02860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75";
    let target = format!("/v2/a/blobs/uploads/?digest={sha512}");
    assert_eq!(call(&registry, "POST", &target, &[], b"a").status, 201);
}

#[test]
fn mounts() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_blob("src", b"hello world");
    let target = format!("/v2/dst/blobs/uploads/?mount={digest}&from=");
    let mounted = call(&registry, "POST", &format!("{target}src"), &[], b"");
    assert_eq!(
        (mounted.status, mounted.header("docker-content-digest")),
        (201, HELLO)
    );
    assert!(registry.has_blob("dst", &digest));
    assert_eq!(
        call(&registry, "POST", &format!("{target}other"), &[], b"").status,
        202
    );
    assert_eq!(
        call(
            &registry,
            "POST",
            "/v2/d/blobs/uploads/?mount=x&from=src",
            &[],
            b""
        )
        .status,
        400
    );
}

#[test]
fn ranges() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_blob("a", b"hello world");
    let target = format!("/v2/a/blobs/{digest}");
    let mut client = Client::connect(&registry);
    let part = client.call("GET", &target, &[("Range", "bytes=6-")], b"");
    assert_eq!((part.status, part.body.as_slice()), (206, &b"world"[..]));
    assert_eq!(part.header("content-range"), "bytes 6-10/11");
    let beyond = client.call("GET", &target, &[("Range", "bytes=11-")], b"");
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, "bytes */11")
    );
    let changed = client.call(
        "GET",
        &target,
        &[("Range", "bytes=6-"), ("If-Range", "\"x\"")],
        b"",
    );
    assert_eq!((changed.status, changed.body.len()), (200, 11));
    let head = client.call("HEAD", &target, &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, "11"));
    assert_eq!(head.header("docker-content-digest"), HELLO);
    assert_eq!(registry.connections(), 1);

    assert_eq!(client.call("DELETE", &target, &[], b"").status, 202);
    let gone = client.call("HEAD", &target, &[], b"");
    assert_eq!((gone.status, gone.body.len()), (404, 0));
    assert_eq!(client.get(&target).code(), "BLOB_UNKNOWN");
}

#[test]
fn limits_of_chunks() {
    let registry = Registry::start(Options::default().chunk_min_length(4).chunk_max_length(8));
    let location = begin(&registry);
    let long = chunk(&registry, &location, "0-8", b"123456789");
    assert_eq!(long.status, 413);
    let short = chunk(&registry, &location, "0-1", b"12");
    assert_eq!(
        (short.status, short.header("oci-chunk-min-length")),
        (202, "4")
    );
    assert_eq!(chunk(&registry, &path(&short), "2-5", b"3456").status, 400);
}

#[test]
fn a_synthetic_blob_is_the_bytes_of_its_digest() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_synthetic_blob("big", (3 << 20) + 5, 7);
    let target = format!("/v2/big/blobs/{digest}");
    let body = get(&registry, &target).body;
    assert_eq!(body.len(), (3 << 20) + 5);
    assert_eq!(registry.put_blob("copy", body.clone()), digest);
    assert_ne!(registry.put_synthetic_blob("big", (3 << 20) + 5, 8), digest);
    let range = [("Range", "bytes=1048570-1048585")];
    let part = call(&registry, "GET", &target, &range, b"");
    assert_eq!(part.body, &body[1_048_570..=1_048_585]);
}

#[test]
fn long_blobs_can_be_forgotten() {
    let registry = Registry::start(Options::default().forget_blobs_over(10));
    let location = begin(&registry);
    let answer = chunk(&registry, &location, "0-5", b"hello ");
    let put = format!("{}&digest={HELLO}", path(&answer));
    assert_eq!(call(&registry, "PUT", &put, &[], b"world").status, 201);
    let target = format!("/v2/a/b/blobs/{HELLO}");
    let head = call(&registry, "HEAD", &target, &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, "11"));
    assert_eq!(get(&registry, &target).status, 500);
    assert_eq!(
        (registry.has_blob("a/b", HELLO), registry.blob("a/b", HELLO)),
        (true, None)
    );
}
