//! Which state every connection has, and which frame brings it the next one.
//!
//! A connection gets `state {e, o, n, full}` first, then `patch {from, o, n, d}`: `d` is a merge patch
//! (RFC 7396) from the state with the offset `from` to that with the offset `o`; `n` names, by seat, the
//! last numbered input that the state knows, in a patch only those that changed. Both are left out
//! if empty. The epoch `e` tells one life of a room from another.
//!
//! Who joins gets the state at once, also where patches wait for a step.
//!
//! A connection whose last frame has not left yet gets none: its next patch leads from what it has to
//! what is newest then, whatever lay between.

mod cutting;
mod drawn;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;

use self::drawn::Cut;
use crate::room::roster::Roster;
use crate::room::tree::{ClientHash, Tree};
use crate::room::{Audience, Member, Moment, Role, Seat, SocketKey, Targets, To};

/// The number of the last input of every member.
type Applied = Arc<BTreeMap<Seat, u64>>;

/// What every connection has.
#[derive(Debug)]
pub(super) struct Frames {
    epoch: u64,
    /// Of the newest frames.
    offset: u64,
    admissions: u64,
    connections: BTreeMap<SocketKey, Connection>,
    /// Those that have been sent nothing yet.
    fresh: Vec<SocketKey>,
    applied: Applied,
    /// What each audience was shown last.
    latest: BTreeMap<Audience, Arc<Cut>>,
    /// Whether some connection may lack something that it is ready for.
    changed: bool,
    /// Whether some connection that could not be served is ready now.
    owed: bool,
    /// A replay: nobody is there to see anything.
    blind: bool,
    no_secret: Arc<Tree>,
    /// What could not be looked at, and until when it is not looked at again.
    broken: BTreeMap<Broken, Moment>,
    /// Until when no more failures of views are reported, and how many have been.
    reported: (Moment, usize),
}

/// What of the user's code failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    View(Audience),
    /// What only concerns one member: its audience or its secret.
    Member(Seat),
}

#[derive(Debug)]
struct Connection {
    /// How many had been admitted, this one included.
    admission: u64,
    /// Whether a frame is on its way.
    in_flight: bool,
    /// Whether a frame was not cut because of that.
    behind: bool,
    has: Option<Has>,
}

/// What a connection will have when its last frame has arrived.
#[derive(Debug)]
struct Has {
    offset: u64,
    audience: Audience,
    cut: Arc<Cut>,
    secret: Arc<Tree>,
}

/// A member, and those of its connections that take a frame.
struct Ready {
    member: Arc<Member>,
    sockets: Vec<SocketKey>,
}

impl Frames {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            epoch: now.as_millis(),
            offset: 0,
            admissions: 0,
            connections: BTreeMap::new(),
            fresh: Vec::new(),
            applied: Arc::default(),
            latest: BTreeMap::new(),
            changed: false,
            owed: false,
            blind: false,
            no_secret: Arc::new(Tree::empty()),
            broken: BTreeMap::new(),
            reported: (now, 0),
        }
    }

    pub(super) fn blind(changed: bool) -> Self {
        Self { changed, blind: true, ..Self::new(Moment::default()) }
    }

    pub(super) fn admit(&mut self, socket: SocketKey) {
        self.admissions += 1;
        let connection =
            Connection { admission: self.admissions, in_flight: false, behind: false, has: None };
        self.connections.insert(socket, connection);
        self.fresh.push(socket);
        self.changed = true;
    }

    pub(super) fn forget(&mut self, socket: SocketKey) {
        self.connections.remove(&socket);
    }

    pub(super) fn forget_seat(&mut self, seat: Seat) {
        if self.applied.contains_key(&seat) {
            Arc::make_mut(&mut self.applied).remove(&seat);
        }
    }

    /// The state may be another one.
    pub(super) fn note_change(&mut self) {
        self.changed = true;
    }

    /// The state knows this input of a member.
    pub(super) fn note_applied(&mut self, seat: Seat, number: u64) {
        Arc::make_mut(&mut self.applied).insert(seat, number);
        self.changed = true;
    }

    /// The last frames of these connections have left.
    pub(super) fn note_flushed(&mut self, sockets: &[SocketKey]) {
        for socket in sockets {
            if let Some(connection) = self.connections.get_mut(socket) {
                connection.in_flight = false;
                self.owed |= std::mem::take(&mut connection.behind);
            }
        }
    }

    /// The next frame of this connection is a whole state.
    pub(super) fn resync(&mut self, socket: SocketKey) {
        if let Some(connection) = self.connections.get_mut(&socket) {
            connection.has = None;
        }
        self.changed = true;
    }

    /// Whether there may be something to tell.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// Whether somebody is to be told what others know.
    pub(super) fn owes(&self) -> bool {
        self.owed
    }

    pub(super) fn admissions(&self) -> u64 {
        self.admissions
    }

    /// `{e, o, h}` of what this connection was sent last.
    pub(super) fn hash(&self, socket: SocketKey) -> Option<ByteString> {
        let has = self.connections.get(&socket)?.has.as_ref()?;
        let hash = ClientHash::of(&[has.cut.tree(), &has.secret]);
        Some(format!("{{\"e\":{},\"o\":{},\"h\":{hash}}}", self.epoch, has.offset).into())
    }

    /// The connections that are meant: of those that had been admitted by then, if that is given.
    pub(super) fn targets(&self, to: &To, roster: &Roster, by: Option<u64>) -> Option<Targets> {
        let by = by.unwrap_or(self.admissions);
        let meant = |socket: &SocketKey| self.connections.get(socket).is_some_and(|one| one.admission <= by);
        let of = |id: &str| roster.place(id).into_iter().flat_map(|place| place.sockets.iter().copied());
        let late =
            || self.connections.iter().filter(|(_, one)| one.admission > by).map(|(socket, _)| *socket);
        match to {
            To::All => Some(everybody_but(if by < self.admissions { late().collect() } else { Vec::new() })),
            To::Except(id) => Some(everybody_but(of(id).filter(meant).chain(late()).collect())),
            To::One(id) => only(of(id).filter(meant).collect()),
            To::Each(ids) => only(ids.iter().flat_map(|id| of(id)).filter(meant).collect()),
            To::Role(role) => only(of_role(roster, *role).filter(meant).collect()),
        }
    }
}

fn of_role(roster: &Roster, role: Role) -> impl Iterator<Item = SocketKey> {
    let places = roster.places().filter(move |place| place.member.role == role);
    places.flat_map(|place| place.sockets.iter().copied())
}

fn everybody_but(sockets: Vec<SocketKey>) -> Targets {
    if sockets.is_empty() { Targets::All } else { Targets::Except(sockets) }
}

fn only(mut sockets: Vec<SocketKey>) -> Option<Targets> {
    sockets.sort_unstable();
    sockets.dedup();
    (!sockets.is_empty()).then_some(Targets::Only(sockets))
}
