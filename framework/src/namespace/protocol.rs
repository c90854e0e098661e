//! What a namespace can be told.

use actix::Message;
use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;

use tokio::sync::oneshot;

use super::handle::OutsidePermit;
use crate::fanout::SlotRef;
use crate::room::Packet;
use crate::socket::Socket;

/// What a namespace can be told.
///
/// What sockets send (join, leave, broadcast) is traffic: when the mailbox is full, the socket
/// waits. The rest is lifecycle: bounded by the number of sockets and rooms.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum NamespaceCommand {
    /// From a socket whose middleware let it in: it becomes a member, its CONNECT is answered with
    /// these frames, and it is told.
    Connect { socket: Socket, answer: Bytes },
    /// From a socket: it joins a room, which comes into being with its first member.
    Join { member: SlotRef, room: RoomName },
    /// From a socket: it leaves a room.
    Leave { member: SlotRef, room: RoomName },
    /// From a socket: a packet for a selection of the members.
    Broadcast { to: Selection<SlotRef>, packet: Packet },
    /// From a socket or from outside: asks for the sockets of a selection.
    Find { to: Selection<SlotRef>, reply: FindReply },
    /// From outside of handlers: a packet, in the order of all that comes from there.
    Outside { to: Selection<SlotRef>, frames: Bytes, delivery: Delivery, permit: OutsidePermit },
    /// From a room that passed on what the emits from outside wait for.
    LaneClear,
    /// From a socket that has ended, however: it leaves everything.
    Disconnect(SlotRef),
    /// From a room: no members after so many commands. It stops if none was sent since.
    RoomEmpty { room: RoomName, handled: u64 },
    /// From a room's death guard: made again from the index.
    RoomDied { room: RoomName, handled: u64 },
    /// From a fault test: ends this actor, or that of a room, by a panic.
    #[cfg(feature = "testing")]
    Crash(Option<RoomName>),
}

/// Where the sockets of a selection are told.
pub(crate) type FindReply = oneshot::Sender<Vec<Socket>>;
