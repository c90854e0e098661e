//! What a fanout can be told.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::{Delivery, Receipt};
use greenroom_proto::socket::reason::DisconnectReason;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::{NamespaceNumber, Slot, SlotRef};
use crate::session::{ReadPermit, Seal, SessionHandle};
use crate::socket::SharedHistory;

/// What a fanout can be told.
///
/// Traffic all of it: when the mailbox is full, the sender waits.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum FanoutCommand {
    /// From a socket, or from a namespace that answers a CONNECT: packets for single sessions, in
    /// order.
    Push(SmallVec<[Push; 1]>),
    /// From a session: its refusals of one read, which is over when they are in the outbox.
    Refuse { pushes: SmallVec<[Push; 1]>, permit: ReadPermit },
    /// From a room or a namespace: one packet for many sessions of this worker.
    Deliver { packet: Bytes, delivery: Delivery, to: Arc<Vec<Slot>>, skip: Skip<SlotRef> },
    /// From a room: reliable packets of one turn, in order, for many sessions of this worker.
    DeliverAll { packets: Vec<Bytes>, to: Arc<Vec<Slot>> },
    /// From a custom room: what one turn of it has for sessions of this worker, in order.
    Room(Vec<RoomPush>),
    /// From a socket that closes its client's connection: behind the packets that it sent before.
    CloseSession { session: SessionHandle, reason: DisconnectReason },
    /// From a session that closes and from each of its sockets: this is all that comes from there.
    /// The outbox is sealed when none is left. The session's is lifecycle: one per session.
    Release(Seal),
    /// From a namespace: what its member at this slot is sent is kept. Lifecycle: one per socket.
    Keep { slot: Slot, namespace: NamespaceNumber, history: SharedHistory },
    /// From a namespace: the slot need not be kept for it any more. Lifecycle: one per socket.
    Forget { slot: Slot, namespace: NamespaceNumber },
    /// From a namespace that waits until all that was sent before has been put into outboxes.
    Fence(oneshot::Sender<()>),
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

impl FanoutCommand {
    /// Whether it is packets that every member of a list gets.
    pub(super) const fn is_for_all(&self) -> bool {
        matches!(
            self,
            Self::Deliver { delivery: Delivery::Reliable, skip: Skip::Nobody, .. } | Self::DeliverAll { .. }
        )
    }
}

/// A packet of a custom room for one session.
#[derive(Debug)]
pub(crate) struct RoomPush {
    pub(crate) to: Slot,
    pub(crate) packet: Bytes,
    pub(crate) delivery: Delivery,
    /// Goes with a frame of the room's state: the room sends no other before this one is flushed.
    pub(crate) receipt: Option<Receipt>,
    /// As in [`Push`].
    pub(crate) is_event: bool,
}

/// A packet for one session.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) to: Slot,
    pub(crate) packet: Bytes,
    pub(crate) delivery: Delivery,
    /// Whether it is an event, and not an acknowledgement or an answer to CONNECT: they are counted apart.
    pub(crate) is_event: bool,
}
