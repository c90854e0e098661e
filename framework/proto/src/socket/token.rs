//! How long a socket's token lives: a warning, then the end.
//!
//! **Owns** both times. **Takes** the time. **Emits** each of the two once. **Keeps** a warning that
//! would come with the end, or behind it, to itself.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use greenroom_proto::socket::token::{Due, TokenLife};
//!
//! let now = Instant::now();
//! let minute = Duration::from_secs(60);
//! let mut life = TokenLife::new(Some(now + 9 * minute), Some(now + 10 * minute));
//!
//! assert_eq!(life.handle_deadline(now + 8 * minute), None);
//! assert_eq!(life.handle_deadline(now + 9 * minute), Some(Due::Warning));
//! assert_eq!(life.next_deadline(), Some(now + 10 * minute));
//! assert_eq!(life.handle_deadline(now + 10 * minute), Some(Due::End));
//! ```

use std::time::Instant;

/// The times of one token. A refreshed token has new ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenLife {
    warning: Option<Instant>,
    end: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// The client should get another token.
    Warning,
    /// The token is of no use any more.
    End,
}

impl TokenLife {
    /// The life of a token that ends at `end`, with a warning before. `None`: never.
    #[must_use]
    pub fn new(warning: Option<Instant>, end: Option<Instant>) -> Self {
        let before_the_end = |warning: &Instant| end.is_some_and(|end| *warning < end);
        Self { warning: warning.filter(before_the_end), end }
    }

    /// When [`handle_deadline`](Self::handle_deadline) has something to say.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.warning.or(self.end)
    }

    /// What is due now, once.
    pub fn handle_deadline(&mut self, now: Instant) -> Option<Due> {
        if self.end.is_some_and(|end| end <= now) {
            *self = Self { warning: None, end: None };
            return Some(Due::End);
        }
        self.warning.take_if(|warning| *warning <= now).map(|_| Due::Warning)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[expect(clippy::disallowed_methods, reason = "a starting point, the tests move on from it by hand")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_end_that_was_slept_through_comes_without_its_warning() {
        let now = start();
        let mut life = TokenLife::new(Some(now + MINUTE), Some(now + 2 * MINUTE));
        assert_eq!(life.handle_deadline(now + 3 * MINUTE), Some(Due::End));
        assert_eq!((life.next_deadline(), life.handle_deadline(now + 4 * MINUTE)), (None, None));
    }

    #[test]
    fn a_warning_that_is_due_from_the_start_is_given_once() {
        let now = start();
        let mut life = TokenLife::new(Some(now), Some(now + MINUTE));
        assert_eq!(life.handle_deadline(now), Some(Due::Warning));
        assert_eq!(life.handle_deadline(now), None);
        assert_eq!(life.next_deadline(), Some(now + MINUTE));
    }

    #[test]
    fn without_an_end_or_before_it_there_is_no_warning() {
        let now = start();
        assert_eq!(TokenLife::new(Some(now), None).next_deadline(), None);
        let late = TokenLife::new(Some(now + 2 * MINUTE), Some(now + MINUTE));
        assert_eq!(late.next_deadline(), Some(now + MINUTE));
    }
}
