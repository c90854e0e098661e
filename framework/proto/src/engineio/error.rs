//! What can be wrong with an Engine.IO packet or payload.

use thiserror::Error;

/// Says why a packet or a payload was refused, and where. Shows nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct DecodeError {
    /// The rule that the input broke.
    pub kind: DecodeErrorKind,
    /// The byte at which it broke, counted from the start of the frame or of the request's body.
    pub offset: usize,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Moves the offset by the position of the packet in its payload.
    pub(crate) const fn behind(self, bytes: usize) -> Self {
        Self { kind: self.kind, offset: self.offset.saturating_add(bytes) }
    }
}

/// The rules of packets and payloads, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A packet has at least its type.
    #[error("packet without a type")]
    Empty,
    /// The first character of a packet is a digit from 0 to 6, or `b` for base64.
    #[error("unknown packet type")]
    UnknownType,
    /// Close, upgrade and noop say everything with their type.
    #[error("data behind a packet that carries none")]
    UnexpectedData,
    /// What follows `b` is base64 in the standard alphabet, padded or not.
    #[error("invalid base64")]
    Base64,
    /// A payload is text.
    #[error("invalid UTF-8")]
    Utf8,
    /// A payload holds a bounded number of packets.
    #[error("too many packets in one payload")]
    TooManyPackets,
    /// Revision 3: a packet of a payload has its length before it, in whole characters.
    #[error("illegal length of a packet")]
    Length,
    /// Revision 3: a payload ends with its last packet.
    #[error("packet shorter than its length")]
    Truncated,
    /// Revision 3: a packet in a payload of bytes is text (0) or binary (1).
    #[error("packet that is neither text nor binary")]
    Marker,
}
