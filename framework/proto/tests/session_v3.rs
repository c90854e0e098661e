//! A session of Engine.IO protocol 3: the client pings, the server answers. All else is as in
//! `session_table.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and starts its own time"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::engineio::{Packet, Revision};
use greenroom_proto::session::{Effect, Session, SessionLimits, Source, WireId};
use greenroom_proto::socket::reason::DisconnectReason;

struct Subject {
    session: Session,
    wire: WireId,
    start: Instant,
}

/// Interval and time-out together.
const PATIENCE: Duration = Duration::from_secs(45);

impl Subject {
    fn new() -> Self {
        let start = Instant::now();
        let limits = Arc::new(SessionLimits::default());
        let (session, wire) = Session::open_websocket(limits, Revision::Three, start);
        Self { session, wire, start }
    }

    fn feed(&mut self, packets: &[&str], seconds: u64) -> Vec<Effect> {
        let (mut effects, now) = (Vec::new(), self.start + Duration::from_secs(seconds));
        for packet in packets {
            let packet = Packet::decode_text((*packet).into()).unwrap();
            self.session.handle_packet(Source::Wire(self.wire), packet, now, &mut effects);
        }
        effects
    }

    fn wait(&mut self, until: Duration) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.session.handle_deadline(self.start + until, &mut effects);
        effects
    }
}

#[test]
fn the_server_answers_pings_and_sends_none() {
    let mut subject = Subject::new();
    assert_eq!(subject.feed(&["2"], 25), [Effect::Pong]);
    assert_eq!(subject.feed(&["2", "2", "2"], 26), [Effect::Pong], "one answer for a run of pings");
    assert_eq!(subject.wait(Duration::from_secs(70)), []);
    assert_eq!(subject.session.next_deadline(), Some(subject.start + Duration::from_secs(26) + PATIENCE));
}

#[test]
fn a_silent_client_ends_after_interval_and_time_out() {
    let mut subject = Subject::new();
    assert_eq!(subject.session.next_deadline(), Some(subject.start + PATIENCE));
    assert_eq!(subject.wait(PATIENCE - Duration::from_millis(1)), []);
    let closed =
        [Effect::Closed(DisconnectReason::PingTimeout), Effect::DropWire(subject.wire), Effect::Finished];
    assert_eq!(subject.wait(PATIENCE), closed);
}

#[test]
fn any_packet_is_a_sign_of_life() {
    let mut subject = Subject::new();
    assert_eq!(subject.feed(&["4hello"], 40), []);
    assert_eq!(subject.wait(Duration::from_secs(84)), []);
    subject.session.excuse(subject.start + Duration::from_secs(84));
    assert_eq!(subject.wait(Duration::from_secs(128)), []);
    assert!(!subject.wait(Duration::from_secs(129)).is_empty());
}

#[test]
fn a_server_that_stood_still_listens_before_it_gives_up() {
    let mut subject = Subject::new();
    assert_eq!(subject.wait(Duration::from_secs(600)), []);
    assert_eq!(subject.feed(&["2"], 600), [Effect::Pong]);
    assert_eq!(subject.wait(Duration::from_secs(2_000)), []);
    assert!(!subject.wait(Duration::from_secs(2_020)).is_empty(), "nothing was there to be read");
}

#[test]
fn a_client_that_answers_pings_of_its_own_ends() {
    let mut subject = Subject::new();
    let effects = subject.feed(&["3"], 1);
    assert_eq!(effects.first(), Some(&Effect::Closed(DisconnectReason::TransportError)));
}

#[test]
fn pings_behind_the_end_are_not_answered() {
    let mut subject = Subject::new();
    subject.session.handle_close(DisconnectReason::ForcedClose, subject.start, &mut Vec::new());
    assert_eq!(subject.feed(&["2"], 1), []);
}
