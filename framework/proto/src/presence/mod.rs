//! Who is there, what they do, who types: per user, and only what others may see.
//!
//! * *Owns*: users with their sockets, seats in scopes (the namespace, its rooms), what members were
//!   told, lists of those who are watched, leases of typing, blocks.
//! * *Takes*: what happens to sockets, what clients report, relationships, and the time.
//! * *Emits*: [`Effect`]s: messages for everyone in a scope, or for single sockets.
//! * *Keeps*: three things apart: who has a seat in a scope, what a user does, who types. A user with
//!   many sockets is one; what is taken back within the flap window was never seen; who is invisible
//!   is to others the same bytes at the same times as who has left.
//!
//! *Spec*: `docs/guide/presence.md` › Wire contract.

mod announce;
mod config;
mod flap;
mod machine;
mod message;
mod name;
mod offline;
mod private;
mod seat;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod tiers;
mod timers;
mod typing;
mod user;
mod visibility;
mod watch;

pub use config::PresenceConfig;
pub use machine::{Presence, Refusal, SocketView, UserView};
pub use message::{Effect, Message, Place, Watched};
pub use name::{MetaRef, Scope, UserId};
pub use status::{Activity, Data, Entry, LeaveReason, Manual, Report, Status};
pub use tiers::{Counts, Mode};
pub use visibility::{Policy, Visibility};
