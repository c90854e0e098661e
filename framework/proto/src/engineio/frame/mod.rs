//! WebSocket frames, server side.
//!
//! Takes: the bytes of a connection in pieces of any size; content to send. Emits: whole messages
//! and control frames; bytes ready to write. Keeps: nothing a client can send is kept beyond the
//! limits, and no heap memory while no frame is half read.
//!
//! Spec: RFC 6455 › 5 Data framing, 7.4 Status codes, 8.1 UTF-8. Strict: whatever the RFC forbids a
//! client ends the connection, with the status code that the RFC names. No extension is negotiated,
//! so all reserved bits are errors.

mod decode;
mod encode;
mod error;
mod header;
mod mask;

use bytes::Bytes;
use bytestring::ByteString;

pub use self::decode::{Decoder, Limits};
pub use self::encode::{append_binary, append_text, close, iter, ping, pong, text};
pub(crate) use self::encode::{append_parts, append_text_header, framed_len};
pub use self::error::{FrameError, FrameErrorKind};
pub use self::header::Opcode;

/// What a client sent: a whole message, its fragments put together, or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text message, valid UTF-8.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// Asks for a pong with the same data.
    Ping(Bytes),
    /// Answers a ping, or comes unasked.
    Pong(Bytes),
    /// The client ends the connection, with a status code if it gave one. Nothing follows.
    Close(Option<u16>),
}
