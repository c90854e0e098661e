//! A game's traffic: every member sends at a fixed rate, everybody in the room gets it. Senders
//! are evenly spaced, or all at one instant (`--burst`).
//!
//! Unit: one delivery. An open loop: latency counts from the moment a send was due, so a stalled
//! server or generator shows; `send_lag_us_*` is the generator's own share.
use std::time::Duration;

use hdrhistogram::Histogram;
use loadkit::args::Args;
use serde_json::json;

use super::broadcasts::{Broadcasts, Shape};
use super::closed_loop;
use crate::meter::{self, Meter, round};
use crate::net::Net;
use crate::setup;

/// Late sends are made up in groups of this size, between which answers are read.
const CATCH_UP: u64 = 32;
/// The first send is due so long after the start.
const LEAD_NS: u64 = 1_000_000;

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let members: usize = args.number("members", 10);
    let shape = Shape {
        rooms: args.number("rooms", 1),
        members,
        senders: members,
        size: args.number("size", 40),
        window: 0,
    };
    let hz: f64 = args.number("hz", 10.0);
    open_loop(args, "mixed", shape, hz * (shape.rooms * members) as f64);
}

/// Sends `rate` broadcasts per second, over all rooms.
pub(crate) fn open_loop(args: &Args, name: &str, shape: Shape, rate: f64) {
    let Shape { rooms, members, .. } = shape;
    let mut net = setup::net(args);
    let resident = meter::server(args).resident_kib();
    setup::connect_and_join(&mut net, args, rooms * members, |at| format!("r{}", at / members));
    let mut broadcasts = Broadcasts::new(shape);
    let mut pace = Pace::new(args, &mut net, shape, rate);
    pace.run(&mut net, &mut broadcasts, meter::seconds(args, "warm", 1.0));
    broadcasts.end_warm_up();
    pace.lag.reset();
    let meter = Meter::start(args, resident);
    pace.run(&mut net, &mut broadcasts, meter::seconds(args, "secs", 5.0));

    let mut report = meter.report(name, "delivery", broadcasts.counts.deliveries);
    let lag_us = |quantile: f64| round(pace.lag.value_at_quantile(quantile) as f64 / 1e3, 1);
    report.add(&broadcasts.report());
    report.add(&json!({
        "rate": rate, "burst": pace.group > 1,
        "send_lag_us_p99": lag_us(0.99), "send_lag_us_max": lag_us(1.0),
    }));
    report.add_latency(&broadcasts.latency);
    report.add_tally(&net.tally);
    report.print();
}

/// When the next senders are due.
struct Pace {
    /// Shuffled, so that the load does not sweep the rooms in order.
    order: Vec<usize>,
    turn: usize,
    /// Senders per instant.
    group: usize,
    step: Duration,
    /// How late sends were, in nanoseconds.
    lag: Histogram<u64>,
}

impl Pace {
    fn new(args: &Args, net: &mut Net, shape: Shape, rate: f64) -> Self {
        let mut order: Vec<usize> = (0..shape.rooms * shape.senders).collect();
        net.random.shuffle(&mut order);
        let group = if args.flag("burst") { order.len() } else { 1 };
        let step = Duration::from_secs_f64(group as f64 / rate);
        Self { order, turn: 0, group, step, lag: meter::histogram() }
    }

    fn run(&mut self, net: &mut Net, broadcasts: &mut Broadcasts, duration: Duration) {
        let step = nanos(self.step);
        let mut due = net.now_ns() + LEAD_NS;
        let end = due + nanos(duration);
        let mut sends = 0;
        while due < end {
            let now = net.now_ns();
            if now < due {
                net.poll(Duration::from_nanos(due - now), broadcasts);
                continue;
            }
            meter::record(&mut self.lag, now - due);
            self.send(net, broadcasts, due);
            due += step;
            sends += 1;
            if self.group > 1 || sends % CATCH_UP == 0 {
                net.poll(Duration::ZERO, broadcasts);
            }
        }
        closed_loop::drain(net, broadcasts);
    }

    fn send(&mut self, net: &mut Net, broadcasts: &mut Broadcasts, due: u64) {
        for _ in 0..self.group {
            broadcasts.say(net, self.order[self.turn % self.order.len()], due);
            self.turn += 1;
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
