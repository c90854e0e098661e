//! Every input in every state of a session, against a reviewed table.
//!
//! `session_table.txt` has one block per state and one line per input: what comes out, and the state
//! after it. A change of behaviour is a change of that file. To write it anew: `UPDATE_TABLE=1 cargo test`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and starts its own time"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::engineio::{Message, Packet, Revision};
use greenroom_proto::session::{Effect, Session, SessionLimits, Source, WireEnd, WireId};
use greenroom_proto::socket::reason::DisconnectReason;

/// A session in some state, with the WebSocket that matters to it.
struct Subject {
    session: Session,
    wire: Option<WireId>,
    now: Instant,
    effects: Vec<Effect>,
}

impl Subject {
    fn polling() -> Self {
        let now = Instant::now();
        let session = Session::open_polling(Arc::new(SessionLimits::default()), Revision::Four, now);
        Self { session, wire: None, now, effects: Vec::new() }
    }

    fn websocket() -> Self {
        let now = Instant::now();
        let (session, wire) =
            Session::open_websocket(Arc::new(SessionLimits::default()), Revision::Four, now);
        Self { session, wire: Some(wire), now, effects: Vec::new() }
    }

    fn after(mut self, inputs: &[&str]) -> Self {
        for input in inputs {
            self.feed(input);
        }
        self.effects.clear();
        self
    }

    fn feed(&mut self, input: &str) -> Option<Message> {
        let Self { session, wire, now, effects } = self;
        match input {
            "GET" => session.handle_poll(false, *now, effects),
            "GET, data waits" => session.handle_poll(true, *now, effects),
            "data" => session.handle_pending(effects),
            "GET aborted" => session.handle_poll_aborted(effects),
            "POST" => session.handle_post(effects),
            "POST done" => session.handle_post_ended(false, effects),
            "POST aborted" => session.handle_post_ended(true, effects),
            "upgrade" => session.handle_upgrade(*now, effects),
            "close" => session.handle_close(DisconnectReason::ForcedClose, *now, effects),
            "sealed" => session.handle_sealed(false, effects),
            "sealed, data waits" => session.handle_sealed(true, effects),
            "abort" => session.handle_abort(DisconnectReason::TransportError, effects),
            "deadline" => {
                *now = session.next_deadline()?;
                session.handle_deadline(*now, effects);
            }
            "posted rubbish" => session.handle_bad_packet(Source::Post, effects),
            "ws rubbish" => session.handle_bad_packet(Source::Wire((*wire)?), effects),
            "ws closed" => session.handle_wire_ended((*wire)?, WireEnd::Closed, effects),
            "ws failed" => session.handle_wire_ended((*wire)?, WireEnd::Failed, effects),
            packet => return self.feed_packet(packet),
        }
        self.note_wire();
        None
    }

    fn feed_packet(&mut self, input: &str) -> Option<Message> {
        let (source, packet) = input.split_once(' ')?;
        let source = match source {
            "posted" => Source::Post,
            _ => Source::Wire(self.wire?),
        };
        let packet = Packet::decode_text(packet.into()).unwrap();
        self.session.handle_packet(source, packet, self.now, &mut self.effects)
    }

    fn note_wire(&mut self) {
        for effect in &self.effects {
            if let Effect::AcceptUpgrade(wire) = effect {
                self.wire = Some(*wire);
            }
        }
    }
}

