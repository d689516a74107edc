//! Who asks: user names and passwords, identity tokens, bearer tokens, and
//! where they are found.

mod default_paths;
pub(crate) mod file;
mod helper;
pub(crate) mod store;

#[cfg(test)]
mod tests;
