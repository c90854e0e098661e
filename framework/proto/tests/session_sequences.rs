//! Random lives of a session with its outbox, as a host would run them.
//!
//! Keeps: no panic; no deadline lies in the past once it was handled; a session closes exactly once and
//! finishes exactly once; whatever was pushed before the close arrives whole and in order, unless the
//! transport died.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and starts its own time"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::engineio::{Message, Packet, frame};
use greenroom_proto::session::{
    Delivery, Effect, Outbox, PollAnswer, Pushed, Session, SessionLimits, SessionState, Source, WireEnd,
    WireId,
};
use greenroom_proto::socket::reason::DisconnectReason;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Poll,
    PollAborted,
    Post,
    PostEnded { aborted: bool },
    Packet { posted: bool, packet: Packet },
    Rubbish { posted: bool },
    Upgrade,
    WireEnded(WireEnd),
    Push,
    Write { budget: usize },
    Close,
    Sealed,
    Abort,
    Wait(Duration),
}

/// A host, and a peer that notes what reaches it.
struct World {
    session: Session,
    outbox: Outbox,
    now: Instant,
    waiting: bool,
    wire: Option<WireId>,
    attached: bool,
    pushed: Vec<String>,
    polled: Vec<u8>,
    written: Vec<u8>,
    closed: u32,
    finished: u32,
    lost: bool,
}

impl World {
    fn new(websocket: bool) -> Self {
        let limits = Arc::new(SessionLimits::default());
        let now = Instant::now();
        let (session, wire) = if websocket {
            let (session, wire) = Session::open_websocket(limits, now);
            (session, Some(wire))
        } else {
            (Session::open_polling(limits, now), None)
        };
        Self {
            session,
            outbox: Outbox::new(1 << 20),
            now,
            waiting: false,
            wire,
            attached: websocket,
            pushed: Vec::new(),
            polled: Vec::new(),
            written: Vec::new(),
            closed: 0,
            finished: 0,
            lost: false,
        }
    }

    fn run(&mut self, op: &Op) {
        let mut effects = Vec::new();
        let Self { session, now, .. } = self;
        match op {
            Op::Poll => session.handle_poll(!self.outbox.is_empty(), *now, &mut effects),
            Op::PollAborted if self.waiting => session.handle_poll_aborted(&mut effects),
            Op::Post => session.handle_post(&mut effects),
            Op::PostEnded { aborted } => session.handle_post_ended(*aborted, &mut effects),
            Op::Packet { posted, packet } => {
                if let Some(source) = source(*posted, self.wire) {
                    let message = session.handle_packet(source, packet.clone(), *now, &mut effects);
                    assert!(message.is_none() || self.closed == 0, "a message after the close");
                }
            }
            Op::Rubbish { posted } => {
                if let Some(source) = source(*posted, self.wire) {
                    session.handle_bad_packet(source, &mut effects);
                }
            }
            Op::Upgrade => session.handle_upgrade(*now, &mut effects),
            Op::WireEnded(end) => {
                if let Some(wire) = self.wire {
                    session.handle_wire_ended(wire, *end, &mut effects);
                }
            }
            Op::Close => session.handle_close(DisconnectReason::ForcedClose, *now, &mut effects),
            Op::Sealed if session.state() == SessionState::Closing => {
                self.outbox.seal();
                session.handle_sealed(!self.outbox.is_empty(), &mut effects);
            }
            Op::Abort => session.handle_abort(DisconnectReason::TransportError, &mut effects),
            Op::Wait(duration) => {
                *now += *duration;
                session.handle_deadline(*now, &mut effects);
                assert!(
                    session.next_deadline().is_none_or(|deadline| deadline > *now),
                    "a deadline in the past"
                );
            }
            Op::Push => self.push(),
            Op::Write { budget } if self.attached => self.write(*budget),
            Op::PollAborted | Op::Sealed | Op::Write { .. } => {}
        }
        self.perform(effects, matches!(op, Op::Poll));
        if self.waiting && !self.outbox.is_empty() {
            let mut effects = Vec::new();
            self.session.handle_pending(&mut effects);
            self.perform(effects, false);
        }
    }

    fn push(&mut self) {
        let text = format!("packet {}", self.pushed.len());
        let packet = Packet::Message(Message::Text(text.clone().into())).encode();
        if self.closed == 0 {
            assert_eq!(self.outbox.push(packet, Delivery::Reliable), Pushed::Queued);
            self.pushed.push(format!("4{text}"));
        }
    }

    fn write(&mut self, budget: usize) {
        let bytes: Vec<u8> = self.outbox.front(budget).flatten().copied().collect();
        self.outbox.advance(bytes.len());
        self.written.extend(bytes);
    }

