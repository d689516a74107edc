//! Content that does not match its digest on the way to a registry.

use std::path::{Path, PathBuf};

use reggie::content::batch::Work;
use reggie::content::blob_stat::stat;
use reggie::content::copy::Copy;
use reggie::content::push::{Source, push};
use reggie::content::repository::Repository;
use reggie::{Error, Kind};
use support::registries::{Olareg, OlaregForm};

use crate::batching::{How, batch, failure, finish};
use crate::copying::*;
use crate::documents::digest;
use crate::pushing::{assert_kind, content, memory};
use crate::quirky::{Quirky, usual};
use crate::registries::repository_of;
use crate::repositories::{config, repository, repository_with};
use crate::scripted::Reply;

const SIZES: [usize; 3] = [10, 100_000, 5_000_000];

/// The image v1 in a layout, of whose layer one bit is wrong.
struct Damaged {
    folder: tempfile::TempDir,
    layout: Repository,
    layer: Vec<u8>,
}

impl Damaged {
    fn new(unique: &str, size: usize) -> Damaged {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Repository::open_layout(folder.path(), true).expect("a layout");
        image(&layout, unique, &[size], &["v1"]);
        let layer = layer(unique, size);
        let damaged = Damaged {
            folder,
            layout,
            layer,
        };
        let mut wrong = damaged.layer.clone();
        wrong[size - 1] ^= 1;
        std::fs::write(damaged.path(), wrong).expect("written");
        damaged
    }

    fn path(&self) -> PathBuf {
        let name = self.digest().replacen(':', "/", 1);
        self.folder.path().join("blobs").join(name)
    }

    fn digest(&self) -> String {
        digest(&self.layer)
    }

    /// Copies it by a call and by a batch.
    fn copy_to(&self, to: &Repository) -> [Error; 2] {
        let called = copy_tag(&self.layout, to, "v1", &one_at_a_time());
        let mut batch = batch(one_at_a_time());
        let copy = Copy::new(&self.layout, Some("v1"), to, &["v1"]).expect("valid");
        batch.items().add(Work::Copy(copy));
        finish(&mut batch, How::Run).expect_err("damaged");
        [
            called.expect_err("damaged"),
            failure(&batch, 0).expect("damaged"),
        ]
    }

    fn assert_not_copied(&self, to: &Repository) {
        for error in self.copy_to(to) {
            assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
            assert_eq!(error.digest(), Some(self.digest().as_str()));
        }
    }
}

#[test]
fn a_damaged_blob_of_a_layout_is_not_copied() {
    let olareg = Olareg::start(OlaregForm::Open);
    let embedded = [false, true].map(|with_tls| {
        let options = embedded_registry::Options::default();
        let options = if with_tls { options.tls() } else { options };
        embedded_registry::Registry::start(options)
    });
    for size in SIZES {
        let damaged = Damaged::new(&size.to_string(), size);
        for registry in &embedded {
            let mut config = config();
            if let Some(path) = registry.ca_path() {
                config.add_ca_file(path).expect("a ca file");
            }
            damaged.assert_not_copied(&repository_with(registry.url(), &config));
            assert_eq!(registry.open_uploads(), 0);
        }
        if let Some(olareg) = &olareg {
            damaged.assert_not_copied(&repository_of(olareg));
        }
    }
}

/// Pushes a file by a call and by a batch, with a digest that is not its own.
fn push_wrongly(to: &Repository, path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
    let other = digest(b"other");
    let source = Source::Path(path.to_owned());
    let called = push(to, source, Some(&other), &options());
    let mut batch = batch(options());
    let work = Work::push(to, path, Some(&other)).expect("valid");
    batch.items().add(work);
    finish(&mut batch, How::Run).expect_err("wrong");
    for error in [
        called.expect_err("wrong"),
        failure(&batch, 0).expect("wrong"),
    ] {
        assert_eq!(error.kind(), Kind::SourceChanged, "{error}");
        assert_eq!(error.digest(), Some(other.as_str()));
        assert!(error.message().contains(&digest(bytes)), "{error}");
    }
    assert_kind(stat(to, &other, &options()), Kind::NotFound);
}

#[test]
fn a_wrong_digest_of_a_file_is_reported_at_olareg() {
    let Some(olareg) = Olareg::start(OlaregForm::Open) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for size in SIZES {
        let path = folder.path().join("file");
        push_wrongly(&repository_of(&olareg), &path, &content(size));
    }
}

/// Whatever its code for wrong content is, the content is sent once.
#[test]
fn a_wrong_digest_is_recognized_by_no_code() {
    let bytes = content(100_000);
    let other = digest(b"other");
    for (status, code) in [
        (400, "BLOB_UPLOAD_INVALID"),
        (400, "DIGEST_INVALID"),
        (400, "UNKNOWN"),
        (409, "CONFLICT"),
        (422, "UNKNOWN"),
    ] {
        let registry = Quirky::start(move |request, _| {
            (request.method == "PUT").then(|| Reply::error(status, code))
        });
        let pushed = push(
            &repository(&registry.url()),
            memory(&bytes),
            Some(&other),
            &options(),
        );
        assert_kind(pushed, Kind::SourceChanged);
        let requests = registry.requests();
        let puts = requests.iter().filter(|one| one.starts_with("PUT"));
        assert_eq!(puts.count(), 1, "{requests:?}");
    }
}

/// An upload that the registry has lost, and correct content.
#[test]
fn correct_content_that_is_refused_so_is_sent_again() {
    let registry = Quirky::start(|request, state| {
        if request.method == "PUT" && state.uploads == 1 {
            return Some(Reply::error(400, "BLOB_UPLOAD_INVALID"));
        }
        Some(usual(request, state))
    });
    let bytes = content(100_000);
    let repository = repository(&registry.url());
    push(
        &repository,
        memory(&bytes),
        Some(&digest(&bytes)),
        &options(),
    )
    .expect("pushed");
    assert_eq!(registry.blob(), Some(bytes));
}
