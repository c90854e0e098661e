//! The lobby as a whole: what is said in rooms by those who are in them.
//!
//! Owns: who may talk where, and the history. Takes what visits do, and the time, in milliseconds since
//! 1970. Gives answers. Who is there, and what they do, is told by the framework's presence and not here.

use serde::Serialize;
use ts_rs::TS;

use super::people::{People, VisitId};
use super::{History, Message, Person, RoomId, Rule, Text};

/// What a visit learns of a room that it enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Entered {
    pub(crate) room: RoomId,
    /// The oldest first.
    pub(crate) history: Vec<Message>,
}

/// The lobby.
#[derive(Debug)]
pub(crate) struct Hall {
    people: People,
    history: History,
}

impl Hall {
    /// A lobby that opens now.
    pub(crate) fn new(now: u64) -> Self {
        Self { people: People::default(), history: History::new(now) }
    }

    /// A visit begins.
    pub(crate) fn arrive(&mut self, visit: VisitId, person: Person) {
        self.people.arrive(visit, person);
    }

    /// A visit enters a room.
    pub(crate) fn enter(&mut self, visit: &str, room: RoomId) -> Result<Entered, Rule> {
        self.people.enter(visit, &room)?;
        Ok(Entered { history: self.history.of(&room), room })
    }

    /// A visit leaves a room.
    pub(crate) fn leave(&mut self, visit: &str, room: &RoomId) -> Result<(), Rule> {
        self.people.leave(visit, room)
    }

    /// A visit ends.
    pub(crate) fn depart(&mut self, visit: &str) {
        self.people.depart(visit);
    }

    /// Somebody says something in a room.
    pub(crate) fn say(&mut self, visit: &str, room: RoomId, text: &str, now: u64) -> Result<Message, Rule> {
        let from = self.people.person_in(visit, &room)?.clone();
        Ok(self.history.add(room, from, Text::new(text)?, now))
    }
}

#[cfg(test)]
mod tests;
