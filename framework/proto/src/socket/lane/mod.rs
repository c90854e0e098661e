//! What one emitter sends reaches any one recipient in program order.
//!
//! **Owns** the operations of one emitter that have to wait. **Takes** operations in program order,
//! each with its [`Class`]: the way it travels. **Emits** the same operations in the same order,
//! each as soon as nothing in flight could be overtaken by it. **Keeps** at most `limit` packets in
//! flight and `2 × limit` operations parked.
//!
//! A packet for rooms goes from the emitter over the namespace and its rooms to the fanouts; a
//! direct emit or an acknowledgement goes to the recipient's fanout at once, and two rooms work at
//! their own pace. So a later operation on a shorter way could arrive first. Each packet for rooms
//! therefore travels with a [`Ticket`], and the room that has put the packet into the fanouts'
//! mailboxes drops it. A ticket that dies with an actor's mailbox counts as passed on: a lane never
//! gets stuck.
//!
//! The lane relies on two rules of the actors; without either the order is lost, as
//! `tests/lane_order.rs` shows. Own replies and direct emits pass the recipient's fanout too. And
//! what the namespace has for a room that is ending waits, tickets included, until it has ended: a
//! name has one incarnation at a time.
//!
//! Operations wait here, in the emitter, so nobody else waits. When the packets it waits for are
//! passed on, the lane's [`WakeLane`] is called once.
//!
//! ```
//! use std::sync::Arc;
//!
//! use greenroom_proto::socket::lane::{Class, Lane, Step};
//!
//! let mut lane: Lane<&str, &str> = Lane::new(256, Arc::new(|| println!("poll the lane")));
//!
//! // `io.to("lobby")` inside a handler: goes off at once, and may reach the emitter itself.
//! let Step::Go(_, ticket) = lane.push("hello", Class::Room { room: "lobby", reaches_self: true }) else {
//!     unreachable!("the lane is clear")
//! };
//! // The handler's acknowledgement must not overtake it.
//! assert_eq!(lane.push("ack", Class::Own), Step::Parked);
//! assert_eq!(lane.poll_ready(), None);
//!
//! drop(ticket); // The room has passed "hello" on.
//! assert_eq!(lane.poll_ready(), Some(("ack", None)));
//! ```

mod ticket;

use std::{collections::VecDeque, fmt, sync::Arc};

use self::ticket::{Flight, Until};
pub use self::ticket::{Ticket, WakeLane};
use crate::rooms::RoomName;

/// Default of a lane's limit: packets in flight, and parked operations at which the owner stops
/// reading. Enough to keep a room on another worker busy for a whole turn, and a few hundred
/// kilobytes at most with the usual packets of a game.
pub const DEFAULT_LIMIT: usize = 256;

/// The lane of one emitter.
pub struct Lane<Op, Room = RoomName> {
    flight: Arc<Flight>,
    /// Where everything in flight goes; `None` while a union is in flight.
    heading: Option<Room>,
    parked: VecDeque<(Op, Class<Room>)>,
    limit: usize,
    enabled: bool,
}

/// How an operation travels, which says what it could overtake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Class<Room = RoomName> {
    /// A packet for exactly one room. Follows packets for the same room without waiting; otherwise
    /// waits until the lane is clear.
    Room {
        /// The room, or the own name of one socket where the packet goes there over the namespace.
        room: Room,
        /// Whether the emitter can be among the recipients: so for `io.to(room)` inside a handler,
        /// not so for `socket.to(room)`.
        reaches_self: bool,
    },
    /// A packet for several rooms or for the namespace. Waits until the lane is clear.
    Union {
        /// Whether the emitter can be among the recipients.
        reaches_self: bool,
    },
    /// An acknowledgement or a direct emit to the emitter's own client. Waits while a packet is in
    /// flight that can reach the emitter.
    Own,
    /// A direct emit to another socket. Waits until the lane is clear.
    Direct,
    /// A join or a leave. Takes the same way as the packets for rooms, so it never waits by itself.
    Membership,
}

