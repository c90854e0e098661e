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

use super::effect::{Effect, PollAnswer, WireId};
use super::heartbeat::{Beat, Heartbeat};
use super::limits::SessionLimits;
use crate::engineio::Revision;
use crate::socket::reason::DisconnectReason;

mod packets;
mod requests;
mod upgrade;

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
    revision: Revision,
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
    pub fn open_polling(limits: Arc<SessionLimits>, revision: Revision, now: Instant) -> Self {
        let phase = Phase::Opening { claim_by: now + limits.claim_timeout };
        let carrier = Carrier::Polling { waiting: false, posting: false, probe: None };
        let heartbeat = Heartbeat::new(revision, now, &limits);
        Self { limits, revision, phase, carrier, heartbeat, next_wire: 0 }
    }

    /// A session whose handshake is the first frame of a WebSocket.
    #[must_use]
    pub fn open_websocket(limits: Arc<SessionLimits>, revision: Revision, now: Instant) -> (Self, WireId) {
        let mut session = Self::open_polling(limits, revision, now);
        let wire = session.new_wire();
        session.phase = Phase::Open;
        session.carrier = Carrier::WebSocket(wire);
        (session, wire)
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
        self.heartbeat.heard(now, &self.limits);
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

impl Session {
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
