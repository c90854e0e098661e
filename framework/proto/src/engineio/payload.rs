//! Bodies of HTTP long-polling: several packets in one text.
//!
//! Takes: the body of a POST request; encoded packets of the outbox. Emits: packets; the body of a
//! poll response. Keeps: a packet of several frames is never split between two responses.
//!
//! Spec: "Engine.IO protocol" › HTTP long-polling › Packet encoding. The separator U+001E is never
//! escaped: JSON escapes it and base64 has no such character, so no packet contains it.

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;

use super::error::{DecodeError, DecodeErrorKind};
use super::frame::{self, Opcode};
use super::packet::{BASE64, Packet};

/// Stands between two packets.
pub const SEPARATOR: char = '\u{1e}';

/// Most packets in one POST body, unless the caller says otherwise.
///
/// A packet in memory is larger than the two bytes it can be on the wire; a body of 1 MB in packets
/// of 64 bytes, shorter than a typical event, still passes.
pub const MAX_PACKETS: usize = 16_384;

/// Reads the body of a POST request, all of it or nothing.
///
/// # Errors
/// [`DecodeErrorKind::Utf8`], [`DecodeErrorKind::TooManyPackets`], and for each packet the errors
/// of [`Packet::decode_text`]. An empty body is a packet without a type.
pub fn decode(body: Bytes, max_packets: usize) -> Result<Vec<Packet>, DecodeError> {
    let text = ByteString::try_from(body)
        .map_err(|error| DecodeError::new(DecodeErrorKind::Utf8, error.valid_up_to()))?;
    let mut packets = Vec::new();
    let mut offset = 0_usize;
    for part in text.split(SEPARATOR) {
        if packets.len() >= max_packets {
            return Err(DecodeError::new(DecodeErrorKind::TooManyPackets, offset));
        }
        let packet = Packet::decode_text(text.slice_ref(part)).map_err(|error| error.behind(offset))?;
        packets.push(packet);
        offset = offset.saturating_add(part.len()).saturating_add(SEPARATOR.len_utf8());
    }
    Ok(packets)
}

/// Fills the response to a poll with packets from the outbox, up to `maxPayload`.
#[derive(Debug)]
pub struct Writer {
    body: Vec<u8>,
    max_payload: usize,
}

impl Writer {
    /// Starts a response of at most `max_payload` bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { body: Vec::new(), max_payload }
    }

    /// Adds one encoded packet, that is all of its frames, and says whether it found room.
    ///
    /// A packet larger than `maxPayload` goes out alone, as the first of its response: it could
    /// never be sent otherwise, and the limit is a promise of the client, not of the server
    /// (reference behaviour, `engine.io/lib/transports/polling.ts`).
    #[must_use = "a packet that found no room belongs into the next response"]
    pub fn push(&mut self, framed: &[u8]) -> bool {
        let added: usize = frame::iter(framed).map(|(opcode, data)| text_len(opcode, data)).sum();
        if !self.body.is_empty() && self.body.len().saturating_add(added) > self.max_payload {
            return false;
        }
        self.body.reserve(added);
        for (opcode, data) in frame::iter(framed) {
            self.append(opcode, data);
        }
        true
    }

    /// Whether no packet was added yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The body of the response. Empty if nothing was pushed, which is not a valid answer: a poll
    /// with nothing to say is answered with a noop packet.
    #[must_use]
    pub fn finish(self) -> Bytes {
        Bytes::from(self.body)
    }

    fn append(&mut self, opcode: Opcode, data: &[u8]) {
        if !self.body.is_empty() {
            self.body.push(SEPARATOR_BYTE);
        }
        if opcode == Opcode::Binary {
            self.body.push(b'b');
            self.body.extend_from_slice(BASE64.encode(data).as_bytes());
        } else {
            self.body.extend_from_slice(data);
        }
    }
}

/// Bytes of one frame in a body, with the separator before it.
fn text_len(opcode: Opcode, data: &[u8]) -> usize {
    let content = if opcode == Opcode::Binary {
        base64::encoded_len(data.len(), true).unwrap_or(usize::MAX).saturating_add(1)
    } else {
        data.len()
    };
    content.saturating_add(1)
}

const SEPARATOR_BYTE: u8 = 0x1e;
