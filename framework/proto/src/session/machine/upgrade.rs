//! From polling to WebSocket. Spec: Engine.IO protocol › Upgrade.

use std::time::Instant;

use super::{Carrier, Phase, Probe, Session};
use crate::engineio::Packet;
use crate::session::effect::{Effect, PollAnswer, Refusal};

impl Session {
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

    pub(super) fn handle_probe(&mut self, packet: &Packet, now: Instant, effects: &mut Vec<Effect>) {
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
        self.heartbeat.heard(now, &self.limits);
        self.answer_poll(PollAnswer::Noop, effects);
        let Some(wire) = self.probe().map(|probe| probe.wire) else { return };
        self.carrier = Carrier::WebSocket(wire);
        effects.push(Effect::Attach(wire));
        if let Phase::Closing { .. } = self.phase {
            effects.push(Effect::FinishWire(wire));
        }
    }

    /// Drops the WebSocket; the session stays where it is.
    pub(super) fn fail_upgrade(&mut self, effects: &mut Vec<Effect>) {
        if let Carrier::Polling { probe, .. } = &mut self.carrier
            && let Some(probe) = probe.take()
        {
            effects.push(Effect::DropWire(probe.wire));
        }
    }

    pub(super) fn handle_upgrade_deadline(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Carrier::Polling { probe: Some(probe), .. } = &mut self.carrier else { return };
        if probe.by <= now {
            self.fail_upgrade(effects);
        } else if probe.noop_at.is_some_and(|at| at <= now) {
            self.answer_poll(PollAnswer::Noop, effects);
        }
    }
}
