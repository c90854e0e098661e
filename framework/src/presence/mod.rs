//! Presence of a namespace: who is there, what they do, who types; told by plain Socket.IO events.
//!
//! * *Owns*: the rules of [`greenroom_proto::presence`], and which socket is which there.
//! * *Takes*: news of sockets from their namespace and of clients through an inbox that coalesces;
//!   questions of server code as `PresenceCommand`s.
//! * *Emits*: packets to its namespace, each encoded once for all who get it.
//! * *Keeps*: nobody waits for it. What it has not looked at yet is bounded by the sockets and the rooms
//!   they are in, never by what they send.
//!
//! The events are a contract with clients: `docs/guide/presence.md`.

mod actor;
mod api;
mod events;
mod handle;
mod inbox;
mod parcel;
mod protocol;
mod rules;
mod shared;

pub use api::TokenTooShort;
pub use greenroom_proto::presence::{
    Activity, Counts, Entry, LeaveReason, Manual, Mode, Policy, PresenceConfig, Refusal, Report, Scope,
    SocketView, Status, UserId, UserView, Visibility, Watched,
};
pub use handle::{Presence, PresenceError, RoomView};
pub(crate) use protocol::PresenceCommand;
pub(crate) use shared::PresenceShared;
