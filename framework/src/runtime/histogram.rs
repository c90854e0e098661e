//! How long something takes, as a count per range of time.
//!
//! Owns: one count per range, and the sum of all times. Keeps: one thread alone records, without a locked
//! instruction; any thread may read, and then may see a time in the counts that is not in the sum yet.

use std::time::Duration;

use super::metrics::LocalCounter;

/// Times of one thread.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [LocalCounter; RANGES],
    nanoseconds: LocalCounter,
}

/// A reading of one or several histograms.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Times {
    /// Sum of all times.
    pub(crate) seconds: f64,
    /// Number of all times.
    pub(crate) count: u64,
    /// Upper end of each range in seconds, the last one infinite, and how many times fell into it.
    pub(crate) ranges: Vec<(f64, u64)>,
}

impl Histogram {
    /// Records so many times that are alike.
    pub(crate) fn record(&self, time: Duration, times: u64) {
        let range = BOUNDS.iter().position(|bound| time <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.counts.get(range) {
            count.add(times);
        }
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.add(nanoseconds.saturating_mul(times));
    }
}

impl Times {
    /// The sum of several.
    pub(crate) fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut sum = Duration::ZERO;
        let ends = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let mut ranges: Vec<_> = ends.map(|end| (end, 0)).collect();
        for histogram in histograms {
            sum += Duration::from_nanos(histogram.nanoseconds.value());
            for ((_, total), count) in ranges.iter_mut().zip(&histogram.counts) {
                *total += count.value();
            }
        }
        Self { seconds: sum.as_secs_f64(), count: ranges.iter().map(|(_, count)| count).sum(), ranges }
    }
}

/// From what a handler takes that only emits to what holds up everybody of its worker.
const BOUNDS: [Duration; RANGES - 1] = [
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];
const RANGES: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_the_first_range_that_holds_them() {
        let (one, other) = (Histogram::default(), Histogram::default());
        one.record(Duration::from_micros(10), 1);
        one.record(Duration::from_micros(11), 2);
        other.record(Duration::from_secs(31), 1);
        let times = Times::of([&one, &other].into_iter());
        assert_eq!(times.count, 4);
        assert_eq!(times.seconds, 31.000_032);
        assert_eq!(times.ranges[..2], [(0.000_01, 1), (0.000_05, 2)]);
        assert_eq!(times.ranges.last(), Some(&(f64::INFINITY, 1)));
    }
}
