//! OCI image layouts as repositories: what is pushed, pulled and deleted.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use reggie::Kind;
use reggie::content::blob_pull::to_memory;
use reggie::content::blob_reader::Blob;
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull::to_path;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_delete::{delete, delete_tag};
use reggie::content::manifest_pull::{pull, resolve, stat};
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::content::push::{self, Source};
use reggie::content::repository::Repository;
use reggie::content::upload::Upload;
use reggie::content::{authorization, blob_stat, location};
use reggie::digest::{Algorithm, of_bytes};
use tempfile::TempDir;

use crate::documents::{EMPTY, artifact, descriptor, digest, entry, index, parse, referrer};
use crate::pushing::{Callback, assert_complete, assert_kind, content, memory, observed};
use crate::referrers::referrers_of;

pub(crate) fn options() -> Options {
    Options::default()
}

/// A new layout, and its directory.
pub(crate) fn layout() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::open_layout(folder.path(), true).expect("a layout");
    (folder, repository)
}

pub(crate) fn index_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("index.json")).expect("an index")
}

pub(crate) fn tags(repository: &Repository, after: Option<&str>) -> Vec<String> {
    let mut names = Names::tags(repository, after, &options());
    let mut found = Vec::new();
    while let Some(name) = names.next().expect("a list") {
        found.push(name.to_owned());
    }
    found
}

fn of(content: &[u8]) -> Descriptor {
    Descriptor::new(&digest(content), Some(content.len() as u64), None).expect("valid")
}

/// An image without layers, whose config is pushed.
pub(crate) fn image(repository: &Repository, unique: &str) -> Manifest {
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","author":"{unique}","rootfs":{{"type":"layers","diff_ids":[]}}}}"#
    );
    let pushed = push::push(repository, memory(config.as_bytes()), None, &options());
    pushed.expect("pushed");
    let media_type = "application/vnd.oci.image.config.v1+json";
    let config = descriptor(media_type, &digest(config.as_bytes()), config.len(), "");
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[]}}"#
    );
    parse(&text)
}

