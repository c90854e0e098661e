//! What is looked at before a server starts: [`check`].

use std::time::Duration;

use crate::room::{Room, incoming};
use crate::socketio::is_reserved;

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
    if cfg!(panic = "abort") {
        return Err(RoomError::PanicAborts);
    }
    if [R::TICK, R::PATCH_INTERVAL].into_iter().flatten().any(|length| length < Duration::from_millis(1)) {
        return Err(RoomError::ZeroInterval);
    }
    let names = incoming::variants::<R::In>().ok_or(RoomError::InIsNoEnum)?;
    match names.iter().find(|name| is_reserved(name) || BUILT_IN.contains(*name)) {
        Some(name) => Err(RoomError::ReservedName(name)),
        None => Ok(()),
    }
}

/// Events that the core answers.
pub(super) const BUILT_IN: [&str; 2] = ["resync", "hash"];
