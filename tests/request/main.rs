//! Requests and responses: what is sent, what a response says, and what happens
//! in between: redirects, retries, callbacks.

mod body_files;
mod callbacks;
mod cookies;
mod derived_client;
mod early_responses;
mod error_status;
mod file_messages;
mod notes;
mod other_client;
mod progress;
mod real_registries;
mod redirect_rules;
mod redirects;
mod response;
mod response_account;
mod response_body;
mod response_headers;
mod response_heads;
mod retries;
mod verification;
mod wire;
