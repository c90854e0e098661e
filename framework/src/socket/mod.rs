//! A socket: one client's connection to one namespace.
//!
//! * *Owns*: its listeners, pending acknowledgements, data, the mirror of its rooms, and its lane.
//! * *Takes*: [`SocketCommand`]s: packets from its session, operations from handles, its admission
//!   from the namespace.
//! * *Emits*: joins, leaves and packets to its namespace; packets for single clients to fanouts.
//! * *Keeps*: events run in the order of arrival; what they send arrives in the order of sending;
//!   its end is told to the namespace exactly once, however it comes.
//!
//! | file | what |
//! |---|---|
//! | `handle.rs`, `emit.rs` | [`Socket`] and [`Broadcast`]: what users hold |
//! | `broadcast.rs` | acknowledgements of many, and what is done with all sockets of a selection |
//! | `elsewhere.rs` | what other nodes of a cluster are told of it |
//! | `turn.rs` | operations that user code asks for while it runs |
//! | `program.rs` | those operations in order, through the lane |
//! | `pushes.rs` | packets that leave together at the end of a turn |
//! | `connect.rs` | from CONNECT to the answer: token, middleware, namespace |
//! | `dispatch.rs` | from a packet to listeners to the acknowledgement |
//! | `taps.rs` | listeners for any event, middleware of packets |
//! | `recovery.rs` | clients that come back |
//! | `eio3.rs` | what is different for clients of Engine.IO 3 |
//! | `token.rs` | the token while the socket is open: refresh, expiry |
//! | `limit.rs` | how many events a client may send |
//! | `table.rs` | a session's sockets |

mod actor;
mod broadcast;
mod close;
mod connect;
mod dispatch;
mod eio3;
mod elsewhere;
mod emit;
mod handle;
mod limit;
mod place;
mod program;
mod protocol;
mod pushes;
mod recovery;
mod table;
mod taps;
mod timing;
mod token;
mod turn;

pub(crate) use broadcast::AwaitedAnswer;
pub use broadcast::{Answers, BroadcastRequest};
pub use emit::{AckRequest, Broadcast};
pub use handle::{Socket, SocketId};
pub(crate) use protocol::{Inbound, Packets, SocketCommand};
pub(crate) use recovery::{Predecessor, SharedHistory};
pub(crate) use table::SocketTable;
pub use taps::Event;
pub(crate) use turn::{Op, record};
