//! Custom rooms: [`Room`] is what a user writes.
//!
//! The actor here is a plain room: who is in it, and one message per worker for each packet.
//!
//! * *Owns*: its members as dense lists per worker, an exact replica of the namespace's index at
//!   this point of its mailbox.
//! * *Takes*: `RoomCommand`s, from its namespace alone.
//! * *Emits*: one command per worker and packet to the fanouts; word to the namespace when it is
//!   empty.
//! * *Keeps*: a packet leaves its sender's lane when it stands in the mailboxes of all fanouts.

mod actor;
mod handle;
mod progress;
mod protocol;

pub use greenroom_proto::room::{
    Audience, Cx, Ending, Grace, Leader, LeaveReason, Member, MemberId, Moment, Nothing, Options, Replay,
    ReplayError, Reply, Role, Room, RoomError, RoomLimits, Seat, Secret, To, WhenEmpty, replay,
};
pub(crate) use handle::RoomHandle;
pub(crate) use progress::{Progress, Report};
pub(crate) use protocol::{Packet, RoomCommand};
