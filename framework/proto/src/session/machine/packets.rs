//! Packets of the peer, and the ends of WebSockets.

use std::time::Instant;

use super::{Carrier, Phase, Session};
use crate::engineio::{Message, Packet, Revision};
use crate::session::effect::{Effect, PollAnswer, Source, WireEnd, WireId};
use crate::socket::reason::DisconnectReason;

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
        self.heartbeat.heard(now, &self.limits);
        match packet {
            Packet::Message(message) => return self.is_open().then_some(message),
            Packet::Pong(_) if self.revision == Revision::Four => self.heartbeat.pong(now, &self.limits),
            Packet::Ping(_) if self.revision == Revision::Three => self.answer_ping(effects),
            // "The server sends ping, the client pong" since revision 4: the wrong direction ends the session.
            Packet::Ping(_) | Packet::Pong(_) => {
                self.end(DisconnectReason::TransportError, PollAnswer::Close, effects)
            }
            Packet::Close => self.end(DisconnectReason::TransportClose, PollAnswer::Noop, effects),
            // Only the server opens, and only a probe upgrades.
            Packet::Open(_) | Packet::Upgrade => {
                self.end(DisconnectReason::ParseError, PollAnswer::Close, effects)
            }
            Packet::Noop => {}
        }
        None
    }

    fn answer_ping(&self, effects: &mut Vec<Effect>) {
        if self.is_open() && effects.last() != Some(&Effect::Pong) {
            effects.push(Effect::Pong);
        }
    }

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
}

/// What a source is to the session at this moment.
enum Role {
    Carrier,
    Probe,
    /// A POST after the upgrade, a WebSocket whose upgrade has failed, or anything after the end.
    Stranger,
}
