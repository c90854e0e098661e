//! The core of a room: [`RoomCore`].
//!
//! | file | rules of |
//! |---|---|
//! | `deadlines` | what is due, and in which order: timers, seats that are given up, ticks, patches |
//! | `joining`, `leaving` | seats: taken, kept, taken again, given up |
//! | `events` | what a client's event goes through, and what it is answered |
//! | `guard`, `faults` | hooks as transactions, panics and how many of them are too many |
//! | `journal`, `snapshot` | what was told the room, for a replay |
//! | `settle` | what a hook asked for becomes effects |
//! | `flush`, `frames` | patch, events, answers; which frame a connection gets |
//! | `check` | what is looked at before a server starts |

mod check;
mod deadlines;
mod events;
mod faults;
mod flush;
mod frames;
mod guard;
mod joining;
mod journal;
mod leaving;
mod settle;
mod snapshot;
mod ticking;
mod traffic;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::faults::Faults;
use self::flush::Outbound;
use self::frames::Frames;
use self::journal::Journal;
use self::ticking::Ticking;
use self::traffic::Traffic;
use super::tree::{StateHash, Tree};
use super::{
    CloseReason, Cx, Effect, Input, Listing, Member, MemberId, Moment, Role, Room, RoomLimits, Setup,
    SocketKey, WhenEmpty,
};
use crate::reject::Reject;

pub(super) use self::guard::catch;
pub(super) use self::journal::HEADER;
pub use check::{RoomError, check};

/// Runs one room.
///
/// ```text
///            create            cx.close(), empty, too many panics, Input::Close
///  Setup ─────────────▶ open ───────────────────────────────────────────────────▶ closed
/// ```
///
/// A closed core ignores every input; nothing follows [`Effect::Closed`].
pub struct RoomCore<R: Room> {
    id: ByteString,
    room: R,
    cx: Cx<R>,
    phase: Phase,
    entry: Entry,
    /// When the room closes because nobody is in it.
    empty_until: Option<Moment>,
    ticking: Ticking,
    traffic: Traffic,
    faults: Faults,
    frames: Frames,
    outbound: Outbound,
    /// Members that a hook removes, in this order.
    kicks: VecDeque<MemberId>,
    /// Whether the lead may have to move.
    roster_changed: bool,
    effects: Vec<Effect<R>>,
    journal: Journal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The room closes when the current hook's effects have left.
    Closing(CloseReason),
    Closed,
}

/// What the room says of itself, and whether the list knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    label: Arc<Value>,
    locked: bool,
    private: bool,
    max_players: usize,
    created: Moment,
    changed: bool,
}

impl<R: Room> RoomCore<R> {
    /// Makes a room. It has no members yet: the first one joins by an input of its own.
    ///
    /// # Errors
    /// The room refused its options, or panicked (code `room_error`, and [`Effect::Fault`]).
    pub fn create(setup: &Setup, now: Moment, effects: &mut Vec<Effect<R>>) -> Result<Self, Reject> {
        let mut cx = Cx::new(setup, now);
        let room = guard::make(&setup.options, &mut cx, effects)?;
        let mut core = Self {
            id: setup.id.clone(),
            room,
            phase: Phase::Open,
            entry: Entry {
                label: Arc::new(Value::Null),
                locked: false,
                private: false,
                max_players: R::MAX_PLAYERS,
                created: now,
                changed: true,
            },
            empty_until: Self::first_member_until(now, &setup.limits),
            ticking: Ticking::new(R::TICK, R::PATCH_INTERVAL, now),
            traffic: Traffic::default(),
            faults: Faults::default(),
            frames: Frames::new(now),
            outbound: Outbound::default(),
            kicks: VecDeque::new(),
            roster_changed: false,
            effects: Vec::new(),
            journal: Journal::new(setup.limits.journal_bytes, now),
            cx,
        };
        core.settle();
        core.conclude();
        core.turn_page();
        effects.append(&mut core.effects);
        Ok(core)
    }

