//! Credentials: user names and passwords, identity tokens, bearer tokens, and
//! their sources.

mod default_paths;
pub(crate) mod file;
mod helper;
mod helper_results;
pub(crate) mod store;

#[cfg(test)]
mod helper_tests;
#[cfg(test)]
mod tests;
