//! Safety: no secret reaches a server or a log that must not see it.

mod debug_log;
mod echoes;
mod leaks;
mod leaks_by_realm;
mod secret_headers;