/// What becomes of an operation that was pushed.
#[derive(Debug, Eq, PartialEq)]
#[must_use = "an operation that may go has to be performed"]
pub enum Step<Op> {
    /// Perform it now. A ticket has to travel with the packet until it is passed on.
    Go(Op, Option<Ticket>),
    /// It waits; [`Lane::poll_ready`] will give it back.
    Parked,
    /// Twice the limit is parked already: the owner did not stop reading. Nothing has changed.
    Refused(Op),
}

impl<Op, Room: Clone + Eq> Lane<Op, Room> {
    /// Makes an empty lane.
    ///
    /// `limit` (at least 1 is used) bounds the packets in flight as well as, in [`Self::is_full`],
    /// the operations parked. `wake` is called, from whatever thread, when the first parked
    /// operation may go.
    #[must_use]
    pub fn new(limit: usize, wake: Arc<dyn WakeLane>) -> Self {
        let limit = limit.max(1);
        let flight = Arc::new(Flight::new(limit, wake));
        Self { flight, heading: None, parked: VecDeque::new(), limit, enabled: true }
    }

    /// Lets everything pass at once, without tickets: for the tests which show that order is lost
    /// then.
    #[must_use]
    pub fn disabled(self) -> Self {
        Self { enabled: false, ..self }
    }

    /// Takes the next operation of the emitter's program.
    pub fn push(&mut self, op: Op, class: Class<Room>) -> Step<Op> {
        if self.lets_pass(&class) {
            let ticket = if self.enabled { self.depart(class) } else { None };
            return Step::Go(op, ticket);
        }
        if self.parked.len() >= self.limit.saturating_mul(2) {
            return Step::Refused(op);
        }
        self.parked.push_back((op, class));
        Step::Parked
    }

    /// Whether [`push`](Self::push) would let an operation of this class go at once.
    #[must_use]
    pub fn lets_pass(&self, class: &Class<Room>) -> bool {
        !self.enabled || (self.parked.is_empty() && self.may_go(class))
    }

    /// Gives the next parked operation if it may go. After a wake-up the owner polls until `None`.
    #[must_use = "an operation that may go has to be performed"]
    pub fn poll_ready(&mut self) -> Option<(Op, Option<Ticket>)> {
        let (_, class) = self.parked.front()?;
        if !self.may_go(class) {
            return None;
        }
        let (op, class) = self.parked.pop_front()?;
        if self.parked.is_empty() {
            // An idle socket keeps no memory of its busiest moment.
            self.parked = VecDeque::new();
        }
        let ticket = self.depart(class);
        Some((op, ticket))
    }

    /// How many operations wait.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Whether no operation waits. Packets may still be in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parked.is_empty()
    }

    /// Whether the owner has to stop reading from the client until operations have left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.parked.len() >= self.limit
    }

    /// How many tickets are under way, one per clone.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flight.tickets()
    }

    /// Whether an operation may go now; if not, the wake-up is armed.
    fn may_go(&self, class: &Class<Room>) -> bool {
        self.waits_until(class).is_none_or(|until| self.flight.reached_or_armed(until))
    }

    fn waits_until(&self, class: &Class<Room>) -> Option<Until> {
        match class {
            Class::Room { room, .. } if self.heading.as_ref() == Some(room) => Some(Until::Room),
            Class::Room { .. } | Class::Union { .. } | Class::Direct => Some(Until::Clear),
            Class::Own => Some(Until::NoneReachesSelf),
            Class::Membership => None,
        }
    }

    fn depart(&mut self, class: Class<Room>) -> Option<Ticket> {
        let reaches_self = match class {
            Class::Room { room, reaches_self } => {
                self.heading = Some(room);
                reaches_self
            }
            Class::Union { reaches_self } => {
                self.heading = None;
                reaches_self
            }
            Class::Own | Class::Direct | Class::Membership => return None,
        };
        Some(Ticket::new(&self.flight, reaches_self))
    }
}

impl<Op, Room> fmt::Debug for Lane<Op, Room> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("flight", &self.flight)
            .field("parked", &self.parked.len())
            .field("limit", &self.limit)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
mod tests;
