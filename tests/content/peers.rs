//! What other clients push is pulled here, and the other way round.

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::names::Names;
use reggie::content::options::Options;
use support::programs;

use crate::documents::*;
use crate::layout_formats::skopeo;

#[test]
fn skopeo_reads_what_was_pushed_here_and_pushes_what_is_read_here() {
    if programs::find("skopeo").is_none() {
        let line = "skopeo is not installed: its tests are skipped";
        programs::missing(line, "not in PATH");
        return;
    }
    let registry = Registry::start(RegistryOptions::default());
    let config =
        r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    registry.put_blob(NAME, config);
    let media_type = "application/vnd.oci.image.config.v1+json";
    let config = descriptor(media_type, &digest(config.as_bytes()), config.len(), "");
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[]}}"#
    );
    let (image, repository) = (parse(&text), embedded(&registry));
    push(&repository, &image, &["v1"], &Options::default()).expect("pushed");
    let list = index(&[entry(OCI_MANIFEST, &text, "linux/amd64")]);
    push(&repository, &parse(&list), &["list"], &Options::default()).expect("pushed");

    let place = format!("docker://{}/{NAME}", registry.host());
    let tagged = |tag: &str| format!("{place}:{tag}");
    for (tag, expected) in [("v1", &text), ("list", &list)] {
        let raw = skopeo(&["inspect", "--raw", "--tls-verify=false", &tagged(tag)]);
        assert_eq!(raw, *expected);
    }
    let tags = skopeo(&["list-tags", "--tls-verify=false", &place]);
    assert!(
        tags.contains("\"v1\"") && tags.contains("\"list\""),
        "{tags}"
    );

    let options = ["--src-tls-verify=false", "--dest-tls-verify=false", "--all"];
    for (tag, expected) in [("v1", &text), ("list", &list)] {
        let copy = format!("copy-of-{tag}");
        let places = [tagged(tag), tagged(&copy)];
        skopeo(&[&["copy"], &options[..], &[&places[0], &places[1]]].concat());
        let pulled = pull(&repository, Some(&copy), &Options::default()).expect("pulled");
        assert_eq!(pulled.bytes(), expected.as_bytes());
    }
    let mut names = Names::tags(&repository, Some("a"), &Options::default());
    assert_eq!(names.next().expect("a list"), Some("copy-of-list"));
}
