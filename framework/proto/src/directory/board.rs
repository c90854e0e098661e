//! What lists of rooms show, and what has changed in them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::RoomId;
use crate::reject::Reject;
use crate::room::{Listing, Moment};

/// A room as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Its id: clients join it as the namespace `<path>/<id>`.
    pub id: RoomId,
    /// What the room says of itself.
    pub label: Arc<Value>,
    /// Players with a seat.
    pub players: usize,
    /// How many there may be.
    pub max_players: usize,
    /// Spectators.
    pub spectators: usize,
    /// Whether it takes no new members.
    pub locked: bool,
    /// When it was created.
    pub created: Moment,
}

/// Which rooms a list shows, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListQuery {
    /// Entries that the label must have with these values; `locked` stands for the room's own.
    #[serde(rename = "where")]
    pub filter: Map<String, Value>,
    /// What is sorted by: `created` (default), `players`, `spectators`, or an entry of the label. With
    /// a `-` before it, the greatest comes first.
    pub sort: Option<String>,
    /// How many rooms at most. Default and most: 1,000.
    pub limit: Option<usize>,
}

/// What has changed in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delta {
    /// Whether this is the whole list: a delta before it could not be delivered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,
    /// Rooms that are new or have changed, whole.
    pub set: Vec<Arc<RoomInfo>>,
    /// Rooms that are not in the list any more.
    pub gone: Vec<RoomId>,
}

/// All public rooms of one type, and who watches which list of them.
#[derive(Debug)]
pub struct Board<W> {
    rooms: BTreeMap<RoomId, Arc<RoomInfo>>,
    /// Rooms that have changed since the last [`Board::deltas`].
    changed: BTreeSet<RoomId>,
    lists: Vec<List<W>>,
}

/// A list that somebody watches.
#[derive(Debug)]
struct List<W> {
    query: ListQuery,
    shown: BTreeSet<RoomId>,
    watchers: HashSet<W>,
    /// Those of them who have missed a delta.
    behind: HashSet<W>,
}

impl<W> Default for Board<W> {
    fn default() -> Self {
        Self { rooms: BTreeMap::new(), changed: BTreeSet::new(), lists: Vec::new() }
    }
}

impl<W: Hash + Eq + Clone> Board<W> {
    /// A room has changed. A private one is in no list.
    pub fn set(&mut self, id: &RoomId, listing: &Listing) {
        if listing.private {
            return self.remove(id);
        }
        let info = RoomInfo {
            id: id.clone(),
            label: listing.label.clone(),
            players: listing.players,
            max_players: listing.max_players,
            spectators: listing.spectators,
            locked: listing.locked,
            created: listing.created,
        };
        if self.rooms.get(id).is_some_and(|known| **known == info) {
            return;
        }
        self.rooms.insert(id.clone(), Arc::new(info));
        self.changed.insert(id.clone());
    }

    /// A room is gone.
    pub fn remove(&mut self, id: &RoomId) {
        if self.rooms.remove(id).is_some() {
            self.changed.insert(id.clone());
        }
    }

    /// What a list shows now.
    #[must_use]
    pub fn list(&self, query: &ListQuery) -> Vec<Arc<RoomInfo>> {
        let mut found: Vec<_> = self.rooms.values().filter(|room| query.shows(room)).cloned().collect();
        found.sort_by(|one, other| query.compare(one, other));
        found.truncate(query.limit.unwrap_or(MOST_ROOMS).min(MOST_ROOMS));
        found
    }

