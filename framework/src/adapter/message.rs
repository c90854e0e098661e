//! What nodes tell each other.

use greenroom_proto::rooms::RoomName;

use crate::error::Reject;
use crate::event::Args;

/// What nodes tell each other.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message {
    /// An event for the clients of an audience.
    Emit {
        /// Whom it is for.
        to: Audience,
        /// The event's name.
        event: String,
        /// Its arguments.
        args: Args,
        /// Whether it may be lost where a client is not ready for it.
        volatile: bool,
    },
    /// The sockets of an audience join rooms.
    Join {
        /// Who joins.
        to: Audience,
        /// What they join.
        rooms: Vec<RoomName>,
    },
    /// The sockets of an audience leave rooms.
    Leave {
        /// Who leaves.
        to: Audience,
        /// What they leave.
        rooms: Vec<RoomName>,
    },
    /// The sockets of an audience are disconnected.
    Disconnect {
        /// Who has to go.
        to: Audience,
        /// Whether their whole connections are closed.
        close: bool,
    },
    /// An event for the node itself, see [`Namespace::server_side_emit`](crate::Namespace::server_side_emit).
    ServerSide {
        /// The path of its namespace.
        namespace: String,
        /// The event's name.
        event: String,
        /// Its arguments.
        args: Args,
        /// Set if an answer is awaited.
        request: Option<RequestId>,
    },
    /// The answer to such an event, for the node that asked.
    Answer {
        /// Which event.
        request: RequestId,
        /// What its listener returned.
        answer: Result<Args, Reject>,
    },
}

/// Sockets of a namespace, on whatever node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The namespace's path.
    pub namespace: String,
    /// The rooms; none means everyone.
    pub rooms: Vec<RoomName>,
    /// Rooms whose members are left out.
    pub except: Vec<RoomName>,
}

/// Names an event that a node wants answers to, among those of that node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);
