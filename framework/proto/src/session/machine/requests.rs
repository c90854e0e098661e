//! GET and POST. Spec: Engine.IO protocol › HTTP long-polling.

use std::time::Instant;

use super::{Carrier, Phase, Session};
use crate::session::effect::{Effect, PollAnswer, Refusal};
use crate::socket::reason::DisconnectReason;

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
}
