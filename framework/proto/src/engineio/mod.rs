//! Engine.IO protocol 4 on the wire, and protocol 3 for older clients.
//!
//! Takes: bytes of a TCP stream that carries WebSocket frames, text and binary messages, bodies of
//! POST requests, query strings. Emits: packets, or a typed error with the byte at which the input
//! went wrong. Keeps: no error and no panic message ever shows what a peer sent.
//!
//! Spec: "Engine.IO protocol", revision 4 › Packet encoding; RFC 6455 for [`frame`].
//!
//! An outgoing packet is encoded once, as the bytes of its server-side WebSocket [`frame`]s, and
//! those bytes are shared by everybody who receives the packet. A session that polls gets the same
//! bytes through [`payload::Writer`], which takes the frames apart again: that costs a little where
//! few sessions are, and nothing where nearly all of them are.
//!
//! | module | what it reads and writes |
//! |---|---|
//! | [`frame`] | WebSocket frames, server side |
//! | [`handshake`] | query string of a request, open packet, answer to a refused request |
//! | [`payload`] | body of a POST request and of a poll response |
//! | [`v3`] | what is different in revision 3 |

mod error;
pub mod frame;
pub mod handshake;
mod packet;
pub mod payload;
mod revision;
pub mod v3;

pub use self::error::{DecodeError, DecodeErrorKind};
pub use self::packet::{Message, Packet};
pub use self::revision::Revision;
