//! Programs that use the library: the Go package, the examples and those of docs.

mod docs;
mod docs_programs;
mod examples;
mod go_package;
