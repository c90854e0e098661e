//! The seven packet types. Spec: "Engine.IO protocol" › Packet encoding.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError as Base64Error, Engine as _};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use super::error::{DecodeError, DecodeErrorKind};
use super::frame;
use crate::Text;

/// Content of a message packet: what Engine.IO carries for the protocol above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text, such as a Socket.IO packet.
    Text(Text),
    /// Bytes, such as an attachment of a Socket.IO packet.
    Binary(Bytes),
}

/// One Engine.IO packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// `0`: answer to the handshake, with its JSON text.
    Open(ByteString),
    /// `1`: the sender ends the session.
    Close,
    /// `2`: heartbeat of the server, or `probe` of a client that upgrades.
    Ping(ByteString),
    /// `3`: answer to a ping, with the same data.
    Pong(ByteString),
    /// `4`: a message; binary without the digit.
    Message(Message),
    /// `5`: the client has moved to the new transport.
    Upgrade,
    /// `6`: nothing; ends a waiting poll.
    Noop,
}

impl Packet {
    /// Reads one packet from a WebSocket text frame, or from one part of a payload.
    ///
    /// Binary data in base64 (`b…`) is for polling, but stock clients with `forceBase64` send it
    /// over WebSocket too, so it is read in both places.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Empty`], [`DecodeErrorKind::UnknownType`],
    /// [`DecodeErrorKind::UnexpectedData`] or [`DecodeErrorKind::Base64`].
    pub fn decode_text(frame: ByteString) -> Result<Self, DecodeError> {
        let Some(kind) = frame.as_bytes().first() else {
            return Err(DecodeError::new(DecodeErrorKind::Empty, 0));
        };
        // Every type is one byte.
        let rest = frame.get(1..).unwrap_or_default();
        match kind {
            b'4' => {
                let end = frame.len();
                Ok(Self::Message(Message::Text(Text::from(frame).narrow(1..end))))
            }
            b'0' => Ok(Self::Open(frame.slice_ref(rest))),
            b'1' => without_data(rest, Self::Close),
            b'2' => Ok(Self::Ping(frame.slice_ref(rest))),
            b'3' => Ok(Self::Pong(frame.slice_ref(rest))),
            b'5' => without_data(rest, Self::Upgrade),
            // Nothing follows from a NOOP, whatever it carries; the reference takes it, too.
            b'6' => Ok(Self::Noop),
            b'b' => {
                base64(rest).map(|data| Self::Message(Message::Binary(data))).map_err(|error| error.behind(1))
            }
            _ => Err(DecodeError::new(DecodeErrorKind::UnknownType, 0)),
        }
    }

    /// Reads one packet from a WebSocket binary frame: all of it is a binary message.
    #[must_use]
    pub fn decode_binary(frame: Bytes) -> Self {
        Self::Message(Message::Binary(frame))
    }

    /// Encodes the packet as one server-side WebSocket frame, ready to write.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Open(data) => frame::append_text(&mut out, &[b"0", data.as_bytes()]),
            Self::Close => frame::append_text(&mut out, &[b"1"]),
            Self::Ping(data) => frame::append_text(&mut out, &[b"2", data.as_bytes()]),
            Self::Pong(data) => frame::append_text(&mut out, &[b"3", data.as_bytes()]),
            Self::Message(Message::Text(text)) => frame::append_text(&mut out, &[b"4", text.as_bytes()]),
            Self::Message(Message::Binary(data)) => frame::append_binary(&mut out, data),
            Self::Upgrade => frame::append_text(&mut out, &[b"5"]),
            Self::Noop => frame::append_text(&mut out, &[b"6"]),
        }
        out.freeze()
    }
}

fn without_data(rest: &str, packet: Packet) -> Result<Packet, DecodeError> {
    if rest.is_empty() { Ok(packet) } else { Err(DecodeError::new(DecodeErrorKind::UnexpectedData, 1)) }
}

pub(super) fn base64(text: &str) -> Result<Bytes, DecodeError> {
    BASE64.decode(text).map(Bytes::from).map_err(|error| {
        let at = match error {
            Base64Error::InvalidByte(at, _) | Base64Error::InvalidLastSymbol(at, _) => at,
            Base64Error::InvalidLength(_) | Base64Error::InvalidPadding => text.len(),
        };
        DecodeError::new(DecodeErrorKind::Base64, at)
    })
}

/// Writes with padding, as the reference does; reads with and without, since clients differ.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &'static str) -> Result<Packet, DecodeError> {
        Packet::decode_text(ByteString::from_static(text))
    }

    #[test]
    fn reads_every_type() {
        let text = ByteString::from_static;
        let table = [
            ("0{}", Packet::Open(text("{}"))),
            ("1", Packet::Close),
            ("2", Packet::Ping(text(""))),
            ("2probe", Packet::Ping(text("probe"))),
            ("3probe", Packet::Pong(text("probe"))),
            ("4", Packet::Message(Message::Text("".into()))),
            ("4€", Packet::Message(Message::Text("€".into()))),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
            ("6anything", Packet::Noop),
            ("bAQIDBA==", Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])))),
            ("bAQIDBA", Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])))),
            ("b", Packet::Message(Message::Binary(Bytes::new()))),
        ];
        for (wire, packet) in table {
            assert_eq!(decode(wire), Ok(packet), "{wire}");
        }
    }

    #[test]
    fn refuses_what_is_no_packet_and_says_where() {
        let table = [
            ("", DecodeErrorKind::Empty, 0),
            ("7", DecodeErrorKind::UnknownType, 0),
            ("B", DecodeErrorKind::UnknownType, 0),
            ("€4", DecodeErrorKind::UnknownType, 0),
            ("1x", DecodeErrorKind::UnexpectedData, 1),
            ("5probe", DecodeErrorKind::UnexpectedData, 1),
            ("bAQ*DBA==", DecodeErrorKind::Base64, 3),
            ("bA", DecodeErrorKind::Base64, 2),
            ("b-_-_", DecodeErrorKind::Base64, 1),
        ];
        for (wire, kind, offset) in table {
            assert_eq!(decode(wire), Err(DecodeError::new(kind, offset)), "{wire}");
        }
    }

    #[test]
    fn an_error_shows_its_place_and_not_the_content() {
        let error = decode("5secret").unwrap_err();
        assert_eq!(error.to_string(), "data behind a packet that carries none at byte 1");
    }

    #[test]
    fn a_text_message_is_a_slice_of_its_frame() {
        let frame = ByteString::from("4hello".to_owned());
        let place = frame.as_ptr();
        let Ok(Packet::Message(Message::Text(text))) = Packet::decode_text(frame) else { panic!() };
        assert_eq!(text.as_ptr(), place.wrapping_add(1));
    }

    #[test]
    fn encodes_as_one_frame() {
        assert_eq!(Packet::Noop.encode(), &b"\x81\x016"[..]);
        assert_eq!(Packet::decode_binary(Bytes::from_static(b"\xff")).encode(), &b"\x82\x01\xff"[..]);
        assert_eq!(Packet::Ping("probe".into()).encode(), &b"\x81\x062probe"[..]);
    }
}