    /// One room, if it is public.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Arc<RoomInfo>> {
        self.rooms.get(id)
    }

    /// Watches a list from now on; a watcher watches one at a time. What it shows now is returned, what
    /// changes in it comes out of [`deltas`](Self::deltas). A delta may repeat what is here.
    ///
    /// # Errors
    /// Code `too_many_lists`: no more different lists are watched at the same time.
    pub fn watch(&mut self, watcher: W, query: ListQuery) -> Result<Vec<Arc<RoomInfo>>, Reject> {
        self.unwatch(&watcher);
        // Deltas are of all that match: the limit is for the first look alone.
        let first = self.list(&query);
        let group = ListQuery { filter: query.filter, ..ListQuery::default() };
        let list = match self.lists.iter().position(|list| list.query == group) {
            Some(known) => self.lists.get_mut(known),
            None if self.lists.len() >= MOST_LISTS => {
                return Err(Reject::new("too_many_lists", "too many different lists are watched"));
            }
            None => {
                let shown = self.rooms.values().filter(|room| group.shows(room));
                let shown = shown.map(|room| room.id.clone()).collect();
                self.lists.push(List {
                    query: group,
                    shown,
                    watchers: HashSet::new(),
                    behind: HashSet::new(),
                });
                self.lists.last_mut()
            }
        };
        if let Some(list) = list {
            list.watchers.insert(watcher);
        }
        Ok(first)
    }

    /// Watches no more.
    pub fn unwatch(&mut self, watcher: &W) {
        for list in &mut self.lists {
            list.watchers.remove(watcher);
            list.behind.remove(watcher);
        }
        self.lists.retain(|list| !list.watchers.is_empty());
    }

    /// A delta could not be delivered to a watcher: with the next ones it gets the whole list.
    pub fn missed(&mut self, watcher: &W) {
        if let Some(list) = self.lists.iter_mut().find(|list| list.watchers.contains(watcher)) {
            list.behind.insert(watcher.clone());
        }
    }

    /// Whether something has changed that a watcher has not been told.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.changed.is_empty() || self.lists.iter().any(|list| !list.behind.is_empty())
    }

    /// How many watch.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.lists.iter().map(|list| list.watchers.len()).sum()
    }

    /// What has changed in each list since the last call, and who watches it.
    pub fn deltas(&mut self) -> Vec<(Delta, Vec<W>)> {
        let changed = std::mem::take(&mut self.changed);
        let mut deltas = Vec::new();
        for list in &mut self.lists {
            let delta = list.delta(&changed, &self.rooms);
            let behind = std::mem::take(&mut list.behind);
            if !delta.set.is_empty() || !delta.gone.is_empty() {
                deltas.push((delta, list.watchers.difference(&behind).cloned().collect()));
            }
            if !behind.is_empty() {
                deltas.push((list.whole(&self.rooms), behind.into_iter().collect()));
            }
        }
        deltas
    }
}

impl<W> List<W> {
    fn delta(&mut self, changed: &BTreeSet<RoomId>, rooms: &BTreeMap<RoomId, Arc<RoomInfo>>) -> Delta {
        let mut delta = Delta::default();
        for id in changed {
            match rooms.get(id).filter(|room| self.query.shows(room)) {
                Some(room) => {
                    self.shown.insert(id.clone());
                    delta.set.push(room.clone());
                }
                None => {
                    if self.shown.remove(id) {
                        delta.gone.push(id.clone());
                    }
                }
            }
        }
        delta
    }

    fn whole(&self, rooms: &BTreeMap<RoomId, Arc<RoomInfo>>) -> Delta {
        let set = self.shown.iter().filter_map(|id| rooms.get(id)).cloned().collect();
        Delta { full: true, set, gone: Vec::new() }
    }
}

impl ListQuery {
    fn shows(&self, room: &RoomInfo) -> bool {
        self.filter.iter().all(|(name, wanted)| match name.as_str() {
            "locked" => *wanted == Value::Bool(room.locked),
            _ => room.label.get(name).unwrap_or(&Value::Null) == wanted,
        })
    }

    fn compare(&self, one: &RoomInfo, other: &RoomInfo) -> Ordering {
        let sort = self.sort.as_deref().unwrap_or("created");
        let (name, reversed) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
        let order = match name {
            "created" => one.created.cmp(&other.created),
            "players" => one.players.cmp(&other.players),
            "spectators" => one.spectators.cmp(&other.spectators),
            _ => compare_values(one.label.get(name), other.label.get(name)),
        };
        let order = if reversed { order.reverse() } else { order };
        order.then_with(|| one.id.cmp(&other.id))
    }
}

/// Numbers by size, texts by their letters, and whatever cannot be compared as equal.
fn compare_values(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        (Some(Value::Bool(one)), Some(Value::Bool(other))) => one.cmp(other),
        (Some(one), Some(other)) => {
            one.as_f64().zip(other.as_f64()).map_or(Ordering::Equal, |(one, other)| one.total_cmp(&other))
        }
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// Rooms in one list: some 200 KB as JSON.
const MOST_ROOMS: usize = 1_000;
/// Different lists watched at the same time: each is compared with each change.
const MOST_LISTS: usize = 1_000;
