//! Who sits where, and where a newcomer goes.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use smallvec::SmallVec;

use super::{RoomId, Wish};
use crate::reject::Reject;
use crate::room::{Listing, MemberId, Options, Role, SeatChange, SocketKey};

/// The bounds of the rooms of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryLimits {
    /// Rooms at the same time. Default 10,000: a few hundred bytes each here, and their states.
    pub rooms: usize,
    /// Rooms in which one member may have a seat. Default 16: a player of several slow games.
    pub seats_per_member: usize,
}

impl Default for DirectoryLimits {
    fn default() -> Self {
        Self { rooms: 10_000, seats_per_member: 16 }
    }
}

/// The rooms of one type.
#[derive(Debug, Default)]
pub struct Directory {
    limits: DirectoryLimits,
    max_players: usize,
    created: u64,
    rooms: HashMap<RoomId, Entry>,
    /// Rooms that may have a free place for somebody who names none, by age.
    open: BTreeMap<u64, RoomId>,
    /// Where members sit, or are on their way to.
    seats: HashMap<MemberId, SmallVec<[RoomId; 1]>>,
    /// Joins that no room has answered.
    joins: HashMap<SocketKey, Join>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    options: Options,
    listing: Option<Listing>,
    max_players: usize,
    players: usize,
    /// Somebody has had a seat.
    used: bool,
    members: HashMap<MemberId, Held>,
}

/// What a member has in a room.
#[derive(Debug, Default)]
struct Held {
    seat: Option<Role>,
    online: bool,
    /// The options that it came with. A client that comes back has the same, and the room's label may say
    /// something else by then.
    came_with: Options,
    /// Joins on their way, and for how many of them a player's place must be kept.
    joining: usize,
    joining_as_player: usize,
}

#[derive(Debug)]
struct Join {
    room: RoomId,
    member: MemberId,
    role: Role,
}

/// Somebody who joins.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// The connection.
    pub socket: SocketKey,
    /// Whose it is.
    pub member: &'a MemberId,
    /// What it wishes for.
    pub wish: &'a Wish,
    /// Rooms that have refused it.
    pub refused_by: &'a [RoomId],
}

/// Where a newcomer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To a room that is there.
    Existing(RoomId),
    /// To a room that has to be made, with the wish's options.
    New(RoomId),
}

impl Directory {
    /// No rooms yet; a room has so many places until it says otherwise.
    #[must_use]
    pub fn new(limits: DirectoryLimits, max_players: usize) -> Self {
        Self { limits, max_players, ..Self::default() }
    }

    /// Changes the bounds; rooms that are there stay.
    pub fn set_limits(&mut self, limits: DirectoryLimits) {
        self.limits = limits;
    }

    /// Chooses a room: one in which the member has a seat that it was away from, one in which it sits,
    /// the oldest one that is open, or a new one, which gets `new_id`. The join counts as a seat there
    /// until it is [answered](Self::answered).
    ///
    /// # Errors
    /// Code `no_such_room`, `too_many_seats`, or `too_many_rooms`.
    pub fn place(&mut self, newcomer: Newcomer<'_>, new_id: &RoomId) -> Result<Place, Reject> {
        let Newcomer { wish, member, .. } = newcomer;
        if let Some(room) = &wish.room {
            return if self.rooms.contains_key(room) {
                Ok(self.enter(newcomer, room.clone()))
            } else {
                Err(Reject::new("no_such_room", "there is no such room"))
            };
        }
        if !wish.create {
            let own = if wish.fresh { None } else { self.own_room(newcomer) };
            if let Some(room) = own.or_else(|| self.open_room(newcomer)) {
                return Ok(self.enter(newcomer, room));
            }
            if wish.role == Role::Spectator {
                return Err(Reject::new("no_such_room", "there is no room to look at"));
            }
        }
        if self.seats.get(member).is_some_and(|seats| seats.len() >= self.limits.seats_per_member) {
            return Err(Reject::new("too_many_seats", "you have seats in too many rooms"));
        }
        self.create(new_id, wish.options.clone())?;
        self.enter(newcomer, new_id.clone());
        Ok(Place::New(new_id.clone()))
    }

