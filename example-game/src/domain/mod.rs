//! The rules of the lobby, without the framework: names, texts, who may talk where, what rooms
//! remember, and the games: a table with four in a row, and discs on an ice floe.
//!
//! Nothing here knows a clock, randomness or a socket: time comes in as a number, and what has happened
//! comes out as a value.

mod board;
mod floe;
mod hall;
mod history;
mod names;
mod people;
mod rules;
mod table;

pub(crate) use floe::{Floe, Happening};
pub(crate) use hall::{Entered, Hall};
pub(crate) use history::{History, Message, MessageId};
pub(crate) use names::{Person, RoomId, Text};
pub(crate) use rules::Rule;
pub(crate) use table::Table;
