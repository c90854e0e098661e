//! What the suites share: the server under test as a process of its own, and a raw client that shows
//! every byte of the two protocols and forgives nothing.
//!
//! The client pulls: a frame stays in its stream until a test asks for it, so none is lost between two
//! statements. Every wait is bounded by [`PATIENCE`], and what went over the wire is kept in the
//! [`transcript`] that a failing test prints.

use std::time::Duration;

pub mod counters;
pub mod crowd;
pub mod failure;
pub mod fixture;
pub mod host;
pub mod http;
pub mod packet;
pub mod random;
pub mod session;
pub mod socketio;
pub mod transcript;
pub mod websocket;

pub use counters::Counters;
pub use failure::Failure;
pub use fixture::{Fixture, Settings};
pub use packet::Packet;
pub use session::{Endpoint, Polling, Session, Transport};
pub use websocket::{Frame, WebSocket};

/// How long a client waits for anything, in real time: far more than a busy machine needs, so that only
/// an answer that never comes runs into it.
pub const PATIENCE: Duration = Duration::from_secs(8);