    fn perform(&mut self, effects: Vec<Effect>, get: bool) {
        for effect in effects {
            let refusal = matches!(effect, Effect::Refuse(_));
            assert!(self.finished == 0 || refusal, "something after the end: {effect:?}");
            match effect {
                Effect::Accept => self.waiting |= get,
                Effect::AcceptUpgrade(wire) => self.wire = Some(wire),
                Effect::AnswerPoll(PollAnswer::Outbox) => self.answer(),
                Effect::AnswerPoll(PollAnswer::Noop | PollAnswer::Close) => self.waiting = false,
                Effect::Attach(wire) => {
                    assert_eq!(self.wire, Some(wire));
                    self.attached = true;
                }
                Effect::DropWire(_) => self.lost |= self.attached,
                Effect::Ping => self.outbox.push_ahead(Packet::Ping("".into()).encode()),
                Effect::Closed(_) => self.closed += 1,
                Effect::Finished => {
                    assert_eq!(self.closed, 1, "the end without a reason");
                    self.finished += 1;
                }
                Effect::Refuse(_) | Effect::SendProbe(_) | Effect::FinishWire(_) => {}
            }
        }
    }

    fn answer(&mut self) {
        assert!(!self.outbox.is_empty(), "an answer without content");
        self.waiting = false;
        let payload = self.outbox.take_payload(60);
        self.polled.extend_from_slice(&payload);
        self.polled.push(0x1e);
    }

    /// The messages that reached the peer, over both transports.
    fn arrived(&self) -> Vec<String> {
        let polled = self.polled.split(|byte| *byte == 0x1e).map(<[u8]>::to_vec);
        let written = frame::iter(&self.written).map(|(_, content)| content.to_vec());
        let packets = polled.chain(written).map(|packet| String::from_utf8(packet).unwrap());
        packets.filter(|packet| packet.starts_with('4')).collect()
    }
}

fn source(posted: bool, wire: Option<WireId>) -> Option<Source> {
    if posted { Some(Source::Post) } else { wire.map(Source::Wire) }
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let packets = ["2probe", "5", "3", "4text", "6", "2", "1", "0{}"];
    let weights = [8, 8, 8, 8, 2, 1, 1, 1];
    let choices = packets.iter().zip(weights);
    let choices = choices.map(|(text, weight)| (weight, Just(Packet::decode_text((*text).into()).unwrap())));
    proptest::strategy::Union::new_weighted(choices.collect())
}

fn any_op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![Just(WireEnd::Closed), Just(WireEnd::Failed)];
    prop_oneof![
        10 => Just(Op::Poll),
        1 => Just(Op::PollAborted),
        8 => Just(Op::Post),
        8 => Just(Op::PostEnded { aborted: false }),
        1 => Just(Op::PostEnded { aborted: true }),
        20 => (any::<bool>(), any_packet()).prop_map(|(posted, packet)| Op::Packet { posted, packet }),
        1 => any::<bool>().prop_map(|posted| Op::Rubbish { posted }),
        8 => Just(Op::Upgrade),
        1 => end.prop_map(Op::WireEnded),
        20 => Just(Op::Push),
        10 => (1_usize..40).prop_map(|budget| Op::Write { budget }),
        2 => Just(Op::Close),
        4 => Just(Op::Sealed),
        1 => Just(Op::Abort),
        4 => (0_u64..30_000).prop_map(|wait| Op::Wait(Duration::from_millis(wait))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_happens_a_session_keeps_its_promises(
        websocket: bool,
        ops in prop::collection::vec(any_op(), 1..80),
    ) {
        let mut world = World::new(websocket);
        for op in &ops {
            world.run(op);
        }
        prop_assert!(world.closed <= 1);
        let arrived = world.arrived();
        prop_assert_eq!(&arrived[..], &world.pushed[..arrived.len()]);
    }

    #[test]
    fn what_was_pushed_before_the_close_arrives(
        websocket: bool,
        ops in prop::collection::vec(any_op(), 1..60),
    ) {
        let mut world = World::new(websocket);
        for op in &ops {
            world.run(op);
        }
        let alive = matches!(world.session.state(), SessionState::Closing) || world.session.is_open();
        world.run(&Op::Close);
        world.run(&Op::Sealed);
        // A peer that goes on reading, on the transport that it has.
        for _ in 0..200 {
            world.run(if world.attached { &Op::Write { budget: 100 } } else if world.waiting { &Op::Sealed } else { &Op::Poll });
        }
        if alive {
            prop_assert_eq!(world.arrived(), world.pushed);
        }
    }

    #[test]
    fn a_session_that_nobody_uses_ends(websocket: bool, ops in prop::collection::vec(any_op(), 0..40)) {
        let mut world = World::new(websocket);
        for op in &ops {
            world.run(op);
        }
        for _ in 0..20 {
            let Some(deadline) = world.session.next_deadline() else { break };
            world.run(&Op::Wait(deadline - world.now));
        }
        prop_assert_eq!((world.closed, world.finished), (1, 1));
    }
}
