//! The main job, through real registries: a blob up in two chunks and down
//! again, a manifest that names it, tags, and the registry's errors.

use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Config, Response};
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm, Registry};

fn client(registry: &Registry) -> Client {
    let mut config = Config::new();
    if let (Some(user), Some(password)) = (registry.user(), registry.password()) {
        config.set_credentials(user, password).expect("credentials");
    }
    if let Some(path) = registry.ca_path() {
        config.add_ca_file(&path).expect("a ca file");
    }
    config.set_default_name("walk/one").expect("a name");
    Client::new(&registry.url(), &config).expect("a client")
}

fn location(response: &Response) -> String {
    response.relative_location().expect("a location").to_owned()
}

fn walk(registry: Option<Registry>) {
    let Some(registry) = registry else { return };
    let client = client(&registry);
    let digest = of_bytes(Algorithm::Sha256, b"{}");

    let mut post = client
        .request("POST", "/v2/<name>/blobs/uploads/")
        .expect("a request");
    let response = client.execute(&mut post).expect("an answer");
    assert_eq!(response.status(), 202, "{}", registry.log());

    let mut patch = client
        .request("PATCH", &location(&response))
        .expect("a request");
    patch
        .set_header("Content-Type", b"application/octet-stream")
        .expect("a header");
    patch.set_header("Content-Length", b"1").expect("a header");
    patch.set_header("Content-Range", b"0-0").expect("a header");
    patch.set_body(b"{".to_vec());
    let response = client.execute(&mut patch).expect("an answer");
    assert_eq!(response.status(), 202, "{}", registry.log());

    let mut put = client
        .request("PUT", &location(&response))
        .expect("a request");
    put.set_query("digest", &digest).expect("a parameter");
    put.set_header("Content-Type", b"application/octet-stream")
        .expect("a header");
    put.set_header("Content-Length", b"1").expect("a header");
    put.set_header("Content-Range", b"1-1").expect("a header");
    put.set_body(b"}".to_vec());
    let response = client.execute(&mut put).expect("an answer");
    assert_eq!(response.status(), 201, "{}", registry.log());

    let mut get = client
        .request("GET", "/v2/<name>/blobs/<digest>")
        .expect("a request");
    get.set_digest(&digest).expect("a digest");
    let response = client.execute(&mut get).expect("an answer");
    assert_eq!((response.status(), response.body()), (200, &b"{}"[..]));

    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":2}},"layers":[]}}"#
    );
    let mut put = client
        .request("PUT", "/v2/<name>/manifests/<reference>")
        .expect("a request");
    put.set_reference("v1").expect("a tag");
    put.set_header("Content-Type", media_type.as_bytes())
        .expect("a header");
    put.set_body(manifest.clone().into_bytes());
    let response = client.execute(&mut put).expect("an answer");
    assert_eq!(response.status(), 201, "{}", registry.log());

    let mut get = client
        .request("GET", "/v2/<name>/manifests/<reference>")
        .expect("a request");
    get.set_reference("v1").expect("a tag");
    get.set_header("Accept", media_type.as_bytes())
        .expect("a header");
    let response = client.execute(&mut get).expect("an answer");
    assert_eq!(
        (response.status(), response.body()),
        (200, manifest.as_bytes())
    );

    let mut tags = client
        .request("GET", "/v2/<name>/tags/list")
        .expect("a request");
    let response = client.execute(&mut tags).expect("an answer");
    let body = String::from_utf8_lossy(response.body()).into_owned();
    assert!(response.status() == 200 && body.contains("v1"), "{body}");

    let mut get = client
        .request("GET", "/v2/<name>/manifests/none")
        .expect("a request");
    let response = client.execute(&mut get).expect("an answer");
    assert_eq!(response.status(), 404);
    let errors = response.errors().expect("an error list");
    assert_eq!(errors[0].code(), "MANIFEST_UNKNOWN");
}

#[test]
fn docker_registry_open() {
    walk(DockerRegistry::start(DockerForm::Open));
}

#[test]
fn docker_registry_basic() {
    walk(DockerRegistry::start(DockerForm::Basic));
}

#[test]
fn docker_registry_tls() {
    walk(DockerRegistry::start(DockerForm::Tls));
}

#[test]
fn olareg_open() {
    walk(Olareg::start(OlaregForm::Open));
}

#[test]
fn olareg_token() {
    walk(Olareg::start(OlaregForm::Token));
}
