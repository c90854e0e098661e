//! The counters of one server.
//!
//! Owns: plain atomics; whoever does a thing counts it. Keeps: gauges return to zero when all
//! clients are gone, which the fault tests check; threads that count do not slow each other down.

use std::ops::Deref;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn add(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    fn value(&self) -> i64 {
        i64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }
}

macro_rules! metrics {
    ($($name:ident: $kind:ident, $doc:literal;)*) => {
        /// What one thread counts, or some threads together. A gauge may go up in one shard and down
        /// in another: only the sum says something.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct Shard {
            $(#[doc = $doc] pub(crate) $name: $kind,)*
        }

        /// A reading of all counters, see [`Server::stats`](crate::Server::stats).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
        #[non_exhaustive]
        pub struct Stats {
            $(#[doc = $doc] pub $name: i64,)*
        }

        impl Metrics {
            pub(crate) fn read(&self) -> Stats {
                let sum = |value: fn(&Shard) -> i64| self.shards.iter().map(value).sum();
                Stats { $($name: sum(|shard| shard.$name.value()),)* }
            }
        }
    };
}

/// What a server counts. It dereferences to the counters of this thread: a counter that all workers
/// write would travel between their caches for every event.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    shards: [Shard; SHARDS],
}

impl Metrics {
    /// A gauge of all threads together.
    pub(crate) fn total(&self, of: fn(&Shard) -> &Gauge) -> i64 {
        self.shards.iter().map(|shard| of(shard).value()).sum()
    }
}

impl Deref for Metrics {
    type Target = Shard;

    #[expect(clippy::indexing_slicing, reason = "the place is taken modulo the number of shards")]
    fn deref(&self) -> &Shard {
        &self.shards[PLACE.with(|place| *place) % SHARDS]
    }
}

/// More than workers of usual machines have; with more threads some share a shard, which costs time
/// and nothing else.
const SHARDS: usize = 16;

thread_local! {
    /// This thread's place among all threads that count.
    static PLACE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

metrics! {
    sessions: Gauge, "Open Engine.IO sessions.";
    websockets: Gauge, "Open WebSocket connections; those that say goodbye included.";
    sockets: Gauge, "Connected sockets, over all namespaces.";
    socket_actors: Gauge, "Socket actors alive: connected, connecting, or finishing.";
    rooms: Gauge, "Room actors alive.";
    members: Gauge, "Memberships of sockets in rooms.";
    slots: Gauge, "Slots of the fanouts that hold an outbox.";
    mailbox_messages: Counter, "Messages that entered a mailbox, since the start.";
    mailbox_full: Counter, "Messages that found a mailbox full: their senders waited, or were told so.";
    fanout_messages: Counter, "Messages that entered a fanout's mailbox, since the start.";
    packets_encoded: Counter, "Socket.IO packets encoded, since the start.";
    deliveries: Counter, "Packets put into outboxes, since the start; a run of acknowledgements is one.";
    volatile_dropped: Counter, "Volatile packets dropped because the client was not ready for them.";
    websockets_moved: Counter, "WebSockets that moved to the worker of their session, since the start.";
    slow_clients_closed: Counter, "Sessions closed because their outbox was full.";
    panics: Counter, "Panics caught in user code.";
    actor_deaths: Counter, "Actors that ended by a panic of their own.";
    packets_lost: Counter, "Packets that were on their way through an actor that died, or whose thread ended.";
    tokens_ended: Counter, "Sockets ended because their token expired or was revoked.";
    events_refused: Counter, "Events refused because their client sent too many.";
    sessions_refused: Counter, "Sessions refused because their address has too many.";
    acks_timed_out: Counter, "Acknowledgements that a client did not send in time.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_threads_count_adds_up() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..3 * SHARDS {
                scope.spawn(|| {
                    metrics.deliveries.add(2);
                    metrics.sessions.add(1);
                });
            }
        });
        metrics.sessions.add(-1);
        let stats = metrics.read();
        assert_eq!((stats.deliveries, stats.sessions), (6 * SHARDS as i64, 3 * SHARDS as i64 - 1));
    }
}
