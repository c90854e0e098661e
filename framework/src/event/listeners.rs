//! Who listens for which event.
//!
//! Owns: the listeners of a namespace (shared by its sockets) or of one socket, in the order of
//! their registration. Keeps: no heap memory while nobody listens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytestring::ByteString;
use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::Handler;

/// Names one listener, to take it off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// Listeners by event.
#[derive(Default, Clone)]
pub(crate) struct Listeners(Option<Box<ByEvent>>);

/// Clients choose what is looked up here, but not what it holds: a fast hash does.
#[derive(Default, Clone)]
struct ByEvent(HashMap<ByteString, OfEvent, RandomState>);

type OfEvent = SmallVec<[Listener; 1]>;

/// Code that waits for an event.
#[derive(Clone)]
pub(crate) struct Listener {
    id: ListenerId,
    /// Of a `once` listener: whether it was called.
    spent: Option<Arc<AtomicBool>>,
    handler: Arc<dyn Handler>,
}

impl ListenerId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Listener {
    pub(crate) fn new(handler: impl Handler + 'static) -> Self {
        Self { id: ListenerId::next(), spent: None, handler: Arc::new(handler) }
    }

    /// For the first event only.
    pub(crate) fn once(handler: impl Handler + 'static) -> Self {
        Self { spent: Some(Arc::default()), ..Self::new(handler) }
    }

    pub(crate) fn id(&self) -> ListenerId {
        self.id
    }

    pub(crate) fn handler(&self) -> &dyn Handler {
        &*self.handler
    }

    /// Whether it is for one event only.
    pub(crate) fn is_once(&self) -> bool {
        self.spent.is_some()
    }

    /// Whether it is to be called: a `once` listener a single time, whatever thread asks.
    fn is_due(&self) -> bool {
        self.spent.as_ref().is_none_or(|spent| !spent.swap(true, Ordering::AcqRel))
    }

    /// Whether it is a `once` listener that was called.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.as_ref().is_some_and(|spent| spent.load(Ordering::Acquire))
    }
}

impl Listeners {
    /// Adds a listener behind the others of its event.
    pub(crate) fn add(&mut self, event: &str, listener: Listener) {
        self.0.get_or_insert_default().0.entry(event.into()).or_default().push(listener);
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
        let mut removed = false;
        self.retain(|listener| {
            removed |= listener.id == id;
            listener.id != id
        });
        removed
    }

    /// Takes the `once` listeners off that were called.
    pub(crate) fn remove_spent(&mut self) {
        self.retain(|listener| !listener.is_spent());
    }

    /// Those to call for an event. A `once` listener is found a single time, and
    /// [taken off](Self::remove_spent) then.
    pub(crate) fn due<'a>(&'a self, event: &str) -> impl Iterator<Item = &'a Listener> + use<'a> {
        self.of(event).iter().filter(|listener| listener.is_due())
    }

    /// All listeners of an event, `once` listeners that were called among them.
    pub(crate) fn of(&self, event: &str) -> &[Listener] {
        self.0.as_ref().and_then(|events| events.0.get(event)).map_or(&[], SmallVec::as_slice)
    }

    fn retain(&mut self, mut keep: impl FnMut(&Listener) -> bool) {
        if let Some(events) = &mut self.0 {
            events.0.retain(|_, listeners| {
                listeners.retain(|listener| keep(listener));
                !listeners.is_empty()
            });
            self.release_if_empty();
        }
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

#[cfg(test)]
mod tests {
    use super::super::synchronous;
    use super::*;
    use crate::socket::Socket;

    #[test]
    fn a_once_listener_is_found_a_single_time_in_all_copies() {
        let mut listeners = Listeners::default();
        listeners.add("e", Listener::new(synchronous(|_: Socket, ()| ())));
        listeners.add("e", Listener::once(synchronous(|_: Socket, ()| ())));
        let copy = listeners.clone();
        let found: usize = std::thread::scope(|scope| {
            let looking = [&listeners, &copy, &listeners, &copy];
            let looking =
                looking.map(|table| scope.spawn(|| table.due("e").filter(|it| it.is_spent()).count()));
            looking.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(found, 1);
        listeners.remove_spent();
        assert_eq!(
            (listeners.due("e").count(), listeners.remove_event("e"), listeners.0.is_none()),
            (1, 1, true)
        );
    }
}
