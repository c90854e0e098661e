//! One user in one scope: the sockets there, and what the others see.

use std::time::Instant;

use smallvec::SmallVec;

use super::flap::Shown;
use super::{LeaveReason, MetaRef, PresenceConfig};

/// A user's seat in a scope.
#[derive(Debug)]
pub(super) struct Seat {
    /// The user's sockets in the scope: they see the others.
    pub(super) sockets: SmallVec<[MetaRef; 1]>,
    pub(super) shown: Shown,
    lost: Option<Lost>,
    gone: LeaveReason,
}

/// Sockets that were lost and may come back.
#[derive(Clone, Copy, Debug)]
struct Lost {
    count: u32,
    at: Instant,
    reason: LeaveReason,
}

impl Seat {
    pub(super) fn new() -> Self {
        let (sockets, shown) = Default::default();
        Self { sockets, shown, lost: None, gone: LeaveReason::Left }
    }

    /// A socket joins: a new one, or one in place of one that was lost.
    pub(super) fn join(&mut self, socket: MetaRef) {
        self.sockets.push(socket);
        self.lost = self.lost.filter(|lost| lost.count > 1);
        if let Some(lost) = &mut self.lost {
            lost.count -= 1;
        }
    }

    /// A socket leaves, or ends.
    pub(super) fn leave(
        &mut self,
        socket: MetaRef,
        reason: LeaveReason,
        now: Instant,
        config: &PresenceConfig,
    ) {
        let Some(place) = self.sockets.iter().position(|joined| *joined == socket) else { return };
        self.sockets.remove(place);
        if reason.has_grace() {
            let before = self.lost.filter(|lost| lost.at + config.seat_grace > now);
            let count = before.map_or(0, |lost| lost.count).saturating_add(1);
            self.lost = Some(Lost { count, at: now, reason });
        } else {
            self.gone = reason;
            self.lost = self.lost.filter(|lost| lost.at + config.seat_grace > now);
        }
    }

    /// Whether the user is in the scope, or expected back.
    pub(super) fn is_taken(&self, now: Instant, config: &PresenceConfig) -> bool {
        !self.sockets.is_empty() || self.kept_until(config).is_some_and(|until| until > now)
    }

    /// Until when the seat is kept for sockets that were lost.
    pub(super) fn kept_until(&self, config: &PresenceConfig) -> Option<Instant> {
        self.lost.map(|lost| lost.at + config.seat_grace)
    }

    /// Why the seat is no longer taken.
    pub(super) fn leave_reason(&self) -> LeaveReason {
        self.lost.map_or(self.gone, |lost| lost.reason)
    }
}
