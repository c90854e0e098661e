//! The acknowledgements that a client still owes the server.
//!
//! **Owns** what waits for each. **Takes** emits that ask for one, answers, and the time. **Emits**
//! what waited, once: on the answer, at its deadline, or at the disconnect. **Keeps** at most
//! `limit` of them; an answer that is late, doubled or made up finds nothing.
//!
//! *Spec*: Socket.IO protocol › Sending and receiving data › Acknowledgement.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use greenroom_proto::socket::acks::Acks;
//!
//! let now = Instant::now();
//! let mut acks = Acks::new(1_000);
//! let id = acks.insert("how to go on", Some(now + Duration::from_secs(5)))?;
//!
//! assert_eq!(id, 0, "the packet is `20[...]`");
//! assert_eq!(acks.take(id), Some("how to go on"));
//! assert_eq!(acks.take(id), None, "a second answer is ignored");
//! # Ok::<(), greenroom_proto::socket::acks::Full<&str>>(())
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Instant,
};

/// Default of the limit: pending acknowledgements per socket. A client that answers none of them
/// costs the server a bounded amount, a client on a slow network has enough for a second of a busy
/// game.
pub const DEFAULT_LIMIT: usize = 1_000;

/// Ids of packets for many clients. A socket's own count from 0 and never come here; JavaScript reads
/// all of them without loss.
pub const SHARED_IDS: std::ops::Range<u64> = 1 << 48..1 << 53;

/// What waits for the acknowledgements of one socket. `R` is how the server goes on.
///
/// Without pending acknowledgements it holds no heap memory.
pub struct Acks<R> {
    next_id: u64,
    limit: usize,
    /// Gone while nothing is pending, as for most sockets at most times.
    table: Option<Box<Table<R>>>,
}

struct Table<R> {
    pending: BTreeMap<u64, Pending<R>>,
    /// Only those that have a deadline.
    deadlines: BTreeSet<(Instant, u64)>,
}

/// So many acknowledgements are pending that no other may be asked for. Gives back what would have
/// waited.
#[derive(Clone, Copy, Eq, PartialEq, thiserror::Error)]
#[error("too many acknowledgements are pending")]
pub struct Full<R>(pub R);

impl<R> Acks<R> {
    /// Makes an empty table for at most `limit` pending acknowledgements.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { next_id: 0, limit, table: None }
    }

    /// Gives the id for the packet, and keeps `reply` until the answer or the deadline. Ids count
    /// from 0 and are never used again.
    ///
    /// # Errors
    /// [`Full`] if the limit is reached.
    pub fn insert(&mut self, reply: R, deadline: Option<Instant>) -> Result<u64, Full<R>> {
        let id = self.next_id;
        self.insert_shared(id, reply, deadline)?;
        self.next_id += 1;
        Ok(id)
    }

    /// As [`insert`](Self::insert), with an id from elsewhere: a packet that is encoded once for many
    /// clients has one id for all of them. It must lie in [`SHARED_IDS`], and be new.
    ///
    /// # Errors
    /// [`Full`] if the limit is reached.
    pub fn insert_shared(&mut self, id: u64, reply: R, deadline: Option<Instant>) -> Result<(), Full<R>> {
        if self.len() >= self.limit {
            return Err(Full(reply));
        }
        let Table { pending, deadlines } = &mut **self.table.get_or_insert_default();
        pending.insert(id, Pending { reply, deadline });
        deadlines.extend(deadline.map(|deadline| (deadline, id)));
        Ok(())
    }

    /// The client has answered: gives what waited. `None` for an id that is unknown, answered or
    /// expired; reference behaviour is to ignore such a packet.
    pub fn take(&mut self, id: u64) -> Option<R> {
        let Table { pending, deadlines } = &mut **self.table.as_mut()?;
        let Pending { reply, deadline } = pending.remove(&id)?;
        if let Some(deadline) = deadline {
            deadlines.remove(&(deadline, id));
        }
        if pending.is_empty() {
            self.table = None;
        }
        Some(reply)
    }

    /// Gives what waited up to now, in the order of the deadlines.
    #[must_use]
    pub fn expire(&mut self, now: Instant) -> Vec<R> {
        let mut expired = Vec::new();
        while let Some((_, id)) = self.first_deadline().filter(|(deadline, _)| *deadline <= now) {
            expired.extend(self.take(id));
        }
        expired
    }

    /// The socket is gone: gives everything that waited, in the order of the ids.
    #[must_use]
    pub fn drain(&mut self) -> Vec<R> {
        let pending = self.table.take().map(|table| table.pending).unwrap_or_default();
        pending.into_values().map(|pending| pending.reply).collect()
    }

    /// When [`expire`](Self::expire) will give something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.first_deadline().map(|(deadline, _)| deadline)
    }

    /// How many are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.pending.len())
    }

    /// Whether none is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.table.is_none()
    }

    fn first_deadline(&self) -> Option<(Instant, u64)> {
        self.table.as_ref()?.deadlines.first().copied()
    }
}

