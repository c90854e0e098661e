//! Connection churn: upgrade, namespace, join with ack, disconnect, wait for the server's close.
//!
//! Unit: one connection, from its start to the server's close.
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use loadkit::args::Args;
use serde_json::json;

use crate::credentials::Credentials;
use crate::meter::{self, Meter};
use crate::net::{Client, Event, Net, Phase};
use crate::setup;

/// A run that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(120);
const SWEEP: Duration = Duration::from_millis(200);
/// A join without an answer for so long counts as unanswered.
const ACK_TIMEOUT_NS: u64 = 1_000_000_000;
/// A server that has not closed for so long is not waited for.
const CLOSE_TIMEOUT_NS: u64 = 2_000_000_000;
const ROOMS: usize = 16;

/// Where a connection stands, and since when (generator's nanoseconds).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Free,
    Connecting { started: u64 },
    Joining { started: u64, since: u64 },
    Closing { since: u64 },
}

struct Churn {
    credentials: Credentials,
    stages: Vec<Stage>,
    free: Vec<usize>,
    latency: Histogram<u64>,
    counts: Counts,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    done: u64,
    failed: u64,
    forced: u64,
    unanswered: u64,
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let total: u64 = args.number("total", 10_000);
    let concurrency: usize = args.number("conc", 32);
    let mut net = setup::net(args);
    net.reserve(concurrency);
    let resident = meter::server(args).resident_kib();
    let mut churn = Churn::new(args, concurrency);
    churn.run(&mut net, args.number("warm-conns", total / 10));
    churn.latency.reset();
    churn.counts = Counts::default();
    let meter = Meter::start(args, resident);
    churn.run(&mut net, total);

    let counts = churn.counts;
    let mut report = meter.report("connect", "connection", counts.done);
    report.add(&json!({
        "conc": concurrency, "failed": counts.failed, "not_closed_by_server": counts.forced,
        "join_not_answered": counts.unanswered,
    }));
    report.add_latency(&churn.latency);
    report.add_tally(&net.tally);
    report.print();
}

impl Churn {
    fn new(args: &Args, concurrency: usize) -> Self {
        Self {
            credentials: Credentials::from_args(args),
            stages: vec![Stage::Free; concurrency],
            free: (0..concurrency).collect(),
            latency: meter::histogram(),
            counts: Counts::default(),
        }
    }

    fn run(&mut self, net: &mut Net, total: u64) {
        let ended_before = self.ended();
        let started = Instant::now();
        let mut swept = started;
        let mut begun = 0;
        while self.ended() - ended_before < total && started.elapsed() < PATIENCE {
            while begun < total
                && let Some(at) = self.free.pop()
            {
                self.stages[at] = Stage::Connecting { started: net.now_ns() };
                net.reopen(at);
                begun += 1;
            }
            net.poll(Duration::from_millis(10), self);
            if swept.elapsed() > SWEEP {
                swept = Instant::now();
                self.sweep(net);
            }
        }
    }

    fn ended(&self) -> u64 {
        self.counts.done + self.counts.failed
    }

    /// Moves on the connections that the server has forgotten.
    fn sweep(&mut self, net: &mut Net) {
        let now = net.now_ns();
        for at in 0..self.stages.len() {
            match self.stages[at] {
                Stage::Joining { since, .. } if now - since > ACK_TIMEOUT_NS => {
                    self.counts.unanswered += 1;
                    self.close(net, at);
                }
                Stage::Closing { since }
                    if now - since > CLOSE_TIMEOUT_NS && net.phase(at) == Phase::WebSocket =>
                {
                    net.abort(at);
                    self.counts.forced += 1;
                    self.end(at);
                }
                Stage::Free | Stage::Connecting { .. } | Stage::Joining { .. } | Stage::Closing { .. } => {}
            }
        }
    }

    fn close(&mut self, net: &mut Net, at: usize) {
        self.stages[at] = Stage::Closing { since: net.now_ns() };
        net.begin_close(at);
    }

    fn end(&mut self, at: usize) {
        match self.stages[at] {
            Stage::Closing { .. } => self.counts.done += 1,
            Stage::Free | Stage::Connecting { .. } | Stage::Joining { .. } => self.counts.failed += 1,
        }
        self.stages[at] = Stage::Free;
        self.free.push(at);
    }
}

impl Client for Churn {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match (event, self.stages[at]) {
            (Event::Open, _) => net.send(at, self.credentials.packet(at)),
            (Event::Connected, Stage::Connecting { started }) => {
                net.send(at, format!("420[\"join\",\"r{}\"]", at % ROOMS).as_bytes());
                self.stages[at] = Stage::Joining { started, since: net.now_ns() };
            }
            (Event::Ack(0, b"[\"ok\"]"), Stage::Joining { started, .. }) => {
                meter::record(&mut self.latency, net.now_ns() - started);
                self.close(net, at);
            }
            (Event::Closed, _) => self.end(at),
            (Event::Connected | Event::Refused(_) | Event::Message(_) | Event::Ack(..), _) => {}
        }
    }
}
