//! Programs that use the library: the Go package and the examples.

mod examples;
mod go_package;
