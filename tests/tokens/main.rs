//! The life of a token on an open connection, on a clock that the test moves and without a network.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that asks for what is not there has to fail"
)]

mod expiry;
mod keys;
mod refresh;
mod revoke;
mod stage;
