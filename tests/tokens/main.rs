//! The life of a token on an open connection, on a clock that the test moves and without a network.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

mod expiry;
mod keys;
mod refresh;
mod revoke;
mod stage;
