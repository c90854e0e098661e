//! Both directions of the membership, without a set per room or per member.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::Hash,
};

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use super::RoomName;

/// The members of one namespace and their rooms.
///
/// Members and the members of each room are dense lists whose entries point at each other, so that
/// a leave fills the hole with the last entry. A room exists exactly as long as it has members.
/// Nothing iterates a hash map: the order of every answer follows from the order of the calls.
///
/// Costs: [`join`](Self::join) and [`leave`](Self::leave) compare along the shorter of the member's
/// rooms and the room's members, [`remove`](Self::remove) walks the member's rooms and those of one
/// other member. A member with its own name and one room takes 230 to 290 bytes, names included, in
/// rooms of a hundred. The number of rooms per member has no limit here: the caller asks
/// [`room_count`](Self::room_count) before it joins.
pub struct RoomIndex<M> {
    members: Vec<Member<M>>,
    /// The server names members and a client names rooms: a fast hash does for the former, while the
    /// latter need one that cannot be foreseen.
    places: HashMap<M, u32, FixedState>,
    own: HashMap<RoomName, M>,
    rooms: Vec<RoomEntry>,
    free: Vec<RoomId>,
    ids: HashMap<RoomName, RoomId>,
}

/// What [`RoomIndex::join`] did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Join {
    /// The member is in the room now.
    Joined {
        /// The room did not exist before.
        new_room: bool,
    },
    /// The member was in the room already, as it always is in the one of its own name.
    AlreadyThere,
    /// The member was never inserted or is removed: a join that arrives after a disconnect.
    NoSuchMember,
}

/// What [`RoomIndex::leave`] did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leave {
    /// The member is no longer in the room.
    Left {
        /// That was the last member, the room is gone from the index.
        room_empty: bool,
    },
    /// The member was not in the room.
    NotThere,
}

impl<M: Copy + Eq + Hash + Ord> RoomIndex<M> {
    /// Makes an index without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member without rooms; `false` if it is there already.
    pub fn insert(&mut self, member: M) -> bool {
        let Entry::Vacant(vacant) = self.places.entry(member) else { return false };
        vacant.insert(narrow(self.members.len()));
        self.members.push(Member { id: member, own: None, seats: SmallVec::new() });
        true
    }

    /// Names the implicit room that this member is in from the start.
    ///
    /// Answers `false`, and nothing changes, if the member is unknown, if the name is another
    /// member's, or if the member has joined a room of that name. Others may join such a room: the
    /// member is reached by its name, the others through the room, always by the same way.
    pub fn set_own(&mut self, member: M, name: RoomName) -> bool {
        let Some(place) = self.place(member) else { return false };
        if self.owner(&name).is_some() || self.is_in(member, &name) {
            return self.owner(&name) == Some(member);
        }
        self.own.insert(name.clone(), member);
        if let Some(before) = self.member_at_mut(place).own.replace(name) {
            self.own.remove(&before);
        }
        true
    }

    /// Puts a member into a room, which comes into being with its first member.
    pub fn join(&mut self, member: M, room: &RoomName) -> Join {
        let Some(place) = self.place(member) else { return Join::NoSuchMember };
        let known = self.ids.get(room).copied();
        if self.owner(room) == Some(member) || known.is_some_and(|id| self.seat(place, id).is_some()) {
            return Join::AlreadyThere;
        }
        let id = known.unwrap_or_else(|| self.open_room(room));
        self.sit_down(place, id);
        Join::Joined { new_room: known.is_none() }
    }

    /// Takes a member out of a room, which ends with its last member.
    pub fn leave(&mut self, member: M, room: &RoomName) -> Leave {
        let seat = self.place(member).zip(self.ids.get(room).copied());
        let Some((place, number)) = seat.and_then(|(place, id)| Some((place, self.seat(place, id)?))) else {
            return Leave::NotThere;
        };
        let (_, room_empty) = self.stand_up(place, number);
        Leave::Left { room_empty }
    }

