//! Where a worker's outboxes are.
//!
//! Owns: one outbox per open session of the worker. Keeps: a slot is an index and a generation;
//! freeing an index moves its generation on, so a reference from before finds nothing.

use std::fmt;

use std::sync::PoisonError;
use std::time::Instant;

use bytes::Bytes;
use greenroom_proto::recovery::{History, Offset};
use smallvec::SmallVec;

use crate::runtime::worker::WorkerId;
use crate::session::SharedOutbox;
use crate::socket::SharedHistory;

/// A place in one worker's table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot {
    index: u32,
    generation: u32,
}

/// A session's outbox as seen from any thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SlotRef {
    pub(crate) worker: WorkerId,
    pub(crate) slot: Slot,
}

/// Names the session in logs, as `worker.place.generation`: its id on the wire is a credential.
impl fmt::Display for SlotRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Slot { index, generation } = self.slot;
        write!(f, "{}.{index}.{generation}", self.worker.0)
    }
}

/// The outboxes of one worker.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    generation: u32,
    outbox: Option<SharedOutbox>,
    /// Of sockets whose clients may come back. While there is one, the slot is not free.
    histories: SmallVec<[(NamespaceNumber, SharedHistory); 0]>,
}

/// Tells the namespaces of one server apart in few bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamespaceNumber(pub(crate) u32);

impl NamespaceNumber {
    /// The offset of an event of this namespace.
    pub(crate) fn offset(self, count: u64) -> Offset {
        Offset(u64::from(self.0) << COUNT_BITS | count & ((1 << COUNT_BITS) - 1))
    }

    fn of(offset: Offset) -> Self {
        Self(u32::try_from(offset.0 >> COUNT_BITS).unwrap_or(u32::MAX))
    }
}

/// A namespace emits a million events a second for twelve days before it uses an offset twice; by then
/// nobody knows the first one.
const COUNT_BITS: u32 = 40;

impl Slots {
    /// Gives the outbox a place.
    pub(crate) fn insert(&mut self, outbox: SharedOutbox) -> Slot {
        if let Some(index) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            entry.outbox = Some(outbox);
            entry.histories = SmallVec::new();
            return Slot { index, generation: entry.generation };
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { generation: 0, outbox: Some(outbox), histories: SmallVec::new() });
        Slot { index, generation: 0 }
    }

    /// Takes the outbox out, and frees the place unless somebody may come back to it. Does nothing for a
    /// slot that was freed before.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<SharedOutbox> {
        let entry = self.entries.get_mut(slot.index as usize)?;
        if entry.generation != slot.generation {
            return None;
        }
        let outbox = entry.outbox.take()?;
        self.free_if_unused(slot);
        Some(outbox)
    }

    /// Keeps what a socket of this session is sent.
    pub(crate) fn keep_history(&mut self, slot: Slot, namespace: NamespaceNumber, history: SharedHistory) {
        // A session that has ended before its socket was let in has nothing to keep.
        if let Some(entry) = self.entry_mut(slot).filter(|entry| entry.outbox.is_some()) {
            entry.histories.retain(|(of, _)| *of != namespace);
            entry.histories.push((namespace, history));
        }
    }

    /// Lets go of a socket's history.
    pub(crate) fn forget_history(&mut self, slot: Slot, namespace: NamespaceNumber) {
        if let Some(entry) = self.entry_mut(slot) {
            entry.histories.retain(|(of, _)| *of != namespace);
            if entry.outbox.is_none() {
                self.free_if_unused(slot);
            }
        }
    }

    /// Notes an event that a socket is sent, or would be.
    pub(crate) fn keep(&self, slot: Slot, offset: Offset, frames: &Bytes, now: Instant) {
        self.note(slot, offset, |history| history.sent(offset, frames.clone(), now));
    }

    /// Notes an event that a socket was sent, and will not be sent again.
    pub(crate) fn pass(&self, slot: Slot, offset: Offset, now: Instant) {
        self.note(slot, offset, |history| history.passed(offset, now));
    }

    fn note(&self, slot: Slot, offset: Offset, note: impl FnOnce(&mut History)) {
        let Some(entry) = self.entries.get(slot.index as usize) else { return };
        let namespace = NamespaceNumber::of(offset);
        let history = entry.histories.iter().find(|(of, _)| *of == namespace);
        if let Some((_, history)) = history.filter(|_| entry.generation == slot.generation) {
            note(&mut history.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn entry_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.index as usize).filter(|entry| entry.generation == slot.generation)
    }

    fn free_if_unused(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get_mut(slot.index as usize) else { return };
        if !entry.histories.is_empty() {
            return;
        }
        // An index whose generations are used up is not used again.
        if let Some(next) = entry.generation.checked_add(1) {
            entry.generation = next;
            self.free.push(slot.index);
        }
    }

    /// The outbox at the slot, unless it was freed.
    pub(crate) fn find(&self, slot: Slot) -> Option<&SharedOutbox> {
        let entry = self.entries.get(slot.index as usize)?;
        if entry.generation == slot.generation { entry.outbox.as_ref() } else { None }
    }

    /// All outboxes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SharedOutbox> {
        self.entries.iter().filter_map(|entry| entry.outbox.as_ref())
    }
}
