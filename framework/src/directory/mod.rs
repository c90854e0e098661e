//! The directory of a type of rooms: which there are, and the only one that places who wants to join.
//!
//! * *Owns*: the [`Directory`](greenroom_proto::directory::Directory) of seats, the hosts by id, which
//!   sockets are where; what lists show, shared with the handlers that read it.
//! * *Takes*: [`DirectoryCommand`]s: arrivals and ends of sockets, reports of hosts, wishes of handles.
//! * *Emits*: joins and departures to hosts, refusals to sockets, changes to those who watch a list.
//! * *Keeps*: a join that is on its way counts as a seat; a client that leaves and comes back on the same
//!   connection is placed when nothing more comes to its old socket; a room that died is in no list.

mod actor;
mod handle;
mod hosts;
mod protocol;

pub(crate) use handle::{DirectoryHandle, DirectoryLink, unavailable};
pub(crate) use protocol::{DirectoryCommand, OpenReply, Opened, Opening, Watcher};
