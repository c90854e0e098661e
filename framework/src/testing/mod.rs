//! What tests need: a clock that they move, mailboxes that they delay, actors that they end.

pub mod delay;
mod faults;

pub use crate::runtime::clock::Clock;
pub use faults::{Faults, Victim};
