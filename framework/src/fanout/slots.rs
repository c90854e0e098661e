//! Where a worker's outboxes are.
//!
//! Owns: one outbox per open session of the worker. Keeps: a slot is an index and a generation;
//! freeing an index moves its generation on, so a reference from before finds nothing.

use std::fmt;

use crate::runtime::worker::WorkerId;
use crate::session::SharedOutbox;

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
}

impl Slots {
    /// Gives the outbox a place.
    pub(crate) fn insert(&mut self, outbox: SharedOutbox) -> Slot {
        if let Some(index) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            entry.outbox = Some(outbox);
            return Slot { index, generation: entry.generation };
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { generation: 0, outbox: Some(outbox) });
        Slot { index, generation: 0 }
    }

    /// Frees the place. Does nothing for a slot that was freed before.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<SharedOutbox> {
        let entry = self.entries.get_mut(slot.index as usize)?;
        if entry.generation != slot.generation {
            return None;
        }
        let outbox = entry.outbox.take()?;
        // An index whose generations are used up is not used again.
        if let Some(next) = entry.generation.checked_add(1) {
            entry.generation = next;
            self.free.push(slot.index);
        }
        Some(outbox)
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
