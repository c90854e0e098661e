//! What a namespace can be told.

use std::sync::Arc;
use std::time::Instant;

use actix::Message;
use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::lane::Ticket;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::AckId;
use tokio::sync::oneshot;

use super::handle::OutsidePermit;
use crate::auth::Revocation;
use crate::fanout::SlotRef;
use crate::room::{Packet, Report};
use crate::socket::{AwaitedAnswer, Predecessor, Socket};

/// What a namespace can be told.
///
/// What sockets send (join, leave, broadcast) is traffic: when the mailbox is full, the socket
/// waits. The rest is lifecycle: bounded by the number of sockets and rooms.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum NamespaceCommand {
    /// From a socket whose middleware let it in: it becomes a member, its CONNECT is answered, and it
    /// is told.
    Connect(Admission),
    /// From a socket: one joins a room, which comes into being with its first member.
    Join { socket: Socket, room: RoomName },
    /// From a socket: one leaves a room.
    Leave { socket: Socket, room: RoomName },
    /// From a socket: a packet for a selection of the members.
    Broadcast { to: Selection<SlotRef>, packet: Packet },
    /// From a socket or from outside: asks for the sockets of a selection.
    Find { to: Selection<SlotRef>, reply: FindReply },
    /// From a socket: something to do with each socket of a selection.
    Errand { to: Selection<SlotRef>, errand: Box<Errand>, ticket: Option<Ticket> },
    /// From outside of handlers: a packet or an errand, in the order of all that comes from there.
    Outside { to: Selection<SlotRef>, what: Outgoing, permit: OutsidePermit },
    /// From the wheel: the time of somebody who is away is over.
    RecoveryDeadline,
    /// From the table of namespaces: this child has no users any more.
    Stop,
    /// From a room that passed on what the emits from outside wait for.
    LaneClear,
    /// From a socket that has ended, however: it leaves everything.
    Disconnect(Socket),
    /// From outside: tokens are revoked; sockets that came with one of them are told.
    Revoke(Arc<Revocation>),
    /// From a room: no members after so many commands. It stops if none was sent since.
    RoomEmpty { room: RoomName, report: Report },
    /// From what is left of a room that died, or whose thread ended: made again from the index.
    RoomLost { room: RoomName, report: Report },
    /// From a fault test: ends this actor, or that of a room, by a panic.
    #[cfg(feature = "testing")]
    Crash(Option<RoomName>),
}

/// A socket that asks to be let in, and the answer to its CONNECT.
///
/// Lost on its way to a namespace that died, it closes the connection: a client comes back by itself
/// from that, but would wait for ever for an answer.
#[derive(Debug)]
pub(crate) struct Admission {
    socket: Option<Socket>,
    answer: Bytes,
}

impl Admission {
    pub(crate) fn new(socket: Socket, answer: Bytes) -> Self {
        Self { socket: Some(socket), answer }
    }

    pub(super) fn member(&self) -> Option<SlotRef> {
        self.socket.as_ref().map(Socket::member)
    }

    pub(super) fn take_predecessor(&self) -> Option<Predecessor> {
        self.socket.as_ref().and_then(Socket::take_predecessor)
    }

    pub(super) fn asked_by(&self, other: &Socket) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.is(other))
    }

    /// Who asked, and the answer.
    pub(super) fn take(mut self) -> Option<(Socket, Bytes)> {
        Some((self.socket.take()?, std::mem::take(&mut self.answer)))
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.session().close(DisconnectReason::TransportClose);
        }
    }
}

/// What is emitted by no socket.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Packet { frames: Bytes, delivery: Delivery },
    Errand(Box<Errand>),
}

/// Something to do with each socket of a selection, at this point of what its sender asks for.
#[derive(Debug)]
pub(crate) enum Errand {
    /// They get a packet and acknowledge it.
    Ask(Ask),
    /// They join rooms.
    Join(Vec<RoomName>),
    /// They leave rooms.
    Leave(Vec<RoomName>),
    /// They are disconnected, or their whole connections closed.
    Disconnect { close: bool },
}

/// A packet whose receivers acknowledge it, all by the same id.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) frames: Bytes,
    pub(crate) ack: AckId,
    pub(crate) due: Instant,
    /// Where it is told of whom an answer is awaited.
    pub(crate) reply: oneshot::Sender<Vec<AwaitedAnswer>>,
}

/// Where the sockets of a selection are told.
pub(crate) type FindReply = oneshot::Sender<Vec<Socket>>;
