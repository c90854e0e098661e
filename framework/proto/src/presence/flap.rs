//! When others see a change: at most one per user and window, and none that is taken back in time.

use std::time::{Duration, Instant};

use super::{Entry, LeaveReason};

/// What others see of a user in one scope, and what they will see.
#[derive(Debug, Default)]
pub(super) struct Shown {
    entry: Option<Entry>,
    changed_at: Option<Instant>,
    wish: Option<Wish>,
}

#[derive(Debug)]
struct Wish {
    to: Wanted,
    due: Instant,
}

/// What others are to see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    There(Entry),
    Gone(Gone),
}

/// Somebody is no longer there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Gone {
    pub(super) reason: LeaveReason,
    pub(super) last_seen: Option<Instant>,
}

/// A change that others see now.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) before: Option<Entry>,
    pub(super) after: Wanted,
}

impl Shown {
    /// What others see.
    pub(super) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// When a change becomes visible.
    pub(super) fn due(&self) -> Option<Instant> {
        self.wish.as_ref().map(|wish| wish.due)
    }

    /// Until when the last change matters.
    pub(super) fn settled_at(&self, window: Duration) -> Option<Instant> {
        self.changed_at.map(|changed| changed + window)
    }

    /// Asks for a change. What is as others see it already is none, and takes an earlier one back.
    pub(super) fn want(&mut self, to: Wanted, now: Instant, window: Duration) {
        if to.entry() == self.entry() {
            self.wish = None;
            return;
        }
        let free_at = self.changed_at.map_or(now, |changed| (changed + window).max(now));
        let due = match (&to, &self.wish) {
            (Wanted::Gone(gone), Some(wish)) if wish.to.is_goodbye() && gone.is_goodbye() => wish.due,
            // A goodbye may be the first half of a reload.
            (Wanted::Gone(gone), _) if gone.is_goodbye() => free_at.max(now + window),
            (Wanted::There(_) | Wanted::Gone(_), _) => free_at,
        };
        self.wish = Some(Wish { to, due });
    }

    /// The change, if its time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Change> {
        let wish = self.wish.take_if(|wish| wish.due <= now)?;
        let before = std::mem::replace(&mut self.entry, wish.to.entry().cloned());
        self.changed_at = Some(now);
        Some(Change { before, after: wish.to })
    }
}

impl Wanted {
    pub(super) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::There(entry) => Some(entry),
            Self::Gone(_) => None,
        }
    }

    fn is_goodbye(&self) -> bool {
        matches!(self, Self::Gone(gone) if gone.is_goodbye())
    }
}

impl Gone {
    fn is_goodbye(self) -> bool {
        self.reason == LeaveReason::Left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::Status;
    use crate::presence::tests::start;

    const WINDOW: Duration = Duration::from_secs(2);

    fn there(status: Status) -> Wanted {
        Wanted::There(Entry { status, data: None })
    }

    fn gone(reason: LeaveReason) -> Wanted {
        Wanted::Gone(Gone { reason, last_seen: None })
    }

    #[test]
    fn a_goodbye_that_is_taken_back_within_the_window_is_never_seen() {
        let at = |ms| start() + Duration::from_millis(ms);
        let mut shown = Shown::default();
        shown.want(there(Status::Online), at(0), WINDOW);
        assert!(shown.take_due(at(0)).is_some());
        shown.want(gone(LeaveReason::Left), at(5_000), WINDOW);
        shown.want(gone(LeaveReason::Left), at(6_000), WINDOW);
        assert_eq!(shown.due(), Some(at(7_000)), "asked for again, it comes no later");
        shown.want(there(Status::Online), at(6_999), WINDOW);
        assert!(shown.due().is_none() && shown.take_due(at(9_000)).is_none());
    }

    #[test]
    fn one_change_is_seen_per_window_and_it_is_the_last() {
        let at = |ms| start() + Duration::from_millis(ms);
        let mut shown = Shown::default();
        shown.want(there(Status::Online), at(0), WINDOW);
        shown.take_due(at(0)).unwrap();
        for (ms, status) in [(100, Status::Idle), (200, Status::Online), (300, Status::Away)] {
            shown.want(there(status), at(ms), WINDOW);
            assert!(shown.take_due(at(ms)).is_none());
        }
        assert_eq!(shown.take_due(at(2_000)).unwrap().after, there(Status::Away));
        shown.want(gone(LeaveReason::Kicked), at(9_000), WINDOW);
        assert!(shown.take_due(at(9_000)).is_some(), "what had its grace already waits no more");
    }
}
