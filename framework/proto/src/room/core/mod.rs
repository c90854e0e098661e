//! The core of a room.

use std::fmt;

use super::{Effect, Input, Listing, Member, Moment, Room, Setup};
use crate::reject::Reject;

/// Runs one room.
///
/// ```text
///            create            cx.close(), empty, too many panics, Input::Close
///  Setup ─────────────▶ open ───────────────────────────────────────────────────▶ closed
/// ```
///
/// A closed core ignores every input; nothing follows [`Effect::Closed`].
pub struct RoomCore<R: Room> {
    room: R,
    closed: bool,
}

impl<R: Room> RoomCore<R> {
    /// Makes a room. It has no members yet: the first one joins by an input of its own.
    ///
    /// # Errors
    /// The room refused its options, or panicked (code `room_error`).
    pub fn create(setup: &Setup, now: Moment, effects: &mut Vec<Effect<R>>) -> Result<Self, Reject> {
        let _: (_, _, _) = (setup, now, effects);
        Err(Reject::new("unavailable", "rooms cannot be created yet"))
    }

    /// Handles every deadline up to `now`, then the input. A time before the last one counts as that.
    pub fn handle(&mut self, input: Input<R>, now: Moment, effects: &mut Vec<Effect<R>>) {
        drop((input, now, effects));
    }

    /// When [`Input::Wake`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        None
    }

    /// Whether the room is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The room's state.
    #[must_use]
    pub fn room(&self) -> &R {
        &self.room
    }

    /// Everybody in the room, in the order in which they came.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::empty()
    }

    /// The room's entry in the list of rooms.
    #[must_use]
    pub fn listing(&self) -> Listing {
        unreachable!("no core has been created")
    }

    /// A number that two rooms in the same state share: state, members, timers, chance.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        0
    }

    /// What a replay needs to come to where the room is now; none if no journal is kept.
    #[must_use]
    pub fn journal(&self) -> Option<String> {
        None
    }
}

impl<R: Room> fmt::Debug for RoomCore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomCore").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Why a type cannot be run as a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// `In` is not an enum whose variants are events.
    #[error(
        "`In` has to be an enum whose variants are the events, without #[serde(tag)] or #[serde(untagged)]"
    )]
    InIsNoEnum,
    /// An event has a name that belongs to the protocol.
    #[error("`{0}` is a reserved event name")]
    ReservedName(&'static str),
    /// A tick or a patch interval of no length.
    #[error("TICK and PATCH_INTERVAL are at least a millisecond")]
    ZeroInterval,
    /// The program is built with `panic = "abort"`: a panic in a room would end it.
    #[error("the program is built with panic = \"abort\", so a panic in one room would end all of them")]
    PanicAborts,
}

/// Checks a type before the server starts: names of events, intervals, how the program was built.
///
/// # Errors
/// What is wrong with it.
pub fn check<R: Room>() -> Result<(), RoomError> {
    Ok(())
}
