//! A session with its outbox, run as a host would run it, and a peer that notes what reaches it.
//!
//! For the property tests and for the fuzz target.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::engineio::{Message, Packet, Revision, frame};
use greenroom_proto::session::{
    Delivery, Effect, Outbox, PollAnswer, Pushed, Session, SessionLimits, SessionState, Source, WireEnd,
    WireId,
};
use greenroom_proto::socket::reason::DisconnectReason;

/// Something that happens to a session.
#[derive(Clone, Debug)]
pub(crate) enum Op {
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
pub(crate) struct World {
    pub(crate) session: Session,
    outbox: Outbox,
    pub(crate) now: Instant,
    pub(crate) waiting: bool,
    wire: Option<WireId>,
    pub(crate) attached: bool,
    pub(crate) pushed: Vec<String>,
    polled: Vec<u8>,
    written: Vec<u8>,
    pub(crate) closed: u32,
    pub(crate) finished: u32,
    lost: bool,
}

impl World {
    pub(crate) fn new(websocket: bool, revision: Revision) -> Self {
        let limits = Arc::new(SessionLimits::default());
        let now = Instant::now();
        let (session, wire) = if websocket {
            let (session, wire) = Session::open_websocket(limits, revision, now);
            (session, Some(wire))
        } else {
            (Session::open_polling(limits, revision, now), None)
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

    pub(crate) fn run(&mut self, op: &Op) {
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
        drop(self.outbox.advance(bytes.len()));
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
                Effect::Pong => self.outbox.push_pong(Packet::Pong("".into()).encode()),
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
    pub(crate) fn arrived(&self) -> Vec<String> {
        let polled = self.polled.split(|byte| *byte == 0x1e).map(<[u8]>::to_vec);
        let written = frame::iter(&self.written).map(|(_, content)| content.to_vec());
        let packets = polled.chain(written).map(|packet| String::from_utf8(packet).unwrap());
        packets.filter(|packet| packet.starts_with('4')).collect()
    }
}

fn source(posted: bool, wire: Option<WireId>) -> Option<Source> {
    if posted { Some(Source::Post) } else { wire.map(Source::Wire) }
}
