//! From a selection to the rooms and members that get the packet, each receiver once.

use std::{cmp::Reverse, hash::Hash, sync::Arc};

use smallvec::SmallVec;

use super::{
    RoomName,
    index::{Place, RoomId, RoomIndex},
};

/// Whom the caller of `to(..)`, `in(..)`, `except(..)` or `emit(..)` means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selection<M> {
    /// Rooms, or the own names of single members. Empty means everyone in the namespace; rooms that
    /// do not exist mean nobody.
    pub rooms: SmallVec<[RoomName; 1]>,
    /// Rooms, or the own names of single members, that must not get the packet.
    pub except: Vec<RoomName>,
    /// One member that must not get the packet: the sender of `socket.to(..)`.
    pub skip: Option<M>,
}

impl<M> Selection<M> {
    /// Everyone in the namespace.
    #[must_use]
    pub fn everyone() -> Self {
        Self { rooms: SmallVec::new(), except: Vec::new(), skip: None }
    }

    /// The union of these rooms; everyone if there is none.
    #[must_use]
    pub fn to(rooms: impl IntoIterator<Item = impl Into<RoomName>>) -> Self {
        Self { rooms: rooms.into_iter().map(Into::into).collect(), ..Self::everyone() }
    }

    /// Takes the members of these rooms out.
    #[must_use]
    pub fn except(mut self, rooms: impl IntoIterator<Item = impl Into<RoomName>>) -> Self {
        self.except.extend(rooms.into_iter().map(Into::into));
        self
    }

    /// Takes the sender out.
    #[must_use]
    pub fn skip(mut self, member: M) -> Self {
        self.skip = Some(member);
        self
    }
}

/// The deliveries that together reach every receiver of a selection exactly once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan<M> {
    /// One per target; a target that would reach nobody is left out.
    pub deliveries: SmallVec<[Delivery<M>; 1]>,
}

impl<M> Plan<M> {
    /// Whether the selection reaches nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }
}

/// One target of a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery<M> {
    /// Who delivers.
    pub to: Target<M>,
    /// Whom the target leaves out.
    pub skip: Skip<M>,
}

/// Who delivers a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target<M> {
    /// The namespace, to all its members.
    Everyone,
    /// A room, to its members.
    Room(RoomName),
    /// No room: this member alone, selected by its own name.
    Member(M),
}

/// Members of a target that do not get the packet; all of them are members of that target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Skip<M> {
    /// All members get it.
    Nobody,
    /// All but this one.
    One(M),
    /// All but these, in ascending order.
    Many(Arc<[M]>),
}

impl<M: Copy + Ord> Skip<M> {
    /// Whether this member is left out.
    #[must_use]
    pub fn contains(&self, member: M) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(skipped) => *skipped == member,
            Self::Many(skipped) => skipped.binary_search(&member).is_ok(),
        }
    }

    /// How many members are left out.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::One(_) => 1,
            Self::Many(skipped) => skipped.len(),
        }
    }

    /// Whether nobody is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Nobody)
    }

    fn from_members(mut members: Vec<M>) -> Self {
        members.sort_unstable();
        members.dedup();
        match members.as_slice() {
            [] => Self::Nobody,
            [one] => Self::One(*one),
            many => Self::Many(many.into()),
        }
    }
}

impl<M: Copy + Eq + Hash + Ord> RoomIndex<M> {
    /// Resolves a selection.
    ///
    /// One room or everyone, with at most the sender left out, takes a few lookups and no
    /// allocation. Otherwise each room but the largest costs a walk over its members, or over the
    /// members it may have to skip where those are fewer.
    #[must_use]
    pub fn select(&self, selection: &Selection<M>) -> Plan<M> {
        let mut blocked = self.blocked(selection);
        if selection.rooms.is_empty() {
            let skip = self.skip_of_everyone(&blocked);
            let reached = skip.len() < self.len();
            let everyone = reached.then_some(Delivery { to: Target::Everyone, skip });
            return Plan { deliveries: everyone.into_iter().collect() };
        }
        let mut deliveries = SmallVec::new();
        for room in self.selected_rooms(selection) {
            let skip = self.skip_of_room(room, &blocked);
            if skip.len() < self.chairs(room).len() {
                deliveries.push(Delivery { to: Target::Room(self.room_name(room).clone()), skip });
            }
            blocked.add_room(room);
        }
        // After the rooms, so that a single member costs the rooms nothing.
        for member in selection.rooms.iter().filter_map(|name| self.owner(name)) {
            if !self.is_blocked(member, &blocked) {
                blocked.add_member(member);
                deliveries.push(Delivery { to: Target::Member(member), skip: Skip::Nobody });
            }
        }
        Plan { deliveries }
    }

