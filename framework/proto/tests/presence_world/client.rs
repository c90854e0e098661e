//! What a browser does with the messages: the twenty lines of the guide, in Rust.

use std::collections::BTreeMap;

use serde_json::Value;

/// What one socket's page believes.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) rooms: BTreeMap<String, Room>,
    pub(crate) watched: BTreeMap<String, Value>,
    pub(crate) watched_place: Option<(u64, u64)>,
    /// By room: when it was told, who types, and until when.
    pub(crate) typing: BTreeMap<String, (u64, BTreeMap<String, u64>)>,
    /// What it will ask the server about: rooms, or those it watches.
    pub(crate) asks: Vec<Ask>,
}

/// A question whether something was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Room(String, Option<(u64, u64)>),
    Watched(Option<(u64, u64)>),
}

/// A table of one room.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Room {
    pub(crate) place: (u64, u64),
    pub(crate) mode: String,
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) counts: Option<Value>,
}

impl Client {
    pub(crate) fn receive(&mut self, event: &str, payload: &Value) {
        match event {
            "presence:state" | "presence:counts" => self.state(payload),
            "presence:diff" => self.diff(payload),
            "presence:watched" => self.watched(payload),
            "typing:state" => self.types(payload),
            "presence:self" => {}
            other => panic!("no such event: {other}"),
        }
    }

    /// The page woke up: it asks about everything.
    pub(crate) fn wake(&mut self, rooms: impl IntoIterator<Item = String>) {
        for room in rooms {
            let place = self.rooms.get(&room).map(|room| room.place);
            self.asks.push(Ask::Room(room, place));
        }
        self.asks.push(Ask::Watched(self.watched_place));
    }

    /// What it knows of a room that it leaves is of a stream that it is no longer in.
    pub(crate) fn leave(&mut self, room: &str) {
        self.rooms.remove(room);
        self.typing.remove(room);
    }

    /// Who the page says is typing.
    pub(crate) fn typists(&self, room: &str, unix_ms: u64) -> Vec<String> {
        let Some((_, users)) = self.typing.get(room) else { return Vec::new() };
        users.iter().filter(|(_, until)| **until > unix_ms).map(|(user, _)| user.clone()).collect()
    }

    /// A state is believed unless its stream has ended since.
    fn state(&mut self, payload: &Value) {
        let (room, place) = (name(payload), place(payload));
        if self.rooms.get(&room).is_some_and(|known| place.0 < known.place.0) {
            return;
        }
        let mode = payload["mode"].as_str().unwrap().to_owned();
        let users = payload.get("users").map(map).unwrap_or_default();
        let counts = payload.get("counts").cloned();
        self.rooms.insert(room, Room { place, mode, users, counts });
    }

    /// A diff is applied behind exactly what it follows; the past is ignored; a gap is asked about.
    fn diff(&mut self, payload: &Value) {
        let (name, (e, o)) = (name(payload), place(payload));
        let known = self.rooms.get_mut(&name);
        match known {
            Some(known) if e < known.place.0 || (e == known.place.0 && o <= known.place.1) => {}
            Some(known) if known.place == (e, payload["from"].as_u64().unwrap()) => {
                known.place = (e, o);
                known.mode = payload["mode"].as_str().unwrap().to_owned();
                known.users.extend(map(&payload["joins"]));
                known.users.extend(map(&payload["updates"]));
                for gone in map(&payload["leaves"]).keys() {
                    known.users.remove(gone);
                }
            }
            Some(known) => {
                let place = Some(known.place);
                self.asks.push(Ask::Room(name, place));
            }
            None => self.asks.push(Ask::Room(name, None)),
        }
    }

    fn watched(&mut self, payload: &Value) {
        let (e, o) = place(payload);
        let users = map(&payload["users"]);
        match (payload.get("from").and_then(Value::as_u64), self.watched_place) {
            (None, known) if known.is_none_or(|known| e >= known.0) => {
                (self.watched_place, self.watched) = (Some((e, o)), users);
            }
            (Some(from), Some(known)) if known == (e, from) => {
                self.watched_place = Some((e, o));
                self.watched.extend(users);
            }
            (Some(_), known) if known.is_none_or(|known| (e, o) > known) => {
                self.asks.push(Ask::Watched(known))
            }
            (None | Some(_), _) => {}
        }
    }

    fn types(&mut self, payload: &Value) {
        let (room, at) = (name(payload), payload["at"].as_u64().unwrap());
        if self.typing.get(&room).is_none_or(|(known, _)| *known <= at) {
            let users = map(&payload["users"]).into_iter();
            self.typing
                .insert(room, (at, users.map(|(user, until)| (user, until.as_u64().unwrap())).collect()));
        }
    }
}

fn name(payload: &Value) -> String {
    payload["room"].as_str().unwrap_or_default().to_owned()
}

fn place(payload: &Value) -> (u64, u64) {
    (payload["e"].as_u64().unwrap(), payload["o"].as_u64().unwrap())
}

fn map(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