    /// Makes an entry for a room that nobody joins yet.
    ///
    /// # Errors
    /// Code `too_many_rooms`.
    pub fn create(&mut self, id: &RoomId, options: Options) -> Result<(), Reject> {
        if self.rooms.len() >= self.limits.rooms {
            return Err(Reject::new("too_many_rooms", "the server has no place for another room"));
        }
        self.created = self.created.saturating_add(1);
        let entry = Entry {
            number: self.created,
            options,
            listing: None,
            max_players: self.max_players,
            players: 0,
            used: false,
            members: HashMap::new(),
        };
        self.rooms.insert(id.clone(), entry);
        self.refresh(id);
        Ok(())
    }

    /// A join is over: the room admitted it, in which case a [seat](Self::seat) was reported before,
    /// or it refused it, or the connection ended first.
    pub fn answered(&mut self, socket: SocketKey) {
        let Some(Join { room, member, role }) = self.joins.remove(&socket) else { return };
        if let Some(held) = self.rooms.get_mut(&room).and_then(|entry| entry.members.get_mut(&member)) {
            held.joining = held.joining.saturating_sub(1);
            held.joining_as_player = held.joining_as_player.saturating_sub(usize::from(role == Role::Player));
        }
        self.forget_if_idle(&room, &member);
        self.refresh(&room);
    }

    /// A room reports what happened to a seat.
    pub fn seat(&mut self, room: &RoomId, member: &MemberId, role: Role, change: SeatChange) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        let held = entry.members.entry(member.clone()).or_default();
        let is_player = usize::from(role == Role::Player);
        match change {
            SeatChange::Taken => {
                held.seat = Some(role);
                held.online = true;
                entry.used = true;
                entry.players = entry.players.saturating_add(is_player);
            }
            SeatChange::Away => held.online = false,
            SeatChange::Back => held.online = true,
            SeatChange::Left(_) => {
                held.seat = None;
                entry.players = entry.players.saturating_sub(is_player);
            }
        }
        remember(&mut self.seats, member, room);
        self.forget_if_idle(room, member);
        self.refresh(room);
    }

    /// A room reports its entry in lists.
    pub fn listing(&mut self, room: &RoomId, listing: Listing) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        entry.max_players = listing.max_players;
        entry.listing = Some(listing);
        self.refresh(room);
    }

    /// A room is over; who was on the way to it has to be placed again.
    pub fn closed(&mut self, room: &RoomId) {
        let Some(entry) = self.rooms.remove(room) else { return };
        self.open.remove(&entry.number);
        for member in entry.members.keys() {
            forget(&mut self.seats, member, room);
        }
        self.joins.retain(|_, join| join.room != *room);
    }

    /// Whether there is such a room.
    #[must_use]
    pub fn contains(&self, room: &str) -> bool {
        self.rooms.contains_key(room)
    }

    /// Whether nobody has ever had a seat in the room.
    #[must_use]
    pub fn is_unjoined(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|entry| !entry.used)
    }

    /// Whether, besides, nobody is on the way to one.
    #[must_use]
    pub fn is_unused(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|entry| !entry.used && entry.members.is_empty())
    }

    /// How many rooms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there is no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// How many members have a seat, or are on their way to one.
    #[must_use]
    pub fn members(&self) -> usize {
        self.seats.len()
    }

    /// The oldest open room that fits, for whoever only wants to know.
    #[must_use]
    pub fn find(&self, options: &Options) -> Option<&RoomId> {
        self.open.values().find(|id| self.rooms.get(*id).is_some_and(|entry| entry.fits(options)))
    }

    fn own_room(&self, newcomer: Newcomer<'_>) -> Option<RoomId> {
        let Newcomer { member, wish, refused_by, .. } = newcomer;
        let own = self.seats.get(member)?.iter().filter(|room| !refused_by.contains(room));
        let fitting = own.filter_map(|room| {
            let entry = self.rooms.get(room)?;
            let held = entry.members.get(member)?;
            if held.came_with != wish.options && !entry.fits(&wish.options) {
                return None;
            }
            // A player does not become a spectator by coming back, nor the other way round.
            (held.seat.is_none_or(|role| role == wish.role)).then_some((held.online, entry.number, room))
        });
        fitting.min().map(|(_, _, room)| room.clone())
    }

    fn open_room(&self, newcomer: Newcomer<'_>) -> Option<RoomId> {
        let Newcomer { member, wish, refused_by, .. } = newcomer;
        let fits = |id: &RoomId| {
            self.rooms.get(id).is_some_and(|entry| {
                entry.fits(&wish.options) && !entry.members.contains_key(member) && !refused_by.contains(id)
            })
        };
        match wish.role {
            Role::Player => self.open.values().find(|id| fits(id)).cloned(),
            // A room that is full of players may have a place for one who looks on.
            Role::Spectator => {
                let listed = self.rooms.iter().filter(|(_, entry)| entry.is_public());
                let fitting = listed.filter(|(id, _)| fits(id));
                fitting.min_by_key(|(_, entry)| entry.number).map(|(id, _)| id.clone())
            }
        }
    }

    fn enter(&mut self, newcomer: Newcomer<'_>, room: RoomId) -> Place {
        let Newcomer { socket, member, wish, .. } = newcomer;
        if let Some(entry) = self.rooms.get_mut(&room) {
            let held = entry.members.entry(member.clone()).or_default();
            if held.seat.is_none() {
                held.came_with = wish.options.clone();
            }
            held.joining = held.joining.saturating_add(1);
            let as_player = usize::from(wish.role == Role::Player);
            held.joining_as_player = held.joining_as_player.saturating_add(as_player);
        }
        remember(&mut self.seats, member, &room);
        self.joins.insert(socket, Join { room: room.clone(), member: member.clone(), role: wish.role });
        self.refresh(&room);
        Place::Existing(room)
    }

    /// Keeps `open` true to the entry.
    fn refresh(&mut self, room: &RoomId) {
        let Some(entry) = self.rooms.get(room) else { return };
        if entry.is_open() {
            self.open.insert(entry.number, room.clone());
        } else {
            self.open.remove(&entry.number);
        }
    }

    fn forget_if_idle(&mut self, room: &RoomId, member: &MemberId) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        if entry.members.get(member).is_some_and(|held| held.seat.is_none() && held.joining == 0) {
            entry.members.remove(member);
            forget(&mut self.seats, member, room);
        }
    }
}