    /// Takes a member out of everything and tells its rooms, each with whether it ended by that.
    pub fn remove(&mut self, member: M) -> Vec<(RoomName, bool)> {
        let Some(place) = self.place(member) else { return Vec::new() };
        let count = self.member_at(place).seats.len();
        let left = (0..count).rev().map(|number| self.stand_up(place, narrow(number))).collect();
        if let Some(own) = self.member_at_mut(place).own.take() {
            self.own.remove(&own);
        }
        self.places.remove(&member);
        self.members.swap_remove(place as usize);
        self.rename_last_member_to(place);
        left
    }

    /// Whether the member is in the index.
    #[must_use]
    pub fn contains(&self, member: M) -> bool {
        self.places.contains_key(&member)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member, and so no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// All members of the namespace.
    #[must_use]
    pub fn everyone(&self) -> impl ExactSizeIterator<Item = M> + '_ {
        self.members.iter().map(|member| member.id)
    }

    /// The members of a room; none if it does not exist.
    #[must_use]
    pub fn members(&self, room: &str) -> impl ExactSizeIterator<Item = M> + '_ {
        let chairs = self.ids.get(room).map_or(&[][..], |id| self.chairs(*id));
        chairs.iter().map(|chair| self.member_at(chair.member).id)
    }

    /// The rooms of a member, its own implicit one not among them.
    pub fn rooms_of(&self, member: M) -> impl ExactSizeIterator<Item = &RoomName> + '_ {
        let seats = self.place(member).map_or(&[][..], |place| &self.member_at(place).seats);
        seats.iter().map(|seat| &self.room(seat.room).name)
    }

    /// How many rooms a member is in, its own implicit one not counted.
    #[must_use]
    pub fn room_count(&self, member: M) -> usize {
        self.rooms_of(member).len()
    }

    /// How many rooms exist.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.ids.len()
    }

    /// Whether the member is in the room.
    #[must_use]
    pub fn is_in(&self, member: M, room: &str) -> bool {
        let seat = self.place(member).zip(self.ids.get(room));
        seat.is_some_and(|(place, id)| self.seat(place, *id).is_some())
    }

    /// The member whose own implicit room has this name.
    #[must_use]
    pub fn owner(&self, name: &str) -> Option<M> {
        self.own.get(name).copied()
    }

    pub(super) fn place(&self, member: M) -> Option<Place> {
        self.places.get(&member).copied()
    }

    /// The number of the member's seat in a room.
    pub(super) fn seat(&self, place: Place, room: RoomId) -> Option<u32> {
        let (seats, chairs) = (&self.member_at(place).seats, self.chairs(room));
        if chairs.len() < seats.len() {
            return chairs.iter().find(|chair| chair.member == place).map(|chair| chair.seat);
        }
        seats.iter().position(|seat| seat.room == room).map(narrow)
    }

    fn open_room(&mut self, name: &RoomName) -> RoomId {
        let entry = RoomEntry { name: name.clone(), chairs: Vec::new() };
        let id = self.free.pop().unwrap_or_else(|| narrow(self.rooms.len()));
        match self.rooms.get_mut(id as usize) {
            Some(vacant) => *vacant = entry,
            None => self.rooms.push(entry),
        }
        self.ids.insert(name.clone(), id);
        id
    }

    fn close_room(&mut self, id: RoomId) {
        let vacant = RoomEntry { name: RoomName::from_static(""), chairs: Vec::new() };
        let closed = std::mem::replace(self.room_mut(id), vacant);
        self.ids.remove(&closed.name);
        self.free.push(id);
    }

    fn sit_down(&mut self, member: Place, room: RoomId) {
        let chair = narrow(self.chairs(room).len());
        let seats = &mut self.member_at_mut(member).seats;
        let seat = narrow(seats.len());
        seats.push(Seat { room, chair });
        self.room_mut(room).chairs.push(Chair { member, seat });
    }

    /// Ends one membership; the last seat and the last chair move into the holes.
    fn stand_up(&mut self, member: Place, number: u32) -> (RoomName, bool) {
        let seats = &mut self.member_at_mut(member).seats;
        let Seat { room, chair } = seats.swap_remove(number as usize);
        if let Some(moved) = seats.get(number as usize).copied() {
            self.chair_mut(moved).seat = number;
        }
        let entry = self.room_mut(room);
        entry.chairs.swap_remove(chair as usize);
        let (name, room_empty) = (entry.name.clone(), entry.chairs.is_empty());
        if let Some(moved) = entry.chairs.get(chair as usize).copied() {
            self.seat_mut(moved).chair = chair;
        }
        if room_empty {
            self.close_room(room);
        }
        (name, room_empty)
    }

    /// After `swap_remove`: the member that was last has moved to `place`.
    fn rename_last_member_to(&mut self, place: Place) {
        let Some(moved) = self.members.get(place as usize) else { return };
        self.places.insert(moved.id, place);
        for seat in moved.seats.clone() {
            self.chair_mut(seat).member = place;
        }
    }
}

