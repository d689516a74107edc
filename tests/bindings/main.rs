//! Programs that use the library: the Go package, the examples and those of docs.

mod artifact_examples;
mod content_examples;
mod content_programs;
mod coverage;
mod docs;
mod docs_programs;
mod examples;
mod go_package;
