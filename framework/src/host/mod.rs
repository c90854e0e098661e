//! The host of a custom room: a mailbox, a core that decides, and what it asks for done.
//!
//! * *Owns*: one room's [`Machine`] (the core of [`greenroom_proto::room`], or an actor of the user's own),
//!   its connections, the deadline of its next step.
//! * *Takes*: [`HostCommand`]s: joins and departures of its directory, events of sockets, messages of
//!   [`RoomHandle`](crate::RoomHandle)s.
//! * *Emits*: packets to the fanouts of its members' workers, one command per worker and turn; to its
//!   directory what has become of joins and seats.
//! * *Keeps*: a turn leaves whole and in order, patch, events, acknowledgements; no socket actor is on the
//!   way out; a connection has one unflushed frame of state at most; a socket is told that it is admitted
//!   when the answer to its CONNECT is on its way.
//!
//! | file | what |
//! |---|---|
//! | `machine.rs`, `core.rs` | what decides, and the usual one of it: the core |
//! | `raw.rs`, `raw_room.rs` | the other one: an actor of the user's own |
//! | `arrival.rs` | a join on its way |
//! | `perform.rs` | effects to packets |
//! | `line.rs` | the way to a client without a session: a plain WebSocket |
//! | `span.rs` | the room's name in what its code logs |
//! | `outgoing.rs` | connections, entrances, and the packets of one turn |

mod actor;
mod arrival;
mod core;
mod guest;
mod handle;
mod journal;
mod line;
mod machine;
mod outgoing;
mod perform;
mod protocol;
mod raw;
mod raw_room;
mod span;

pub(crate) use self::core::core_machine;
pub(crate) use arrival::{Arrival, Door};
pub(crate) use guest::Guest;
pub(crate) use handle::HostHandle;
pub(crate) use line::{PlainEnd, PlainLine, PlainNews};
pub(crate) use machine::Factory;
pub(crate) use outgoing::Entrance;
pub(crate) use protocol::{Fact, HostCommand, Seed};
pub(crate) use raw::raw_machine;
pub use raw_room::{RawAck, RawRoom, RoomBackend, RoomMessage, RoomSocket};
