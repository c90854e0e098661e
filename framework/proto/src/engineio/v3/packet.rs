//! Packets. Spec: "Engine.IO protocol", revision 3 › Encoding › Packet.

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;

use super::MESSAGE;
use crate::engineio::error::{DecodeError, DecodeErrorKind};
use crate::engineio::packet::{BASE64, Message, Packet, base64};

/// Reads one packet from a WebSocket text frame, or from one part of a payload.
///
/// # Errors
/// Those of [`Packet::decode_text`]; [`DecodeErrorKind::UnknownType`] where base64 is no message.
pub fn decode_text(frame: ByteString) -> Result<Packet, DecodeError> {
    let Some(binary) = frame.strip_prefix('b') else { return Packet::decode_text(frame) };
    match binary.as_bytes().first() {
        None => Err(DecodeError::new(DecodeErrorKind::Empty, 1)),
        Some(b'4') => base64(binary.get(1..).unwrap_or_default())
            .map(|data| Packet::Message(Message::Binary(data)))
            .map_err(|error| error.behind(2)),
        Some(_) => Err(DecodeError::new(DecodeErrorKind::UnknownType, 1)),
    }
}

/// Reads one packet from a WebSocket binary frame: its type as a byte, then its data.
///
/// # Errors
/// [`DecodeErrorKind::Empty`]; [`DecodeErrorKind::UnknownType`] for what is no message, since no other
/// packet has binary data.
pub fn decode_binary(mut frame: Bytes) -> Result<Packet, DecodeError> {
    match frame.first() {
        None => Err(DecodeError::new(DecodeErrorKind::Empty, 0)),
        Some(&MESSAGE) => Ok(Packet::Message(Message::Binary(frame.split_off(1)))),
        Some(_) => Err(DecodeError::new(DecodeErrorKind::UnknownType, 0)),
    }
}

pub(super) fn to_base64(data: &[u8]) -> String {
    BASE64.encode(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_data_has_its_type_before_it() {
        let data = Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])));
        assert_eq!(decode_text("b4AQIDBA==".into()), Ok(data.clone()));
        assert_eq!(decode_text("b4AQIDBA".into()), Ok(data.clone()));
        assert_eq!(decode_binary(Bytes::from_static(&[4, 1, 2, 3, 4])), Ok(data));
        let empty = Packet::Message(Message::Binary(Bytes::new()));
        assert_eq!(decode_text("b4".into()), Ok(empty.clone()));
        assert_eq!(decode_binary(Bytes::from_static(&[4])), Ok(empty));
    }

    #[test]
    fn text_is_what_it_is_in_revision_4() {
        for text in ["2", "2probe", "3", "4€", "5", "6", "1"] {
            assert_eq!(decode_text(text.into()), Packet::decode_text(text.into()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_packet_and_says_where() {
        let table = [
            ("", DecodeErrorKind::Empty, 0),
            ("b", DecodeErrorKind::Empty, 1),
            ("bAQ==", DecodeErrorKind::UnknownType, 1),
            ("b2AQ==", DecodeErrorKind::UnknownType, 1),
            ("b€", DecodeErrorKind::UnknownType, 1),
            ("b4A*==", DecodeErrorKind::Base64, 3),
            ("7", DecodeErrorKind::UnknownType, 0),
        ];
        for (wire, kind, offset) in table {
            assert_eq!(decode_text(wire.into()), Err(DecodeError::new(kind, offset)), "{wire}");
        }
        let binary: [(&[u8], _); 3] = [
            (&[], DecodeErrorKind::Empty),
            (&[2], DecodeErrorKind::UnknownType),
            (b"4", DecodeErrorKind::UnknownType),
        ];
        for (wire, kind) in binary {
            let error = decode_binary(Bytes::from_static(wire));
            assert_eq!(error, Err(DecodeError::new(kind, 0)), "{wire:?}");
        }
    }
}
