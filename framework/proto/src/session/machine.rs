//! The life of a session on its transports.
//!
//! Owns: phase, carrying transport, upgrade, heartbeat. Takes: requests, packets, ends of WebSockets,
//! time. Emits: [`Effect`]s and the messages of the peer. Keeps: [`Effect::Closed`] and
//! [`Effect::Finished`] come exactly once, in this order; after that every input is refused or ignored.
//!
//! Spec: Engine.IO protocol › Transports › HTTP long-polling, Upgrade, Heartbeat. Where the reference says
//! more than the text, it is `engine.io/lib/socket.ts` and `engine.io/lib/transports/polling.ts`.

use std::sync::Arc;
use std::time::Instant;

use super::effect::{Effect, PollAnswer, Refusal, Source, WireEnd, WireId};
use super::heartbeat::{Beat, Heartbeat};
use super::limits::SessionLimits;
use crate::engineio::{Message, Packet};
use crate::socket::reason::DisconnectReason;

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// The handshake was answered over polling; the client has not come back yet.
    Opening,
    /// Requests carry it.
    Polling,
    /// Requests carry it, and a WebSocket tries to take over.
    Upgrading,
    /// A WebSocket carries it.
    WebSocket,
    /// It gives and takes nothing new; the rest of the outbox leaves.
    Closing,
    /// It is over.
    Closed,
}

/// One Engine.IO session.
///
/// ```text
///  open_polling        first request          upgrade request         5
/// ─────────────▶ Opening ─────────▶ Polling ─────────────▶ Upgrading ─────────▶ WebSocket ◀── open_websocket
///                   │                  │ ▲                     │ │                  │
///                   │                  │ └─────────────────────┘ │                  │
///                   │                  │   failed, timed out     │                  │
///                   ├──────────────────┴──────────┬──────────────┴──────────────────┤
///                   │ handle_close                │ 1, aborted, overlap, time-out,  │
///                   ▼                             ▼ broken, overflow                ▼
///                Closing ───────────────────▶ Closed ◀──────────────────────────────┘
///                         flushed, time-out
/// ```
///
/// Before any other input, the host calls [`Session::handle_deadline`] if [`Session::next_deadline`] has passed.
#[derive(Debug)]
pub struct Session {
    limits: Arc<SessionLimits>,
    phase: Phase,
    carrier: Carrier,
    heartbeat: Heartbeat,
    next_wire: u32,
}

#[derive(Debug)]
enum Phase {
    Opening { claim_by: Instant },
    Open,
    Closing { by: Instant, sealed: bool },
    Closed,
}

#[derive(Debug)]
enum Carrier {
    Polling { waiting: bool, posting: bool, probe: Option<Probe> },
    WebSocket(WireId),
}

/// A WebSocket that tries to take over.
#[derive(Debug)]
struct Probe {
    wire: WireId,
    by: Instant,
    /// Whether `2probe` has come.
    asked: bool,
    /// When a waiting GET is sent away.
    noop_at: Option<Instant>,
}

/// Opening.
impl Session {
    /// A session whose handshake is the answer of a GET.
    #[must_use]
    pub fn open_polling(limits: Arc<SessionLimits>, now: Instant) -> Self {
        let phase = Phase::Opening { claim_by: now + limits.claim_timeout };
        let carrier = Carrier::Polling { waiting: false, posting: false, probe: None };
        Self { heartbeat: Heartbeat::new(now, &limits), limits, phase, carrier, next_wire: 0 }
    }

    /// A session whose handshake is the first frame of a WebSocket.
    #[must_use]
    pub fn open_websocket(limits: Arc<SessionLimits>, now: Instant) -> (Self, WireId) {
        let mut session = Self::open_polling(limits, now);
        let wire = session.new_wire();
        session.phase = Phase::Open;
        session.carrier = Carrier::WebSocket(wire);
        (session, wire)
    }
}

/// Requests.
impl Session {
    /// Handles a GET; `pending` says whether the outbox has something for it.
    pub fn handle_poll(&mut self, pending: bool, now: Instant, effects: &mut Vec<Effect>) {
        self.claim();
        match (&self.phase, &mut self.carrier) {
            (Phase::Closed, _) => effects.push(Effect::Refuse(Refusal::Over)),
            (_, Carrier::WebSocket(_)) => effects.push(Effect::Refuse(Refusal::TransportMismatch)),
            // "The client MUST NOT have several GET requests at the same time": the session ends.
            (_, Carrier::Polling { waiting: true, .. }) => {
                effects.push(Effect::Refuse(Refusal::Overlap));
                self.end(DisconnectReason::TransportError, PollAnswer::Close, effects);
            }
            (_, Carrier::Polling { waiting, probe, .. }) => {
                effects.push(Effect::Accept);
                if pending {
                    effects.push(Effect::AnswerPoll(PollAnswer::Outbox));
                    return;
                }
                *waiting = true;
                if let Phase::Closing { sealed: true, .. } = self.phase {
                    return self.end(DisconnectReason::TransportClose, PollAnswer::Close, effects);
                }
                if let Some(probe) = probe.as_mut().filter(|probe| probe.asked) {
                    probe.noop_at = Some(now + self.limits.upgrade_noop_interval);
                }
            }
        }
    }

