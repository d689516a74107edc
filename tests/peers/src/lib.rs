//! A comparison of clients, in `tests/`.
