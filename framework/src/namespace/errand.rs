//! What a namespace does with each socket of a selection.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::lane::{Class, Ticket};

use super::actor::NamespaceActor;
use super::{Ask, Errand, RoomEvent};
use crate::fanout::SlotRef;
use crate::room::Packet;
use crate::socket::{AwaitedAnswer, Socket};

impl Errand {
    /// How it travels: a packet goes the way of packets; joins and leaves are membership; a disconnect
    /// must not overtake what was emitted before it.
    pub(crate) fn class(&self, to: &Selection<SlotRef>, reaches_self: bool) -> Class {
        match self {
            Self::Ask(_) => class_of_packet(to, reaches_self),
            Self::Join(_) | Self::Leave(_) => Class::Membership,
            Self::Disconnect { .. } => Class::Direct,
        }
    }
}

/// How a packet for a selection travels.
pub(super) fn class_of_packet(to: &Selection<SlotRef>, reaches_self: bool) -> Class {
    match to.rooms.as_slice() {
        [room] => Class::Room { room: room.clone(), reaches_self },
        _ => Class::Union { reaches_self },
    }
}

/// A socket has left a room, perhaps as the last one.
pub(super) fn left(room: &RoomName, socket: &Socket, room_empty: bool) -> [Option<RoomEvent>; 2] {
    [
        Some(RoomEvent::Left(room.clone(), socket.clone())),
        room_empty.then(|| RoomEvent::Deleted(room.clone())),
    ]
}

impl NamespaceActor {
    pub(super) fn run(&mut self, to: &Selection<SlotRef>, errand: Errand, ticket: Option<Ticket>) {
        match errand {
            Errand::Ask(ask) => self.ask(to, ask, ticket),
            Errand::Join(rooms) => {
                for socket in self.receivers(to) {
                    rooms.iter().filter(|_| socket.steer()).for_each(|room| self.join(&socket, room));
                }
            }
            Errand::Leave(rooms) => {
                for socket in self.receivers(to) {
                    socket.steer();
                    rooms.iter().for_each(|room| self.leave(&socket, room));
                }
            }
            Errand::Disconnect { close } => {
                self.receivers(to).iter().for_each(|socket| socket.disconnect_from_outside(close));
            }
        }
    }

    /// Who is awaited is settled before anybody can answer.
    fn ask(&mut self, to: &Selection<SlotRef>, ask: Ask, ticket: Option<Ticket>) {
        let Ask { frames, ack, due, reply } = ask;
        let awaited = self.receivers(to).into_iter().map(|socket| AwaitedAnswer::new(socket, ack, due));
        // Nobody waits any more: the caller dropped its future.
        drop(reply.send(awaited.collect()));
        self.broadcast(to, &Packet { frames, delivery: Delivery::Reliable, ticket });
    }

    fn receivers(&self, to: &Selection<SlotRef>) -> Vec<Socket> {
        let found = self.index.receivers(&self.index.select(to));
        found.iter().filter_map(|member| self.sockets.get(member).cloned()).collect()
    }

    /// Shows a packet to those receivers that want to see what is emitted to them.
    pub(super) fn show_outgoing(&self, to: &Selection<SlotRef>, frames: &Bytes) {
        let receivers = self.receivers(to);
        receivers
            .iter()
            .filter(|socket| socket.hears_outgoing())
            .for_each(|socket| socket.show_outgoing(frames.clone()));
    }

    /// Calls those who want to know of rooms; mostly there is nobody.
    pub(super) fn tell_room_hooks(&self, events: impl FnOnce() -> [Option<RoomEvent>; 2]) {
        let Some(hooks) = self.link.room_hooks() else { return };
        for event in events().into_iter().flatten() {
            for hook in hooks.iter() {
                if catch_unwind(AssertUnwindSafe(|| hook(event.clone()))).is_err() {
                    self.link.count_panic();
                }
            }
        }
    }
}
