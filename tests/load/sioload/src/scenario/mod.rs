//! The scenarios. Each is one file that documents what it does and what its unit of work is.
pub(crate) mod connect;
pub(crate) mod crowd;
pub(crate) mod echo;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod mixed;
pub(crate) mod polling;
pub(crate) mod rooms;
pub(crate) mod slow;
pub(crate) mod storm;

mod broadcasts;
mod closed_loop;
mod ledger;
mod members;
mod slow_reader;