    /// Handles that the outbox has something to send.
    pub fn handle_pending(&mut self, effects: &mut Vec<Effect>) {
        self.answer_poll(PollAnswer::Outbox, effects);
    }

    /// Handles that a GET was aborted before its answer was handed over. What it should have carried is lost.
    pub fn handle_poll_aborted(&mut self, effects: &mut Vec<Effect>) {
        if let Carrier::Polling { waiting, .. } = &mut self.carrier {
            *waiting = false;
            self.end(DisconnectReason::TransportError, PollAnswer::Close, effects);
        }
    }

    /// Handles the start of a POST. Its packets follow, then [`Session::handle_post_ended`].
    pub fn handle_post(&mut self, effects: &mut Vec<Effect>) {
        self.claim();
        match (&self.phase, &mut self.carrier) {
            (Phase::Closed, _) => effects.push(Effect::Refuse(Refusal::Over)),
            (_, Carrier::WebSocket(_)) => effects.push(Effect::Refuse(Refusal::TransportMismatch)),
            // "The client MUST NOT have several POST requests at the same time": the session ends.
            (_, Carrier::Polling { posting: true, .. }) => {
                effects.push(Effect::Refuse(Refusal::Overlap));
                self.end(DisconnectReason::TransportError, PollAnswer::Close, effects);
            }
            (_, Carrier::Polling { posting, .. }) => {
                *posting = true;
                effects.push(Effect::Accept);
            }
        }
    }

    /// Handles the end of a POST: answered, or aborted by the peer.
    pub fn handle_post_ended(&mut self, aborted: bool, effects: &mut Vec<Effect>) {
        if let Carrier::Polling { posting, .. } = &mut self.carrier {
            *posting = false;
            if aborted {
                self.end(DisconnectReason::TransportError, PollAnswer::Close, effects);
            }
        }
    }

    /// Handles the request for a WebSocket of this session.
    pub fn handle_upgrade(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let refusal = match (&self.phase, &self.carrier) {
            (Phase::Closing { .. } | Phase::Closed, _) => Refusal::Over,
            (_, Carrier::WebSocket(_) | Carrier::Polling { probe: Some(_), .. }) => Refusal::SecondUpgrade,
            (_, Carrier::Polling { .. }) if !self.limits.allow_upgrades => Refusal::NoUpgrades,
            (_, Carrier::Polling { .. }) => return self.start_upgrade(now, effects),
        };
        effects.push(Effect::Refuse(refusal));
    }
}

