//! What was sent to one client, so that it can be sent again when the client comes back.
//!
//! **Owns** the events of one socket of late, in the order in which they were sent. **Takes** each event
//! with its [`Offset`], while the client is there and while it is away; the offset that it has seen last.
//! **Emits** what it missed. **Keeps** at most so many events, bytes and time: what it cannot give back
//! without a gap it does not give back at all.
//!
//! *Spec*: Socket.IO documentation › Connection state recovery. Each event carries its offset as last
//! argument, and a client names the last one that it has seen. Reference behaviour
//! (`socket.io-adapter/lib/in-memory-adapter.ts`) is a log per namespace, in the order of emitting; here
//! it is a log per socket in the order of sending, since rooms work side by side and one client may get
//! events in another order than the next one.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use bytes::Bytes;
//! use greenroom_proto::recovery::{History, HistoryLimits, Offset};
//!
//! let now = Instant::now();
//! let mut history = History::new(HistoryLimits { events: 2, bytes: 1_000, age: Duration::from_secs(120) });
//! for number in 1..=3 {
//!     history.sent(Offset(number), Bytes::from(format!("event {number}")), now);
//! }
//! assert_eq!(history.missed(Some(Offset(2)), now).unwrap(), ["event 3"]);
//! assert_eq!(history.missed(Some(Offset(1)), now).unwrap(), ["event 2", "event 3"]);
//! assert!(history.missed(None, now).is_err(), "event 1 is kept no longer");
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Names one event of a namespace.
///
/// On the wire it is a string of hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

/// How much is kept for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Events.
    pub events: usize,
    /// Bytes of all of them.
    pub bytes: usize,
    /// Time since an event was sent.
    pub age: Duration,
}

/// What the client missed is kept no longer, or it names an event that it was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the client missed is not known any more")]
pub struct Gap;

/// The events of one socket of late.
///
/// Without events it holds no heap memory.
#[derive(Debug)]
pub struct History {
    limits: HistoryLimits,
    entries: VecDeque<Entry>,
    bytes: usize,
    floor: Floor,
}

#[derive(Debug)]
struct Entry {
    offset: Offset,
    /// Nothing for an event that may be lost: the client may name it, but it is not sent again.
    frames: Option<Bytes>,
    at: Instant,
}

/// What was before the first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Floor {
    /// Nothing: the socket is new.
    Start,
    /// The last event that was let go of.
    After(Offset),
}

impl Offset {
    /// As it stands on the wire.
    #[must_use]
    pub fn to_wire(self) -> String {
        format!("{:x}", self.0)
    }

    /// Reads what a client sent; nothing if no server wrote that.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        let offset = u64::from_str_radix(text, 16).ok().map(Self)?;
        // `from_str_radix` takes more than `to_wire` writes: a sign, zeros, capitals.
        (offset.to_wire() == text).then_some(offset)
    }
}

impl History {
    /// Starts with nothing sent.
    #[must_use]
    pub const fn new(limits: HistoryLimits) -> Self {
        Self { limits, entries: VecDeque::new(), bytes: 0, floor: Floor::Start }
    }

    /// An event was sent, or would have been if the client were there.
    pub fn sent(&mut self, offset: Offset, frames: Bytes, now: Instant) {
        self.bytes = self.bytes.saturating_add(frames.len());
        self.entries.push_back(Entry { offset, frames: Some(frames), at: now });
        self.trim(now);
    }

    /// An event was sent that is not to be sent again. The client may name it as the last one it saw.
    pub fn passed(&mut self, offset: Offset, now: Instant) {
        self.entries.push_back(Entry { offset, frames: None, at: now });
        self.trim(now);
    }

    /// What came after the event that the client has seen last; it has seen none without one.
    ///
    /// # Errors
    /// [`Gap`]: something in between may be missing.
    pub fn missed(&mut self, seen: Option<Offset>, now: Instant) -> Result<Vec<Bytes>, Gap> {
        self.trim(now);
        let place = seen.and_then(|seen| self.entries.iter().rposition(|entry| entry.offset == seen));
        let first = match (place, seen, self.floor) {
            (Some(place), ..) => place.saturating_add(1),
            (None, None, Floor::Start) => 0,
            (None, Some(seen), Floor::After(floor)) if seen == floor => 0,
            (None, ..) => return Err(Gap),
        };
        Ok(self.entries.iter().skip(first).filter_map(|entry| entry.frames.clone()).collect())
    }

