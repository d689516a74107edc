//! Pushes to registries that differ from the specification, each named after one
//! that does so.

use reggie::Kind;
use reggie::content::options::Options;
use reggie::content::push;
use reggie::content::push::Source;

use super::pushing::*;
use super::quirky::{Quirky, Reply, State, usual};

const MIB: usize = 1024 * 1024;

fn push_to(registry: &Quirky, source: Source, bytes: &[u8], options: &Options) {
    push_ok(&repository(&registry.url()), source, bytes, options);
    assert_eq!(registry.blob().as_deref(), Some(bytes));
}

/// Streams are sent in chunks.
fn stream(bytes: &[u8]) -> Source {
    Callback::source(bytes, None, false)
}

fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    file
}

#[test]
fn ghcr_rejects_chunks_above_4_mib_with_416() {
    let registry = Quirky::start(|request, _| {
        let is_long = request.method == "PATCH" && request.body.len() > 4 * MIB;
        is_long.then(|| Reply::new("416 Range Not Satisfiable"))
    });
    let bytes = vec![b'g'; 9 * MIB];
    let repository = repository(&registry.url());
    push_ok(&repository, stream(&bytes), &bytes, &Options::default());
    let sent = format!("PATCH {}", 4 * MIB);
    let last = format!("PATCH {MIB}");
    let first = format!("PATCH {}", 8 * MIB);
    let expected = ["POST", &first, "GET", &sent, &sent, &last, "PUT"];
    assert_eq!(registry.requests(), expected);
    // The client remembers it.
    let bytes = vec![b'h'; 9 * MIB];
    push_ok(&repository, stream(&bytes), &bytes, &Options::default());
    let requests = registry.requests();
    assert_eq!(
        requests[expected.len()..],
        ["POST", &sent, &sent, &last, "PUT"]
    );
}

#[test]
fn ghcr_does_not_cancel_uploads() {
    let registry = Quirky::start(|_, _| None);
    let repository = repository(&registry.url());
    let options = Options::default();
    let mut upload =
        reggie::content::upload::Upload::begin(&repository, &options).expect("an upload");
    upload.abort().expect("405 is fine");
    assert_eq!(registry.requests(), ["POST", "DELETE"]);
}

#[test]
fn ggcr_takes_the_path_of_an_upload_for_something_else() {
    let registry = Quirky::start(|request, _| {
        (request.method == "DELETE").then(|| Reply::new("400 Bad Request"))
    });
    let repository = repository(&registry.url());
    let options = Options::default();
    let mut upload =
        reggie::content::upload::Upload::begin(&repository, &options).expect("an upload");
    upload.abort().expect("nothing to discard");
}

#[test]
fn ghcr_requires_the_slash_of_the_post() {
    let registry = Quirky::start(|request, _| {
        let path = request.target.split('?').next().unwrap_or_default();
        let is_wrong = request.method == "POST" && !path.ends_with("/uploads/");
        is_wrong.then(|| Reply::new("405 Method Not Allowed"))
    });
    let bytes = content(10);
    let mut options = Options::default();
    options.add_mount_from("other").expect("a name");
    push_to(&registry, memory(&bytes), &bytes, &options);
}

/// The offset that ECR returns stays that of the first part.
#[test]
fn ecr_answers_201_and_a_range_that_does_not_advance() {
    let registry = Quirky::start(|request, state| {
        drop((request.method == "PATCH").then(|| usual(request, state))?);
        let range = format!("0-{}", SMALL - 1);
        Some(Reply::new("201 Created").header("Range", range))
    });
    let bytes = content(3 * SMALL + 5);
    for source in [memory(&bytes), stream(&bytes)] {
        registry.forget();
        push_to(&registry, source, &bytes, &small_chunks());
    }
}

/// After a failure its offset cannot be trusted: the upload starts over.
#[test]
fn ecr_is_not_resumed_where_its_range_says() {
    let registry = Quirky::start(|request, state| match request.method.as_str() {
        "PATCH" => {
            state.counter += 1;
            if state.counter == 3 {
                return Some(Reply::none());
            }
            drop(usual(request, state));
            Some(Reply::new("201 Created").header("Range", format!("0-{}", SMALL - 1)))
        }
        "GET" => panic!("its answer is of no use"),
        _ => None,
    });
    let bytes = content(4 * SMALL);
    push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    let registry = Quirky::start(|request, state| match request.method.as_str() {
        "PATCH" if state.received.len() == 2 * SMALL => Some(Reply::none()),
        "PATCH" => {
            drop(usual(request, state));
            Some(Reply::new("201 Created").header("Range", "0-65535"))
        }
        _ => None,
    });
    let repository = repository(&registry.url());
    let pushed = push::push(&repository, stream(&bytes), None, &small_chunks());
    assert_kind(pushed, Kind::UploadLost);
}