/// Packets and the ends of WebSockets.
impl Session {
    /// Handles a packet of the peer; gives back what is meant for the protocol above.
    pub fn handle_packet(
        &mut self,
        source: Source,
        packet: Packet,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> Option<Message> {
        match self.role(source) {
            Role::Carrier => self.handle_carried(packet, now, effects),
            Role::Probe => {
                self.handle_probe(&packet, now, effects);
                None
            }
            Role::Stranger => None,
        }
    }

    /// Handles input that is not a packet.
    pub fn handle_bad_packet(&mut self, source: Source, effects: &mut Vec<Effect>) {
        match self.role(source) {
            Role::Carrier => self.end(DisconnectReason::ParseError, PollAnswer::Close, effects),
            Role::Probe => self.fail_upgrade(effects),
            Role::Stranger => {}
        }
    }

    /// Handles that a WebSocket has ended by itself.
    pub fn handle_wire_ended(&mut self, wire: WireId, end: WireEnd, effects: &mut Vec<Effect>) {
        let reason = match end {
            WireEnd::Closed => DisconnectReason::TransportClose,
            WireEnd::Failed => DisconnectReason::TransportError,
        };
        match self.role(Source::Wire(wire)) {
            Role::Carrier => self.end(reason, PollAnswer::Close, effects),
            Role::Probe => self.fail_upgrade(effects),
            Role::Stranger => {}
        }
    }

    fn handle_carried(&mut self, packet: Packet, now: Instant, effects: &mut Vec<Effect>) -> Option<Message> {
        self.heartbeat.heard(now);
        match packet {
            Packet::Message(message) => return self.is_open().then_some(message),
            Packet::Pong(_) => self.heartbeat.pong(now, &self.limits),
            Packet::Close => self.end(DisconnectReason::TransportClose, PollAnswer::Noop, effects),
            // "The server sends ping, the client pong" since revision 4: the wrong direction ends the session.
            Packet::Ping(_) => self.end(DisconnectReason::TransportError, PollAnswer::Close, effects),
            // Only the server opens, and only a probe upgrades.
            Packet::Open(_) | Packet::Upgrade => {
                self.end(DisconnectReason::ParseError, PollAnswer::Close, effects)
            }
            Packet::Noop => {}
        }
        None
    }

    fn handle_probe(&mut self, packet: &Packet, now: Instant, effects: &mut Vec<Effect>) {
        let Carrier::Polling { waiting, probe: Some(probe), .. } = &mut self.carrier else { return };
        match packet {
            Packet::Ping(content) if content == "probe" && !probe.asked => {
                probe.asked = true;
                effects.push(Effect::SendProbe(probe.wire));
                if std::mem::take(waiting) {
                    effects.push(Effect::AnswerPoll(PollAnswer::Noop));
                }
            }
            Packet::Upgrade if probe.asked => self.finish_upgrade(now, effects),
            // Everything else is out of place before the upgrade is done, and costs only the WebSocket.
            Packet::Open(_)
            | Packet::Close
            | Packet::Ping(_)
            | Packet::Pong(_)
            | Packet::Message(_)
            | Packet::Upgrade
            | Packet::Noop => self.fail_upgrade(effects),
        }
    }
}

/// Time, and the end.
impl Session {
    /// When [`Session::handle_deadline`] has to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Opening { claim_by } => claim_by.min(self.heartbeat.deadline()),
            Phase::Open => self.heartbeat.deadline(),
            Phase::Closing { by, .. } => by,
            Phase::Closed => return None,
        };
        let upgrade = self.probe().map(|probe| probe.noop_at.map_or(probe.by, |noop| noop.min(probe.by)));
        Some(upgrade.map_or(phase, |upgrade| upgrade.min(phase)))
    }

    /// Handles every deadline that has passed.
    pub fn handle_deadline(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let over = match self.phase {
            Phase::Opening { claim_by } => claim_by <= now,
            Phase::Closing { by, .. } => by <= now,
            Phase::Open | Phase::Closed => false,
        };
        if over {
            return self.end(DisconnectReason::PingTimeout, PollAnswer::Close, effects);
        }
        self.handle_upgrade_deadline(now, effects);
        // The pong of a polling client waits behind the POST that is not answered yet.
        if let Carrier::Polling { posting: true, .. } = self.carrier {
            self.excuse(now);
        }
        if self.is_open() {
            match self.heartbeat.handle_deadline(now, &self.limits) {
                Beat::Nothing => {}
                Beat::Ping => effects.push(Effect::Ping),
                Beat::Dead => self.end(DisconnectReason::PingTimeout, PollAnswer::Close, effects),
            }
        }
    }

    /// Takes note that the host did not read what the peer may have sent: silence says nothing then.
    pub fn excuse(&mut self, now: Instant) {
        self.heartbeat.heard(now);
    }

    /// Ends the session from this side. What is in the outbox, and what comes until it is sealed, still leaves.
    pub fn handle_close(&mut self, reason: DisconnectReason, now: Instant, effects: &mut Vec<Effect>) {
        if !self.is_open() {
            return;
        }
        self.phase = Phase::Closing { by: now + self.limits.close_timeout, sealed: false };
        effects.push(Effect::Closed(reason));
        if let Carrier::WebSocket(wire) = self.carrier {
            effects.push(Effect::FinishWire(wire));
        }
    }

    /// Handles that nothing more comes into the outbox of a closing session.
    ///
    /// The close packet has an answer of its own: stock clients act on it at once, but on what stands
    /// before it in the same payload only in their next turn, so a DISCONNECT there would go unheard.
    pub fn handle_sealed(&mut self, pending: bool, effects: &mut Vec<Effect>) {
        let (Phase::Closing { sealed, .. }, Carrier::Polling { waiting, .. }) =
            (&mut self.phase, &self.carrier)
        else {
            return;
        };
        *sealed = true;
        if pending {
            self.answer_poll(PollAnswer::Outbox, effects);
        } else if *waiting {
            self.end(DisconnectReason::TransportClose, PollAnswer::Close, effects);
        }
    }

    /// Ends the session at once, without another word to the peer: it reads too slowly, or its host has failed.
    pub fn handle_abort(&mut self, reason: DisconnectReason, effects: &mut Vec<Effect>) {
        self.end(reason, PollAnswer::Close, effects);
    }

    /// Where the session is in its life.
    #[must_use]
    pub fn state(&self) -> SessionState {
        match (&self.phase, &self.carrier) {
            (Phase::Closed, _) => SessionState::Closed,
            (Phase::Closing { .. }, _) => SessionState::Closing,
            (Phase::Opening { .. }, _) => SessionState::Opening,
            (Phase::Open, Carrier::WebSocket(_)) => SessionState::WebSocket,
            (Phase::Open, Carrier::Polling { probe: Some(_), .. }) => SessionState::Upgrading,
            (Phase::Open, Carrier::Polling { probe: None, .. }) => SessionState::Polling,
        }
    }

    /// Whether requests carry the session, rather than a WebSocket.
    #[must_use]
    pub fn is_polling(&self) -> bool {
        matches!(self.carrier, Carrier::Polling { .. })
    }

    /// Whether messages flow in both directions.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. } | Phase::Open)
    }
}

