//! Events with acknowledgement, `--depth` in flight per connection.
//!
//! Unit: one round trip.
use std::collections::VecDeque;
use std::io::Write;

use hdrhistogram::Histogram;
use loadkit::args::Args;
use serde_json::json;

use super::closed_loop::{self, ClosedLoop};
use crate::meter::{self, Meter};
use crate::net::{Client, Event, Net};
use crate::payload::Payload;
use crate::setup;

struct Echo {
    depth: usize,
    size: usize,
    next_id: Vec<u32>,
    /// Ids without an answer, oldest first, per connection.
    open: Vec<VecDeque<u32>>,
    refill: bool,
    latency: Histogram<u64>,
    scratch: Vec<u8>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    trips: u64,
    bad: u64,
    duplicated: u64,
    reordered: u64,
    closed: u64,
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("conns", 50);
    let mut net = setup::net(args);
    let resident = meter::server(args).resident_kib();
    setup::connect(&mut net, args, count);
    let mut echo = Echo::new(args, count);
    closed_loop::run(&mut net, &mut echo, meter::seconds(args, "warm", 1.0));
    echo.latency.reset();
    echo.counts.trips = 0;
    let meter = Meter::start(args, resident);
    closed_loop::run(&mut net, &mut echo, meter::seconds(args, "secs", 5.0));

    let counts = &echo.counts;
    let mut report = meter.report("echo", "op", counts.trips);
    report.add(&json!({
        "conns": count, "depth": echo.depth, "size": echo.size,
        "lost": echo.outstanding(), "duplicated": counts.duplicated, "reordered": counts.reordered,
        "bad_payload": counts.bad, "closed": counts.closed,
    }));
    report.add_latency(&echo.latency);
    report.add_tally(&net.tally);
    report.print();
}

impl Echo {
    fn new(args: &Args, count: usize) -> Self {
        Self {
            depth: args.number("depth", 1),
            size: args.number("size", 64),
            next_id: vec![1; count],
            open: vec![VecDeque::new(); count],
            refill: false,
            latency: meter::histogram(),
            scratch: Vec::new(),
            counts: Counts::default(),
        }
    }

    fn ask(&mut self, net: &mut Net, at: usize) {
        let id = self.next_id[at];
        self.next_id[at] += 1;
        let sender = u32::try_from(at).expect("fewer connections than 2^32");
        self.scratch.clear();
        write!(self.scratch, "42{id}[\"echo\",\"").expect("memory takes every write");
        Payload { sender, sequence: id, sent_ns: net.now_ns() }.put(&mut self.scratch, self.size);
        self.scratch.extend_from_slice(b"\"]");
        net.send(at, &self.scratch);
        self.open[at].push_back(id);
    }

    fn answered(&mut self, net: &mut Net, at: usize, id: u32, array: &[u8]) {
        let text = array.strip_prefix(b"[\"").and_then(|rest| rest.strip_suffix(b"\"]"));
        let payload = text.and_then(|text| Payload::read(text, self.size));
        let Some(payload) = payload.filter(|p| p.sequence == id && p.sender as usize == at) else {
            self.counts.bad += 1;
            return;
        };
        let Some(place) = self.open[at].iter().position(|open| *open == id) else {
            self.counts.duplicated += 1;
            return;
        };
        self.open[at].remove(place);
        self.counts.reordered += u64::from(place > 0);
        self.counts.trips += 1;
        meter::record(&mut self.latency, net.now_ns() - payload.sent_ns);
        if self.refill {
            self.ask(net, at);
        }
    }
}

impl ClosedLoop for Echo {
    fn start(&mut self, net: &mut Net) {
        self.refill = true;
        for at in 0..self.open.len() {
            for _ in 0..self.depth {
                self.ask(net, at);
            }
        }
    }

    fn stop(&mut self) {
        self.refill = false;
    }

    fn outstanding(&self) -> u64 {
        self.open.iter().map(|open| open.len() as u64).sum()
    }
}

impl Client for Echo {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Ack(id, array) => self.answered(net, at, id, array),
            Event::Closed => self.counts.closed += 1,
            Event::Open | Event::Connected | Event::Refused(_) | Event::Message(_) => self.counts.bad += 1,
        }
    }
}
