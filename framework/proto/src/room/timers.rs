//! The pending timers of a room: keyed, and due at absolute times.

use serde::{Deserialize, Serialize};

use super::Moment;

/// Pending timers, the next one first; of two with the same time, the one that was set first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Timers<T>(Vec<(Moment, T)>);

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Timers<T> {
    /// Takes the place of an equal one.
    pub(super) fn set(&mut self, time: Moment, timer: T) {
        self.cancel(&timer);
        let place = self.0.partition_point(|(other, _)| *other <= time);
        self.0.insert(place, (time, timer));
    }

    pub(super) fn cancel(&mut self, timer: &T) {
        self.0.retain(|(_, other)| other != timer);
    }

    pub(super) fn due(&self, timer: &T) -> Option<Moment> {
        self.0.iter().find(|(_, other)| other == timer).map(|(time, _)| *time)
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.0.first().map(|(time, _)| *time)
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0).1) }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_timer_is_replaced_and_order_is_by_time_then_by_age() {
        let at = Moment::from_millis;
        let mut timers = Timers::default();
        for (time, timer) in [(30, 'a'), (10, 'b'), (10, 'c'), (40, 'b')] {
            timers.set(at(time), timer);
        }
        timers.set(at(30), 'd');
        timers.cancel(&'x');
        assert_eq!((timers.len(), timers.next(), timers.due(&'b')), (4, Some(at(10)), Some(at(40))));
        assert_eq!(std::iter::from_fn(|| timers.pop()).collect::<String>(), "cadb");
    }
}