/// What a source is to the session at this moment.
enum Role {
    Carrier,
    Probe,
    /// A POST after the upgrade, a WebSocket whose upgrade has failed, or anything after the end.
    Stranger,
}

impl Session {
    fn role(&self, source: Source) -> Role {
        match (&self.phase, &self.carrier, source) {
            (Phase::Closed, ..) => Role::Stranger,
            (_, Carrier::Polling { posting: true, .. }, Source::Post) => Role::Carrier,
            (_, Carrier::WebSocket(current), Source::Wire(wire)) if *current == wire => Role::Carrier,
            (_, Carrier::Polling { probe: Some(probe), .. }, Source::Wire(wire)) if probe.wire == wire => {
                Role::Probe
            }
            (_, Carrier::Polling { .. } | Carrier::WebSocket(_), Source::Post | Source::Wire(_)) => {
                Role::Stranger
            }
        }
    }

    fn claim(&mut self) {
        if let Phase::Opening { .. } = self.phase {
            self.phase = Phase::Open;
        }
    }

    fn new_wire(&mut self) -> WireId {
        let wire = WireId(self.next_wire);
        self.next_wire = self.next_wire.wrapping_add(1);
        wire
    }

    fn start_upgrade(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.claim();
        let wire = self.new_wire();
        let by = now + self.limits.upgrade_timeout;
        if let Carrier::Polling { probe, .. } = &mut self.carrier {
            *probe = Some(Probe { wire, by, asked: false, noop_at: None });
            effects.push(Effect::AcceptUpgrade(wire));
        }
    }

    fn finish_upgrade(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.heartbeat.heard(now);
        self.answer_poll(PollAnswer::Noop, effects);
        let Some(wire) = self.probe().map(|probe| probe.wire) else { return };
        self.carrier = Carrier::WebSocket(wire);
        effects.push(Effect::Attach(wire));
        if let Phase::Closing { .. } = self.phase {
            effects.push(Effect::FinishWire(wire));
        }
    }

    /// Drops the WebSocket; the session stays where it is.
    fn fail_upgrade(&mut self, effects: &mut Vec<Effect>) {
        if let Carrier::Polling { probe, .. } = &mut self.carrier
            && let Some(probe) = probe.take()
        {
            effects.push(Effect::DropWire(probe.wire));
        }
    }

    fn handle_upgrade_deadline(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Carrier::Polling { probe: Some(probe), .. } = &mut self.carrier else { return };
        if probe.by <= now {
            self.fail_upgrade(effects);
        } else if probe.noop_at.is_some_and(|at| at <= now) {
            self.answer_poll(PollAnswer::Noop, effects);
        }
    }

    fn answer_poll(&mut self, answer: PollAnswer, effects: &mut Vec<Effect>) {
        let Carrier::Polling { waiting, probe, .. } = &mut self.carrier else { return };
        if let Some(probe) = probe {
            probe.noop_at = None;
        }
        if std::mem::take(waiting) {
            effects.push(Effect::AnswerPoll(answer));
        }
    }

    fn end(&mut self, reason: DisconnectReason, last_answer: PollAnswer, effects: &mut Vec<Effect>) {
        if let Phase::Closed = self.phase {
            return;
        }
        if self.is_open() {
            effects.push(Effect::Closed(reason));
        }
        self.phase = Phase::Closed;
        self.answer_poll(last_answer, effects);
        self.fail_upgrade(effects);
        if let Carrier::WebSocket(wire) = self.carrier {
            effects.push(Effect::DropWire(wire));
        }
        effects.push(Effect::Finished);
    }

    fn probe(&self) -> Option<&Probe> {
        match &self.carrier {
            Carrier::Polling { probe, .. } => probe.as_ref(),
            Carrier::WebSocket(_) => None,
        }
    }
}
