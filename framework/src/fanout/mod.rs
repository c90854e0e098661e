//! The fanout: the one actor per worker that puts packets into outboxes.
//!
//! * *Owns*: the outboxes of the worker's sessions, by [`Slot`].
//! * *Takes*: [`FanoutCommand`]s of rooms (a packet for many) and of sockets (packets for one).
//! * *Emits*: nothing but bytes into outboxes, whose writers write once at the end of the turn.
//! * *Keeps*: whatever reaches an outbox after the handshake went through this mailbox, so its
//!   order is the order in which packets were sent; a freed slot never delivers to a stranger.

mod actor;
mod handle;
mod protocol;
mod recipients;
mod run;
mod slots;

pub(crate) use handle::FanoutHandle;
pub(crate) use protocol::{FanoutCommand, Push, RoomPush};
pub(crate) use recipients::{Blocked, Recipients};
pub(crate) use slots::{NamespaceNumber, Slot, SlotRef, Slots};