    /// How many events are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn trim(&mut self, now: Instant) {
        while let Some(first) = self.entries.front() {
            let is_old = now.saturating_duration_since(first.at) > self.limits.age;
            if !is_old && self.entries.len() <= self.limits.events && self.bytes <= self.limits.bytes {
                break;
            }
            if let Some(entry) = self.entries.pop_front() {
                self.bytes = self.bytes.saturating_sub(entry.frames.map_or(0, |frames| frames.len()));
                self.floor = Floor::After(entry.offset);
            }
        }
        if self.entries.is_empty() && self.entries.capacity() > 0 {
            self.entries = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HistoryLimits = HistoryLimits { events: 3, bytes: 100, age: Duration::from_secs(10) };

    #[expect(clippy::disallowed_methods, reason = "a test needs some time to begin with")]
    fn start() -> Instant {
        Instant::now()
    }

    fn history(offsets: &[u64], now: Instant) -> History {
        let mut history = History::new(LIMITS);
        for offset in offsets {
            history.sent(Offset(*offset), Bytes::from(offset.to_string()), now);
        }
        history
    }

    fn missed(history: &mut History, seen: Option<u64>, now: Instant) -> Result<Vec<Bytes>, Gap> {
        history.missed(seen.map(Offset), now)
    }

    #[test]
    fn what_came_after_the_last_one_seen_is_given_in_order() {
        let now = start();
        // Not in the order of their numbers: rooms work side by side.
        let mut history = history(&[7, 5, 9], now);
        assert_eq!(missed(&mut history, Some(7), now).unwrap(), ["5", "9"]);
        assert_eq!(missed(&mut history, Some(5), now).unwrap(), ["9"]);
        assert!(missed(&mut history, Some(9), now).unwrap().is_empty());
    }

    #[test]
    fn a_client_that_never_got_an_event_gets_all_of_them() {
        let now = start();
        assert!(missed(&mut history(&[], now), None, now).unwrap().is_empty());
        assert_eq!(missed(&mut history(&[1, 2], now), None, now).unwrap(), ["1", "2"]);
        assert_eq!(missed(&mut history(&[1, 2, 3, 4], now), None, now), Err(Gap));
    }

    #[test]
    fn an_event_that_was_never_sent_is_a_gap() {
        let now = start();
        assert_eq!(missed(&mut history(&[1, 2], now), Some(3), now), Err(Gap));
        assert_eq!(missed(&mut history(&[], now), Some(1), now), Err(Gap));
    }

    #[test]
    fn a_quiet_client_that_has_seen_all_recovers_after_any_time() {
        let now = start();
        let later = now + Duration::from_secs(3_600);
        let mut history = history(&[1, 2], now);
        assert!(missed(&mut history, Some(2), later).unwrap().is_empty());
        assert_eq!(missed(&mut history, Some(1), later), Err(Gap));
        assert!(history.is_empty());
        history.sent(Offset(3), Bytes::from_static(b"3"), later);
        assert_eq!(missed(&mut history, Some(2), later).unwrap(), ["3"]);
    }

    #[test]
    fn an_event_that_may_be_lost_is_a_place_and_not_sent_again() {
        let now = start();
        let mut history = history(&[1], now);
        history.passed(Offset(2), now);
        history.sent(Offset(3), Bytes::from_static(b"3"), now);
        assert_eq!(missed(&mut history, Some(1), now).unwrap(), ["3"]);
        assert_eq!(missed(&mut history, Some(2), now).unwrap(), ["3"]);
    }

    #[test]
    fn it_is_bounded_in_events_bytes_and_time() {
        let now = start();
        assert_eq!(history(&[1, 2, 3, 4, 5], now).len(), 3);
        let mut large = History::new(LIMITS);
        for offset in 0..3 {
            large.sent(Offset(offset), Bytes::from(vec![b'x'; 60]), now);
        }
        assert_eq!(large.len(), 1);
        large.sent(Offset(9), Bytes::from(vec![b'x'; 101]), now);
        assert_eq!(large.missed(Some(Offset(9)), now), Ok(Vec::new()));
        assert_eq!(large.missed(Some(Offset(2)), now), Err(Gap));
    }

    #[test]
    fn an_offset_is_read_as_it_was_written_and_not_otherwise() {
        for offset in [0, 1, 255, u64::MAX] {
            assert_eq!(Offset::from_wire(&Offset(offset).to_wire()), Some(Offset(offset)));
        }
        for text in ["", "+1", "01", "FF", "g", " 1", "10000000000000000", "hello"] {
            assert_eq!(Offset::from_wire(text), None, "{text}");
        }
    }
}
