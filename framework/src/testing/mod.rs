//! What tests need: a clock that they move, mailboxes that they delay, actors that they end.

pub mod delay;
mod echo;
mod faults;
mod simulation;

pub use echo::echo_server;
pub use faults::{Faults, Victim};
pub use simulation::{SimulatedClient, Simulation};
