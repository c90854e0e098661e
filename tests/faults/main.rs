//! What breaks costs only what it must, and leaves nothing behind.
//!
//! The server runs on one thread without a network where that shows the fault: in a schedule that a
//! seed decides, on a clock that the test moves. What only real threads or sockets show runs on them.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

mod acks;
mod deaths;
mod departures;
mod goodbyes;
mod limits;
mod mailboxes;
mod panics;
mod rates;
mod running;
mod shutdown;
mod slow_member;
mod slow_peer;
mod slow_requests;
mod stage;
mod thread_ends;
mod threads;
