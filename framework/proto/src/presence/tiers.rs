//! How a room is told, by its size.

use std::time::Duration;

use serde::Serialize;

use super::{Entry, PresenceConfig, Status};

/// How the members of a scope are told of each other. Each message names it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Each change at once.
    Diff,
    /// All changes of an interval as one.
    Digest,
    /// No names, but how many there are; changes of those who are watched.
    Counts,
}

impl Mode {
    /// The mode for so many users: up as soon as a limit is passed, down well below it. With nobody it
    /// is as in a new room.
    pub(super) fn next(self, users: usize, config: &PresenceConfig) -> Self {
        if users == 0 {
            return Self::Diff;
        }
        let is_well_below =
            |limit: usize| users.saturating_mul(100) < limit.saturating_mul(config.hysteresis_percent);
        let fits = |mode: Self, limit: usize| match self <= mode {
            true => users <= limit,
            false => is_well_below(limit),
        };
        if fits(Self::Diff, config.diff_limit) {
            Self::Diff
        } else if fits(Self::Digest, config.digest_limit) {
            Self::Digest
        } else {
            Self::Counts
        }
    }

    /// Time between two messages.
    pub(super) fn interval(self, config: &PresenceConfig) -> Duration {
        match self {
            Self::Diff => Duration::ZERO,
            Self::Digest => config.digest_interval,
            Self::Counts => config.counts_interval,
        }
    }

    /// Whether members have names of each other.
    pub(super) fn has_table(self) -> bool {
        self != Self::Counts
    }
}

/// How many users of a scope others see, by status.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// All of them.
    pub total: usize,
    /// In use.
    pub online: usize,
    /// Connected, not in use.
    pub idle: usize,
    /// Not in use for long, or about to be gone.
    pub away: usize,
    /// Not to be disturbed.
    pub dnd: usize,
}

impl Counts {
    /// One user is shown otherwise than before.
    pub(super) fn change(&mut self, before: Option<&Entry>, after: Option<&Entry>) {
        if let Some(before) = before {
            let count = self.of(before.status);
            *count = count.saturating_sub(1);
            self.total = self.total.saturating_sub(1);
        }
        if let Some(after) = after {
            *self.of(after.status) += 1;
            self.total += 1;
        }
    }

    fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Online => &mut self.online,
            Status::Idle => &mut self.idle,
            // Nobody who is offline has an entry.
            Status::Away | Status::Offline => &mut self.away,
            Status::Dnd => &mut self.dnd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_goes_up_past_its_limit_and_down_well_below_it() {
        let config = PresenceConfig::default();
        let steps = [
            (Mode::Diff, 64, Mode::Diff),
            (Mode::Diff, 65, Mode::Digest),
            (Mode::Digest, 52, Mode::Digest),
            (Mode::Digest, 51, Mode::Diff),
            (Mode::Digest, 1_000, Mode::Digest),
            (Mode::Diff, 1_001, Mode::Counts),
            (Mode::Counts, 800, Mode::Counts),
            (Mode::Counts, 799, Mode::Digest),
            (Mode::Counts, 52, Mode::Digest),
            (Mode::Counts, 3, Mode::Diff),
        ];
        for (from, users, to) in steps {
            assert_eq!(from.next(users, &config), to, "{users} users from {from:?}");
        }
    }
}
