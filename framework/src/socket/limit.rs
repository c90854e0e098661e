//! How many events a client may send.

use actix::Context;
use greenroom_proto::rate::{Limiter, Rate, Verdict};
use greenroom_proto::socketio::AckId;

use super::actor::SocketActor;
use super::dispatch::Reply;
use crate::config::Config;
use crate::error::Reject;

/// The limit of one socket; nothing where there is none.
pub(super) fn limiter(config: &Config) -> Option<Box<Limiter>> {
    let rate = Rate::new(config.events_per_second, config.event_burst)?;
    Some(Box::new(Limiter::new(rate, config.max_refused_events, config.refused_events_window)))
}

impl SocketActor {
    /// Whether an event comes too often. Then it has had its answer, and its client may be gone.
    pub(super) fn is_too_much(&mut self, ack: Option<AckId>, ctx: &mut Context<Self>) -> bool {
        let Some(limiter) = &mut self.limiter else { return false };
        let verdict = limiter.handle_attempt(self.socket.runtime().clock.now());
        if verdict == Verdict::Allowed {
            return false;
        }
        self.socket.runtime().metrics.events_refused.count();
        self.reply(Reply { to: ack }, Err(Reject::new("rate_limited", "too many events")), ctx);
        if verdict == Verdict::Hopeless {
            // Final on purpose: a client that came back by itself would go on.
            tracing::info!(socket = %self.socket.id(), "a client that floods is sent away");
            let socket = self.socket.clone();
            self.disconnect(&socket, true, ctx);
        }
        true
    }
}