    /// The receivers of a plan in the order of its deliveries: what rooms and fanouts do together.
    #[must_use]
    pub fn receivers(&self, plan: &Plan<M>) -> Vec<M> {
        let mut receivers = Vec::new();
        for delivery in &plan.deliveries {
            match &delivery.to {
                Target::Everyone => receivers.extend(self.everyone().filter(|m| !delivery.skip.contains(*m))),
                Target::Room(room) => {
                    receivers.extend(self.members(room).filter(|m| !delivery.skip.contains(*m)));
                }
                Target::Member(member) => receivers.push(*member),
            }
        }
        receivers
    }

    /// The selected rooms that exist, each once, the largest first: it needs no walk.
    fn selected_rooms(&self, selection: &Selection<M>) -> SmallVec<[RoomId; 4]> {
        let mut rooms: SmallVec<[RoomId; 4]> =
            selection.rooms.iter().filter_map(|name| self.room_id(name)).collect();
        rooms.sort_unstable_by_key(|room| (Reverse(self.chairs(*room).len()), *room));
        rooms.dedup();
        rooms
    }

    fn blocked(&self, selection: &Selection<M>) -> Blocked<M> {
        let mut blocked = Blocked { rooms: SmallVec::new(), members: SmallVec::new() };
        let singles = selection.except.iter().filter_map(|name| self.owner(name));
        for member in selection.skip.into_iter().chain(singles) {
            blocked.add_member(member);
        }
        for room in selection.except.iter().filter_map(|name| self.room_id(name)) {
            blocked.add_room(room);
        }
        blocked
    }

    fn skip_of_everyone(&self, blocked: &Blocked<M>) -> Skip<M> {
        if let (true, [one]) = (blocked.rooms.is_empty(), blocked.members.as_slice()) {
            return if self.contains(*one) { Skip::One(*one) } else { Skip::Nobody };
        }
        let members = blocked.members.iter().copied().filter(|member| self.contains(*member));
        Skip::from_members(members.chain(self.members_of_all(&blocked.rooms)).collect())
    }

    fn skip_of_room(&self, room: RoomId, blocked: &Blocked<M>) -> Skip<M> {
        let singles = || blocked.members.iter().copied().filter(|member| self.sits_in(*member, room));
        if blocked.rooms.is_empty() && blocked.members.len() <= 1 {
            return singles().next().map_or(Skip::Nobody, Skip::One);
        }
        let others: usize = blocked.rooms.iter().map(|id| self.chairs(*id).len()).sum();
        if others < self.chairs(room).len() {
            let shared = self.members_of_all(&blocked.rooms).filter(|member| self.sits_in(*member, room));
            return Skip::from_members(shared.chain(singles()).collect());
        }
        let places = self.chairs(room).iter().map(|chair| chair.member);
        let shared = places.filter(|place| self.sits_in_any(*place, blocked));
        Skip::from_members(shared.map(|place| self.member_at(place).id).chain(singles()).collect())
    }

    fn members_of_all<'a>(&'a self, rooms: &'a [RoomId]) -> impl Iterator<Item = M> + 'a {
        let chairs = rooms.iter().flat_map(|room| self.chairs(*room));
        chairs.map(|chair| self.member_at(chair.member).id)
    }

    fn sits_in(&self, member: M, room: RoomId) -> bool {
        self.place(member).is_some_and(|place| self.seat(place, room).is_some())
    }

    fn sits_in_any(&self, place: Place, blocked: &Blocked<M>) -> bool {
        self.member_at(place).seats.iter().any(|seat| blocked.rooms.binary_search(&seat.room).is_ok())
    }

    fn is_blocked(&self, member: M, blocked: &Blocked<M>) -> bool {
        blocked.members.binary_search(&member).is_ok()
            || self.place(member).is_some_and(|place| self.sits_in_any(place, blocked))
    }
}

/// Whom no further delivery may reach: excepted, or served already.
struct Blocked<M> {
    /// In ascending order.
    rooms: SmallVec<[RoomId; 4]>,
    /// In ascending order.
    members: SmallVec<[M; 1]>,
}

impl<M: Copy + Ord> Blocked<M> {
    fn add_member(&mut self, member: M) {
        if let Err(position) = self.members.binary_search(&member) {
            self.members.insert(position, member);
        }
    }

    fn add_room(&mut self, room: RoomId) {
        if let Err(position) = self.rooms.binary_search(&room) {
            self.rooms.insert(position, room);
        }
    }
}
