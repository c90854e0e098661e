//! The games as rooms: who may do what is in `domain`, how it is played over a network is here.

pub(crate) mod floe;
pub(crate) mod four;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use std::time::Duration;

use greenroom::room::{Grace, Member};
use greenroom::{Reject, Replays};
use serde::Serialize;
use ts_rs::TS;

pub(crate) use floe::FloeRoom;
pub(crate) use four::FourRoom;

use crate::domain::{Person, Rule};

/// For a reload, a restart or a tunnel, but not for an evening.
const SEAT_KEPT: Grace = Grace::For(Duration::from_secs(30));

/// What a room says of itself in the list of rooms.
#[derive(Debug, PartialEq, Serialize, TS)]
pub(crate) struct Label {
    pub(crate) title: String,
    pub(crate) playing: bool,
    /// Somebody may crash it, to see what happens.
    pub(crate) debug: bool,
}

/// The command `replay FILE`, for every type of rooms.
pub(crate) fn replays() -> Replays {
    Replays::new().of::<FourRoom>().of::<FloeRoom>()
}

/// Who a member is, by the name in its token, or else by its id.
fn person(who: &Member) -> Result<Person, Rule> {
    let name = who.claims.get("name").and_then(|name| name.as_str());
    Person::new(who.id.to_string(), name.unwrap_or(&who.id))
}

/// For the button “Crash the room”: a bug of a room, made on purpose.
fn crash(debug: bool) -> Result<(), Rule> {
    #[expect(clippy::panic, reason = "that is what it is for")]
    if debug {
        panic!("somebody asked the room to crash");
    }
    Err(Rule::NoDebugRoom)
}

impl From<Rule> for Reject {
    fn from(rule: Rule) -> Self {
        Self::new(rule.code(), rule.message())
    }
}
