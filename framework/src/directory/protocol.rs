//! What a directory can be told.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytestring::ByteString;
use greenroom_proto::directory::RoomId;
use greenroom_proto::room::{Options, SocketKey};
use tokio::sync::oneshot;

use crate::auth::Revocation;
use crate::error::Reject;
use crate::host::{Arrival, Fact, HostHandle};
use crate::runtime::pile::Pile;
use crate::socket::Socket;

/// What a directory can be told.
///
/// Arrivals and wishes of handles are traffic: when the mailbox is full, who sends them waits. The rest is
/// lifecycle: bounded by sockets and rooms.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum DirectoryCommand {
    /// From a socket whose middleware let it in: it wants to join a room.
    Arrive(Arrival),
    /// From a socket that has ended, however: it leaves its room, or does not get there.
    Depart { socket: SocketKey, on_purpose: bool },
    /// From a host: it has news. One message for all that are there by then.
    Report { room: RoomId, facts: Arc<Pile<Fact>> },
    /// From a host's death guard: the room is gone.
    HostDied { room: RoomId, facts: Arc<Pile<Fact>> },
    /// From a handle, or from a lobby: a room is found or made, which nobody joins yet.
    Open { opening: Opening, reply: OpenReply },
    /// From a handle: the host of a room.
    Find { room: RoomId, reply: oneshot::Sender<Option<HostHandle>> },
    /// From outside: tokens are revoked; members that came with one of them are told by their rooms.
    Revoke(Arc<Revocation>),
    /// From the wheel: those who watch lists are told what has changed.
    Publish,
    /// From the wheel: rooms that nobody has joined are due.
    Deadline,
    /// From a server that ends: all rooms end, and then the reply is dropped.
    Close(oneshot::Sender<()>),
    /// From a fault test: ends this actor, or that of a room, by a panic.
    #[cfg(feature = "testing")]
    Crash(Option<RoomId>),
}

/// What somebody who does not join yet wants a room for.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) options: Options,
    /// Whether an open room that fits will do.
    pub(crate) find: bool,
    /// Whether a room is made if there is none.
    pub(crate) create: bool,
    /// The client that a new room is kept for, for a while; server code keeps its rooms as long as it likes.
    pub(crate) by: Option<ByteString>,
}

/// A room that was found or made.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) id: RoomId,
    pub(crate) created: bool,
}

/// Where that is told.
pub(crate) type OpenReply = oneshot::Sender<Result<Opened, Reject>>;

/// A socket of a lobby that watches a list.
#[derive(Debug, Clone)]
pub(crate) struct Watcher(pub(crate) Socket);

impl PartialEq for Watcher {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for Watcher {}

impl Hash for Watcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id().hash(state);
    }
}
