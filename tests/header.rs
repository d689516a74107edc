//! The header, the list of symbols and the library say the same.
mod support;
