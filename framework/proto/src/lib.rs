//! The rules of Greenroom as pure machines: no socket, no clock, no randomness, no runtime.
//!
//! Time comes in as a value, ids come in as values, and every consequence leaves as a value. The
//! crate `greenroom` hosts these machines in actors.
//!
//! | module | rules of |
//! |---|---|
//! | [`engineio`] | Engine.IO protocol 4 on the wire: packets, payloads, WebSocket frames, handshake |
//! | [`socketio`] | Socket.IO protocol 5 on the wire: packets and their attachments |
//! | [`session`] | one Engine.IO session: transports, upgrade, heartbeat, outbox |
//! | [`socket`] | one connection to a namespace: order of what it sends, acknowledgements |
//! | [`presence`] | who is there, what they do, who types, and who may see it |
//! | [`rate`] | how often a client may do something |
//! | [`Text`] | a part of a text that came over the wire |
//! | [`recovery`] | what was sent to a client, so that it can be sent again |
//! | [`rooms`] | who is in which room, and whom a selection reaches |
//! | [`room`] | a custom room: members, ticks, timers, state for its clients, faults, replay |
//! | [`directory`] | the rooms of one type: who sits where, where a newcomer goes, what lists show |
//! | [`reject`] | what a client is told when something is refused |

pub mod directory;
pub mod engineio;
pub mod presence;
pub mod rate;
pub mod recovery;
pub mod reject;
pub mod room;
pub mod rooms;
pub mod session;
pub mod socket;
pub mod socketio;
mod text;

pub use self::text::Text;
// Where `greenroom` has them, so that examples name them as its users do.
#[doc(hidden)]
pub use self::{reject::Reject, room::testing};
