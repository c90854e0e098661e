//! Which deadline belongs to whom, and which is next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::{Scope, UserId};

/// Who has a deadline; each has at most one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Timer {
    /// What the user is shown as changes by itself.
    User(UserId),
    /// A change becomes visible.
    Scope(Scope),
    /// A lease ends, or who types is told.
    Typing(Scope),
}

/// All deadlines of a namespace's presence.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, Timer)>,
    armed: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Sets somebody's only deadline; `None` takes it away.
    pub(super) fn arm(&mut self, timer: Timer, deadline: Option<Instant>) {
        let before = match deadline {
            Some(deadline) => self.armed.insert(timer.clone(), deadline),
            None => self.armed.remove(&timer),
        };
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, timer.clone()));
        }
        if let Some(deadline) = deadline {
            self.due.insert((deadline, timer));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest deadline that has passed.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.due.pop_first()?;
        self.armed.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_has_one_deadline_and_the_earliest_comes_first() {
        let mut timers = Timers::default();
        let start = crate::presence::tests::start();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (scope, typing) = (Timer::Scope(Scope::Namespace), Timer::Typing(Scope::Namespace));
        timers.arm(scope.clone(), Some(at(5)));
        timers.arm(typing.clone(), Some(at(4)));
        timers.arm(scope.clone(), Some(at(3)));
        assert_eq!((timers.next(), timers.pop_due(at(2))), (Some(at(3)), None));
        assert_eq!(timers.pop_due(at(9)), Some(scope));
        timers.arm(typing, None);
        assert_eq!(timers.pop_due(at(9)), None);
    }
}