/// A name, and how to get there.
type Row = (&'static str, fn() -> Subject);

fn states() -> Vec<Row> {
    vec![
        ("Opening", Subject::polling),
        ("Polling, no request", || Subject::polling().after(&["POST", "POST done"])),
        ("Polling, GET waits", || Subject::polling().after(&["GET"])),
        ("Polling, POST going on", || Subject::polling().after(&["POST"])),
        ("Polling, upgrade failed", || Subject::polling().after(&["upgrade", "ws closed"])),
        ("Upgrading, before 2probe", || Subject::polling().after(&["POST", "GET", "upgrade"])),
        ("Upgrading, after 2probe", || Subject::polling().after(&["POST", "upgrade", "ws 2probe"])),
        ("Upgrading, after 2probe, GET waits", || Subject::polling().after(&["upgrade", "ws 2probe", "GET"])),
        ("WebSocket", Subject::websocket),
        ("WebSocket, by upgrade with a POST going on", || {
            Subject::polling().after(&["POST", "upgrade", "ws 2probe", "ws 5"])
        }),
        ("WebSocket, ping unanswered", || Subject::websocket().after(&["deadline"])),
        ("Closing, polling, GET waits", || Subject::polling().after(&["POST", "GET", "close"])),
        ("Closing, polling, sealed", || Subject::polling().after(&["POST", "close", "sealed"])),
        ("Closing, upgrading", || {
            Subject::polling().after(&["POST", "upgrade", "ws 2probe", "GET", "close"])
        }),
        ("Closing, WebSocket", || Subject::websocket().after(&["close"])),
        ("Closed, polling", || Subject::polling().after(&["POST", "posted 1"])),
        ("Closed, WebSocket", || Subject::websocket().after(&["ws 1"])),
    ]
}

const INPUTS: [&str; 33] = [
    "GET",
    "GET, data waits",
    "data",
    "GET aborted",
    "POST",
    "POST done",
    "POST aborted",
    "posted 0{}",
    "posted 1",
    "posted 2",
    "posted 3",
    "posted 4text",
    "posted 5",
    "posted 6",
    "posted rubbish",
    "upgrade",
    "ws 0{}",
    "ws 1",
    "ws 2",
    "ws 2probe",
    "ws 3",
    "ws 4text",
    "ws 5",
    "ws 6",
    "ws rubbish",
    "ws closed",
    "ws failed",
    "close",
    "sealed",
    "sealed, data waits",
    "abort",
    "deadline",
    "deadline, deadline",
];

#[test]
fn every_input_in_every_state_does_what_the_table_says() {
    let mut table = String::new();
    for (name, state) in states() {
        writeln!(table, "{name}").unwrap();
        for input in INPUTS {
            let mut subject = state();
            let times = input.matches("deadline").count().max(1);
            let message = (0..times).fold(None, |_, _| subject.feed(first(input)));
            let message = message.map_or(String::new(), |_| "message ".into());
            let state = subject.session.state();
            writeln!(table, "  {input:<20} {message}{:?} -> {state:?}", subject.effects).unwrap();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/session_table.txt");
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap();
    for (now, reviewed) in table.lines().zip(reviewed.lines()) {
        assert_eq!(now, reviewed);
    }
    assert_eq!(table.len(), reviewed.len());
}

fn first(input: &str) -> &str {
    input.strip_suffix(", deadline").unwrap_or(input)
}

#[test]
fn the_first_ping_comes_after_the_interval_and_silence_ends_the_session() {
    let mut subject = Subject::websocket();
    let start = subject.now;
    assert_eq!(subject.session.next_deadline(), Some(start + Duration::from_secs(25)));
    subject.feed("deadline");
    assert_eq!(subject.effects, [Effect::Ping]);
    assert_eq!(subject.session.next_deadline(), Some(start + Duration::from_secs(45)));
    subject.feed("deadline");
    assert!(subject.effects.contains(&Effect::Closed(DisconnectReason::PingTimeout)));
}

#[test]
fn any_packet_counts_as_life() {
    let mut subject = Subject::websocket();
    let start = subject.now;
    subject.feed("deadline");
    subject.now = start + Duration::from_secs(44);
    subject.feed("ws 4text");
    subject.feed("deadline");
    assert_eq!(subject.session.next_deadline(), Some(start + Duration::from_secs(64)));
}

#[test]
fn silence_of_a_peer_that_nobody_reads_is_excused() {
    let mut subject = Subject::websocket();
    subject.feed("deadline");
    subject.now = subject.session.next_deadline().unwrap();
    subject.session.excuse(subject.now);
    subject.session.handle_deadline(subject.now, &mut subject.effects);
    assert_eq!(subject.effects, [Effect::Ping]);
    assert_eq!(subject.session.next_deadline(), Some(subject.now + Duration::from_secs(20)));
}

#[test]
fn a_late_timer_gives_the_peer_no_more_time_and_a_stall_takes_none() {
    for (late, left) in [(Duration::from_secs(1), 19), (Duration::from_secs(30), 20)] {
        let mut subject = Subject::websocket();
        subject.now += Duration::from_secs(25) + late;
        subject.session.handle_deadline(subject.now, &mut subject.effects);
        assert_eq!(subject.session.next_deadline(), Some(subject.now + Duration::from_secs(left)));
    }
}

#[test]
fn a_waiting_poll_is_sent_away_again_and_again_until_the_upgrade_is_done() {
    let mut subject = Subject::polling().after(&["upgrade", "ws 2probe"]);
    let start = subject.now;
    for round in 1..=3 {
        subject.feed("GET");
        subject.feed("deadline");
        assert_eq!(subject.now, start + Duration::from_millis(100) * round);
        assert_eq!(subject.effects.len(), 2 * round as usize);
    }
}
