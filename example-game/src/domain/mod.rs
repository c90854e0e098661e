//! The rules of the chat, without the framework: names, texts, and what a room remembers.

mod history;
mod names;

pub(crate) use history::{History, Message};
pub(crate) use names::{Person, RoomId, Rule, Text};
