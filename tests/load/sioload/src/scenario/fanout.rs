//! Few senders per room, closed loop (`--window`) or open loop (`--rate`).
//!
//! Unit: one delivery. In the closed loop a broadcast ends when every member has it.
use loadkit::args::{Args, die};
use serde_json::json;

use super::broadcasts::{Broadcasts, Shape};
use super::{closed_loop, mixed};
use crate::meter::{self, Meter, round};
use crate::setup;

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let shape = Shape {
        rooms: args.number("rooms", 1),
        members: args.number("members", 1000),
        senders: args.number("senders", 1),
        size: args.number("size", 64),
        window: args.number("window", 0),
    };
    let rate: f64 = args.number("rate", 0.0);
    match (shape.window > 0, rate > 0.0) {
        (true, false) => closed(args, shape),
        (false, true) => mixed::open_loop(args, "fanout", shape, rate),
        (true, true) | (false, false) => die("give one of --window and --rate"),
    }
}

fn closed(args: &Args, shape: Shape) {
    let Shape { rooms, members, .. } = shape;
    let mut net = setup::net(args);
    let resident = meter::server(args).resident_kib();
    setup::connect_and_join(&mut net, args, rooms * members, |at| format!("r{}", at / members));
    let mut broadcasts = Broadcasts::new(shape);
    closed_loop::run(&mut net, &mut broadcasts, meter::seconds(args, "warm", 1.0));
    broadcasts.end_warm_up();
    let (reads, frames) = (net.tally.reads, net.tally.frames);
    let meter = Meter::start(args, resident);
    closed_loop::run(&mut net, &mut broadcasts, meter::seconds(args, "secs", 5.0));

    let mut report = meter.report("fanout", "delivery", broadcasts.counts.deliveries);
    let per_read = (net.tally.frames - frames) as f64 / (net.tally.reads - reads).max(1) as f64;
    report.add(&broadcasts.report());
    report.add(&json!({ "frames_per_read": round(per_read, 3) }));
    report.add_latency(&broadcasts.latency);
    report.add_tally(&net.tally);
    report.print();
}
