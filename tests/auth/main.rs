//! Authentication: challenges, tokens, and token servers.

mod alternatives;
mod challenges;
mod guarded;
mod image;
mod nested_calls;
mod realms;
mod registries;
mod second_send;
mod token_bodies;
mod tokens;
mod uploads;
