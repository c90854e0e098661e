//! Connections that do nothing: memory and set-up cost per connection, CPU per heartbeat.
//!
//! Unit: one connection. With `--join`, ten connections share a room.
use std::time::Instant;

use loadkit::args::Args;
use serde_json::{Value, json};

use crate::meter::{self, Meter, round};
use crate::net::{Client, Event, Net};
use crate::{procfs, setup};

const ROOM_SIZE: usize = 10;

#[derive(Default)]
struct Idle {
    closed: u64,
    events: u64,
}

impl Client for Idle {
    fn on(&mut self, _: &mut Net, _: usize, event: Event<'_>) {
        match event {
            Event::Closed => self.closed += 1,
            Event::Open | Event::Connected | Event::Refused(_) | Event::Message(_) | Event::Ack(..) => {
                self.events += 1;
            }
        }
    }
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("conns", 10_000);
    let mut net = setup::net(args);
    let resident_before = meter::server(args).resident_kib();
    let tcp_before = procfs::tcp_memory_kib();
    let meter = Meter::start(args, resident_before);
    let started = Instant::now();
    if args.flag("join") {
        setup::connect_and_join(&mut net, args, count, |at| format!("r{}", at / ROOM_SIZE));
    } else {
        setup::connect(&mut net, args, count);
    }
    let setup_s = started.elapsed().as_secs_f64();
    let (idle, held) = hold(args, &mut net);

    let grown_kib = meter::server(args).resident_kib() as f64 - resident_before as f64;
    let tcp_kib = procfs::tcp_memory_kib() as f64 - tcp_before as f64;
    let mut report = meter.report("idle", "connection", count as u64);
    report.add(&json!({
        "conns": count, "setup_s": round(setup_s, 3),
        "rss_bytes_per_conn": round(grown_kib * 1024.0 / count as f64, 0), "tcp_mem_kb_delta": tcp_kib,
        "closed": idle.closed, "stray_events": idle.events,
    }));
    report.add(&held);
    report.add_tally(&net.tally);
    report.print();
}

/// Keeps the connections for `--hold SECS` and answers pings.
fn hold(args: &Args, net: &mut Net) -> (Idle, Value) {
    let (server, pings_before) = (meter::server(args), net.tally.pings);
    let before = server.cpu();
    let mut idle = Idle::default();
    let duration = meter::seconds(args, "hold", 3.0);
    net.poll_for(duration, &mut idle);
    let used = server.cpu().since(&before);
    let pings = net.tally.pings - pings_before;
    let per_ping = if pings > 0 { round(used.scheduled_s * 1e6 / pings as f64, 2) } else { Value::Null };
    let held = json!({
        "hold_s": duration.as_secs_f64(), "hold_cpu_s": round(used.scheduled_s, 4), "hold_pings": pings,
        "cpu_us_per_ping": per_ping,
    });
    (idle, held)
}
