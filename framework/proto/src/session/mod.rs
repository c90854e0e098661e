//! One Engine.IO session, without I/O: which transport carries it, what waits to be sent, when it is dead.
//!
//! * [`Outbox`]: the bounded queue of packets towards the peer. It outlives a transport, so that an
//!   upgrade neither loses nor reorders anything.
//! * [`Session`]: the machine of transports, upgrade, heartbeat and close.
//!
//! Spec: Engine.IO protocol › Transports, Upgrade, Heartbeat.

mod effect;
mod heartbeat;
mod limits;
mod machine;
mod outbox;

pub use effect::{Effect, PollAnswer, Refusal, Source, WireEnd, WireId};
pub use limits::SessionLimits;
pub use machine::{Session, SessionState};
pub use outbox::{Delivery, Flushed, Outbox, PACKET_OVERHEAD, Pushed, Receipt};
