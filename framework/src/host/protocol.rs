//! What a host can be told, and what it reports.

use std::any::Any;
use std::sync::Arc;

use greenroom_proto::directory::RoomId;
use greenroom_proto::room::{Event, Listing, MemberId, Role, SeatChange, Setup, SocketKey};

use super::{Arrival, Factory};
use crate::auth::Revocation;
use crate::directory::{DirectoryLink, OpenReply};
use crate::error::Reject;
use crate::runtime::Runtime;
use crate::runtime::pile::Pile;

/// What a host can be told.
///
/// Events and messages are traffic: when the mailbox is full, a client is answered `busy`, and a handle
/// gets its message back. The rest is lifecycle: bounded by the sockets of the room.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum HostCommand {
    /// From the directory: somebody is to be placed here.
    Join(Arrival),
    /// From the directory: a socket has ended, by its client's wish or because its transport broke.
    Depart { socket: SocketKey, on_purpose: bool },
    /// From a socket: its client sends an event.
    Event(Event),
    /// From a handle, or from the actor behind a raw room: a message of the room's own type.
    Internal(Box<dyn Any + Send>),
    /// From a handle: a member is removed.
    Kick(MemberId),
    /// From the directory: tokens are revoked; connections that came with one of them end.
    Revoke(Arc<Revocation>),
    /// From a handle, or from a server that ends: the room ends.
    Close { server_ends: bool },
    /// From receipts: frames of state have left outboxes. One message for all that are gone by then.
    Flushed,
    /// From the wheel: a deadline of the room is due.
    Deadline,
    /// From the directory, which sends nothing after it: the room is over and reported so.
    Stop,
    /// From a directory that died: the connections are closed, so that their clients come back.
    Abandon,
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

/// What a host tells its directory, in the order in which it happened.
#[derive(Debug)]
pub(crate) enum Fact {
    /// A seat has changed hands.
    Seat(MemberId, Role, SeatChange),
    /// The room's entry in lists has changed.
    Listing(Listing),
    /// A join was answered with yes, or nobody waits for the answer any more.
    Answered(SocketKey),
    /// A join was refused; the directory may know another room.
    Refused(Box<Arrival>, Reject),
    /// Nothing more comes to a socket from here.
    Departed(SocketKey),
    /// The room is over.
    Closed,
}

/// What a host is made of.
pub(crate) struct Seed {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) id: RoomId,
    pub(crate) setup: Setup,
    pub(crate) factory: Factory,
    pub(crate) directory: DirectoryLink,
    /// What the directory has not read yet.
    pub(crate) facts: Arc<Pile<Fact>>,
    /// Who wanted the room, if nobody joins it yet.
    pub(crate) reply: Option<OpenReply>,
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seed").field("id", &self.id).finish_non_exhaustive()
    }
}
