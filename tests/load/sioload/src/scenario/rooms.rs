//! Join / leave churn: each connection alternates, one request in flight, random room names.
//!
//! Unit: one acknowledged join or leave.
use hdrhistogram::Histogram;
use loadkit::args::Args;
use serde_json::json;

use super::closed_loop::{self, ClosedLoop};
use crate::meter::{self, Meter};
use crate::net::{Client, Event, Net};
use crate::setup;

struct Rooms {
    names: usize,
    places: Vec<Place>,
    refill: bool,
    latency: Histogram<u64>,
    done: u64,
    bad: u64,
    closed: u64,
}

/// One connection's state.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Id of the last request; joins are odd.
    id: u32,
    room: usize,
    sent_ns: u64,
    waiting: bool,
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("conns", 50);
    let mut net = setup::net(args);
    let resident = meter::server(args).resident_kib();
    setup::connect(&mut net, args, count);
    let mut rooms = Rooms::new(args, count);
    closed_loop::run(&mut net, &mut rooms, meter::seconds(args, "warm", 1.0));
    rooms.latency.reset();
    rooms.done = 0;
    let meter = Meter::start(args, resident);
    closed_loop::run(&mut net, &mut rooms, meter::seconds(args, "secs", 5.0));

    let mut report = meter.report("rooms", "op", rooms.done);
    report.add(&json!({
        "conns": count, "names": rooms.names,
        "lost": rooms.outstanding(), "bad_payload": rooms.bad, "closed": rooms.closed,
    }));
    report.add_latency(&rooms.latency);
    report.add_tally(&net.tally);
    report.print();
}

impl Rooms {
    fn new(args: &Args, count: usize) -> Self {
        Self {
            names: args.number("names", 1000),
            places: vec![Place::default(); count],
            refill: false,
            latency: meter::histogram(),
            done: 0,
            bad: 0,
            closed: 0,
        }
    }

    fn ask(&mut self, net: &mut Net, at: usize) {
        let place = &mut self.places[at];
        place.id += 1;
        let joins = place.id % 2 == 1;
        if joins {
            place.room = net.random.below(self.names);
        }
        let verb = if joins { "join" } else { "leave" };
        net.send(at, format!("42{}[\"{verb}\",\"c{}\"]", place.id, place.room).as_bytes());
        place.sent_ns = net.now_ns();
        place.waiting = true;
    }

    fn answered(&mut self, net: &mut Net, at: usize, id: u32, array: &[u8]) {
        let place = &mut self.places[at];
        if !place.waiting || id != place.id || array != b"[\"ok\"]" {
            self.bad += 1;
            return;
        }
        place.waiting = false;
        self.done += 1;
        meter::record(&mut self.latency, net.now_ns() - place.sent_ns);
        if self.refill {
            self.ask(net, at);
        }
    }
}

impl ClosedLoop for Rooms {
    fn start(&mut self, net: &mut Net) {
        self.refill = true;
        for at in 0..self.places.len() {
            self.ask(net, at);
        }
    }

    fn stop(&mut self) {
        self.refill = false;
    }

    fn outstanding(&self) -> u64 {
        self.places.iter().map(|place| u64::from(place.waiting)).sum()
    }
}

impl Client for Rooms {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Ack(id, array) => self.answered(net, at, id, array),
            Event::Closed => self.closed += 1,
            Event::Open | Event::Connected | Event::Refused(_) | Event::Message(_) => self.bad += 1,
        }
    }
}
