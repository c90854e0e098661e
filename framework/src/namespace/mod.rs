//! A namespace: who is connected to it and in which rooms they are.
//!
//! * *Owns*: the index of members and rooms, the sockets, and as [`Namespace`] the handlers and the
//!   middleware that all its sockets share.
//! * *Takes*: [`NamespaceCommand`]s of its sockets and rooms.
//! * *Emits*: joins, leaves and packets to rooms, packets for everyone to the fanouts, its answer
//!   to each CONNECT.
//! * *Keeps*: it is the only sender of its rooms, so a room's list is exact at each point of the
//!   room's mailbox, and a union reaches each member once.

mod actor;
mod errand;
mod family;
mod handle;
mod hooks;
mod protocol;
mod recovery;
mod server_side;
mod utilities;

pub use handle::Namespace;
pub(crate) use handle::{NamespaceLink, NamespaceShared};
pub use hooks::RoomEvent;
pub(crate) use hooks::{ConnectHook, DisconnectHook, Hooks};
pub(crate) use protocol::{Admission, Ask, Errand, FindReply, NamespaceCommand, Outgoing};
pub use server_side::{ServerSideAnswers, ServerSideRequest};
pub(crate) use server_side::{ServerSideListener, as_args};
