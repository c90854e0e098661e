//! What tests need: a clock that they move, mailboxes that they delay, actors that they end.

pub mod delay;
mod faults;
mod simulation;

pub use faults::{Faults, Victim};
pub use simulation::{SimulatedClient, Simulation};
