//! What rooms remember: the last messages of the rooms last used.

use std::collections::{HashMap, VecDeque};

use serde::{Serialize, Serializer};
use ts_rs::TS;

use super::{Person, RoomId, Text};

/// Messages that a room remembers: a screen and a half.
const MESSAGES_PER_ROOM: usize = 50;

/// Rooms that are remembered; beyond that the one that was silent longest is forgotten.
const ROOMS: usize = 1_000;

/// Something that was said in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Message {
    #[ts(as = "String")]
    pub(crate) id: MessageId,
    pub(crate) room: RoomId,
    pub(crate) from: Person,
    pub(crate) text: Text,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

/// Names a message: the start of this history and a number, so that no other history uses it, not
/// even that of the same server before a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessageId {
    since: u64,
    number: u64,
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:x}-{}", self.since, self.number))
    }
}

/// The last messages of the rooms last used.
#[derive(Debug)]
pub(crate) struct History {
    next_id: MessageId,
    rooms: HashMap<RoomId, VecDeque<Message>>,
}

impl History {
    /// An empty history that begins now, in milliseconds since 1970.
    pub(crate) fn new(now: u64) -> Self {
        Self { next_id: MessageId { since: now, number: 0 }, rooms: HashMap::new() }
    }

    /// Remembers what was said.
    pub(crate) fn add(&mut self, room: RoomId, from: Person, text: Text, at: u64) -> Message {
        let message = Message { id: self.next_id, room: room.clone(), from, text, at };
        self.next_id.number += 1;
        if !self.rooms.contains_key(&room) && self.rooms.len() >= ROOMS {
            self.forget_the_most_silent();
        }
        let messages = self.rooms.entry(room).or_default();
        if messages.len() == MESSAGES_PER_ROOM {
            messages.pop_front();
        }
        messages.push_back(message.clone());
        message
    }

    /// The last messages of a room, the oldest first.
    pub(crate) fn of(&self, room: &RoomId) -> Vec<Message> {
        self.rooms.get(room).into_iter().flatten().cloned().collect()
    }

    fn forget_the_most_silent(&mut self) {
        let last_id = |messages: &VecDeque<Message>| messages.back().map(|message| message.id);
        let silent = self.rooms.iter().min_by_key(|(_, messages)| last_id(messages));
        if let Some(room) = silent.map(|(room, _)| room.clone()) {
            self.rooms.remove(&room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(history: &mut History, room: &str, text: &str) -> MessageId {
        let from = Person::new("1".into(), "Ada").unwrap();
        let room = RoomId::try_from(room.to_owned()).unwrap();
        history.add(room, from, Text::new(text).unwrap(), 0).id
    }

    #[test]
    fn a_room_remembers_its_last_messages_in_order() {
        let mut history = History::new(7);
        let ids: Vec<MessageId> = (0..60).map(|n| say(&mut history, "a", &n.to_string())).collect();
        let kept = history.of(&RoomId::try_from("a".to_owned()).unwrap());
        assert_eq!(kept.iter().map(|message| message.id).collect::<Vec<_>>(), ids[10..]);
    }

    #[test]
    fn ids_are_texts_that_name_their_history() {
        let id = say(&mut History::new(255), "a", "x");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""ff-0""#);
    }

    #[test]
    fn the_room_that_was_silent_longest_is_forgotten() {
        let mut history = History::new(7);
        for room in 0..ROOMS {
            say(&mut history, &format!("r{room}"), "x");
        }
        say(&mut history, "r0", "again");
        say(&mut history, "new", "x");
        assert_eq!(history.rooms.len(), ROOMS);
        assert!(history.of(&RoomId::try_from("r1".to_owned()).unwrap()).is_empty());
        assert_eq!(history.of(&RoomId::try_from("r0".to_owned()).unwrap()).len(), 2);
    }
}
