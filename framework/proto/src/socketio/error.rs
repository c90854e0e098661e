//! What can be wrong with a Socket.IO packet.

use thiserror::Error;

/// Says why a packet was refused, and where. Shows nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct DecodeError {
    /// The rule that the input broke.
    pub kind: DecodeErrorKind,
    /// The byte at which it broke: of the text, without the digit of Engine.IO before it; for an
    /// attachment, bytes of all attachments of the packet before this one.
    pub offset: usize,
}

impl DecodeError {
    pub(super) const fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }
}

/// The rules of a packet, one variant each, and its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A packet has at least its type.
    #[error("packet without a type")]
    Empty,
    /// The first character is a digit from 0 to 6.
    #[error("unknown packet type")]
    UnknownType,
    /// A binary packet says how many attachments follow: digits, not zero, and a dash.
    #[error("illegal number of attachments")]
    AttachmentCount,
    /// Over [`DecodeLimits::max_attachments`](super::DecodeLimits::max_attachments).
    #[error("too many attachments")]
    TooManyAttachments,
    /// An id fits into 64 bits.
    #[error("acknowledgement id too large")]
    AckIdOverflow,
    /// Only events and acknowledgements have an id.
    #[error("acknowledgement id on a packet that has none")]
    UnexpectedAckId,
    /// An acknowledgement says what it acknowledges.
    #[error("acknowledgement without an id")]
    MissingAckId,
    /// "The payload is mandatory": of an event, an acknowledgement and a refusal. The reference
    /// ignores an event without one; the specification says that the receiver MUST close the
    /// connection, and no known client sends one.
    #[error("packet without its payload")]
    MissingPayload,
    /// A disconnect packet has no payload.
    #[error("payload on a packet that has none")]
    UnexpectedPayload,
    /// An object for connect; an array for events and acknowledgements, not empty for events; an
    /// object or a string for a refusal.
    #[error("payload of the wrong shape")]
    PayloadShape,
    /// The payload is one JSON text.
    #[error("invalid JSON")]
    Json,
    /// Over [`DecodeLimits::max_nesting`](super::DecodeLimits::max_nesting).
    #[error("JSON nested too deeply")]
    TooDeep,
    /// An event begins with its name, a string of whole characters, or a number.
    #[error("illegal event name")]
    EventName,
    /// Names with a meaning of their own; see [`is_reserved`](super::is_reserved).
    #[error("reserved event name")]
    ReservedEvent,
    /// A placeholder names one of the attachments of its packet.
    #[error("placeholder without an attachment")]
    Placeholder,
    /// Attachments follow their packet without anything in between.
    #[error("text where an attachment is due")]
    AttachmentDue,
    /// A binary message belongs to a packet that announced it.
    #[error("attachment without a packet")]
    UnexpectedAttachment,
    /// Over [`DecodeLimits::max_attachment_bytes`](super::DecodeLimits::max_attachment_bytes).
    #[error("attachments too big")]
    AttachmentsTooBig,
    /// Over [`DecodeLimits::timeout`](super::DecodeLimits::timeout).
    #[error("attachments too late")]
    AttachmentsTooLate,
}
