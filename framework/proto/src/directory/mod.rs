//! The rooms of one type: which there are, who sits where, where a newcomer goes, and what lists show.
//!
//! * *Owns*: an entry per live room, the seats of every member, joins that a room has not answered yet;
//!   as [`Board`] what lists show, and who watches which list.
//! * *Takes*: wishes of those who join, answers and reports of rooms.
//! * *Emits*: a [`Place`] for each wish; for each list what has changed in it.
//! * *Keeps*: a join that is on its way counts as a seat until it is answered, so racing joins never
//!   make two rooms where one was asked for; a room that is gone is in no list and holds no seat.
//!
//! The room itself has the last word: a place that it refuses is looked for elsewhere.

mod board;
mod index;
mod unjoined;
mod wish;

pub use board::{Board, Delta, ListQuery, RoomInfo};
pub use index::{Directory, DirectoryLimits, Newcomer, Place};
pub use unjoined::Unjoined;
pub use wish::{RoomId, Wish};
