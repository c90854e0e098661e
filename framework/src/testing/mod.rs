//! What tests need: custom rooms without a network, a clock that they move, mailboxes that they delay,
//! actors that they end.

mod client;
pub mod delay;
mod echo;
mod faults;
mod simulation;

pub use client::SimulatedClient;
pub use echo::echo_server;
pub use faults::{Faults, Victim};
pub use simulation::Simulation;

pub use greenroom_proto::room::testing::*;
