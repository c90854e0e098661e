//! A custom room at 20 Hz, one of whose members reads a kilobyte in a second for a while.
//!
//! Unit: one patch that one of the others gets. Its latency is how much later it comes than the promptest
//! one of the run, by its step: steps are fifty milliseconds apart.
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use loadkit::args::{Args, die};
use serde_json::{Value, json};

use super::slow_reader::{self, Shared};
use crate::meter::{self, Meter, round};
use crate::net::{Client, Event, Net};
use crate::setup;

const STEP_NS: i64 = 50_000_000;
/// A member that is not in the room by then will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The members that read at once.
struct Others {
    shared: Arc<Shared>,
    joined: usize,
    closed: u64,
    /// Of every patch of this part of the run: when it came, without what its step is due to.
    arrivals: Vec<i64>,
}

impl Client for Others {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Open => net.send(at, b"40/plane,{}"),
            Event::Refused(data) => die(&format!("CONNECT refused: {}", String::from_utf8_lossy(data))),
            Event::Closed => self.closed += 1,
            Event::Message(message) => self.message(net, message),
            Event::Connected | Event::Ack(..) => {}
        }
    }
}

impl Others {
    fn message(&mut self, net: &Net, message: &[u8]) {
        self.joined += usize::from(message.starts_with(b"/plane,[\"joined\""));
        let Some(step) = slow_reader::step(message) else { return };
        self.shared.newest.fetch_max(step, Ordering::Relaxed);
        if message.starts_with(b"/plane,[\"patch\"") {
            let now = i64::try_from(net.now_ns()).unwrap_or(i64::MAX);
            self.arrivals.push(now - i64::try_from(step).unwrap_or(0) * STEP_NS);
        }
    }
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("members", 64);
    let calm = meter::seconds(args, "secs", 10.0);
    let slow = meter::seconds(args, "slow-secs", 30.0);
    let rate: u64 = args.number("rate", 1_000);
    let mut net = setup::net(args);
    let shared = Arc::new(Shared::default());
    let mut others = Others { shared: shared.clone(), joined: 0, closed: 0, arrivals: Vec::new() };
    let reader = slow_reader::start(args, shared.clone());
    join(&mut net, &mut others, count - 1);

    let server = meter::server(args);
    let meter = Meter::start(args, server.resident_kib());
    let (without, _) = watch(args, &mut net, &mut others, calm);
    let resident = server.resident_kib();
    shared.rate.store(rate, Ordering::Relaxed);
    let (with, most_kib) = watch(args, &mut net, &mut others, slow);
    let behind = shared.most_behind.load(Ordering::Relaxed);
    let slow_frames = shared.frames.swap(0, Ordering::Relaxed);
    let in_step = read_again(&mut net, &mut others, &shared);
    shared.over.store(true, Ordering::Relaxed);
    let reader = reader.join().unwrap_or_else(|_| die("the slow member's thread panicked"));

    let mut report = meter.report("slow", "patch", (without.len() + with.len()) as u64);
    let first = without.iter().chain(&with).min().copied().unwrap_or(0);
    report.add(&latencies("without", &without, first));
    report.add(&latencies("with", &with, first));
    report.add(&json!({
        "members": count, "rate": rate,
        "rss_growth_kib": most_kib as i64 - resident as i64,
        "stale_s": round(behind as f64 * STEP_NS as f64 / 1e9, 2), "slow_frames": slow_frames,
        "in_step_ms": in_step.map_or(Value::Null, |took| round(took.as_secs_f64() * 1e3, 1)),
        "failed": u64::from(in_step.is_none()),
        "lost": reader.gaps, "closed": others.closed + u64::from(reader.closed),
    }));
    report.add_tally(&net.tally);
    report.print();
}

fn join(net: &mut Net, others: &mut Others, count: usize) {
    (0..count).for_each(|_| net.open());
    let started = Instant::now();
    while others.joined < count || others.shared.frames.load(Ordering::Relaxed) == 0 {
        net.poll(Duration::from_millis(20), others);
        if started.elapsed() > PATIENCE {
            die(&format!("{} of {count} members have joined; {:?}", others.joined, net.tally.first_error));
        }
    }
    net.poll_for(Duration::from_secs(1), others);
    others.arrivals.clear();
}

/// One part of the run: the arrivals, and the most memory that the server had.
fn watch(args: &Args, net: &mut Net, others: &mut Others, duration: Duration) -> (Vec<i64>, u64) {
    let (started, mut most) = (Instant::now(), 0);
    while started.elapsed() < duration {
        net.poll_for(Duration::from_millis(500).min(duration), others);
        most = most.max(meter::server(args).resident_kib());
    }
    (std::mem::take(&mut others.arrivals), most)
}

/// How long the slow member needs to see what the others see, once it reads as they do.
fn read_again(net: &mut Net, others: &mut Others, shared: &Shared) -> Option<Duration> {
    let goal = shared.newest.load(Ordering::Relaxed);
    let started = Instant::now();
    shared.rate.store(0, Ordering::Relaxed);
    while shared.step.load(Ordering::Relaxed) < goal {
        net.poll(Duration::from_millis(1), others);
        if started.elapsed() > PATIENCE {
            return None;
        }
    }
    Some(started.elapsed())
}

fn latencies(prefix: &str, arrivals: &[i64], first: i64) -> Value {
    let mut histogram: Histogram<u64> = meter::histogram();
    for arrival in arrivals {
        meter::record(&mut histogram, u64::try_from(arrival - first).unwrap_or(0));
    }
    let us = |quantile: f64| round(histogram.value_at_quantile(quantile) as f64 / 1e3, 0);
    json!({ format!("{prefix}_us_p50"): us(0.5), format!("{prefix}_us_p99"): us(0.99) })
}
