//! What every actor stands on: time, threads, and the way a message travels.
//!
//! | module | owns |
//! |---|---|
//! | [`clock`] | what time it is; tests may move it |
//! | [`wheel`] | the deadlines of one worker |
//! | [`worker`] | one actix thread that hosts sessions: its fanout, wheel and arbiter |
//! | [`post`] | the only place that chooses how a message enters a mailbox |
//! | [`pile`] | things that wait for an actor, announced by one message at a time |
//! | [`guarded`] | futures of user code, whose panics end there |
//! | [`shell`] | what every actor does alike: yielding, reporting its death |
//! | [`metrics`], [`histogram`] | the counters of one server, and of each worker |

pub(crate) mod clock;
pub(crate) mod guarded;
pub(crate) mod histogram;
pub(crate) mod metrics;
pub(crate) mod pile;
pub(crate) mod post;
pub(crate) mod shell;
pub(crate) mod wheel;
pub(crate) mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::adapter::NodeShared;
use crate::auth::Revocations;
use crate::config::Config;
use crate::parser::Parser;
use clock::Clock;
use metrics::{Metrics, Stats};
use worker::Workers;

/// What all parts of one server share: configuration, clock, counters, workers, revoked tokens.
#[derive(Debug)]
pub(crate) struct Runtime {
    /// Tells servers of one process apart: each has its own workers on the same threads.
    pub(crate) id: u64,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) workers: Workers,
    pub(crate) revocations: Revocations,
    /// What all clients speak, if not the default encoding. Set before there is a session.
    pub(crate) parser: OnceLock<Box<dyn Parser>>,
    /// Its place in a cluster, if it is in one. Set before there is a session.
    pub(crate) node: OnceLock<Arc<NodeShared>>,
}

impl Runtime {
    pub(crate) fn new(config: Config, clock: Clock) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let revocations = Revocations::new(config.max_revocations, config.longest_token_life);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            config,
            clock,
            metrics: Metrics::default(),
            workers: Workers::default(),
            revocations,
            parser: OnceLock::new(),
            node: OnceLock::new(),
        })
    }

    /// A reading of all counters.
    pub(crate) fn stats(&self) -> Stats {
        let workers = self.workers.all();
        self.metrics.read(workers.iter().map(|(_, metrics)| &**metrics))
    }
}