/// Not derived: that would ask for a default of `R`.
impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { pending: BTreeMap::new(), deadlines: BTreeSet::new() }
    }
}

impl<R> fmt::Debug for Acks<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acks")
            .field("next_id", &self.next_id)
            .field("pending", &self.len())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Full<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full")
    }
}

struct Pending<R> {
    reply: R,
    deadline: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a starting point, the tests move on from it by hand")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn ids_count_from_zero_and_are_not_used_again() {
        let mut acks = Acks::new(2);
        assert_eq!((acks.insert('a', None), acks.insert('b', None)), (Ok(0), Ok(1)));
        assert_eq!((acks.take(0), acks.insert('c', None)), (Some('a'), Ok(2)));
    }

    #[test]
    fn an_answer_that_is_unknown_or_doubled_finds_nothing() {
        let mut acks = Acks::new(2);
        assert_eq!(acks.insert('a', None), Ok(0));
        assert_eq!([acks.take(7), acks.take(0), acks.take(0)], [None, Some('a'), None]);
    }

    #[test]
    fn over_the_limit_the_reply_comes_back_until_an_answer_makes_room() {
        let mut acks = Acks::new(1);
        assert_eq!(acks.insert('a', None), Ok(0));
        assert_eq!(acks.insert('b', None), Err(Full('b')));
        assert_eq!(acks.take(0), Some('a'));
        assert_eq!(acks.insert('b', None), Ok(1), "a refused emit takes no id");
    }

    #[test]
    fn replies_expire_in_the_order_of_their_deadlines() {
        let (now, second) = (start(), Duration::from_secs(1));
        let mut acks = Acks::new(9);
        for (reply, seconds) in [('c', Some(3)), ('a', Some(1)), ('n', None), ('b', Some(2)), ('d', Some(4))]
        {
            assert!(acks.insert(reply, seconds.map(|seconds| now + second * seconds)).is_ok());
        }
        assert_eq!(acks.expire(now), []);
        assert_eq!(acks.next_deadline(), Some(now + second));
        assert_eq!(acks.expire(now + second * 3), ['a', 'b', 'c']);
        assert_eq!(acks.next_deadline(), Some(now + second * 4));
        assert_eq!(acks.take(1), None, "too late");
        assert_eq!(acks.len(), 2);
    }

    #[test]
    fn an_answer_takes_its_deadline_along() {
        let mut acks = Acks::new(9);
        assert_eq!(acks.insert('a', Some(start())), Ok(0));
        assert_eq!(acks.take(0), Some('a'));
        assert_eq!((acks.next_deadline(), acks.is_empty()), (None, true));
    }

    #[test]
    fn a_disconnect_gives_everything_back_and_forgets_the_deadlines() {
        let mut acks = Acks::new(9);
        assert!(acks.insert('a', Some(start())).is_ok() && acks.insert('b', None).is_ok());
        assert_eq!(acks.drain(), ['a', 'b']);
        assert_eq!((acks.next_deadline(), acks.is_empty()), (None, true));
        assert_eq!(acks.insert('c', None), Ok(2));
    }
}
