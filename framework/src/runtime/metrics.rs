//! The counters of one server.
//!
//! Owns: plain atomics; whoever does a thing counts it. Keeps: gauges return to zero when all
//! clients are gone, which the fault tests check.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

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

macro_rules! metrics {
    ($($name:ident: $kind:ident, $doc:literal;)*) => {
        /// What a server counts.
        #[derive(Debug, Default)]
        pub(crate) struct Metrics {
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
                Stats { $($name: i64::try_from(self.$name.value()).unwrap_or(i64::MAX),)* }
            }
        }
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
    deliveries: Counter, "Packets put into outboxes, since the start.";
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
