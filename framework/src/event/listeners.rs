//! Who listens for which event.
//!
//! Owns: the listeners of a namespace (shared by its sockets) or of one socket, in the order of
//! their registration. Keeps: no heap memory while nobody listens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;
use smallvec::SmallVec;

use super::Handler;

/// Names one listener, to take it off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// The handlers to call for one event.
pub(crate) type Called = SmallVec<[Arc<dyn Handler>; 2]>;

/// Listeners by event.
#[derive(Default)]
pub(crate) struct Listeners(Option<Box<ByEvent>>);

#[derive(Default)]
struct ByEvent(HashMap<ByteString, SmallVec<[Listener; 1]>>);

struct Listener {
    id: ListenerId,
    once: bool,
    handler: Arc<dyn Handler>,
}

impl Listeners {
    /// Adds a listener behind the others of its event.
    pub(crate) fn add(&mut self, event: &str, once: bool, handler: impl Handler + 'static) -> ListenerId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = ListenerId(NEXT.fetch_add(1, Ordering::Relaxed));
        let listener = Listener { id, once, handler: Arc::new(handler) };
        self.0.get_or_insert_default().0.entry(event.into()).or_default().push(listener);
        id
    }

    /// Takes all listeners of an event off; tells how many there were.
    pub(crate) fn remove_event(&mut self, event: &str) -> usize {
        let Some(events) = &mut self.0 else { return 0 };
        let removed = events.0.remove(event).map_or(0, |listeners| listeners.len());
        self.release_if_empty();
        removed
    }

    /// Takes one listener off.
    pub(crate) fn remove(&mut self, id: ListenerId) -> bool {
        let Some(events) = &mut self.0 else { return false };
        let mut removed = false;
        events.0.retain(|_, listeners| {
            listeners.retain(|listener| {
                removed |= listener.id == id;
                listener.id != id
            });
            !listeners.is_empty()
        });
        self.release_if_empty();
        removed
    }

    /// Adds the handlers of an event to `called`; a `once` listener is found a single time.
    pub(crate) fn collect(&mut self, event: &str, called: &mut Called) {
        let Some(events) = &mut self.0 else { return };
        let Some(listeners) = events.0.get_mut(event) else { return };
        called.extend(listeners.iter().map(|listener| listener.handler.clone()));
        if listeners.iter().any(|listener| listener.once) {
            listeners.retain(|listener| !listener.once);
            if listeners.is_empty() {
                events.0.remove(event);
                self.release_if_empty();
            }
        }
    }

    /// As [`collect`](Self::collect), if that changes nothing: listeners that many share are read
    /// far more often than they change. Returns false if a `once` listener is among them.
    pub(crate) fn collect_shared(&self, event: &str, called: &mut Called) -> bool {
        let Some(listeners) = self.0.as_ref().and_then(|events| events.0.get(event)) else { return true };
        if listeners.iter().any(|listener| listener.once) {
            return false;
        }
        called.extend(listeners.iter().map(|listener| listener.handler.clone()));
        true
    }

    fn release_if_empty(&mut self) {
        if self.0.as_ref().is_some_and(|events| events.0.is_empty()) {
            self.0 = None;
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.0.iter().flat_map(|events| events.0.keys());
        f.debug_set().entries(events).finish()
    }
}
