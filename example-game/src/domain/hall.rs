//! The lobby as a whole: what is said in rooms by those who are in them, and the tables.
//!
//! Owns: who may talk where, the history, the tables. Takes what visits do, and the time, in
//! milliseconds since 1970. Gives answers, and *news* for everyone concerned. Keeps: news that are about
//! the same thing have growing revisions, so a page that gets them in another order still ends with the
//! newest. Who is there, and what they do, is told by the framework's presence and not here.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

use super::people::{People, VisitId};
use super::table::{Action, Phase, Table};
use super::{History, Message, Person, RoomId, Rule, Text};

/// Tables at a time: more than a list on a screen can be searched for.
const TABLES: usize = 200;

/// How long a seat is kept for somebody whose connection is gone: a reload, a restart of the server
/// or a tunnel, but not an evening.
const SEAT_KEPT_MS: u64 = 30_000;

/// A table as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct TableState {
    pub(crate) room: RoomId,
    pub(crate) rev: u64,
    pub(crate) table: Table,
}

/// A table in the list of all tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct TableEntry {
    pub(crate) room: RoomId,
    pub(crate) rev: u64,
    pub(crate) title: String,
    pub(crate) players: Vec<Person>,
    pub(crate) watching: usize,
    pub(crate) playing: bool,
}

/// A table that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct TableClosed {
    pub(crate) room: RoomId,
    pub(crate) rev: u64,
}

/// What a visit learns of a room that it enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Entered {
    pub(crate) room: RoomId,
    /// The oldest first.
    pub(crate) history: Vec<Message>,
    /// The table in this room, if there is one.
    pub(crate) table: Option<TableState>,
}

/// Something that others are told.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there are a few at a time, and only for a moment")]
pub(crate) enum News {
    /// To the room.
    Said(Message),
    /// To the room.
    Table(TableState),
    /// To everyone.
    Listed(TableEntry),
    /// To everyone.
    Closed(TableClosed),
}

/// A seat whose person is away.
#[derive(Debug)]
struct Kept {
    room: RoomId,
    person: Person,
    until: u64,
}

/// The lobby.
#[derive(Debug)]
pub(crate) struct Hall {
    since: u64,
    rev: u64,
    tables_made: u32,
    people: People,
    history: History,
    tables: BTreeMap<RoomId, Table>,
    listed: BTreeMap<RoomId, TableEntry>,
    kept: Vec<Kept>,
    news: Vec<News>,
}

