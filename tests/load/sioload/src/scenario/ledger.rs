//! The book of numbered messages: what came in order, late, twice or never.
use std::collections::HashSet;

/// Where a message stands in the sequence of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one, or later ones are still on their way.
    New,
    /// A later one had come before.
    Reordered,
    /// It had come already.
    Duplicate,
}

/// Counts, per stream (one receiver and one sender), the numbers from 0 on.
#[derive(Debug)]
pub(crate) struct Ledger {
    expected: Vec<u32>,
    /// Numbers passed over: (stream, number).
    missing: HashSet<(usize, u32)>,
}

impl Ledger {
    pub(crate) fn new(streams: usize) -> Self {
        Self { expected: vec![0; streams], missing: HashSet::new() }
    }

    /// Enters that `number` came on `stream`.
    pub(crate) fn enter(&mut self, stream: usize, number: u32) -> Verdict {
        let expected = &mut self.expected[stream];
        if number >= *expected {
            self.missing.extend((*expected..number).map(|skipped| (stream, skipped)));
            *expected = number + 1;
            Verdict::New
        } else if self.missing.remove(&(stream, number)) {
            Verdict::Reordered
        } else {
            Verdict::Duplicate
        }
    }

    /// How many never came, if stream `s` was sent `sent(s)` numbers.
    pub(crate) fn lost(&self, sent: impl Fn(usize) -> u32) -> u64 {
        let tails = self.expected.iter().enumerate();
        let tail: u64 = tails.map(|(stream, expected)| u64::from(sent(stream) - expected)).sum();
        tail + self.missing.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(numbers: &[u32]) -> (Vec<Verdict>, u64) {
        let mut ledger = Ledger::new(2);
        let verdicts = numbers.iter().map(|number| ledger.enter(1, *number)).collect();
        (verdicts, ledger.lost(|stream| if stream == 1 { 5 } else { 0 }))
    }

    #[test]
    fn a_sequence_in_order_is_clean() {
        assert_eq!(verdicts(&[0, 1, 2, 3, 4]), (vec![Verdict::New; 5], 0));
    }

    #[test]
    fn an_overtaken_message_is_reordered_and_not_lost() {
        use Verdict::{New, Reordered};
        assert_eq!(verdicts(&[0, 2, 1, 3, 4]), (vec![New, New, Reordered, New, New], 0));
    }

    #[test]
    fn a_second_copy_is_a_duplicate_even_of_a_late_one() {
        use Verdict::{Duplicate, New, Reordered};
        assert_eq!(verdicts(&[0, 2, 1, 1, 2]), (vec![New, New, Reordered, Duplicate, Duplicate], 2));
    }

    #[test]
    fn gaps_and_a_missing_end_are_lost() {
        assert_eq!(verdicts(&[1, 3]).1, 3);
        assert_eq!(verdicts(&[]).1, 5);
    }
}
