//! Broadcasts to rooms and the account of every delivery; [`super::fanout`] and [`super::mixed`]
//! decide when something is sent.
//!
//! Connections are numbered room by room. A sender is numbered `room * senders + k` and sits on
//! the `k`-th connection of its room.
use std::collections::VecDeque;
use std::io::Write;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::closed_loop::ClosedLoop;
use super::ledger::{Ledger, Verdict};
use crate::meter;
use crate::net::{Client, Event, Net};
use crate::payload::Payload;

const PREFIX: &[u8] = b"[\"said\",\"";

/// Who is where and who sends how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rooms: usize,
    /// Connections per room.
    pub(crate) members: usize,
    /// Connections per room that send.
    pub(crate) senders: usize,
    /// Bytes of the payload.
    pub(crate) size: usize,
    /// Broadcasts that each room keeps outstanding (closed loop).
    pub(crate) window: usize,
}

/// All broadcasts of a run.
pub(crate) struct Broadcasts {
    pub(crate) shape: Shape,
    pub(crate) latency: Histogram<u64>,
    pub(crate) counts: Counts,
    next_number: Vec<u32>,
    /// Broadcasts under way, per sender.
    flights: Vec<Flights>,
    outstanding: u64,
    ledger: Ledger,
    refill: bool,
    scratch: Vec<u8>,
}

/// What came and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) deliveries: u64,
    pub(crate) broadcasts: u64,
    reordered: u64,
    duplicated: u64,
    misrouted: u64,
    bad: u64,
    closed: u64,
}

/// A sender's broadcasts that not everybody has.
#[derive(Debug, Clone, Default)]
struct Flights {
    /// Number of the first one in `missing`.
    first: u32,
    /// Members that each one still has to reach.
    missing: VecDeque<u32>,
}

impl Broadcasts {
    pub(crate) fn new(shape: Shape) -> Self {
        let senders = shape.rooms * shape.senders;
        Self {
            shape,
            latency: meter::histogram(),
            counts: Counts::default(),
            next_number: vec![0; senders],
            flights: vec![Flights::default(); senders],
            outstanding: 0,
            ledger: Ledger::new(shape.rooms * shape.members * shape.senders),
            refill: false,
            scratch: Vec::new(),
        }
    }

    /// Sends the next broadcast of `sender`; its latency counts from `sent_ns`.
    pub(crate) fn say(&mut self, net: &mut Net, sender: usize, sent_ns: u64) {
        let Shape { members, senders, size, .. } = self.shape;
        let room = sender / senders;
        let number = self.next_number[sender];
        self.next_number[sender] += 1;
        self.scratch.clear();
        write!(self.scratch, "42[\"say\",\"r{room}\",\"").expect("memory takes every write");
        let sender_id = u32::try_from(sender).expect("fewer senders than 2^32");
        Payload { sender: sender_id, sequence: number, sent_ns }.put(&mut self.scratch, size);
        self.scratch.extend_from_slice(b"\"]");
        net.send(room * members + sender % senders, &self.scratch);
        self.flights[sender].missing.push_back(u32::try_from(members).expect("fewer members than 2^32"));
        self.outstanding += 1;
        self.counts.broadcasts += 1;
    }

    /// Forgets what the warm-up measured, not what it found wrong.
    pub(crate) fn end_warm_up(&mut self) {
        self.latency.reset();
        self.counts.deliveries = 0;
        self.counts.broadcasts = 0;
    }

    /// The fields of the report.
    pub(crate) fn report(&self) -> Value {
        let Shape { rooms, members, senders, size, window } = self.shape;
        let sender_of = |stream: usize| stream / senders / members * senders + stream % senders;
        let counts = &self.counts;
        json!({
            "rooms": rooms, "members": members, "senders": senders, "size": size, "window": window,
            "broadcasts": counts.broadcasts,
            "lost": self.ledger.lost(|stream| self.next_number[sender_of(stream)]),
            "duplicated": counts.duplicated, "reordered": counts.reordered,
            "misrouted": counts.misrouted, "bad_payload": counts.bad, "closed": counts.closed,
        })
    }

    fn delivered(&mut self, net: &mut Net, at: usize, array: &[u8]) {
        let text = array.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(b"\"]"));
        let Some(payload) = text.and_then(|text| Payload::read(text, self.shape.size)) else {
            self.counts.bad += 1;
            return;
        };
        let sender = payload.sender as usize;
        if sender / self.shape.senders != at / self.shape.members {
            self.counts.misrouted += 1;
            return;
        }
        let stream = at * self.shape.senders + sender % self.shape.senders;
        match self.ledger.enter(stream, payload.sequence) {
            Verdict::New => {}
            Verdict::Reordered => self.counts.reordered += 1,
            Verdict::Duplicate => {
                self.counts.duplicated += 1;
                return;
            }
        }
        self.counts.deliveries += 1;
        let now = net.now_ns();
        meter::record(&mut self.latency, now.saturating_sub(payload.sent_ns));
        if self.flights[sender].land(payload.sequence) {
            self.outstanding -= 1;
            if self.refill {
                self.say(net, sender, now);
            }
        }
    }
}

impl Flights {
    /// One more member has broadcast `number`; true if it was the last.
    fn land(&mut self, number: u32) -> bool {
        let place = (number - self.first) as usize;
        self.missing[place] -= 1;
        let last = self.missing[place] == 0;
        while self.missing.front() == Some(&0) {
            self.missing.pop_front();
            self.first += 1;
        }
        last
    }
}

impl ClosedLoop for Broadcasts {
    fn start(&mut self, net: &mut Net) {
        self.refill = true;
        let now = net.now_ns();
        for turn in 0..self.shape.window {
            for room in 0..self.shape.rooms {
                self.say(net, room * self.shape.senders + turn % self.shape.senders, now);
            }
        }
    }

    fn stop(&mut self) {
        self.refill = false;
    }

    fn outstanding(&self) -> u64 {
        self.outstanding
    }
}

impl Client for Broadcasts {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Message(array) => self.delivered(net, at, array),
            Event::Closed => self.counts.closed += 1,
            Event::Ack(..) | Event::Open | Event::Connected | Event::Refused(_) => self.counts.bad += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_lands_with_its_last_member_whatever_the_order() {
        let mut flights = Flights { first: 3, missing: VecDeque::from([2, 2]) };
        assert!(!flights.land(4));
        assert!(flights.land(4));
        assert!(!flights.land(3));
        assert!(flights.land(3));
        assert_eq!((flights.first, flights.missing.len()), (5, 0));
    }
}
