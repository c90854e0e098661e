//! Steps of the simulation at a fixed rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RoomCore;
use crate::room::{Moment, Room};

/// When the next tick is due, and after which ticks a patch follows.
///
/// Tick `k` is due `k` steps after the start, whatever happened in between: nothing adds up.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Ticking {
    start: Moment,
    step: Option<Duration>,
    /// Ticks made or skipped.
    past: u64,
    /// A patch follows every so many ticks.
    patch_every: u64,
    /// The least time between two patches of a room that does not tick.
    interval: Duration,
    last_patch: Option<Moment>,
    /// A tick has asked for a patch, and another tick was due first.
    patch_due: bool,
}

/// Without a patch interval, a ticking room sends at most 20 patches a second.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);

impl Ticking {
    pub(super) fn new(step: Option<Duration>, interval: Option<Duration>, start: Moment) -> Self {
        let step = step.filter(|step| !step.is_zero());
        let length = step.unwrap_or(Duration::MAX).as_nanos();
        let least = if step.is_some() { LEAST_INTERVAL } else { Duration::ZERO };
        let interval = interval.unwrap_or(least);
        let patch_every = u64::try_from(interval.as_nanos().div_ceil(length)).unwrap_or(u64::MAX).max(1);
        Self { start, step, past: 0, patch_every, interval, last_patch: None, patch_due: false }
    }

    pub(super) fn next(&self) -> Option<Moment> {
        let nanos = self.step?.as_nanos().saturating_mul(u128::from(self.past) + 1);
        Some(self.start + nanos_to_duration(nanos))
    }

    /// How many ticks are due by this time.
    fn due(&self, now: Moment) -> u64 {
        let Some(step) = self.step else { return 0 };
        let due = (now - self.start).as_nanos() / step.as_nanos();
        u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(self.past)
    }

    pub(super) fn ticks(&self) -> bool {
        self.step.is_some()
    }

    /// When a room that does not tick may send the next patch.
    pub(super) fn patch_from(&self) -> Moment {
        self.last_patch.map_or(self.start, |last| last + self.interval)
    }

    /// Whether what a hook asked for waits, and how many inputs may wait with it is bounded.
    pub(super) fn holds_back(&self) -> bool {
        self.ticks() || !self.interval.is_zero()
    }

    pub(super) fn note_patch(&mut self, now: Moment) {
        self.last_patch = Some(now);
    }

    /// Whether a tick has asked for a patch.
    pub(super) fn take_patch_due(&mut self) -> bool {
        std::mem::take(&mut self.patch_due)
    }
}

impl<R: Room> RoomCore<R> {
    /// Makes the tick that is due, after skipping those that are too late to be made up for.
    pub(super) fn tick(&mut self, target: Moment) {
        let Some(step) = self.ticking.step else { return };
        let late = self.ticking.due(target).saturating_sub(u64::from(R::CATCH_UP.max(1)));
        self.ticking.past += late;
        self.cx.skipped += late;
        self.cx.now = self.ticking.next().map_or(self.cx.now, |due| self.cx.now.max(due));
        self.ticking.past += 1;
        self.cx.ticks += 1;
        self.traffic.begin_step();
        self.run("on_tick", None, |room, cx| {
            room.on_tick(step, cx);
            Ok(())
        });
        if self.cx.ticks.is_multiple_of(self.ticking.patch_every) {
            self.ticking.patch_due = true;
        }
    }

    /// Whether more ticks than one have come due together.
    pub(super) fn is_more_than_one_late(&self, target: Moment) -> bool {
        self.ticking.due(target) > 1
    }

    /// Whether another tick follows before anything else can happen.
    pub(super) fn is_behind(&self, target: Moment) -> bool {
        self.ticking.due(target) > 0
    }
}

fn nanos_to_duration(nanos: u128) -> Duration {
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or(0);
    Duration::new(seconds, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticking(step: Duration, interval: Option<Duration>) -> Ticking {
        Ticking::new(Some(step), interval, Moment::from_millis(1_000))
    }

    #[test]
    fn ticks_do_not_drift() {
        let mut sixty = ticking(Duration::from_nanos(16_666_667), None);
        let mut times = Vec::new();
        for _ in 0..6 {
            times.push(sixty.next().unwrap().as_millis());
            sixty.past += 1;
        }
        assert_eq!(times, [1_017, 1_034, 1_051, 1_067, 1_084, 1_101]);
        assert_eq!(sixty.due(Moment::from_millis(1_117)), 1);
        assert_eq!(sixty.due(Moment::from_millis(1_116)), 0);
    }

    #[test]
    fn patches_are_at_most_twenty_a_second_unless_said_otherwise() {
        let millis = Duration::from_millis;
        assert_eq!(ticking(millis(50), None).patch_every, 1);
        assert_eq!(ticking(Duration::from_nanos(16_666_667), None).patch_every, 3);
        assert_eq!(ticking(millis(1_000), None).patch_every, 1);
        assert_eq!(ticking(millis(20), Some(millis(20))).patch_every, 1);
        assert_eq!(ticking(millis(20), Some(millis(100))).patch_every, 5);
    }
}