#[test]
fn what_is_pushed_is_pulled() {
    let (folder, repository) = layout();
    let blob = content(1_000_000);
    let (watched, seen) = observed(options());
    let pushed = push::push(&repository, memory(&blob), None, &watched).expect("pushed");
    assert_eq!(
        (pushed.digest().as_str(), pushed.size()),
        (digest(&blob).as_str(), Some(1_000_000))
    );
    assert_complete(&seen, 1_000_000);
    assert_eq!(
        to_memory(&repository, &pushed, 0, usize::MAX, &options()).expect("pulled"),
        blob
    );
    let path = folder
        .path()
        .join("blobs/sha256")
        .join(&digest(&blob)["sha256:".len()..]);
    assert_eq!(fs::read(path).expect("a blob"), blob);

    let manifest = image(&repository, "");
    push_manifest(&repository, &manifest, &["v1", "latest"], &options()).expect("pushed");
    for reference in ["v1", "latest", manifest.descriptor().digest().as_str()] {
        let pulled = pull(&repository, Some(reference), &options()).expect("pulled");
        assert_eq!(pulled.bytes(), manifest.bytes());
        let found = stat(&repository, Some(reference), &options()).expect("found");
        assert_eq!(&found, manifest.descriptor());
    }
    assert_eq!(tags(&repository, None), ["latest", "v1"]);
    assert_eq!(tags(&repository, Some("latest")), ["v1"]);
    let again = Repository::open_layout(folder.path(), false).expect("a layout");
    assert_eq!(tags(&again, None), ["latest", "v1"]);
    let mark = fs::read_to_string(folder.path().join("oci-layout")).expect("a file");
    assert_eq!(mark, r#"{"imageLayoutVersion":"1.0.0"}"#);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|name| name.expect("a name").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["blobs", "index.json", "oci-layout"]);
}

#[test]
fn every_source_is_pushed_and_verified() {
    let (folder, repository) = layout();
    let bytes = content(300_000);
    let source = tempfile::tempdir().expect("a folder");
    let path = source.path().join("file");
    fs::write(&path, &bytes).expect("written");
    let file = fs::File::open(&path).expect("a file");
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    let length = Some(bytes.len() as u64);
    let stored = folder
        .path()
        .join("blobs/sha256")
        .join(&digest(&bytes)["sha256:".len()..]);
    let push_it = |source| {
        let _ = fs::remove_file(&stored);
        let pushed = push::push(&repository, source, None, &options()).expect("pushed");
        assert_eq!(
            (pushed.digest().as_str(), pushed.size()),
            (digest(&bytes).as_str(), length)
        );
        assert_eq!(fs::read(&stored).expect("a blob"), bytes);
    };
    push_it(Source::Path(path.clone()));
    push_it(Source::Descriptor { fd, length });
    push_it(Source::Descriptor { fd, length: None });
    push_it(memory(&bytes));
    push_it(Callback::source(&bytes, length, false));
    push_it(Callback::source(&bytes, None, true));

    let other = digest(b"other");
    for source in [Source::Path(path), memory(&bytes)] {
        let error = assert_kind(
            push::push(&repository, source, Some(&other), &options()),
            Kind::SourceChanged,
        );
        assert_eq!(error.digest(), Some(other.as_str()));
    }
    let short = Callback::source(&bytes[1..], length, false);
    assert_kind(
        push::push(&repository, short, None, &options()),
        Kind::BodyLength,
    );
    assert_kind(
        blob_stat::stat(&repository, &other, &options()),
        Kind::NotFound,
    );
    let (watched, seen) = observed(options());
    push::push(&repository, memory(&bytes), Some(&digest(&bytes)), &watched).expect("exists");
    let events: Vec<_> = seen
        .lock()
        .expect("no panic")
        .iter()
        .map(|seen| seen.event)
        .collect();
    use reggie::content::progress::Event::{Begin, Done, Skip};
    assert_eq!(events, [Begin, Skip, Done]);
    // Nothing else is left behind.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
}

#[test]
fn blobs_are_read_found_and_deleted() {
    let (_folder, repository) = layout();
    let bytes = content(200_000);
    let blob = push::push(&repository, memory(&bytes), None, &options()).expect("pushed");
    let found = blob_stat::stat(&repository, blob.digest().as_str(), &options());
    assert_eq!(found.expect("found"), Some(200_000));
    let unknown = Descriptor::new(blob.digest().as_str(), None, None).expect("valid");
    let opened = Blob::open(&repository, &unknown, Arc::new(options())).expect("opened");
    assert_eq!(opened.size(), Some(200_000));
    let mut part = [0; 1000];
    assert_eq!(opened.read_at(&mut part, 199_500, None).expect("read"), 500);
    assert_eq!(part[..500], bytes[199_500..]);
    let (mut reader, mut all, mut piece) = (opened.reader(), Vec::new(), [0; 70_000]);
    loop {
        match reader.read(&opened, &mut piece).expect("read") {
            0 => break,
            count => all.extend_from_slice(&piece[..count]),
        }
    }
    assert_eq!(all, bytes);
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("blob");
    to_path(&repository, &blob, &path, &options()).expect("pulled");
    assert_eq!(fs::read(&path).expect("a file"), bytes);
    blob_stat::delete(&repository, blob.digest().as_str(), &options()).expect("deleted");
    let error = assert_kind(
        blob_stat::stat(&repository, blob.digest().as_str(), &options()),
        Kind::NotFound,
    );
    assert_eq!(error.digest(), Some(blob.digest().as_str()));
    assert_kind(
        blob_stat::delete(&repository, blob.digest().as_str(), &options()),
        Kind::NotFound,
    );
    assert_kind(
        to_memory(&repository, &blob, 0, usize::MAX, &options()),
        Kind::NotFound,
    );
}

#[test]
fn a_damaged_blob_is_never_returned() {
    let (folder, repository) = layout();
    let bytes = content(200_000);
    let blob = push::push(&repository, memory(&bytes), None, &options()).expect("pushed");
    let stored = folder
        .path()
        .join("blobs/sha256")
        .join(&digest(&bytes)["sha256:".len()..]);
    let mut wrong = bytes.clone();
    wrong[0] ^= 1;
    fs::write(&stored, &wrong).expect("written");
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("blob");
    assert_kind(
        to_memory(&repository, &blob, 0, usize::MAX, &options()),
        Kind::DigestMismatch,
    );
    assert_kind(
        to_path(&repository, &blob, &path, &options()),
        Kind::DigestMismatch,
    );
    assert!(!path.exists());
    fs::write(&stored, &bytes[1..]).expect("written");
    assert_kind(
        to_memory(&repository, &blob, 0, usize::MAX, &options()),
        Kind::SizeMismatch,
    );
    // Its size shows that it is not there.
    push::push(
        &repository,
        memory(&bytes),
        Some(&digest(&bytes)),
        &options(),
    )
    .expect("pushed");
    assert_eq!(fs::read(&stored).expect("a blob"), bytes);

    let manifest = image(&repository, "");
    push_manifest(&repository, &manifest, &["v1"], &options()).expect("pushed");
    let hex = &manifest.descriptor().digest().as_str()["sha256:".len()..];
    let mut wrong = manifest.bytes().to_vec();
    wrong[0] ^= 1;
    fs::write(folder.path().join("blobs/sha256").join(hex), wrong).expect("written");
    assert_kind(
        pull(&repository, Some("v1"), &options()),
        Kind::DigestMismatch,
    );
    // A push replaces it.
    push_manifest(&repository, &manifest, &["v1"], &options()).expect("pushed");
    let repaired = pull(&repository, Some("v1"), &options()).expect("pulled");
    assert_eq!(repaired.bytes(), manifest.bytes());
}

#[test]
fn tags_move_and_are_deleted_but_manifests_stay() {
    let (folder, repository) = layout();
    let (old, new) = (image(&repository, "old"), image(&repository, "new"));
    assert_kind(pull(&repository, None, &options()), Kind::NotFound);
    push_manifest(&repository, &old, &["v1"], &options()).expect("pushed");
    assert_eq!(
        repository.target().expect("one"),
        old.descriptor().digest().as_str()
    );
    let before = index_of(folder.path());
    push_manifest(&repository, &old, &["v1"], &options()).expect("pushed");
    assert_eq!(index_of(folder.path()), before);
    push_manifest(&repository, &new, &["v1", "v2"], &options()).expect("pushed");
    assert_kind(pull(&repository, None, &options()), Kind::InvalidReference);
    let moved = pull(&repository, Some("v1"), &options()).expect("pulled");
    assert_eq!(moved.bytes(), new.bytes());
    let by_digest = |manifest: &Manifest| {
        let digest = manifest.descriptor().digest().as_str();
        pull(&repository, Some(digest), &options()).map(|found| found.bytes().to_vec())
    };
    assert_eq!(by_digest(&old).expect("pulled"), old.bytes());
    delete_tag(&repository, "v2", &options()).expect("deleted");
    assert_kind(delete_tag(&repository, "v2", &options()), Kind::NotFound);
    delete_tag(&repository, "v1", &options()).expect("deleted");
    assert_eq!(tags(&repository, None), [""; 0]);
    assert_eq!(index_of(folder.path()).matches("\"digest\"").count(), 2);
    assert_eq!(by_digest(&new).expect("pulled"), new.bytes());
    // An entry without a tag gets one.
    push_manifest(&repository, &new, &["v3"], &options()).expect("pushed");
    assert_eq!(index_of(folder.path()).matches("\"digest\"").count(), 2);
    for manifest in [&old, &new] {
        delete(
            &repository,
            manifest.descriptor().digest().as_str(),
            &options(),
        )
        .expect("deleted");
        assert_kind(by_digest(manifest), Kind::NotFound);
    }
    assert_kind(
        delete(&repository, new.descriptor().digest().as_str(), &options()),
        Kind::NotFound,
    );
    assert_eq!(tags(&repository, None), [""; 0]);
    let config = new.config().expect("a config").digest().as_str();
    assert_kind(delete(&repository, config, &options()), Kind::NotFound);
    blob_stat::stat(&repository, config, &options()).expect("no manifest");
}

#[test]
fn a_manifest_may_be_pushed_without_a_tag_and_without_its_content() {
    let (_folder, repository) = layout();
    let artifact = parse(&artifact("a/b", ""));
    push_manifest(&repository, &artifact, &[], &options()).expect("pushed");
    assert_eq!(tags(&repository, None), [""; 0]);
    assert_eq!(
        pull(&repository, None, &options()).expect("pulled").bytes(),
        artifact.bytes()
    );
    blob_stat::stat(&repository, EMPTY, &options()).expect("the empty blob");
    let sha512 = of_bytes(Algorithm::Sha512, artifact.bytes());
    push_manifest(&repository, &artifact, &[&sha512], &options()).expect("pushed");
    let pulled = pull(&repository, Some(&sha512), &options()).expect("pulled");
    assert_eq!(pulled.descriptor().digest().as_str(), sha512);

    let child = image(&repository, "");
    let text = String::from_utf8(child.bytes().to_vec()).expect("text");
    let list = parse(&index(&[entry(OCI_MANIFEST, &text, "linux/amd64")]));
    push_manifest(&repository, &list, &["list"], &options()).expect("pushed");
    assert_kind(
        resolve(&repository, Some("list"), Some("linux/amd64"), &options()),
        Kind::NotFound,
    );
    push_manifest(&repository, &child, &[], &options()).expect("pushed");
    let found = resolve(&repository, Some("list"), Some("linux/amd64"), &options());
    assert_eq!(found.expect("resolved").bytes(), child.bytes());
}

#[test]
fn referrers_are_found_wherever_they_are_listed() {
    let (folder, repository) = layout();
    let subject = image(&repository, "");
    push_manifest(&repository, &subject, &["v1"], &options()).expect("pushed");
    let [one, two] = ["1", "2"].map(|unique| referrer("application/sbom", &subject, unique));
    let other = referrer("application/signature", &subject, "3");
    push_manifest(&repository, &one, &[], &options()).expect("pushed");
    push_manifest(&repository, &other, &["signature"], &options()).expect("pushed");
    // As regctl does: in an index that has a tag.
    push_manifest(&repository, &two, &[], &options()).expect("pushed");
    let text = String::from_utf8(two.bytes().to_vec()).expect("text");
    let list = parse(&index(&[entry(OCI_MANIFEST, &text, "linux/amd64")]));
    let own = subject.descriptor().digest().as_str();
    push_manifest(&repository, &list, &[&own.replace(':', "-")], &options()).expect("pushed");
    delete_from_index(&folder, &two);
    let all = referrers_of(&repository, own, None).expect("a list");
    let digests: Vec<_> = all.iter().map(Descriptor::digest).collect();
    let expected = [&one, &other, &two].map(|manifest| manifest.descriptor().digest());
    assert_eq!(digests, expected);
    assert_eq!(all[0].artifact_type(), Some("application/sbom"));
    assert_eq!(all[0].annotations(), one.annotations());
    let found = referrers_of(&repository, own, Some("application/signature")).expect("a list");
    assert_eq!(found.len(), 1);
    let none = referrers_of(&repository, EMPTY, None).expect("a list");
    assert!(none.is_empty());
}

/// Removes the entry of a manifest, but not the manifest.
fn delete_from_index(folder: &TempDir, manifest: &Manifest) {
    let digest = manifest.descriptor().digest().as_str();
    let path = folder.path().join("index.json");
    let text = fs::read_to_string(&path).expect("an index");
    let size = manifest.bytes().len();
    let entry = format!(r#",{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":{size}}}"#);
    assert!(text.contains(&entry), "{text}");
    fs::write(path, text.replace(&entry, "")).expect("written");
}

#[test]
fn uploads_become_blobs() {
    let (folder, repository) = layout();
    let bytes = content(100_000);
    let mut upload = Upload::begin(&repository, &options()).expect("begun");
    upload.write(&bytes[..60_000]).expect("written");
    assert_eq!(upload.offset(), 60_000);
    let export = upload.export().expect("exported");
    upload.write(&bytes[60_000..]).expect("written");
    assert_kind(upload.commit(Some(EMPTY), None), Kind::DigestMismatch);
    let sha512 = of_bytes(Algorithm::Sha512, &bytes);
    assert_kind(upload.commit(Some(&sha512), None), Kind::InvalidArgument);
    let blob = upload
        .commit(Some(&digest(&bytes)), None)
        .expect("committed");
    assert_eq!(blob.size(), Some(100_000));
    assert_eq!(
        to_memory(&repository, &blob, 0, usize::MAX, &options()).expect("pulled"),
        bytes
    );
    assert_kind(upload.write(b"x"), Kind::InvalidArgument);
    let mut again = Upload::import(&repository, &export, &options()).expect("imported");
    assert_eq!(again.offset(), 0);
    again.write(b"{}").expect("written");
    assert_eq!(
        again
            .commit(None, None)
            .expect("committed")
            .digest()
            .as_str(),
        EMPTY
    );
    let (_other, elsewhere) = layout();
    assert_kind(
        Upload::import(&elsewhere, &export, &options()).map(|_| ()),
        Kind::InvalidExport,
    );
    // The callback of the commit, if there was none before.
    let mut upload = Upload::begin(&repository, &options()).expect("begun");
    upload.write(&bytes[1..]).expect("written");
    let (watched, seen) = observed(options());
    upload.commit(None, Some(&watched)).expect("committed");
    let seen = seen.lock().expect("no panic");
    let events: Vec<_> = seen.iter().map(|seen| (seen.event, seen.done)).collect();
    use reggie::content::progress::Event::{Begin, Done, End};
    assert_eq!(events, [(Begin, 0), (End, 99_999), (Done, 99_999)]);
    let mut aborted = Upload::begin(&repository, &options()).expect("begun");
    aborted.write(&bytes).expect("written");
    aborted.abort().expect("aborted");
    drop((upload, again, aborted));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
}

#[test]
fn what_only_a_registry_has_is_not_supported() {
    let (_folder, repository) = layout();
    let blob = of(b"{}");
    let options = options();
    assert_kind(
        authorization::get(&repository, false, &options).map(|_| ()),
        Kind::Unsupported,
    );
    assert_kind(
        location::locate(&repository, &blob, true, &options).map(|_| ()),
        Kind::Unsupported,
    );
    assert_kind(
        push::mount(&repository, EMPTY, "a/b", &options),
        Kind::Unsupported,
    );
    assert!(repository.client().is_none() && repository.name().is_none());
}
