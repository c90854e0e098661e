//! Custom rooms on their actors: placing, seats, state, faults, the end.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that asks for what is not there has to fail"
)]

mod faults;
mod gateway;
mod joining;
mod lobby;
mod party;
mod presence;
mod raw;
mod server;
mod stage;
mod state;