impl<M> RoomIndex<M> {
    pub(super) fn room_id(&self, name: &str) -> Option<RoomId> {
        self.ids.get(name).copied()
    }

    pub(super) fn room_name(&self, room: RoomId) -> &RoomName {
        &self.room(room).name
    }

    pub(super) fn chairs(&self, room: RoomId) -> &[Chair] {
        &self.room(room).chairs
    }

    #[expect(clippy::expect_used, reason = "a place comes from `places` or a chair, which follow every move")]
    pub(super) fn member_at(&self, place: Place) -> &Member<M> {
        self.members.get(place as usize).expect("invariant: a place has a member")
    }

    #[expect(clippy::expect_used, reason = "a place comes from `places` or a chair, which follow every move")]
    fn member_at_mut(&mut self, place: Place) -> &mut Member<M> {
        self.members.get_mut(place as usize).expect("invariant: a place has a member")
    }

    #[expect(clippy::expect_used, reason = "room ids come from `ids` or a seat, which end with the room")]
    fn room(&self, id: RoomId) -> &RoomEntry {
        self.rooms.get(id as usize).expect("invariant: a room id has an entry")
    }

    #[expect(clippy::expect_used, reason = "room ids come from `ids` or a seat, which end with the room")]
    fn room_mut(&mut self, id: RoomId) -> &mut RoomEntry {
        self.rooms.get_mut(id as usize).expect("invariant: a room id has an entry")
    }

    #[expect(clippy::expect_used, reason = "seat and chair are made, moved and ended together")]
    fn chair_mut(&mut self, seat: Seat) -> &mut Chair {
        self.room_mut(seat.room).chairs.get_mut(seat.chair as usize).expect("invariant: a seat has a chair")
    }

    #[expect(clippy::expect_used, reason = "seat and chair are made, moved and ended together")]
    fn seat_mut(&mut self, chair: Chair) -> &mut Seat {
        self.member_at_mut(chair.member)
            .seats
            .get_mut(chair.seat as usize)
            .expect("invariant: a chair has a seat")
    }
}

impl<M> Default for RoomIndex<M> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            places: HashMap::default(),
            own: HashMap::new(),
            rooms: Vec::new(),
            free: Vec::new(),
            ids: HashMap::new(),
        }
    }
}

impl<M> fmt::Debug for RoomIndex<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomIndex")
            .field("members", &self.members.len())
            .field("rooms", &self.ids.len())
            .finish_non_exhaustive()
    }
}

/// Where a member stands in `members`; changes when another member is removed.
pub(super) type Place = u32;

/// Where a room stands in `rooms`; stays as long as the room exists.
pub(super) type RoomId = u32;

pub(super) struct Member<M> {
    pub(super) id: M,
    own: Option<RoomName>,
    // Two seats fit without an allocation.
    pub(super) seats: SmallVec<[Seat; 2]>,
}

/// One membership as the member sees it.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    chair: u32,
}

/// The same membership as the room sees it.
#[derive(Clone, Copy)]
pub(super) struct Chair {
    pub(super) member: Place,
    seat: u32,
}

struct RoomEntry {
    name: RoomName,
    chairs: Vec<Chair>,
}

#[expect(clippy::expect_used, reason = "2^32 members or rooms need hundreds of gigabytes")]
fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: fewer than 2^32 members and rooms")
}
