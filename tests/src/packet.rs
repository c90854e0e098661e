//! Engine.IO packets as a client sees them, in the form they have in a WebSocket frame.
//!
//! Spec: Engine.IO protocol › Packet encoding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Failure;

/// Separates the packets of a polling payload.
pub const SEPARATOR: char = '\u{1e}';

/// One packet: text with its type digit in front, or the bytes of a binary message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// `4hello`, `2`, `6` …
    Text(String),
    /// A binary message; it has no type.
    Binary(Vec<u8>),
}

impl Packet {
    /// The text of a text packet.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is binary.
    pub fn into_text(self) -> Result<String, Failure> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(bytes) => Err(Failure::Unexpected(format!("binary instead of text: {bytes:?}"))),
        }
    }

    /// The packet as a part of a polling payload: binary in base64 after a `b`.
    #[must_use]
    pub fn to_payload(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
        }
    }

    /// Reads the body of a poll.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if a binary packet is not base64.
    pub fn from_payload(payload: &str) -> Result<Vec<Self>, Failure> {
        payload.split(SEPARATOR).map(Self::from_part).collect()
    }

    fn from_part(part: &str) -> Result<Self, Failure> {
        let Some(encoded) = part.strip_prefix('b') else { return Ok(Self::Text(part.to_owned())) };
        let bytes = STANDARD.decode(encoded);
        bytes.map(Self::Binary).map_err(|error| Failure::Unexpected(format!("{part:?}: {error}")))
    }
}

/// The packets as the body of a POST.
#[must_use]
pub fn payload(packets: &[Packet]) -> String {
    let parts: Vec<String> = packets.iter().map(Packet::to_payload).collect();
    parts.join("\u{1e}")
}

impl From<&str> for Packet {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Packet {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<const N: usize> From<[u8; N]> for Packet {
    fn from(bytes: [u8; N]) -> Self {
        Self::Binary(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Packet {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}
