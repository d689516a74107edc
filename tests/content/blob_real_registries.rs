//! Blobs down from real registries.

use std::fs;

use reggie::content::blob_pull::to_memory;
use reggie::content::blob_reader::Blob;
use reggie::content::blob_stat::stat;
use reggie::content::file_pull::to_path;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Config, Kind};
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm, Registry};

use crate::blob_server::{MIB, content, descriptor, digest, repository, sizeless};

fn push(repository: &Repository, blob: &[u8]) {
    let client = repository.client().expect("a registry");
    let mut post = client
        .request("POST", "/v2/team/app/blobs/uploads/")
        .expect("a request");
    let session = client.execute(&mut post).expect("a response");
    let location = session.relative_location().expect("a location");
    let mut put = client.request("PUT", location).expect("a request");
    put.set_query("digest", &digest(blob)).expect("valid");
    put.set_header("Content-Type", b"application/octet-stream")
        .expect("valid");
    put.set_body(blob.to_vec());
    assert_eq!(client.execute(&mut put).expect("a response").status(), 201);
}

fn walk(registry: Option<Registry>) {
    let Some(registry) = registry else { return };
    let mut config = Config::new();
    if let (Some(user), Some(password)) = (registry.user(), registry.password()) {
        config.set_credentials(user, password).expect("credentials");
    }
    if let Some(path) = registry.ca_path() {
        config.add_ca_file(&path).expect("a ca file");
    }
    let repository = repository(&registry.url(), &config);
    let folder = tempfile::tempdir().expect("a folder");
    for size in [0, 1, 3 * MIB + 1] {
        let content = content(size);
        let options = Options::default();
        let error = stat(&repository, &digest(&content), &options).expect_err("missing");
        assert_eq!(error.kind(), Kind::NotFound);
        push(&repository, &content);
        let found = stat(&repository, &digest(&content), &options).expect("exists");
        assert!(found.is_none_or(|found| found == size as u64), "{found:?}");
        for blob in [descriptor(&content), sizeless(&content)] {
            let bytes = to_memory(&repository, &blob, 0, size, &options).expect("pulled");
            assert!(bytes == content, "{}", registry.log());
        }
        let path = folder.path().join(size.to_string());
        let hex = &digest(&content)[7..23];
        let partial = folder.path().join(format!("{size}.{hex}.partial"));
        fs::write(partial, &content[..size / 2]).expect("written");
        to_path(&repository, &descriptor(&content), &path, &options).expect("resumed");
        assert!(fs::read(&path).expect("a file") == content);
        let mut options = Options::default();
        options.set_parts(4, 64 * 1024).expect("valid");
        let bytes = to_memory(&repository, &descriptor(&content), 0, size, &options);
        assert!(bytes.expect("pulled") == content);
        if size > MIB {
            let blob = Blob::open(&repository, &descriptor(&content), options.into());
            let blob = blob.expect("opened");
            let mut buffer = vec![0; 4096];
            assert_eq!(
                blob.read_at(&mut buffer, 1_000_000, None).expect("read"),
                4096
            );
            assert!(buffer == content[1_000_000..1_004_096]);
        }
    }
}

#[test]
fn docker_registry() {
    walk(DockerRegistry::start(DockerForm::Open));
    walk(DockerRegistry::start(DockerForm::Tls));
}

#[test]
fn olareg_open_and_with_tokens() {
    walk(Olareg::start(OlaregForm::Open));
    walk(Olareg::start(OlaregForm::Token));
}
