//! Rooms that clients have asked for, and that nobody has joined yet.

use std::collections::VecDeque;
use std::time::Instant;

use bytestring::ByteString;

use super::{Directory, RoomId};

/// Rooms that clients have asked for, and that nobody has joined yet: each is kept for a while.
#[derive(Debug, Default)]
pub struct Unjoined(VecDeque<Offer>);

#[derive(Debug)]
struct Offer {
    room: RoomId,
    by: ByteString,
    until: Instant,
}

impl Unjoined {
    /// Adds a room, kept for `by` until this time. Times never go back.
    pub fn add(&mut self, room: RoomId, by: ByteString, until: Instant) {
        self.0.push_back(Offer { room, by, until });
    }

    /// How many rooms are kept for somebody.
    pub fn count(&mut self, by: &str, directory: &Directory) -> usize {
        self.0.retain(|offer| directory.is_unjoined(offer.room.as_str()));
        self.0.iter().filter(|offer| *offer.by == *by).count()
    }

    /// When [`due`](Self::due) has something to tell.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.0.front().map(|offer| offer.until)
    }

    /// Takes the rooms out whose time has come and that nobody has joined. One that somebody is on the
    /// way to gets as much time again.
    pub fn due(&mut self, now: Instant, again: Instant, directory: &Directory) -> Vec<RoomId> {
        let mut due = Vec::new();
        let past = self.0.iter().take_while(|offer| offer.until <= now).count();
        for offer in self.0.drain(..past).collect::<Vec<_>>() {
            if directory.is_unused(offer.room.as_str()) {
                due.push(offer.room);
            } else if directory.is_unjoined(offer.room.as_str()) {
                self.0.push_back(Offer { until: again, ..offer });
            }
        }
        due
    }
}
