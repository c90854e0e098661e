//! Many sessions as dense lists, one list per worker.
//!
//! Owns: the slots of a room's members, or of everyone in a namespace. Emits: one
//! [`FanoutCommand`] per worker and packet. Keeps: a list travels as a shared reference; it is
//! copied only if it changes while a fanout still reads it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::Delivery;

use super::{FanoutCommand, FanoutHandle, Slot, SlotRef};
use crate::runtime::Runtime;
use crate::runtime::post::Refused;
use crate::runtime::worker::WorkerId;

/// The members of a room, or of a namespace.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    lists: Vec<List>,
    places: HashMap<SlotRef, u32, FixedState>,
}

#[derive(Debug)]
struct List {
    worker: WorkerId,
    fanout: FanoutHandle,
    slots: Arc<Vec<Slot>>,
}

/// A fanout whose mailbox was full, and what it is still to be told.
#[derive(Debug)]
pub(crate) struct Blocked {
    pub(crate) fanout: FanoutHandle,
    pub(crate) command: FanoutCommand,
}

impl Recipients {
    /// Adds a member; an unknown worker (of a server that has ended) adds nobody.
    pub(crate) fn insert(&mut self, runtime: &Runtime, member: SlotRef) -> bool {
        if self.places.contains_key(&member) {
            return false;
        }
        let Some(list) = self.list_or_new(runtime, member) else { return false };
        let place = list.slots.len();
        Arc::make_mut(&mut list.slots).push(member.slot);
        self.places.insert(member, u32::try_from(place).unwrap_or(u32::MAX));
        true
    }

    /// Takes a member out; its place is filled with the list's last one.
    pub(crate) fn remove(&mut self, member: SlotRef) -> bool {
        let Some(place) = self.places.remove(&member) else { return false };
        let Some(list) = self.lists.iter_mut().find(|list| list.worker == member.worker) else {
            return false;
        };
        let slots = Arc::make_mut(&mut list.slots);
        slots.swap_remove(place as usize);
        if let Some(moved) = slots.get(place as usize) {
            self.places.insert(SlotRef { worker: member.worker, slot: *moved }, place);
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Sends a packet to all fanouts that have members here. What a full mailbox refused comes
    /// back; its sender waits before it sends anything else.
    pub(crate) fn deliver(
        &self,
        runtime: &Runtime,
        packet: &Bytes,
        delivery: Delivery,
        skip: &Skip<SlotRef>,
    ) -> Vec<Blocked> {
        self.send(runtime, |to| FanoutCommand::Deliver {
            packet: packet.clone(),
            delivery,
            to,
            skip: skip.clone(),
        })
    }

    /// As [`deliver`](Self::deliver), for reliable packets in a row that nobody is to miss.
    pub(crate) fn deliver_all(&self, runtime: &Runtime, packets: &[Bytes]) -> Vec<Blocked> {
        match packets {
            [] => Vec::new(),
            [packet] => self.deliver(runtime, packet, Delivery::Reliable, &Skip::Nobody),
            [..] => self.send(runtime, |to| FanoutCommand::DeliverAll { packets: packets.to_vec(), to }),
        }
    }

    fn send(&self, runtime: &Runtime, command: impl Fn(Arc<Vec<Slot>>) -> FanoutCommand) -> Vec<Blocked> {
        let mut blocked = Vec::new();
        for list in self.lists.iter().filter(|list| !list.slots.is_empty()) {
            match list.fanout.send(runtime, command(list.slots.clone())) {
                Ok(()) | Err(Refused::Gone(_)) => {}
                Err(Refused::Full(command)) => {
                    blocked.push(Blocked { fanout: list.fanout.clone(), command });
                }
            }
        }
        blocked
    }

    fn list_or_new(&mut self, runtime: &Runtime, member: SlotRef) -> Option<&mut List> {
        let known = self.lists.iter().position(|list| list.worker == member.worker);
        if let Some(known) = known {
            return self.lists.get_mut(known);
        }
        let fanout = runtime.workers.find(member.worker)?.fanout;
        self.lists.push(List { worker: member.worker, fanout, slots: Arc::default() });
        self.lists.last_mut()
    }
}
