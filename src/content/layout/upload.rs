//! Incremental uploads to a layout.

use std::sync::Arc;

use super::blobs::described;
use super::folder::Layout;
use super::new_blob::NewBlob;
use crate::body::digest::{Digest, Digester};
use crate::content::descriptor::Descriptor;
use crate::content::digest_state::StoredDigest;
use crate::content::expected_digest;
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::progress::{Phase, Progress};
use crate::content::repository::Repository;
use crate::content::upload_export::Export;
use crate::error::{Error, Kind};

/// A blob that is written while it is produced.
pub(in crate::content) struct LayoutUpload {
    repository: Repository,
    layout: Arc<Layout>,
    options: Options,
    progress: Progress,
    digester: Digester,
    blob: NewBlob,
    has_ended: bool,
}

impl LayoutUpload {
    pub(in crate::content) fn begin(
        repository: &Repository,
        layout: &Arc<Layout>,
        options: &Options,
    ) -> Result<LayoutUpload, Error> {
        let progress = Progress::new(options.progress.as_ref());
        let created = progress
            .begin(Phase::Push, None, "", None)
            .and_then(|()| NewBlob::create(layout, options.sync, None));
        Ok(LayoutUpload {
            repository: repository.clone(),
            layout: Arc::clone(layout),
            options: options.clone(),
            digester: Digester::new(options.algorithm),
            blob: created.or_else(|error| progress.done(Err(error)))?,
            progress,
            has_ended: false,
        })
    }

    pub(in crate::content) fn offset(&self) -> u64 {
        self.blob.written()
    }

    pub(in crate::content) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.check_open()?;
        let progress = self.progress.clone();
        let operation = Operation::with_progress(&self.repository, &self.options, progress);
        operation.check()?;
        self.blob.write(bytes)?;
        self.digester.update(bytes);
        self.progress.moved(bytes.len() as u64);
        self.progress.poll()
    }

    pub(in crate::content) fn commit(
        &mut self,
        digest: Option<&str>,
        options: Option<&Options>,
    ) -> Result<Descriptor, Error> {
        self.check_open()?;
        let expected = digest;
        let digest = Digest::parse(&self.digester.clone().finish())?;
        expected_digest::check(expected, &digest)?;
        let has_begun = self.options.progress.is_some();
        let progress = match options {
            Some(options) if !has_begun => Progress::new(options.progress.as_ref()),
            _ => self.progress.clone(),
        };
        let options = options.unwrap_or(&self.options);
        let operation = Operation::with_progress(&self.repository, options, progress);
        operation.check()?;
        let size = self.blob.written();
        if !has_begun {
            operation
                .progress
                .begin(Phase::Push, None, "", Some(size))?;
            operation.progress.resume(size);
        }
        let descriptor = described(digest, size);
        operation.progress.set_item(&descriptor);
        self.blob.commit(descriptor.digest())?;
        self.has_ended = true;
        let ended = operation.progress.end();
        operation.progress.done(ended.map(|()| descriptor))
    }

    pub(in crate::content) fn abort(&mut self) -> Result<(), Error> {
        self.check_open()?;
        self.has_ended = true;
        Ok(())
    }

    /// The export of an upload to which nothing was written: the file is removed with
    /// this handle, so that an import begins a new one.
    pub(in crate::content) fn export(&self) -> Result<String, Error> {
        self.check_open()?;
        let export = Export {
            registry: self.layout.identity()?,
            repository: String::new(),
            session: None,
            digest_state: StoredDigest::new(self.options.algorithm).to_text(),
        };
        Ok(export.to_text())
    }

    pub(in crate::content) fn import(
        repository: &Repository,
        layout: &Arc<Layout>,
        export: &Export,
        options: &Options,
    ) -> Result<LayoutUpload, Error> {
        export.check_repository(&layout.identity()?, "")?;
        let mut options = options.clone();
        options.algorithm = export.digest()?.algorithm();
        LayoutUpload::begin(repository, layout, &options)
    }

    fn check_open(&self) -> Result<(), Error> {
        match self.has_ended {
            false => Ok(()),
            true => Err(Error::new(Kind::InvalidArgument, "upload: already ended")),
        }
    }
}
