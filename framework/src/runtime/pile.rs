//! Things that wait for an actor, announced by one message at a time.
//!
//! Owns: the things. Keeps: whoever adds the first one announces the pile, so that a mailbox holds one
//! message for it however much comes.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things that wait.
pub(crate) struct Pile<T>(Mutex<Vec<T>>);

impl<T> Pile<T> {
    /// Adds things; says whether the pile has to be announced.
    #[must_use = "a pile that nobody announces is never taken"]
    pub(crate) fn add(&self, things: impl IntoIterator<Item = T>) -> bool {
        let mut waiting = self.lock();
        let was_empty = waiting.is_empty();
        waiting.extend(things);
        was_empty && !waiting.is_empty()
    }

    /// Takes everything.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Pile<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Pile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pile({})", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pile_is_announced_once_until_it_is_taken() {
        let pile = Pile::default();
        assert!(!pile.add([]));
        assert!(pile.add([1]));
        assert!(!pile.add([2, 3]));
        assert_eq!(pile.take(), [1, 2, 3]);
        assert!(pile.add([4]));
    }
}
