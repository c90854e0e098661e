//! What time it is.
//!
//! Owns: the only calls of `Instant::now` and `SystemTime::now`. Keeps: a manual clock moves only
//! when a test moves it, and wakes everyone whose deadline has then passed, on every thread.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// The system's clock, or one that a test moves.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    System,
    Manual { start: Instant, start_unix: SystemTime, passed: watch::Sender<Duration> },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still until [`advance`](Self::advance) moves it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn manual() -> Self {
        let passed = watch::Sender::new(Duration::ZERO);
        Self(Kind::Manual { start: Instant::now(), start_unix: SystemTime::now(), passed })
    }

    /// Moves a manual clock; the system's clock does not listen.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Kind::System => {}
            Kind::Manual { passed, .. } => passed.send_modify(|total| *total += by),
        }
    }

    /// The time for deadlines.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Kind::System => Instant::now(),
            Kind::Manual { start, passed, .. } => *start + *passed.borrow(),
        }
    }

    /// The calendar's time, for tokens.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn unix_now(&self) -> SystemTime {
        match &self.0 {
            Kind::System => SystemTime::now(),
            Kind::Manual { start_unix, passed, .. } => *start_unix + *passed.borrow(),
        }
    }

    /// Waits until `deadline` has passed on this clock.
    ///
    /// # Cancel safety
    /// Dropping the future forgets nothing.
    pub async fn sleep_until(&self, deadline: Instant) {
        match &self.0 {
            Kind::System => tokio::time::sleep_until(deadline.into()).await,
            Kind::Manual { start, passed, .. } => {
                let mut passed = passed.subscribe();
                // A closed channel cannot be: this clock holds the sender.
                drop(passed.wait_for(|total| *start + *total >= deadline).await);
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::System => "Clock::System",
            Kind::Manual { .. } => "Clock::Manual",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_a_sleeper_only_when_moved_past_the_deadline() {
        let clock = Clock::manual();
        let deadline = clock.now() + Duration::from_secs(60);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }
}
