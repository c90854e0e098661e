//! The lobby as a process: what it can be told, what it takes, and what it keeps over a restart.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there fails the test")]

mod limits;
mod restart;
mod settings;
mod stage;
