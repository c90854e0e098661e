//! What can be wrong with a WebSocket frame.

use thiserror::Error;

/// Says why the frames of a connection were refused, and where. Shows nothing of their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct FrameError {
    /// The rule that the client broke.
    pub kind: FrameErrorKind,
    /// First byte of the frame that broke it, counted from the first byte of the first frame. For
    /// a rule about a whole message this is its last frame.
    pub offset: u64,
}

impl FrameError {
    /// The status code with which the connection is closed.
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        self.kind.close_code()
    }
}

/// The rules of RFC 6455 for a client, one variant each, and two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// "MUST be 0 unless an extension is negotiated" (5.2).
    #[error("reserved bit set")]
    ReservedBit,
    /// Opcodes 3 to 7 and 11 to 15 have no meaning (5.2).
    #[error("unknown opcode")]
    UnknownOpcode,
    /// "A client MUST mask all frames" (5.1).
    #[error("frame without a mask")]
    Unmasked,
    /// "The minimal number of bytes MUST be used to encode the length" (5.2).
    #[error("length in more bytes than it needs")]
    LengthNotMinimal,
    /// "The most significant bit MUST be 0" (5.2).
    #[error("length with its highest bit set")]
    LengthOverflow,
    /// Control frames "MUST NOT be fragmented" (5.5).
    #[error("fragmented control frame")]
    FragmentedControl,
    /// Control frames "MUST have a payload length of 125 bytes or less" (5.5).
    #[error("control frame of more than 125 bytes")]
    LongControl,
    /// A continuation continues something (5.4).
    #[error("continuation of no message")]
    NothingToContinue,
    /// A fragmented message ends before the next one begins (5.4).
    #[error("new message inside a fragmented one")]
    MessageNotFinished,
    /// A close frame has no content, or at least a status code of two bytes (5.5.1).
    #[error("close frame of one byte")]
    ShortClose,
    /// The status code is one that may be sent (7.4).
    #[error("status code that must not be sent")]
    CloseCode,
    /// Text messages and close reasons are UTF-8 (8.1).
    #[error("invalid UTF-8")]
    Utf8,
    /// Over [`Limits::max_message`](super::Limits::max_message).
    #[error("message too big")]
    MessageTooBig,
    /// Over [`Limits::max_fragments`](super::Limits::max_fragments).
    #[error("too many fragments in one message")]
    TooManyFragments,
}

impl FrameErrorKind {
    /// 1002 protocol error, 1007 data that is not of its type, 1009 message too big.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::ReservedBit
            | Self::UnknownOpcode
            | Self::Unmasked
            | Self::LengthNotMinimal
            | Self::LengthOverflow
            | Self::FragmentedControl
            | Self::LongControl
            | Self::NothingToContinue
            | Self::MessageNotFinished
            | Self::ShortClose
            | Self::CloseCode => 1002,
            Self::Utf8 => 1007,
            Self::MessageTooBig | Self::TooManyFragments => 1009,
        }
    }
}