#[test]
fn zot_returns_the_range_of_the_chunk() {
    let registry = Quirky::start(|request, state| {
        drop((request.method == "PATCH").then(|| usual(request, state))?);
        let last = request.body.len() - 1;
        Some(Reply::new("202 Accepted").header("Range", format!("0-{last}")))
    });
    let bytes = content(3 * SMALL + 5);
    push_to(&registry, stream(&bytes), &bytes, &small_chunks());
}

/// Acceptance case 10.
#[test]
fn distribution_returned_ranges_with_a_unit() {
    for unit in ["bytes=", "bytes "] {
        let registry = Quirky::start(move |request, state| {
            let is_first = request.method == "PATCH" && {
                state.counter += 1;
                state.counter == 2
            };
            if is_first {
                return Some(Reply::none());
            }
            let last = state.received.len().saturating_sub(1);
            (request.method == "GET")
                .then(|| Reply::new("204 No Content").header("Range", format!("{unit}0-{last}")))
        });
        let bytes = content(3 * SMALL);
        push_to(&registry, stream(&bytes), &bytes, &small_chunks());
        assert_eq!(
            registry.requests(),
            [
                "POST",
                "PATCH 65536",
                "PATCH 65536",
                "GET",
                "PATCH 65536",
                "PATCH 65536",
                "PUT"
            ]
        );
    }
}

/// It ends an upload at any request with an old `_state`.
#[test]
fn registry_2_forgets_an_upload_whose_state_is_stale() {
    let registry = Quirky::start(|request, state| {
        if request.method == "GET" {
            return Some(Reply::new("404 Not Found").error("BLOB_UPLOAD_INVALID"));
        }
        let is_second = request.method == "PATCH" && state.received.len() == SMALL;
        (is_second && state.uploads == 1).then(Reply::none)
    });
    let bytes = content(3 * SMALL);
    push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    assert_eq!(
        registry.requests(),
        [
            "HEAD",
            "POST",
            "PATCH 65536",
            "PATCH 65536",
            "GET",
            "POST",
            "PATCH 65536",
            "PATCH 65536",
            "PATCH 65536",
            "PUT"
        ]
    );
}

/// `0-0` is nothing or one byte: it is not worth a guess.
#[test]
fn registry_2_returns_0_0_for_an_empty_upload() {
    let registry = Quirky::start(|request, state| {
        let is_first = request.method == "PATCH" && state.uploads == 1;
        if is_first && state.received.is_empty() {
            // One byte arrived.
            state.received.push(request.body[0]);
            return Some(Reply::none());
        }
        None
    });
    let bytes = content(2 * SMALL);
    push_to(&registry, stream(&bytes), &bytes, &small_chunks());
    assert_eq!(
        registry.requests(),
        [
            "POST",
            "PATCH 65536",
            "GET",
            "POST",
            "PATCH 65536",
            "PATCH 65536",
            "PUT"
        ]
    );
}

/// Acceptance case 23.
#[test]
fn a_location_behind_a_proxy_that_ends_tls_is_refused() {
    let registry = embedded_registry::Registry::start(embedded_registry::Options::default().tls());
    let url = format!("http://{}/v2/team/app/blobs/uploads/1", registry.host());
    registry.add_rule(
        embedded_registry::Rule::new(
            embedded_registry::Fault::status(202).set_header("Location", &url),
        )
        .method("POST"),
    );
    let mut config = config();
    config
        .add_ca_file(registry.ca_path().expect("a file"))
        .expect("added");
    let repository = repository_with(registry.url(), &config);
    let pushed = push::push(&repository, memory(b"a"), None, &Options::default());
    let error = assert_kind(pushed, Kind::RedirectRefused);
    let authority = format!("http://{}", registry.host());
    assert!(error.message().contains(&authority), "{error}");
    assert_eq!(registry.open_uploads(), 0);
}

/// Acceptance case 23.
#[test]
fn a_redirect_does_not_turn_a_write_into_a_read() {
    for status in ["301 Moved Permanently", "302 Found"] {
        for method in ["PATCH", "PUT"] {
            let registry = Quirky::start(move |request, _| {
                (request.method == method)
                    .then(|| Reply::new(status).header("Location", "/elsewhere"))
            });
            let bytes = content(2 * SMALL);
            let pushed = push::push(
                &repository(&registry.url()),
                memory(&bytes),
                None,
                &small_chunks(),
            );
            let error = assert_kind(pushed, Kind::RedirectRefused);
            assert!(error.message().contains(method), "{error}");
            let elsewhere = |one: &support::raw_request::RawRequest| one.target == "/elsewhere";
            assert!(!registry.heads().iter().any(elsewhere));
        }
    }
}

