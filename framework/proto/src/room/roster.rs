//! Who is in a room, by which connections, and who leads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Member, MemberId, Moment, Role, Seat, SocketKey};

/// The members of a room in the order in which they came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Roster {
    places: BTreeMap<Seat, Place>,
    #[serde(skip)]
    seats: BTreeMap<MemberId, Seat>,
    #[serde(skip)]
    sockets: BTreeMap<SocketKey, Seat>,
    next_seat: u32,
    pub(super) leader: Option<MemberId>,
}

/// What the room knows of one member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) member: Arc<Member>,
    pub(super) sockets: BTreeSet<SocketKey>,
    /// Until when the seat is kept for a member without connections; `None` is for ever.
    pub(super) kept_until: Option<Moment>,
}

impl Roster {
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.places.values().map(|place| &*place.member)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.place(id).map(|place| &*place.member)
    }

    pub(super) fn place(&self, id: &str) -> Option<&Place> {
        self.places.get(self.seats.get(id)?)
    }

    pub(super) fn leader(&self) -> Option<&Member> {
        self.member(self.leader.as_ref()?)
    }

    pub(super) fn count(&self, role: Role) -> usize {
        self.members().filter(|member| member.role == role).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn next_seat(&self) -> Seat {
        Seat(self.next_seat)
    }
}