impl Entry {
    /// Whether somebody may come who does not name the room.
    fn is_public(&self) -> bool {
        self.listing.as_ref().is_none_or(|listing| !listing.private && !listing.locked)
    }

    fn is_open(&self) -> bool {
        let coming = self.members.values().filter(|held| held.seat.is_none() && held.joining_as_player > 0);
        self.is_public() && self.players.saturating_add(coming.count()) < self.max_players
    }

    fn fits(&self, wanted: &Options) -> bool {
        let label = self.listing.as_ref().map(|listing| &*listing.label);
        let own = |name: &String| {
            let labelled = label.and_then(|label| label.get(name));
            labelled.or_else(|| self.options.json().get(name)).unwrap_or(&Value::Null)
        };
        wanted.json().as_object().is_none_or(|wanted| wanted.iter().all(|(name, value)| own(name) == value))
    }
}

fn remember(seats: &mut HashMap<MemberId, SmallVec<[RoomId; 1]>>, member: &MemberId, room: &RoomId) {
    let rooms = seats.entry(member.clone()).or_default();
    if !rooms.contains(room) {
        rooms.push(room.clone());
    }
}

fn forget(seats: &mut HashMap<MemberId, SmallVec<[RoomId; 1]>>, member: &MemberId, room: &RoomId) {
    if let Some(rooms) = seats.get_mut(member) {
        rooms.retain(|known| known != room);
        if rooms.is_empty() {
            seats.remove(member);
        }
    }
}