#[test]
fn gar_accepts_no_chunks() {
    let refuse = |request: &support::raw_request::RawRequest, _: &mut State| {
        (request.method == "PATCH").then(|| Reply::new("405 Method Not Allowed"))
    };
    let bytes = content(3 * SMALL + 1);
    let length = Some(bytes.len() as u64);
    let whole = format!("PUT {}", bytes.len());
    let folder = support::temp::folder();
    let file = file_with(&bytes);
    // Content that can be read again, and what is stored in the state directory.
    for (source, options) in [
        (memory(&bytes), small_chunks()),
        (Source::Path(file.path().into()), with_state(folder.path())),
        (Callback::source(&bytes, None, true), small_chunks()),
        (stream(&bytes), with_state(folder.path())),
    ] {
        let registry = Quirky::start(refuse);
        push_to(&registry, source, &bytes, &options);
        let requests = registry.requests();
        assert!(requests.contains(&whole), "{requests:?}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
    // A stream of known length and digest is sent while it is read.
    let registry = Quirky::start(refuse);
    let source = Callback::source(&bytes, length, false);
    let repository_ = repository(&registry.url());
    let pushed = push::push(&repository_, source, Some(&digest(&bytes)), &small_chunks());
    pushed.expect("pushed");
    assert_eq!(registry.blob().as_deref(), Some(&bytes[..]));
    // Others need the state directory, unless they fit into a chunk.
    for length in [None, length] {
        let registry = Quirky::start(refuse);
        let source = Callback::source(&bytes, length, false);
        let pushed = push::push(&repository(&registry.url()), source, None, &small_chunks());
        assert_kind(pushed, Kind::NoStateFolder);
    }
    let registry = Quirky::start(refuse);
    push_to(&registry, stream(&bytes), &bytes, &Options::default());
}

/// It accepts the request and then does not know the upload.
#[test]
fn gar_does_not_know_an_upload_at_its_first_chunk() {
    let registry = Quirky::start(|request, _| {
        (request.method == "PATCH").then(|| Reply::new("404 Not Found"))
    });
    let bytes = content(2 * SMALL);
    push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    assert_eq!(
        registry.requests(),
        [
            "HEAD",
            "POST",
            "PATCH 65536",
            "POST",
            "PATCH 65536",
            "POST",
            "PUT 131072"
        ]
    );
}

#[test]
fn a_registry_requires_longer_chunks() {
    let registry = Quirky::start(|request, state| {
        let reply = (request.method == "POST").then(|| usual(request, state))?;
        Some(reply.header("OCI-Chunk-Min-Length", "100000"))
    });
    let bytes = content(250_000);
    push_to(&registry, stream(&bytes), &bytes, &small_chunks());
    let requests = registry.requests();
    assert_eq!(
        requests[1..],
        ["PATCH 100000", "PATCH 100000", "PATCH 50000", "PUT"]
    );
}

/// A minimum that would take all memory means that there are no chunks.
#[test]
fn a_registry_requires_huge_chunks() {
    let registry = Quirky::start(|request, state| {
        let reply = (request.method == "POST").then(|| usual(request, state))?;
        Some(reply.header("OCI-Chunk-Min-Length", "9223372036854775807"))
    });
    let bytes = content(2 * SMALL);
    push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    assert_eq!(registry.requests(), ["HEAD", "POST", "POST", "PUT 131072"]);
}

#[test]
fn a_proxy_limits_the_size_of_requests() {
    const MAX: usize = 100_000;
    let registry = Quirky::start(|request, _| {
        (request.body.len() > MAX).then(|| Reply::new("413 Content Too Large"))
    });
    let bytes = content(5 * SMALL);
    // In one request, and in chunks.
    push_to(&registry, memory(&bytes), &bytes, &Options::default());
    let registry = Quirky::start(|request, _| {
        (request.body.len() > MAX).then(|| Reply::new("413 Content Too Large"))
    });
    let mut options = Options::default();
    options
        .set_chunk_size(Some(4 * SMALL as u64))
        .expect("in range");
    push_to(&registry, stream(&bytes), &bytes, &options);
    let registry = Quirky::start(|request, _| {
        (!request.body.is_empty()).then(|| Reply::new("413 Content Too Large"))
    });
    for source in [memory(&bytes), stream(&bytes)] {
        let pushed = push::push(
            &repository(&registry.url()),
            source,
            None,
            &Options::default(),
        );
        let error = assert_kind(pushed, Kind::HttpStatus);
        assert_eq!(error.http_status(), 413);
    }
}

#[test]
fn pushes_end_with_any_success() {
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content"] {
        let registry = Quirky::start(move |request, state| {
            let is_content = matches!(request.method.as_str(), "PATCH" | "PUT");
            drop(is_content.then(|| usual(request, state))?);
            Some(Reply::new(status))
        });
        let bytes = content(2 * SMALL);
        push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    }
}

/// Harbor, ECR Public and others do not always answer this question.
#[test]
fn a_registry_does_not_tell_what_exists() {
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "405 Method Not Allowed",
        "400 Bad Request",
    ] {
        let registry =
            Quirky::start(move |request, _| (request.method == "HEAD").then(|| Reply::new(status)));
        let bytes = content(10);
        push_to(&registry, memory(&bytes), &bytes, &Options::default());
    }
}

