//! Socket.IO protocol 5 on the wire. Clients of protocol 4 differ in what CONNECT and its refusal say.
//!
//! Takes: the messages of an Engine.IO session, text and binary; names, ids and JSON text to send.
//! Emits: packets with all their attachments; bytes of WebSocket frames, ready to write. Keeps: JSON
//! stays the text it was, so no number changes by passing through; an unfinished packet is bounded
//! in attachments, bytes and time; every input takes time in proportion to its length, and no input
//! makes the decoder recurse.
//!
//! Spec: "Socket.IO protocol", revision 5 › Packet encoding. Where the text is silent the rules are
//! those of the reference, `socket.io-parser/lib/index.ts`; where the two differ the text wins.

mod decode;
pub mod encode;
mod error;
mod header;
mod json;
pub mod msgpack;
mod packet;
mod payload;

pub use self::decode::{DecodeLimits, Decoder, sent_event, sent_packets};
pub use self::error::{DecodeError, DecodeErrorKind};
pub use self::header::connect_query;
pub use self::packet::{AckId, Args, Packet, PacketKind, RawText, is_reserved};

/// The revision of Socket.IO that is spoken here.
pub const PROTOCOL: u8 = 5;
