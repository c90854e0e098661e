//! How far a room has come, as its namespace sees it.
//!
//! Owns: a count that the room alone moves on. Keeps: when a command is counted, what the room sent
//! because of it stands in the fanouts' mailboxes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Commands that one incarnation of a room has handled to their end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

/// What a room says of itself at one point of its mailbox.
#[derive(Debug)]
pub(crate) struct Report {
    of: Progress,
    handled: u64,
}

impl Progress {
    /// Counts a command.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// A report of as many commands as are counted.
    pub(super) fn report(&self) -> Report {
        Report { of: self.clone(), handled: self.handled() }
    }

    /// Acquires what the room did: what is sent after this comes later in the fanouts' mailboxes.
    pub(super) fn handled(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl Report {
    /// Whether this incarnation says it.
    pub(super) fn is_by(&self, other: &Progress) -> bool {
        Arc::ptr_eq(&self.of.0, &other.0)
    }

    pub(crate) fn handled(&self) -> u64 {
        self.handled
    }
}
