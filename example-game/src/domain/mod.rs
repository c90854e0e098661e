//! The rules of the lobby, without the framework: names, texts, who may talk where, what rooms
//! remember, tables, and the game that is played there.
//!
//! Nothing here knows a clock, randomness or a socket: time comes in as a number, and what others
//! have to be told comes out as [`News`].

mod board;
#[cfg(test)]
mod floe;
mod hall;
mod history;
mod names;
mod people;
mod rules;
mod table;

pub(crate) use hall::{Entered, Hall, News, TableClosed, TableEntry, TableState};
pub(crate) use history::{History, Message, MessageId};
pub(crate) use names::{Person, RoomId, Text};
pub(crate) use rules::Rule;
pub(crate) use table::Action;