impl Hall {
    /// A lobby that opens now.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            since: now,
            rev: 0,
            tables_made: 0,
            people: People::default(),
            history: History::new(now),
            tables: BTreeMap::new(),
            listed: BTreeMap::new(),
            kept: Vec::new(),
            news: Vec::new(),
        }
    }

    /// What has happened since this was asked last.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// All tables, in the order of their making.
    pub(crate) fn tables(&self) -> Vec<TableEntry> {
        self.listed.values().cloned().collect()
    }

    /// A visit begins.
    pub(crate) fn arrive(&mut self, visit: VisitId, person: Person) {
        self.people.arrive(visit, person);
    }

    /// A visit enters a room, and thereby its table.
    pub(crate) fn enter(&mut self, visit: &str, room: RoomId) -> Result<Entered, Rule> {
        if room.is_table() && !self.tables.contains_key(&room) {
            return Err(Rule::NoTable);
        }
        if self.people.enter(visit, &room)? {
            let member = self.people.person(visit)?.clone();
            if let Some(table) = self.tables.get_mut(&room) {
                self.kept.retain(|kept| kept.room != room || kept.person != member);
                table.join(&member);
                self.show(&room);
            }
        }
        let table = self.tables.get(&room).cloned();
        let table = table.map(|table| TableState { room: room.clone(), rev: self.rev, table });
        Ok(Entered { history: self.history.of(&room), table, room })
    }

    /// A visit leaves a room.
    pub(crate) fn leave(&mut self, visit: &str, room: &RoomId) -> Result<(), Rule> {
        let person = self.people.person_in(visit, room)?.clone();
        if self.people.leave(visit, room)
            && let Some(table) = self.tables.get_mut(room)
        {
            table.leave(&person);
            self.show(room);
        }
        Ok(())
    }

    /// A visit ends. Seats are kept for a while.
    pub(crate) fn depart(&mut self, visit: &str, now: u64) {
        let Ok(person) = self.people.person(visit).cloned() else { return };
        for room in self.people.depart(visit) {
            let Some(table) = self.tables.get_mut(&room) else { continue };
            if table.lose(&person) {
                let (room, person) = (room.clone(), person.clone());
                self.kept.push(Kept { room, person, until: now + SEAT_KEPT_MS });
            }
            self.show(&room);
        }
    }

    /// Frees the seats that were kept long enough.
    pub(crate) fn expire(&mut self, now: u64) {
        let (over, kept) = std::mem::take(&mut self.kept).into_iter().partition(|kept| kept.until <= now);
        self.kept = kept;
        let over: Vec<Kept> = over;
        for Kept { room, person, .. } in over {
            if let Some(table) = self.tables.get_mut(&room) {
                table.leave(&person);
                self.show(&room);
            }
        }
    }

    /// Somebody says something in a room.
    pub(crate) fn say(&mut self, visit: &str, room: RoomId, text: &str, now: u64) -> Result<Message, Rule> {
        let from = self.people.person_in(visit, &room)?.clone();
        let message = self.history.add(room, from, Text::new(text)?, now);
        self.news.push(News::Said(message.clone()));
        Ok(message)
    }

    /// The name of the room of the next table.
    ///
    /// A socket joins that room of the framework's first, and opens the table then, so that it misses
    /// nothing of it.
    pub(crate) fn reserve_table(&mut self) -> Result<RoomId, Rule> {
        if self.tables.len() >= TABLES {
            return Err(Rule::TooManyTables);
        }
        self.tables_made += 1;
        Ok(RoomId::of_table(self.since, self.tables_made))
    }

    /// A visit opens a table, enters it and takes a seat.
    pub(crate) fn open_table(&mut self, visit: &str, room: RoomId) -> Result<Entered, Rule> {
        let table = Table::new(self.people.person(visit)?);
        self.tables.insert(room.clone(), table);
        self.enter_to_play(visit, room)
    }

    /// The table where somebody has waited longest for another player.
    pub(crate) fn find_table(&self, visit: &str) -> Option<RoomId> {
        let who = self.people.person(visit).ok()?;
        let waits = |table: &Table| {
            let somebody = table.red.as_ref().or(table.yellow.as_ref());
            table.free_side().is_some() && somebody.is_some_and(|seat| seat.person != *who && !seat.away)
        };
        self.tables.iter().find(|(_, table)| waits(table)).map(|(room, _)| room.clone())
    }

    /// A visit enters a table and takes a seat if one is free.
    pub(crate) fn enter_to_play(&mut self, visit: &str, room: RoomId) -> Result<Entered, Rule> {
        self.enter(visit, room.clone())?;
        if let Some(side) = self.tables.get(&room).and_then(Table::free_side) {
            self.act(visit, &room, Action::Sit { side })?;
        }
        self.enter(visit, room)
    }

    /// Somebody at a table does something.
    pub(crate) fn act(&mut self, visit: &str, room: &RoomId, action: Action) -> Result<(), Rule> {
        let who = self.people.person_in(visit, room)?;
        self.tables.get_mut(room).ok_or(Rule::NoTable)?.act(who, action)?;
        self.show(room);
        Ok(())
    }

    /// Tells of a table that has changed; an empty one is taken away.
    fn show(&mut self, room: &RoomId) {
        let rev = self.next_rev();
        let Some(table) = self.tables.get(room) else { return };
        if table.is_empty() {
            self.tables.remove(room);
            self.listed.remove(room);
            self.news.push(News::Closed(TableClosed { room: room.clone(), rev }));
            return;
        }
        self.news.push(News::Table(TableState { room: room.clone(), rev, table: table.clone() }));
        let entry = entry(room, table, rev);
        let unchanged =
            self.listed.get(room).is_some_and(|before| TableEntry { rev, ..before.clone() } == entry);
        if !unchanged {
            self.listed.insert(room.clone(), entry.clone());
            self.news.push(News::Listed(entry));
        }
    }

    fn next_rev(&mut self) -> u64 {
        self.rev += 1;
        self.rev
    }
}

fn entry(room: &RoomId, table: &Table, rev: u64) -> TableEntry {
    let seats = table.red.iter().chain(&table.yellow);
    TableEntry {
        room: room.clone(),
        rev,
        title: table.title.clone(),
        players: seats.map(|seat| seat.person.clone()).collect(),
        watching: table.watching.len(),
        playing: matches!(table.phase, Phase::Playing { .. }),
    }
}

#[cfg(test)]
mod tests;
