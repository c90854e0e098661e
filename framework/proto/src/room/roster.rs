//! Who is in a room, by which connections, and who leads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Join, Member, MemberId, Moment, Role, Seat, SocketKey};

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

/// What a connection that is gone leaves behind.
#[derive(Debug, PartialEq)]
pub(super) struct Detached {
    pub(super) member: Arc<Member>,
    /// Whether it was its member's last one.
    pub(super) last: bool,
}

impl Roster {
    /// Gives a new member a seat and its first connection.
    pub(super) fn add(&mut self, join: &Join, now: Moment) -> Arc<Member> {
        let seat = Seat(self.next_seat);
        self.next_seat = self.next_seat.wrapping_add(1);
        let member = Arc::new(Member {
            id: join.member.clone(),
            seat,
            role: join.role,
            claims: Arc::clone(&join.claims),
            since: now,
            online: true,
        });
        let sockets = BTreeSet::from([join.socket]);
        self.places.insert(seat, Place { member: Arc::clone(&member), sockets, kept_until: None });
        self.seats.insert(join.member.clone(), seat);
        self.sockets.insert(join.socket, seat);
        member
    }

    /// Takes back [`add`](Self::add), the seat's number included: nobody has seen it.
    pub(super) fn undo_add(&mut self, member: &Member) {
        self.remove(&member.id);
        self.next_seat = member.seat.0;
    }

    /// Takes a member and its connections out.
    pub(super) fn remove(&mut self, id: &str) -> Option<Place> {
        let place = self.places.remove(&self.seats.remove(id)?)?;
        for socket in &place.sockets {
            self.sockets.remove(socket);
        }
        Some(place)
    }

    /// Another connection of a member. Returns the member as it is now, and whether it had none.
    pub(super) fn attach(&mut self, id: &str, socket: SocketKey) -> Option<(Arc<Member>, bool)> {
        let seat = *self.seats.get(id)?;
        let place = self.places.get_mut(&seat)?;
        let was_away = place.sockets.is_empty();
        place.sockets.insert(socket);
        place.kept_until = None;
        if was_away {
            Arc::make_mut(&mut place.member).online = true;
        }
        self.sockets.insert(socket, seat);
        Some((Arc::clone(&place.member), was_away))
    }

    /// A connection is gone; its member is away if it was the last one.
    pub(super) fn detach(&mut self, socket: SocketKey) -> Option<Detached> {
        let place = self.places.get_mut(&self.sockets.remove(&socket)?)?;
        place.sockets.remove(&socket);
        let last = place.sockets.is_empty();
        if last {
            Arc::make_mut(&mut place.member).online = false;
        }
        Some(Detached { member: Arc::clone(&place.member), last })
    }

    /// Until when the seat of a member who is away is kept.
    pub(super) fn keep(&mut self, id: &str, until: Option<Moment>) {
        if let Some(place) = self.seats.get(id).and_then(|seat| self.places.get_mut(seat)) {
            place.kept_until = until;
        }
    }

    /// Finds what serde leaves out.
    pub(super) fn reindex(&mut self) {
        self.seats = self.places.iter().map(|(seat, place)| (place.member.id.clone(), *seat)).collect();
        self.sockets = self
            .places
            .iter()
            .flat_map(|(seat, place)| place.sockets.iter().map(|socket| (*socket, *seat)))
            .collect();
    }

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

    pub(super) fn by_socket(&self, socket: SocketKey) -> Option<&Arc<Member>> {
        self.places.get(self.sockets.get(&socket)?).map(|place| &place.member)
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = SocketKey> {
        self.sockets.keys().copied()
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

    /// When the first seat of those that are away is given up.
    pub(super) fn next_expiry(&self) -> Option<Moment> {
        self.places().filter_map(|place| place.kept_until).min()
    }

    /// Whose seat is given up first, if that is by now.
    pub(super) fn expired(&self, now: Moment) -> Option<MemberId> {
        let place = self.places().filter(|place| place.kept_until.is_some_and(|until| until <= now));
        place.min_by_key(|place| place.kept_until).map(|place| place.member.id.clone())
    }
}
