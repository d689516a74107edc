//! The operating system: system calls, waiting, cancellation, deadlines,
//! callbacks, descriptors, files and subprocesses.

pub(crate) mod acl;
pub(crate) mod call_scope;
pub(crate) mod callback_queue;
mod callbacks;
pub(crate) mod cancel;
pub(crate) mod deadline;
pub(crate) mod descriptor;
pub(crate) mod directory;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod file_lock;
pub(crate) mod growing_file;
pub(crate) mod processor;
mod slow_down;
pub(crate) mod speed;
pub(crate) mod step_clock;
pub(crate) mod stop;
pub(crate) mod subprocess;
pub(crate) mod sync;
pub(crate) mod sys;
pub(crate) mod text_encoding;
pub(crate) mod transfer;
pub(crate) mod wait;
mod write_back;
