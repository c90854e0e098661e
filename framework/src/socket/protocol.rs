//! What a socket can be told.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::AckId;
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::Op;
use crate::auth::{Renewal, Revocation};
use crate::error::Reject;
use crate::event::Args;
use crate::session::{ReadPermit, Seal};

/// What a socket can be told.
///
/// `Operation` is traffic: when too much waits, the caller gets it back. The rest is lifecycle:
/// packets are bounded by the permits of the reads that they came in.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum SocketCommand {
    /// From the session: what one read brought. The wire is read on when the permit is dropped.
    Packets(Packets, ReadPermit),
    /// From the session: the socket ends. What it still sends leaves before it lets go of the seal.
    End { reason: DisconnectReason, seal: Option<Seal> },
    /// From the namespace: the socket is a member, and its CONNECT is answered.
    Admitted,
    /// From the session: a token of this connection was replaced.
    Renewed(Arc<Renewal>),
    /// From the namespace: tokens were revoked, this socket's among them.
    Revoked(Arc<Revocation>),
    /// From the directory of a type of rooms: no room takes the socket in.
    Refused(Reject),
    /// From a handle used outside of handlers.
    Operation(Op),
    /// From whoever emits to this socket, if it wants to see that. Left out when the mailbox is full.
    Outgoing(Bytes),
    /// From a room that passed on the packet which the lane waits for.
    LaneClear,
    /// From the wheel: an acknowledgement is overdue, a token expires, or the time to end is up.
    Deadline,
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

/// What one read brought for one socket: often a single packet.
pub(crate) type Packets = SmallVec<[Inbound; 1]>;

/// A packet from the client.
#[derive(Debug)]
pub(crate) enum Inbound {
    Event { name: SmolStr, ack: Option<AckId>, args: Args },
    Ack { id: AckId, args: Args },
    Disconnect,
}
