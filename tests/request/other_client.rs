//! What one client stores in a registry, the other finds there: libreggie and
//! ureq, which share no code.

use embedded_registry::{Options, Registry};
use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Config};

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

/// The URL to send a blob to.
fn upload_url(location: &str, digest: &str) -> String {
    let mark = if location.contains('?') { '&' } else { '?' };
    format!("{location}{mark}digest={digest}")
}

#[test]
fn ureq_reads_what_libreggie_has_stored() {
    let registry = Registry::start(Options::default());
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    for size in [0, 1, 100_000] {
        let bytes = content(size);
        let digest = of_bytes(Algorithm::Sha256, &bytes);
        let mut request = client
            .request("POST", "/v2/a/b/blobs/uploads/")
            .expect("a request");
        let response = client.execute(&mut request).expect("a session");
        let location = response.absolute_location().expect("a location");
        let url = upload_url(location, &digest);
        let mut request = client.request("PUT", &url).expect("a request");
        request.set_body(bytes.clone());
        assert_eq!(client.execute(&mut request).expect("stored").status(), 201);

        let url = format!("{}/v2/a/b/blobs/{digest}", registry.url());
        let mut response = ureq::get(&url).call().expect("a blob");
        assert_eq!(response.status(), 200);
        let found = response.body_mut().read_to_vec().expect("a body");
        assert!(found == bytes, "{size}");
    }
}

#[test]
fn libreggie_reads_what_ureq_has_stored() {
    let registry = Registry::start(Options::default());
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    for size in [0, 1, 100_000] {
        let bytes = content(size);
        let digest = of_bytes(Algorithm::Sha256, &bytes);
        let url = format!("{}/v2/a/b/blobs/uploads/", registry.url());
        let response = ureq::post(&url).send_empty().expect("a session");
        let location = response.headers()["location"].to_str().expect("text");
        let location = match location.strip_prefix('/') {
            Some(path) => format!("{}/{path}", registry.url()),
            None => location.to_owned(),
        };
        let url = upload_url(&location, &digest);
        let response = ureq::put(&url).send(&bytes[..]).expect("stored");
        assert_eq!(response.status(), 201);

        let path = format!("/v2/a/b/blobs/{digest}");
        let mut request = client.request("GET", &path).expect("a request");
        request
            .set_expected_digest(Some(&digest))
            .expect("a digest");
        let response = client.execute(&mut request).expect("a blob");
        assert!(response.body() == bytes, "{size}");
    }
}