#[test]
fn mounts() {
    let bytes = content(10);
    let other = content(11);
    let mut options = Options::default();
    options.add_mount_from("first").expect("a name");
    options.add_mount_from("second").expect("a name");
    let registry = embedded_registry::Registry::start(embedded_registry::Options::default());
    let repository_ = repository(registry.url());
    registry.put_blob("second", bytes.clone());
    push_ok(&repository_, memory(&bytes), &bytes, &options);
    assert_eq!(registry.open_uploads(), 0, "the first one was discarded");
    assert!(registry.has_blob("team/app", &digest(&bytes)));
    // The upload that a registry begins instead is used.
    push_ok(&repository_, memory(&other), &other, &options);
    assert_eq!(registry.open_uploads(), 0);
    assert_eq!(registry.blob("team/app", &digest(&other)), Some(other));
    for status in [
        "401 Unauthorized",
        "404 Not Found",
        "405 Method Not Allowed",
        "409 Conflict",
        "501 Not Implemented",
        // Without a Location.
        "202 Accepted",
        "204 No Content",
    ] {
        let registry = Quirky::start(move |request, _| {
            request
                .target
                .contains("mount=")
                .then(|| Reply::new(status))
        });
        push_to(&registry, memory(&bytes), &bytes, &options);
        let mut requests = registry.requests();
        // After a 401 without a challenge, the root is asked for one.
        requests.retain(|request| request != "GET");
        assert_eq!(
            requests,
            ["HEAD", "POST", "POST", "POST", "PUT 10"],
            "{status}"
        );
    }
    let busy = Quirky::start(|request, _| {
        let is_mount = request.target.contains("mount=");
        is_mount.then(|| Reply::new("429 Too Many Requests"))
    });
    options.set_retries(Some(0)).expect("in range");
    let pushed = push::push(&repository(&busy.url()), memory(&bytes), None, &options);
    assert_eq!(assert_kind(pushed, Kind::HttpStatus).http_status(), 429);
    assert_eq!(busy.requests(), ["HEAD", "POST"]);
    let mounted = |digest: &str, from| push::mount(&repository_, digest, from, &Options::default());
    let third = registry.put_blob("third", b"third");
    assert!(mounted(&third, "third").expect("mounted"));
    assert!(registry.has_blob("team/app", &third));
    assert!(!mounted(&digest(b"none"), "third").expect("not mounted"));
    assert_eq!(registry.open_uploads(), 0);
    assert_kind(mounted("sha256:0", "third"), Kind::InvalidDigest);
    assert_kind(mounted(&third, "UPPER"), Kind::InvalidReference);
}

/// The query of the Location is a signature.
#[test]
fn the_query_of_a_location_is_sent_as_it_is() {
    let registry = Quirky::start(|_, _| None);
    let bytes = content(10);
    push_to(&registry, memory(&bytes), &bytes, &Options::default());
    let put = registry.heads().pop().expect("a request");
    let expected = format!(
        "/v2/team/app/blobs/uploads/1?_state=a%2Fb=&digest={}",
        digest(&bytes)
    );
    assert_eq!(put.target, expected);
}

#[test]
fn a_registry_without_a_location() {
    let registry =
        Quirky::start(|request, _| (request.method == "POST").then(|| Reply::new("202 Accepted")));
    let pushed = push::push(
        &repository(&registry.url()),
        memory(b"a"),
        None,
        &Options::default(),
    );
    assert_kind(pushed, Kind::NoHeader);
}

#[test]
fn statuses_become_kinds() {
    for (status, kind) in [
        ("401 Unauthorized", Kind::Unauthorized),
        ("403 Forbidden", Kind::Denied),
        ("404 Not Found", Kind::NotFound),
        ("405 Method Not Allowed", Kind::Unsupported),
        ("409 Conflict", Kind::HttpStatus),
    ] {
        let registry =
            Quirky::start(move |request, _| (request.method == "POST").then(|| Reply::new(status)));
        let pushed = push::push(
            &repository(&registry.url()),
            memory(b"a"),
            None,
            &Options::default(),
        );
        assert_kind(pushed, kind);
    }
}
