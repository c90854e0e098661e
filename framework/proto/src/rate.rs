//! How often a client may do something.
//!
//! **Owns** the time until which what was allowed counts, and how much was refused lately. **Takes** the
//! time of each attempt. **Emits** a [`Verdict`]. **Keeps** any stretch of `t` seconds to `burst + rate · t`
//! attempts.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use greenroom_proto::rate::{Bucket, Rate};
//!
//! let now = Instant::now();
//! let rate = Rate::new(10, 2).expect("a limit");
//! let mut bucket = Bucket::default();
//! assert!(bucket.take(rate, now) && bucket.take(rate, now));
//! assert!(!bucket.take(rate, now), "the burst is over");
//! assert!(bucket.take(rate, now + Duration::from_millis(100)));
//! ```

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// So many per second, and so many at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    each: Duration,
    /// What a full bucket is behind an empty one.
    slack: Duration,
}

/// A time by which a bucket goes: an [`Instant`], or the [`Duration`] since some beginning.
pub trait Time: Copy + Ord {
    /// Later by this much; `None` if that is beyond all times.
    fn later(self, by: Duration) -> Option<Self>;
    /// How long ago `earlier` was; nothing if it is to come.
    fn since(self, earlier: Self) -> Duration;
}

impl Time for Instant {
    fn later(self, by: Duration) -> Option<Self> {
        self.checked_add(by)
    }

    fn since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Time for Duration {
    fn later(self, by: Duration) -> Option<Self> {
        self.checked_add(by)
    }

    fn since(self, earlier: Self) -> Duration {
        self.saturating_sub(earlier)
    }
}

/// A token bucket, as one time: when all that was taken is paid for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Bucket<T = Instant> {
    paid: Option<T>,
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self { paid: None }
    }
}

/// A rate, and how much may be refused before the client is sent away.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Limiter<T = Instant> {
    rate: Rate,
    bucket: Bucket<T>,
    most_refused: u32,
    window: Duration,
    window_began: Option<T>,
    refused: u32,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Within the rate.
    Allowed,
    /// Too often.
    Refused,
    /// Refused so often that nothing else helps.
    Hopeless,
}

impl Rate {
    /// `per_second` attempts, `burst` of them at once (one at least). `None` for 0 per second: no limit.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Option<Self> {
        let each = Duration::from_secs(1).checked_div(per_second)?;
        Some(Self { each, slack: each.saturating_mul(burst.saturating_sub(1)) })
    }
}

impl<T: Time> Bucket<T> {
    /// Takes one, if it is there.
    pub fn take(&mut self, rate: Rate, now: T) -> bool {
        let paid = self.paid.map_or(now, |paid| paid.max(now));
        if paid.since(now) > rate.slack {
            return false;
        }
        self.paid = paid.later(rate.each);
        true
    }
}

impl<T: Time> Limiter<T> {
    /// Allows `rate`; more than `most_refused` refusals within `window` are hopeless.
    #[must_use]
    pub const fn new(rate: Rate, most_refused: u32, window: Duration) -> Self {
        let bucket = Bucket { paid: None };
        Self { rate, bucket, most_refused, window, window_began: None, refused: 0 }
    }

    /// Judges an attempt.
    pub fn handle_attempt(&mut self, now: T) -> Verdict {
        if self.bucket.take(self.rate, now) {
            return Verdict::Allowed;
        }
        let in_window = |began: T| now.since(began) < self.window;
        if !self.window_began.is_some_and(in_window) {
            self.window_began = Some(now);
            self.refused = 0;
        }
        self.refused = self.refused.saturating_add(1);
        if self.refused > self.most_refused { Verdict::Hopeless } else { Verdict::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a starting point, the tests move on from it by hand")]
    fn start() -> Instant {
        Instant::now()
    }

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate::new(per_second, burst).unwrap()
    }

    /// How many of one attempt per millisecond are allowed.
    fn allowed(rate: Rate, from: u64, to: u64, bucket: &mut Bucket, start: Instant) -> usize {
        (from..to).filter(|at| bucket.take(rate, start + Duration::from_millis(*at))).count()
    }

    #[test]
    fn no_stretch_of_time_holds_more_than_burst_and_rate() {
        let (start, mut bucket) = (start(), Bucket::default());
        assert_eq!(allowed(rate(10, 5), 0, 1_000, &mut bucket, start), 14);
        assert_eq!(allowed(rate(10, 5), 1_000, 2_000, &mut bucket, start), 10);
        // A rest fills the burst again, and no more than the burst.
        assert_eq!(allowed(rate(10, 5), 9_000, 9_001, &mut bucket, start), 1);
        assert_eq!(allowed(rate(10, 5), 9_001, 9_050, &mut bucket, start), 4);
    }

    #[test]
    fn a_burst_of_none_is_one_and_a_rate_of_none_is_no_limit() {
        let (start, mut bucket) = (start(), Bucket::default());
        assert_eq!(allowed(rate(1, 0), 0, 1_000, &mut bucket, start), 1);
        assert_eq!(Rate::new(0, 5), None);
    }

    #[test]
    fn who_is_refused_too_often_within_the_window_is_hopeless() {
        let (start, window) = (start(), Duration::from_secs(10));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut limiter = Limiter::new(Rate { each: window * 10, slack: Duration::ZERO }, 2, window);
        assert_eq!(limiter.handle_attempt(at(0)), Verdict::Allowed);
        assert_eq!([limiter.handle_attempt(at(1)), limiter.handle_attempt(at(2))], [Verdict::Refused; 2]);
        // Another window has begun by now.
        assert_eq!([limiter.handle_attempt(at(11)), limiter.handle_attempt(at(12))], [Verdict::Refused; 2]);
        assert_eq!(limiter.handle_attempt(at(13)), Verdict::Hopeless);
    }
}
