//! What a room's core is told.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LeaveReason, MemberId, Options, Role, Room, RoomLimits, SocketKey};
use crate::socketio::{AckId, Args};

/// What a room is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The name of the room in files and logs.
    pub id: ByteString,
    /// What it is created with.
    pub options: Options,
    /// Where its chance begins: 32 bytes that nobody can guess.
    pub seed: [u8; 32],
    /// What it takes.
    pub limits: Arc<RoomLimits>,
}

/// A connection asks for a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// The connection. No other one of this room may have had this key.
    pub socket: SocketKey,
    /// Whose it is.
    pub member: MemberId,
    /// What the member's token says.
    pub claims: Arc<Value>,
    /// What it asks for. A member that has a seat keeps its role.
    pub role: Role,
    /// Options of the client, for rooms that look at them when somebody joins.
    pub options: Options,
}

/// A connection sends an event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The connection; it has been admitted.
    pub socket: SocketKey,
    /// Name of the event. `resync` and `hash` are answered by the core.
    pub name: ByteString,
    /// The arguments. A last argument `{"$n": 17}` is no argument: it numbers the client's input.
    pub args: Args,
    /// The number of the client's input, from entrances that carry it apart. See [`Event::args`].
    pub number: Option<u64>,
    /// Present if the client waits for an answer.
    pub ack: Option<AckId>,
}

/// Asynchronous work that a room has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

/// What a core is told. Before it handles one, it handles every deadline up to that time.
pub enum Input<R: Room> {
    /// A connection asks for a place. Answered by [`Effect::Admit`](super::Effect::Admit) or
    /// [`Effect::Refuse`](super::Effect::Refuse).
    Join(Join),
    /// A connection sends an event.
    Event(Event),
    /// The transport of a connection broke: its member keeps the seat for a while.
    SocketGone(SocketKey),
    /// A connection leaves on purpose: if it is its member's last one, the member leaves.
    Leave(SocketKey),
    /// A member is removed.
    Kick(MemberId, LeaveReason),
    /// The server tells the room something.
    Internal(R::Internal),
    /// Asynchronous work has ended; without a message if it panicked or was cancelled.
    TaskDone(TaskId, Option<R::Internal>),
    /// The last frame sent to these connections has left their outboxes.
    Flushed(Vec<SocketKey>),
    /// The room ends, because its server does.
    Close,
    /// A deadline has passed.
    Wake,
}

impl<R: Room> fmt::Debug for Input<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(join) => f.debug_tuple("Join").field(join).finish(),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::SocketGone(socket) => f.debug_tuple("SocketGone").field(socket).finish(),
            Self::Leave(socket) => f.debug_tuple("Leave").field(socket).finish(),
            Self::Kick(member, reason) => f.debug_tuple("Kick").field(member).field(reason).finish(),
            Self::Internal(_) => f.write_str("Internal"),
            Self::TaskDone(task, _) => f.debug_tuple("TaskDone").field(task).finish(),
            Self::Flushed(sockets) => f.debug_tuple("Flushed").field(sockets).finish(),
            Self::Close => f.write_str("Close"),
            Self::Wake => f.write_str("Wake"),
        }
    }
}
