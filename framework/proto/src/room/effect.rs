//! What a room's core asks its host to do.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use serde_json::Value;

use super::{LeaveReason, Member, MemberId, Moment, Role, Room, SocketKey, TaskId};
use crate::reject::Reject;
use crate::session::Delivery;
use crate::socketio::AckId;

/// Asynchronous work of a room, and what it tells the room in the end.
pub type Task<M> = Pin<Box<dyn Future<Output = M>>>;

/// What a host does, in this order.
///
/// Texts are JSON without brackets, as [`socketio::encode`](crate::socketio::encode) takes arguments, and know nothing of
/// the way by which a client came in.
pub enum Effect<R: Room> {
    /// The connection has a place. It is among [`Targets::All`] from now on, and its first frame
    /// follows. The host tells the client its member id, seat and role.
    Admit {
        /// The connection.
        socket: SocketKey,
        /// Whose it is.
        member: Arc<Member>,
        /// Whether the member had its seat already.
        resumed: bool,
    },
    /// The connection does not get in. Finally: the client does not try again by itself.
    Refuse {
        /// The connection.
        socket: SocketKey,
        /// Why.
        reject: Reject,
    },
    /// What an event is answered. Without `ack` a refusal is sent as an `error` event, and anything
    /// else is not sent. A reject may have a [cause](Reject::cause) to be logged.
    Answer {
        /// The connection that sent the event; it may be gone.
        socket: SocketKey,
        /// What the client waits with.
        ack: Option<AckId>,
        /// Arguments of the acknowledgement.
        result: Result<ByteString, Reject>,
    },
    /// An event for clients.
    Emit {
        /// Which connections.
        to: Targets,
        /// Name of the event.
        event: ByteString,
        /// Its arguments.
        items: ByteString,
        /// Whether it may be dropped for a client that does not keep up.
        delivery: Delivery,
    },
    /// A frame of state: an event, always reliable. When it has left a connection's outbox, the host
    /// says so with [`Input::Flushed`](super::Input::Flushed); until then no other frame is sent there.
    Frame {
        /// Which connections.
        to: Vec<SocketKey>,
        /// `state` or `patch`.
        event: &'static str,
        /// Its argument.
        items: ByteString,
    },
    /// The connection is ended by the server, because its member is out or the room has closed.
    Dismiss {
        /// The connection.
        socket: SocketKey,
        /// Told to the client before.
        reason: DismissReason,
    },
    /// A seat has changed hands: for whoever keeps track of where users have seats.
    Seat {
        /// Whose seat.
        member: MemberId,
        /// What it is for.
        role: Role,
        /// What happened.
        change: SeatChange,
    },
    /// The room's entry in the list of rooms has changed.
    Listing(Listing),
    /// Work to be done; its end is told with [`Input::TaskDone`](super::Input::TaskDone).
    Spawn {
        /// Its name.
        task: TaskId,
        /// The work.
        work: Task<R::Internal>,
    },
    /// User code panicked. The room has been put back to where it was before.
    Fault(FaultReport),
    /// The room is over. Last of all effects.
    Closed(CloseReason),
}

impl<R: Room> fmt::Debug for Effect<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admit { socket, member, resumed } => f
                .debug_struct("Admit")
                .field("socket", socket)
                .field("member", &member.id)
                .field("resumed", resumed)
                .finish(),
            Self::Refuse { socket, reject } => {
                f.debug_struct("Refuse").field("socket", socket).field("reject", reject).finish()
            }
            Self::Answer { socket, ack, result } => f
                .debug_struct("Answer")
                .field("socket", socket)
                .field("ack", ack)
                .field("result", result)
                .finish(),
            Self::Emit { to, event, items, delivery } => f
                .debug_struct("Emit")
                .field("to", to)
                .field("event", event)
                .field("items", items)
                .field("delivery", delivery)
                .finish(),
            Self::Frame { to, event, items } => {
                f.debug_struct("Frame").field("to", to).field("event", event).field("items", items).finish()
            }
            Self::Dismiss { socket, reason } => {
                f.debug_struct("Dismiss").field("socket", socket).field("reason", reason).finish()
            }
            Self::Seat { member, role, change } => f
                .debug_struct("Seat")
                .field("member", member)
                .field("role", role)
                .field("change", change)
                .finish(),
            Self::Listing(listing) => f.debug_tuple("Listing").field(listing).finish(),
            Self::Spawn { task, .. } => f.debug_struct("Spawn").field("task", task).finish(),
            Self::Fault(report) => f.debug_tuple("Fault").field(report).finish(),
            Self::Closed(reason) => f.debug_tuple("Closed").field(reason).finish(),
        }
    }
}

/// Some of the connections of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Every admitted connection.
    All,
    /// Every admitted connection but these.
    Except(Vec<SocketKey>),
    /// These.
    Only(Vec<SocketKey>),
}

/// Why a connection is ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DismissReason {
    /// Its member is out.
    Out(LeaveReason),
    /// The room is over.
    Closed(CloseReason),
}

/// What happened to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatChange {
    /// It was given to a new member.
    Taken,
    /// Its member's last connection broke; the seat is kept.
    Away,
    /// Its member is back.
    Back,
    /// Its member has left.
    Left(LeaveReason),
}

/// Why a room is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// It closed itself.
    Finished,
    /// Nobody was in it.
    Empty,
    /// It panicked too often, or what it holds cannot be trusted.
    Crashed,
    /// Its server ends.
    Server,
}

impl CloseReason {
    /// The name in which clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Empty => "empty",
            Self::Crashed => "crashed",
            Self::Server => "server",
        }
    }
}

/// A room's entry in the list of rooms.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// What the room says of itself: JSON that lists filter and sort by.
    pub label: Arc<Value>,
    /// Whether it takes no new members.
    pub locked: bool,
    /// Whether it is only found by its id.
    pub private: bool,
    /// Players with a seat.
    pub players: usize,
    /// How many there may be.
    pub max_players: usize,
    /// Spectators.
    pub spectators: usize,
    /// When it was created.
    pub created: Moment,
}

/// A panic of user code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultReport {
    /// The hook that panicked, `on_event` for example.
    pub hook: &'static str,
    /// What the panic said.
    pub message: String,
    /// Whose event it was.
    pub member: Option<MemberId>,
    /// A file that replays to the same panic; none if no journal is kept.
    pub journal: Option<String>,
}
