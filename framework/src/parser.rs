//! Other encodings of Socket.IO packets than the default one.
//!
//! Owns: nothing. Takes: packets that leave, messages that came. Emits: the one for the other. Keeps:
//! inside of the server a packet has one form, whatever its clients speak; the fanout translates what
//! leaves, a session's table of sockets what came.

use std::fmt;

use bytes::{Bytes, BytesMut};
pub use greenroom_proto::engineio::Message;
use greenroom_proto::engineio::frame;
pub use greenroom_proto::socketio::{AckId, Args, Packet, PacketKind, RawText};
use greenroom_proto::socketio::{msgpack, sent_packets};

use crate::runtime::Runtime;

/// An encoding of packets that all clients of a server speak (Socket.IO's `parser`).
///
/// ```
/// use greenroom::parser::{Message, Packet, Parser, Unreadable};
///
/// /// Packets of the default encoding have no secrets from a reader of logs; these have few.
/// #[derive(Debug)]
/// struct Reversed;
///
/// impl Parser for Reversed {
///     fn encode(&self, packet: &Packet) -> Message {
///         # let _ = packet;
///         Message::Text("!dlrow olleh".into())
///     }
///
///     fn decode(&self, _: Message) -> Result<Packet, Unreadable> {
///         Err(Unreadable::new("one way only"))
///     }
/// }
///
/// let io = greenroom::Server::builder().parser(Reversed).build();
/// ```
pub trait Parser: fmt::Debug + Send + Sync + 'static {
    /// Writes a packet, with all its attachments, as one message.
    fn encode(&self, packet: &Packet) -> Message;

    /// Reads a message that is one packet. It must bound what a client can make it do.
    ///
    /// # Errors
    /// [`Unreadable`]: the connection is closed.
    fn decode(&self, message: Message) -> Result<Packet, Unreadable>;
}

/// A client sent what is no packet. Its text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Unreadable {
    /// With a text that shows nothing of what the client sent.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The encoding of [`socket.io-msgpack-parser`](https://www.npmjs.com/package/socket.io-msgpack-parser) 3.
///
/// Handlers see no difference: a date is the text that JSON has for it, `undefined` is `null`, and left
/// out of objects.
///
/// ```
/// use greenroom::parser::MessagePack;
///
/// let io = greenroom::Server::builder().parser(MessagePack).build();
/// // io("https://game.example", { parser: require("socket.io-msgpack-parser") })
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessagePack;

impl Parser for MessagePack {
    fn encode(&self, packet: &Packet) -> Message {
        Message::Binary(msgpack::encode(packet))
    }

    fn decode(&self, message: Message) -> Result<Packet, Unreadable> {
        match message {
            Message::Binary(bytes) => {
                msgpack::decode(&bytes).map_err(|error| Unreadable::new(error.to_string()))
            }
            Message::Text(_) => Err(Unreadable::new("a text where MessagePack is spoken")),
        }
    }
}

/// Frames of the default encoding as those of the server's own, if it has one.
pub(crate) fn translated(runtime: &Runtime, frames: Bytes) -> Bytes {
    let Some(parser) = runtime.parser.get() else { return frames };
    let mut out = BytesMut::new();
    for packet in sent_packets(&frames, runtime.clock.now()) {
        match parser.encode(&packet) {
            Message::Text(text) => frame::append_text(&mut out, &[b"4", text.as_bytes()]),
            Message::Binary(bytes) => frame::append_binary(&mut out, &bytes),
        }
    }
    out.freeze()
}
