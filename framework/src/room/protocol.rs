//! What a room can be told, by its namespace alone.

use bytes::Bytes;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::lane::Ticket;
use tokio::sync::oneshot;

use crate::fanout::SlotRef;

/// What a room can be told.
///
/// Traffic all of it: when the mailbox is full, the namespace waits.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum RoomCommand {
    /// The index has a new member for this room.
    Join(SlotRef),
    /// The index took a member out; after the last one the room reports that it is empty. (With nothing
    /// on its way to the room, the last one's leaving is `Stop`.)
    Leave(SlotRef),
    /// A packet for all members but those to skip.
    Broadcast { packet: Packet, skip: Skip<SlotRef> },
    /// Answers when all that was sent before has been passed on.
    Fence(oneshot::Sender<()>),
    /// The room has no members, and nothing is on its way to it: it ends.
    Stop,
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

impl RoomCommand {
    /// Whether it is a packet that every member gets, which is gathered.
    pub(super) fn is_for_all(&self) -> bool {
        matches!(self, Self::Broadcast { packet, skip: Skip::Nobody } if packet.delivery == Delivery::Reliable)
    }
}

/// An encoded packet on its way to several sessions.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    /// Ready WebSocket frames, shared by all recipients.
    pub(crate) frames: Bytes,
    pub(crate) delivery: Delivery,
    /// Dropped when the packet has been passed on, which moves the lane of its sender.
    pub(crate) ticket: Option<Ticket>,
}
