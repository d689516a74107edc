//! The index of a layout that others change, too.

use std::fs;

use reggie::Kind;
use reggie::content::manifest_pull::stat;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::repository::Repository;

use crate::layouts::{image, index_of, layout, options, tags};
use crate::pushing::assert_kind;

#[test]
fn changes_by_others_are_seen() {
    // The second is too large to be cached.
    for unknown in [0, 3 << 20] {
        changed_by_others(&"a".repeat(unknown));
    }
}

fn changed_by_others(unknown: &str) {
    let (folder, repository) = layout();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[],"unknown":"{unknown}"}}"#);
    fs::write(folder.path().join("index.json"), index).expect("written");
    let (first, second) = (image(&repository, "first"), image(&repository, "other"));
    push_manifest(&repository, &first, &["v1"], &options()).expect("pushed");
    let digest = || {
        let found = stat(&repository, Some("v1"), &options()).expect("a tag");
        found.digest().as_str().to_owned()
    };
    let [of_first, of_second] = [&first, &second].map(|manifest| manifest.descriptor().digest());
    assert_eq!(digest(), of_first.as_str());
    // Another handle, as another process would.
    let other = Repository::open_layout(folder.path(), false).expect("a layout");
    push_manifest(&other, &second, &["v1", "v2"], &options()).expect("pushed");
    assert_eq!(digest(), of_second.as_str());
    // Other programs write to the file itself: same size, and perhaps same time.
    let index = index_of(folder.path());
    let changed = index.replace(of_second.as_str(), of_first.as_str());
    assert_eq!(index.len(), changed.len());
    fs::write(folder.path().join("index.json"), changed).expect("written");
    assert_eq!(digest(), of_first.as_str());
    // A change keeps theirs.
    push_manifest(&other, &second, &["v3"], &options()).expect("pushed");
    push_manifest(&repository, &second, &["v1"], &options()).expect("pushed");
    assert_eq!(tags(&repository, None), ["v1", "v2", "v3"]);
    assert_eq!(digest(), of_second.as_str());
    let path = folder.path().join("index.json");
    let index = index_of(folder.path());
    fs::write(&path, "").expect("written");
    assert_eq!(tags(&repository, None), [""; 0]);
    fs::write(&path, "{").expect("written");
    assert_kind(
        stat(&repository, Some("v1"), &options()),
        Kind::InvalidLayout,
    );
    fs::remove_file(&path).expect("removed");
    assert_eq!(tags(&repository, None), [""; 0]);
    fs::write(&path, index).expect("written");
    assert_eq!(digest(), of_second.as_str());
}

#[test]
fn an_index_beyond_the_limits_is_not_written() {
    let (folder, repository) = layout();
    let image = image(&repository, "image");
    // Nearly as many values as are read.
    let values = "0,".repeat(499_994) + "0";
    let index = format!(r#"{{"schemaVersion":2,"manifests":[],"unknown":[{values}]}}"#);
    fs::write(folder.path().join("index.json"), &index).expect("written");
    assert_eq!(tags(&repository, None), [""; 0]);
    assert_kind(
        push_manifest(&repository, &image, &["v1"], &options()),
        Kind::InvalidLayout,
    );
    assert_eq!(index_of(folder.path()), index);
}

#[test]
fn a_tag_of_an_invalid_entry_is_set_anew() {
    let (folder, repository) = layout();
    let image = image(&repository, "image");
    push_manifest(&repository, &image, &["v1"], &options()).expect("pushed");
    let size = format!("\"size\":{}", image.bytes().len());
    let index = index_of(folder.path());
    assert!(index.contains(&size));
    let index = index.replace(&size, "\"size\":-1");
    fs::write(folder.path().join("index.json"), index).expect("written");
    assert_kind(stat(&repository, Some("v1"), &options()), Kind::NotFound);
    push_manifest(&repository, &image, &["v1"], &options()).expect("pushed");
    stat(&repository, Some("v1"), &options()).expect("found");
}
