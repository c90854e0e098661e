//! How much a room takes from its members.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rate::{Limiter, Rate, Verdict};
use crate::room::{Moment, RoomLimits, Seat};

/// The window within which refused events are counted, see [`RoomLimits::kick_after`].
const WINDOW: Duration = Duration::from_secs(10);

/// What each member has sent of late, and all of them in this step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Traffic {
    limiters: BTreeMap<Seat, Limiter<Duration>>,
    in_step: u32,
}

impl Traffic {
    /// Judges an event of a member.
    pub(super) fn judge(&mut self, seat: Seat, now: Moment, limits: &RoomLimits) -> Verdict {
        let Some(rate) = Rate::new(limits.events_per_second, limits.events_burst) else {
            return Verdict::Allowed;
        };
        let limiter =
            self.limiters.entry(seat).or_insert_with(|| Limiter::new(rate, limits.kick_after, WINDOW));
        limiter.handle_attempt(Duration::from_millis(now.as_millis()))
    }

    /// Takes one more event in this step, if there is room for it.
    pub(super) fn take(&mut self, limits: &RoomLimits) -> bool {
        let fits = self.in_step < limits.inputs_per_tick;
        self.in_step = self.in_step.saturating_add(1);
        fits
    }

    pub(super) fn begin_step(&mut self) {
        self.in_step = 0;
    }

    pub(super) fn forget(&mut self, seat: Seat) {
        self.limiters.remove(&seat);
    }
}
