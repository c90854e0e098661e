//! A custom room: a plain struct with behaviour ([`Room`]), run by a core without I/O ([`RoomCore`]).
//!
//! * *Owns*: the room's state, its members and their connections, timers, tick, what every connection
//!   has seen of the state, the journal.
//! * *Takes*: [`Input`]s and the time.
//! * *Emits*: [`Effect`]s, in the order patch, events, answers.
//! * *Keeps*: what a hook asked for happens whole or not at all; the same inputs at the same times lead
//!   to the same state; a connection has at most one frame of state that it has not read.

mod behaviour;
mod core;
mod cx;
mod effect;
mod incoming;
mod input;
mod limits;
mod member;
mod moment;
mod outgoing;
mod part;
mod replay;
mod reply;
mod rng;
mod roster;
mod secret;
pub mod testing;
mod timers;
mod tree;

pub use self::core::{RoomCore, RoomError, check};
pub use behaviour::{Nothing, Room};
pub use cx::Cx;
pub use effect::{CloseReason, DismissReason, Effect, FaultReport, Listing, SeatChange, Targets, Task};
pub use input::{Event, Input, Join, Setup, TaskId};
pub use limits::RoomLimits;
pub use member::{
    Audience, Grace, Leader, LeaveReason, Member, MemberId, Role, Seat, SocketKey, To, WhenEmpty,
};
pub use moment::Moment;
pub use part::Part;
pub use replay::{Ending, Replay, ReplayError, replay};
pub use reply::{Options, Reply};
pub use secret::Secret;

/// What most rooms use.
pub mod prelude {
    pub use super::{
        Audience, Cx, Grace, Leader, LeaveReason, Member, MemberId, Moment, Nothing, Options, Reply, Role,
        Room, Secret, To, WhenEmpty,
    };
    pub use crate::reject::Reject;
}
