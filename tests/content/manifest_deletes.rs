//! Deleting manifests and tags.

use embedded_registry::{Fault, Options as RegistryOptions, Registry, Rule};
use reggie::Kind;
use reggie::content::manifest_delete::{delete, delete_tag};
use reggie::content::manifest_push::push;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;

use crate::documents::*;
use crate::manifest_pushes::start;

fn with_detour() -> Options {
    let mut options = Options::default();
    options.delete_detour = true;
    options
}

#[test]
fn a_manifest_is_deleted_with_its_tags_by_digest_alone() {
    let registry = start();
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    push(&repository, &manifest, &["v1", "v2"], &Options::default()).expect("pushed");
    registry.clear_requests();
    for digest in ["v1", "", "sha256:12"] {
        let error = delete(&repository, digest, &Options::default()).expect_err("no digest");
        assert_eq!(error.kind(), Kind::InvalidDigest, "{error}");
    }
    assert!(registry.requests().is_empty());
    let digest = manifest.descriptor().digest().as_str();
    delete(&repository, digest, &Options::default()).expect("deleted");
    assert!(registry.manifest(NAME, "v1").is_none());
    assert!(registry.manifest(NAME, digest).is_none());
    let error = delete(&repository, digest, &Options::default()).expect_err("missing");
    assert_eq!(
        (error.kind(), error.digest()),
        (Kind::NotFound, Some(digest))
    );
}

#[test]
fn what_is_no_manifest_can_be_deleted_too() {
    let registry = start();
    let repository = embedded(&registry);
    let digest = registry.put_manifest(NAME, "v1", OCI_MANIFEST, "not json");
    delete(&repository, &digest, &Options::default()).expect("deleted");
    assert!(registry.manifest(NAME, "v1").is_none());
}

#[test]
fn a_registry_may_not_delete() {
    let registry = Registry::start(RegistryOptions::default().delete(false));
    let repository = embedded(&registry);
    let digest = registry.put_manifest(NAME, "v1", OCI_MANIFEST, artifact("a/b", ""));
    let error = delete(&repository, &digest, &Options::default()).expect_err("refused");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::Unsupported, 405)
    );
    let error = delete_tag(&repository, "v1", &Options::default()).expect_err("refused");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::Unsupported, 405)
    );
}

#[test]
fn a_tag_is_deleted_and_its_manifest_stays() {
    let registry = start();
    let repository = embedded(&registry);
    let digest = registry.put_manifest(NAME, "v1", OCI_MANIFEST, artifact("a/b", ""));
    registry.put_manifest(NAME, "v2", OCI_MANIFEST, artifact("a/b", ""));
    for tag in ["", "a/b", &digest] {
        let error = delete_tag(&repository, tag, &Options::default()).expect_err("no tag");
        assert_eq!(error.kind(), Kind::InvalidReference, "{error}");
    }
    assert!(registry.requests().is_empty());
    delete_tag(&repository, "v1", &with_detour()).expect("deleted");
    assert_eq!(registry.requests().len(), 1, "without the detour");
    assert!(registry.manifest(NAME, "v1").is_none());
    assert!(registry.manifest(NAME, "v2").is_some());
    assert!(registry.manifest(NAME, &digest).is_some());
    let error = delete_tag(&repository, "v1", &Options::default()).expect_err("missing");
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn ghcr_a_tag_cannot_be_deleted_except_by_the_detour() {
    for (status, code) in [
        (405, "UNSUPPORTED"),
        (400, "DIGEST_INVALID"),
        (400, "UNSUPPORTED"),
    ] {
        let registry = start();
        let repository = embedded(&registry);
        let digest = registry.put_manifest(NAME, "v1", OCI_MANIFEST, artifact("a/b", ""));
        registry.put_manifest(NAME, "v2", OCI_MANIFEST, artifact("a/b", ""));
        let refused = || Fault::status(status).error(code, "no");
        for tag in ["/v1", "/none"] {
            registry.add_rule(Rule::new(refused()).method("DELETE").path_end(tag));
        }
        let error = delete_tag(&repository, "v1", &Options::default()).expect_err("refused");
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::Unsupported, status)
        );
        assert!(registry.manifest(NAME, "v1").is_some());
        delete_tag(&repository, "v1", &with_detour()).expect("deleted");
        assert!(registry.manifest(NAME, "v1").is_none());
        assert!(registry.manifest(NAME, "v2").is_some());
        assert!(registry.manifest(NAME, &digest).is_some());
        // A tag that does not exist is not created.
        let error = delete_tag(&repository, "none", &with_detour()).expect_err("missing");
        assert_eq!(error.kind(), Kind::NotFound);
        let sent = registry.requests();
        assert!(
            !sent
                .iter()
                .any(|r| r.method == "PUT" && r.target.ends_with("/none"))
        );
    }
}

#[test]
fn a_detour_that_fails_restores_the_tag() {
    let registry = Registry::start(RegistryOptions::default().delete(false));
    registry.put_blob(NAME, b"{}");
    let repository = embedded(&registry);
    let text = artifact("a/b", "");
    registry.put_manifest(NAME, "v1", OCI_MANIFEST, text.clone());
    let error = delete_tag(&repository, "v1", &with_detour()).expect_err("refused");
    assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    let (_, now) = registry.manifest(NAME, "v1").expect("restored");
    assert_eq!(now, text.as_bytes());
    // Also if the dummy may have arrived.
    let digest = format!("sha256:{}", "0".repeat(64));
    let other = Fault::serve().set_header("Docker-Content-Digest", &digest);
    registry.add_rule(Rule::new(other).method("PUT").times(1));
    let error = delete_tag(&repository, "v1", &with_detour()).expect_err("another one");
    assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
    let (_, now) = registry.manifest(NAME, "v1").expect("restored");
    assert_eq!(now, text.as_bytes());
    // Unless that fails too.
    registry.add_rule(Rule::new(Fault::serve()).method("PUT").times(1));
    registry.add_rule(Rule::new(Fault::status(403)).method("PUT"));
    let error = delete_tag(&repository, "v1", &with_detour()).expect_err("refused");
    assert!(
        error
            .message()
            .contains("tag v1 may point to a dummy manifest now, instead of sha256:"),
        "{error}"
    );
}
