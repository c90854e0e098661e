//! What is due, and in which order.

use std::time::Duration;

use super::{Phase, RoomCore};
use crate::room::{CloseReason, LeaveReason, Moment, Room};

/// What waits for a time. Of two for the same time, the one named first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Timer,
    Seat,
    Tick,
    Empty,
    Patch,
}

/// A room that is later than this goes on from here: what it missed before happens now, and a timer
/// that sets itself again does so at most this long in the past.
const MOST_LATE: Duration = Duration::from_secs(1);

impl<R: Room> RoomCore<R> {
    /// Handles every deadline up to this time, each as if it were its own.
    pub(super) fn catch_up(&mut self, target: Moment) {
        let target = target.max(self.cx.now);
        let earliest = Moment::from_millis(0) + (target - Moment::from_millis(0)).saturating_sub(MOST_LATE);
        let from = self.cx.now;
        while self.phase == Phase::Open {
            let Some((time, due)) = self.next_due().filter(|(time, _)| *time <= target) else { break };
            if time < earliest || (due == Due::Tick && self.is_more_than_one_late(target)) {
                self.journal.note_late(from, target);
            }
            self.cx.now = self.cx.now.max(time).max(earliest);
            self.handle_due(due, target);
            self.carry_out();
            if due != Due::Tick || !self.is_behind(target) {
                self.flush_if_due();
            }
        }
        self.journal.end_late();
        self.cx.now = self.cx.now.max(target);
    }

    pub(super) fn next_due(&self) -> Option<(Moment, Due)> {
        let due = [
            (self.cx.timers.next(), Due::Timer),
            (self.cx.roster.next_expiry(), Due::Seat),
            (self.ticking.next(), Due::Tick),
            (self.empty_until, Due::Empty),
            (self.patch_at(), Due::Patch),
        ];
        due.into_iter().filter_map(|(time, due)| Some((time?, due))).min()
    }

    /// When a room that does not tick sends what waits.
    fn patch_at(&self) -> Option<Moment> {
        let waits = self.outbound.is_waiting() || self.frames.is_changed();
        (!self.ticking.ticks() && waits).then(|| self.ticking.patch_from().max(self.cx.now))
    }

    fn handle_due(&mut self, due: Due, target: Moment) {
        match due {
            Due::Timer => {
                let Some(timer) = self.cx.timers.pop() else { return };
                self.run("on_timer", None, |room, cx| {
                    room.on_timer(timer, cx);
                    Ok(())
                });
            }
            Due::Seat => {
                if let Some(member) = self.cx.roster.expired(self.cx.now) {
                    self.leave(&member, LeaveReason::GraceExpired);
                }
            }
            Due::Tick => self.tick(target),
            Due::Empty => self.end(CloseReason::Empty),
            // What follows every deadline sends it.
            Due::Patch => {}
        }
    }
}
