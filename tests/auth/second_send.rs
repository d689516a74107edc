//! The second send, after a challenge: its headers, its body, and what the retry
//! callback may change.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reggie::{Error, Kind, ReadSource, Request};

use crate::guarded::*;

#[test]
fn exactly_the_headers_that_were_set_arrive_and_the_same_after_a_401() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    let path = "/v2/a/blobs/uploads/1?_state=a%2Fb+c==&x";
    let mut request = client.request("PUT", path).expect("a request");
    request
        .set_query("digest", "sha256:abc")
        .expect("a parameter");
    request
        .set_header("Content-Length", b"5")
        .expect("a header");
    request
        .set_header("Content-Range", b"0-4")
        .expect("a header");
    request
        .set_header("Content-Type", b"application/octet-stream")
        .expect("a header");
    request.set_body(b"hello".to_vec());
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for (index, request) in requests.iter().enumerate() {
        let mut names: Vec<&str> = request.headers.iter().map(|(n, _)| n.as_str()).collect();
        names.sort_unstable();
        let mut expected = vec![
            "Content-Length",
            "Content-Range",
            "Content-Type",
            "Host",
            "User-Agent",
        ];
        if index == 1 {
            expected.insert(0, "Authorization");
        }
        assert_eq!(names, expected);
        assert_eq!(request.target, format!("{path}&digest=sha256:abc"));
        assert_eq!(request.body, b"hello");
    }
}

struct Letters {
    sent: usize,
    rewound: Arc<AtomicUsize>,
}

impl ReadSource for Letters {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let amount = buffer.len().min(26 - self.sent);
        for (index, byte) in buffer[..amount].iter_mut().enumerate() {
            *byte = b'a' + (self.sent + index) as u8;
        }
        self.sent += amount;
        Ok(amount)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.sent = 0;
        self.rewound.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn every_kind_of_body_is_whole_on_the_second_send() {
    let folder = support::temp::folder();
    let path = folder.path().join("letters");
    std::fs::write(&path, b"abcdefghijklmnopqrstuvwxyz").expect("written");
    let file = std::fs::File::open(&path).expect("a file");
    let rewound = Arc::new(AtomicUsize::new(0));
    let letters = || {
        Box::new(Letters {
            sent: 0,
            rewound: Arc::clone(&rewound),
        })
    };
    type Set<'a> = Box<dyn Fn(&mut Request) + 'a>;
    let kinds: Vec<Set> = vec![
        Box::new(|r| r.set_body(b"abcdefghijklmnopqrstuvwxyz".to_vec())),
        Box::new(|r| r.set_body_path(path.clone())),
        Box::new(|r| {
            r.set_body_descriptor(file.as_raw_fd(), Some(26))
                .expect("a file")
        }),
        Box::new(|r| {
            r.set_body_descriptor(file.as_raw_fd(), None)
                .expect("a file")
        }),
        Box::new(|r| r.set_body_source(letters(), Some(26))),
        Box::new(|r| r.set_body_source(letters(), None)),
    ];
    for set in kinds {
        let server = guarded(BASIC, &["Basic realm=\"r\""], "");
        let client = client(&server, &config());
        let mut request = client
            .request("PUT", "/v2/a/manifests/b")
            .expect("a request");
        set(&mut request);
        assert_eq!(
            client.execute(&mut request).expect("an answer").status(),
            200
        );
        let bodies: Vec<Vec<u8>> = server.requests().into_iter().map(|r| r.body).collect();
        assert_eq!(bodies, vec![b"abcdefghijklmnopqrstuvwxyz".to_vec(); 2]);
    }
    assert_eq!(rewound.load(Ordering::Relaxed), 2);
}

#[test]
fn a_body_that_cannot_be_sent_again_is_an_error_that_says_so() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(b"once").expect("written");
    drop(writer);
    let mut request = client
        .request("PUT", "/v2/a/manifests/b")
        .expect("a request");
    request
        .set_body_descriptor(reader.as_raw_fd(), Some(4))
        .expect("a pipe");
    let error = client.execute(&mut request).expect_err("not rewindable");
    assert_eq!(error.kind(), Kind::BodyNotRewindable, "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_challenge_callback_may_change_everything() {
    let server = guarded(BASIC, &["Basic realm=\"r\""], "");
    let client = client(&server, &config());
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(b"once").expect("written");
    drop(writer);
    let mut request = client
        .request("PUT", "/v2/a/manifests/b")
        .expect("a request");
    request.set_header("X-Old", b"1").expect("a header");
    request.set_query("old", "1").expect("a parameter");
    request
        .set_body_descriptor(reader.as_raw_fd(), Some(4))
        .expect("a pipe");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    request.set_challenge_callback(Some(Arc::new(move |request: &mut Request| {
        log.lock().expect("a log").push(request.method().to_owned());
        request.remove_header("x-old");
        request.set_header("X-New", b"2")?;
        request.remove_query("old");
        request.set_method("POST")?;
        request.set_path("/v2/a/blobs/uploads/")?;
        // A body that it sets counts as rewound.
        request.set_body(b"again".to_vec());
        Ok(())
    })));
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    assert_eq!(*seen.lock().expect("a log"), ["PUT"]);
    let second = server.requests().remove(1);
    assert_eq!(
        (second.method.as_str(), second.target.as_str()),
        ("POST", "/v2/a/blobs/uploads/")
    );
    assert_eq!(second.header("x-old"), None);
    assert_eq!(second.header("x-new"), Some("2"));
    assert_eq!(second.body, b"again");
}

#[test]
fn the_challenge_callback_is_not_called_without_a_second_send() {
    let server = guarded(BASIC, &["Negotiate"], "");
    let client = client(&server, &config());
    let mut request = client.request("GET", "/v2/").expect("a request");
    request.set_challenge_callback(Some(Arc::new(|_| panic!("there is no second send"))));
    assert!(
        client
            .execute(&mut request)
            .expect("an answer")
            .is_unauthorized()
    );
}
