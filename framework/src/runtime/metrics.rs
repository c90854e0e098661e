//! The counters of one server.
//!
//! Owns: plain atomics; whoever does a thing counts it. Keeps: gauges return to zero when all
//! clients are gone, which the fault tests check; threads that count do not slow each other down. What happens
//! once per event is counted per worker, on its thread alone.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use bytestring::ByteString;
use greenroom_proto::socket::reason::DisconnectReason;

use super::histogram::Histogram;

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn add(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> i64 {
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

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that only grows, and that one thread alone changes: no locked instruction on the way of an event.
#[derive(Debug, Default)]
pub(crate) struct LocalCounter(AtomicU64);

impl LocalCounter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, by: u64) {
        self.0.store(self.value().wrapping_add(by), Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often each reason was the one.
#[derive(Debug, Default)]
pub(crate) struct ByReason([Counter; DisconnectReason::ALL.len()]);

impl ByReason {
    pub(crate) fn count(&self, reason: DisconnectReason) {
        self.iter().filter(|(of, _)| *of == reason).for_each(|(_, counter)| counter.count());
    }

    fn iter(&self) -> impl Iterator<Item = (DisconnectReason, &Counter)> {
        DisconnectReason::ALL.into_iter().zip(&self.0)
    }
}

/// How many messages wait in a mailbox that many send to.
///
/// Whoever sends counts what entered, the actor what it begins to handle.
#[derive(Debug, Default)]
pub(crate) struct Depth {
    entered: Counter,
    handled: LocalCounter,
}

impl Depth {
    pub(crate) fn enter(&self) {
        self.entered.count();
    }

    pub(crate) fn handle(&self) {
        self.handled.count();
    }

    /// Messages that entered, since the start.
    pub(crate) fn value(&self) -> u64 {
        self.entered.value()
    }

    /// Messages that wait now.
    pub(crate) fn waiting(&self) -> u64 {
        self.entered.value().saturating_sub(self.handled.value())
    }

    /// The actor died, and what waited with it.
    pub(crate) fn reset(&self) {
        self.handled.add(self.waiting());
    }
}

/// What is counted of one namespace.
///
/// Clients choose the paths of namespaces that come into being for them, so those are counted under their pattern.
#[derive(Debug)]
pub(crate) struct NamespaceMetrics {
    /// The path, or the pattern.
    pub(crate) label: ByteString,
    pub(crate) sockets: Gauge,
    pub(crate) rooms: Gauge,
    /// Of a pattern: by all that ever came into being, since they come and go.
    connects: Arc<Counter>,
    is_child: bool,
    pub(crate) mailbox: Depth,
}

impl NamespaceMetrics {
    pub(crate) fn new(label: ByteString) -> Self {
        let (sockets, rooms, connects, mailbox) = Default::default();
        Self { label, sockets, rooms, connects, is_child: false, mailbox }
    }

    /// Of a namespace that is made after this one.
    pub(crate) fn of_child(&self) -> Self {
        Self { connects: self.connects.clone(), is_child: true, ..Self::new(self.label.clone()) }
    }

    pub(crate) fn count_connect(&self) {
        self.connects.count();
    }

    /// Its sockets since the start; those of children are their parent's.
    pub(crate) fn connects(&self) -> u64 {
        if self.is_child { 0 } else { self.connects.value() }
    }
}

macro_rules! metrics {
    (
        server { $($name:ident: $kind:ident, $doc:literal;)* }
        worker { $($summed:ident: $sum_kind:ident, $sum_doc:literal;)* }
    ) => {
        /// What one thread counts, or some threads together. A gauge may go up in one shard and down
        /// in another: only the sum says something.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct Shard {
            $(#[doc = $doc] pub(crate) $name: $kind,)*
            /// Why sessions ended.
            pub(crate) session_closes: ByReason,
            /// Why sockets that had connected left.
            pub(crate) disconnects: ByReason,
        }

        /// What one worker counts.
        #[derive(Debug, Default)]
        pub(crate) struct WorkerMetrics {
            $(#[doc = $sum_doc] pub(crate) $summed: $sum_kind,)*
            /// Time that listeners took which run to their end in their turn.
            pub(crate) handlers: Histogram,
            /// Time from the call of asynchronous listeners to their end.
            pub(crate) async_handlers: Histogram,
        }

        /// A reading of all counters, see [`Server::stats`](crate::Server::stats).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
        #[non_exhaustive]
        pub struct Stats {
            $(#[doc = $doc] pub $name: i64,)*
            $(#[doc = $sum_doc] pub $summed: i64,)*
        }

        impl Metrics {
            pub(crate) fn read<'a>(&self, workers: impl Iterator<Item = &'a WorkerMetrics> + Clone) -> Stats {
                Stats {
                    $($name: {
                        let values = self.shards.iter().map(|shard| shard.$name.value());
                        values.map(|value| i64::try_from(value).unwrap_or(i64::MAX)).sum()
                    },)*
                    $($summed: {
                        let sum: u64 = workers.clone().map(|worker| worker.$summed.value()).sum();
                        i64::try_from(sum).unwrap_or(i64::MAX)
                    },)*
                }
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

    /// How often each reason was the one, over all threads.
    pub(crate) fn by_reason(
        &self,
        of: fn(&Shard) -> &ByReason,
    ) -> impl Iterator<Item = (DisconnectReason, u64)> {
        DisconnectReason::ALL.into_iter().map(move |reason| {
            let counted = self.shards.iter().flat_map(|shard| of(shard).iter());
            (reason, counted.filter(|(of, _)| *of == reason).map(|(_, counter)| counter.value()).sum())
        })
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
    server {
        sessions: Gauge, "Open Engine.IO sessions.";
        sessions_on_websocket: Gauge, "Those of them that a WebSocket carries; the others poll.";
        websockets: Gauge, "Open WebSocket connections; those that say goodbye included.";
        sockets: Gauge, "Connected sockets, over all namespaces.";
        sessions_opened: Counter, "Engine.IO sessions opened, since the start.";
        socket_actors: Gauge, "Socket actors alive: connected, connecting, or finishing.";
        rooms: Gauge, "Room actors alive.";
        custom_rooms: Gauge, "Custom rooms alive.";
        plain_websockets: Gauge, "Plain WebSockets of custom rooms, see `Server::gateway`.";
        members: Gauge, "Memberships of sockets in rooms.";
        slots: Gauge, "Slots of the fanouts that hold an outbox.";
        mailbox_messages: Counter, "Messages that entered a mailbox, since the start.";
        mailbox_full: Counter, "Messages that found a mailbox full: their senders waited, or were told so.";
        packets_encoded: Counter, "Socket.IO packets encoded, since the start.";
        deliveries: Counter, "Packets put into outboxes, since the start; a run of acknowledgements is one.";
        volatile_dropped: Counter, "Volatile packets dropped because the client was not ready for them.";
        websockets_moved: Counter, "WebSockets that moved to the worker of their session, since the start.";
        slow_clients_closed: Counter, "Sessions closed because their outbox was full.";
        slow_room_steps: Counter, "Steps of custom rooms that held their thread for longer than `room_step_warning`.";
        panics: Counter, "Panics caught in user code.";
        actor_deaths: Counter, "Actors that ended by a panic of their own.";
        recovered: Counter, "Clients that came back and got what they had missed.";
        packets_lost: Counter, "Packets that were on their way through an actor that died, or whose thread ended.";
        node_messages_lost: Counter, "Messages of other nodes that found this one's queue full.";
        tokens_ended: Counter, "Sockets ended because their token expired or was revoked.";
        events_refused: Counter, "Events refused because their client sent too many.";
        sessions_refused: Counter, "Sessions refused because their address has too many.";
        acks_timed_out: Counter, "Acknowledgements that a client did not send in time.";
    }
    worker {
        events_in: LocalCounter, "Events of clients that were handled, since the start.";
        events_out: LocalCounter, "Events put into outboxes, since the start; one for each recipient.";
        fanout_messages: Depth, "Messages that entered a fanout's mailbox, since the start.";
    }
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
        let stats = metrics.read(std::iter::empty());
        assert_eq!((stats.deliveries, stats.sessions), (6 * SHARDS as i64, 3 * SHARDS as i64 - 1));
    }
}
