//! Custom rooms: [`Room`] is what a user writes.
//!
//! [`Server::room`](crate::Server::room) makes a namespace of it; [`Cx`] is what its hooks ask for things;
//! [`RoomHandle`](crate::RoomHandle) is how other code of the server reaches it. The guide begins with
//! `docs/guide/first-room.md`.

mod actor;
mod handle;
mod progress;
mod protocol;

pub use greenroom_proto::room::{
    Audience, Cx, Ending, Grace, Leader, LeaveReason, Member, MemberId, Moment, Nothing, Options, Part,
    Replay, ReplayError, Reply, Role, Room, RoomError, RoomLimits, Seat, Secret, To, WhenEmpty, prelude,
    replay,
};
pub(crate) use handle::RoomHandle;
pub(crate) use progress::{Progress, Report};
pub(crate) use protocol::{Packet, RoomCommand};