    fn first_member_until(now: Moment, limits: &RoomLimits) -> Option<Moment> {
        match R::WHEN_EMPTY {
            WhenEmpty::Close => Some(now + limits.first_join),
            WhenEmpty::CloseAfter(pause) => Some(now + pause.max(limits.first_join)),
            WhenEmpty::Keep => None,
        }
    }

    /// Handles every deadline up to `now`, then the input. A time before the last one counts as that.
    pub fn handle(&mut self, input: Input<R>, now: Moment, effects: &mut Vec<Effect<R>>) {
        if self.phase == Phase::Closed {
            return;
        }
        self.catch_up(now);
        self.turn_page();
        self.record(&input);
        self.handle_input(input);
        self.conclude();
        effects.append(&mut self.effects);
    }

    fn handle_input(&mut self, input: Input<R>) {
        if self.phase != Phase::Open {
            return;
        }
        match input {
            Input::Join(join) => self.handle_join(&join),
            Input::Event(event) => self.handle_event(&event),
            Input::SocketGone(socket) => self.handle_gone(socket),
            Input::Leave(socket) => self.handle_leave(socket),
            Input::Kick(member, reason) => self.expel(&member, reason),
            Input::Internal(message) => self.tell(message),
            Input::TaskDone(_, message) => {
                self.cx.tasks = self.cx.tasks.saturating_sub(1);
                if let Some(message) = message {
                    self.tell(message);
                }
            }
            Input::Flushed(sockets) => self.frames.note_flushed(&sockets),
            Input::Close => self.end(CloseReason::Server),
            Input::Wake => {}
        }
    }

    fn tell(&mut self, message: R::Internal) {
        self.run("on_internal", None, |room, cx| {
            room.on_internal(message, cx);
            Ok(())
        });
    }

    /// The room closes as soon as what was asked for has left.
    fn end(&mut self, reason: CloseReason) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing(reason);
        }
    }

    /// When [`Input::Wake`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        match self.phase {
            Phase::Open => self.next_due().map(|(due, _)| due),
            Phase::Closing(_) | Phase::Closed => None,
        }
    }

    /// Whether the room is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// The name that it was made with.
    #[must_use]
    pub fn id(&self) -> &ByteString {
        &self.id
    }

    /// The room's state.
    #[must_use]
    pub fn room(&self) -> &R {
        &self.room
    }

    /// What time it is for the room.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.cx.now
    }

    /// Everybody in the room, in the order in which they came.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.cx.members()
    }

    /// Who leads, see [`Room::LEADER`].
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.cx.leader()
    }

    /// The room's entry in the list of rooms.
    #[must_use]
    pub fn listing(&self) -> Listing {
        Listing {
            label: Arc::clone(&self.entry.label),
            locked: self.entry.locked,
            private: self.entry.private,
            players: self.cx.roster.count(Role::Player),
            max_players: self.entry.max_players,
            spectators: self.cx.roster.count(Role::Spectator),
            created: self.entry.created,
        }
    }

    /// A number that two rooms in the same state share: state, members, timers, chance, and what the
    /// list says.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let cx = &self.cx;
        let entry = &self.entry;
        let listed = (&entry.label, entry.locked, entry.private, entry.max_players);
        let counted = (cx.ticks, cx.skipped, cx.next_task, cx.tasks);
        let whole = (&self.room, &cx.roster, &cx.timers, &cx.rng, listed, counted);
        // A state that cannot be written has no hash; a replay of it cannot begin either.
        Tree::of_any(&whole).map_or(0, |tree| StateHash::of(&tree))
    }

    /// The answer to `hash`: `{e, o, h}` of what this connection was sent last.
    #[must_use]
    pub(in crate::room) fn hash_of(&self, socket: SocketKey) -> Option<ByteString> {
        self.frames.hash(socket)
    }
}

impl<R: Room> fmt::Debug for RoomCore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomCore").field("id", &self.id).field("phase", &self.phase).finish_non_exhaustive()
    }
}
