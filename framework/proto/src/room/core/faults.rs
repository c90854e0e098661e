//! How many panics are too many.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::guard::Sender;
use crate::room::{MemberId, Moment, RoomLimits};

/// The panics of late: at most as many as close the room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Faults {
    lately: VecDeque<(Moment, Option<Sender>)>,
    total: u64,
}

impl Faults {
    /// Whether this one is one too many.
    pub(super) fn note(&mut self, now: Moment, sender: Option<Sender>, limits: &RoomLimits) -> bool {
        self.forget(now, limits);
        self.total = self.total.saturating_add(1);
        self.lately.push_back((now, sender));
        self.lately.len() >= limits.faults
    }

    /// Whether an event is not to be run. Poison is not fed again: neither that of one member, nor an
    /// event that fails whoever sends it.
    pub(super) fn is_poison(
        &mut self,
        member: &MemberId,
        event: &str,
        now: Moment,
        limits: &RoomLimits,
    ) -> bool {
        self.forget(now, limits);
        let senders = || self.lately.iter().filter_map(|(_, sender)| sender.as_ref());
        let of_member = senders().filter(|sender| sender.member == *member).count();
        let of_event = || senders().filter(|sender| sender.event == event);
        let first = of_event().next().map(|sender| &sender.member);
        let of_several = of_event().any(|sender| Some(&sender.member) != first);
        of_member >= limits.faults_per_member || (of_several && of_event().count() >= limits.faults_per_event)
    }

    /// How many there have been in all.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn forget(&mut self, now: Moment, limits: &RoomLimits) {
        while self.lately.front().is_some_and(|(at, _)| now - *at >= limits.fault_window) {
            self.lately.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    fn by(member: &str, event: &'static str) -> Option<Sender> {
        Some(Sender { member: member.into(), event: event.into() })
    }

    #[test]
    fn five_in_ten_seconds_are_too_many() {
        let (mut faults, limits) = (Faults::default(), RoomLimits::default());
        let verdicts: Vec<_> =
            [0, 1, 2, 3, 10, 11, 11].iter().map(|second| faults.note(at(*second), None, &limits)).collect();
        assert_eq!(verdicts, [false, false, false, false, false, false, true]);
        assert_eq!(faults.total(), 7);
    }

    #[test]
    fn who_fails_three_times_is_not_heard_for_a_while_and_others_are() {
        let (mut faults, limits) = (Faults::default(), RoomLimits::default());
        let (ann, bob) = (MemberId::from("ann"), MemberId::from("bob"));
        for second in 0..3 {
            assert!(!faults.is_poison(&ann, "move", at(second), &limits));
            faults.note(at(second), by("ann", "move"), &limits);
        }
        assert!(faults.is_poison(&ann, "say", at(3), &limits));
        assert!(!faults.is_poison(&bob, "move", at(3), &limits));
        assert!(!faults.is_poison(&ann, "say", at(10), &limits));
    }

    #[test]
    fn an_event_that_fails_for_several_members_is_refused_to_all() {
        let (mut faults, limits) = (Faults::default(), RoomLimits::default());
        let cat = MemberId::from("cat");
        for member in ["ann", "bob", "ann"] {
            assert!(!faults.is_poison(&cat, "move", at(0), &limits));
            faults.note(at(0), by(member, "move"), &limits);
        }
        assert!(faults.is_poison(&cat, "move", at(1), &limits));
        assert!(!faults.is_poison(&cat, "say", at(1), &limits));
    }
}
