//! Authentication: challenges, tokens, and token servers.

mod challenges;
mod guarded;
mod image;
mod realms;
mod registries;
mod second_send;
mod token_bodies;
mod tokens;
