//! What stands before the payload: `<type>[<attachments>-][<namespace>,][<id>]`.
//! Spec: "Socket.IO protocol" › Packet encoding › Format.

use bytestring::ByteString;

use super::error::{DecodeError, DecodeErrorKind};
use super::packet::AckId;
use crate::Text;

/// The seven types on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
    BinaryEvent,
    BinaryAck,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) wire_type: WireType,
    /// Attachments that follow; not zero for binary types, zero for the others.
    pub(super) attachments: u32,
    pub(super) namespace: ByteString,
    pub(super) id: Option<AckId>,
    /// Where the payload begins.
    pub(super) len: usize,
}

impl Header {
    pub(super) fn read(text: &Text, max_attachments: u32) -> Result<Self, DecodeError> {
        let mut cursor = Cursor { text, bytes: text.as_bytes(), at: 0 };
        let wire_type = cursor.wire_type()?;
        let attachments = match wire_type {
            WireType::BinaryEvent | WireType::BinaryAck => cursor.attachments(max_attachments)?,
            WireType::Connect
            | WireType::Disconnect
            | WireType::Event
            | WireType::Ack
            | WireType::ConnectError => 0,
        };
        let namespace = cursor.namespace();
        let id = cursor.id()?;
        Ok(Self { wire_type, attachments, namespace, id, len: cursor.at })
    }
}

/// The query behind the namespace of a CONNECT, where revision 4 of Socket.IO has what `auth` is in 5.
///
/// ```
/// use greenroom_proto::socketio::connect_query;
///
/// assert_eq!(connect_query("0/admin?token=abc&a=1,"), Some("token=abc&a=1"));
/// assert_eq!(connect_query("0/admin,"), None);
/// assert_eq!(connect_query("2/admin?token=abc,[\"e\"]"), None);
/// ```
#[must_use]
pub fn connect_query(packet: &str) -> Option<&str> {
    let namespace = packet.strip_prefix('0').filter(|rest| rest.starts_with('/'))?;
    let namespace = namespace.split_once(',').map_or(namespace, |(namespace, _)| namespace);
    namespace.split_once('?').map(|(_, query)| query)
}

struct Cursor<'a> {
    text: &'a Text,
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn wire_type(&mut self) -> Result<WireType, DecodeError> {
        let wire_type = match self.peek() {
            Some(b'0') => WireType::Connect,
            Some(b'1') => WireType::Disconnect,
            Some(b'2') => WireType::Event,
            Some(b'3') => WireType::Ack,
            Some(b'4') => WireType::ConnectError,
            Some(b'5') => WireType::BinaryEvent,
            Some(b'6') => WireType::BinaryAck,
            Some(_) => return Err(self.error(DecodeErrorKind::UnknownType)),
            None => return Err(self.error(DecodeErrorKind::Empty)),
        };
        self.at += 1;
        Ok(wire_type)
    }

    fn attachments(&mut self, most: u32) -> Result<u32, DecodeError> {
        let start = self.error(DecodeErrorKind::AttachmentCount);
        let too_many = DecodeError { kind: DecodeErrorKind::TooManyAttachments, ..start };
        let count = self.number();
        if self.peek() != Some(b'-') {
            return Err(self.error(DecodeErrorKind::AttachmentCount));
        }
        self.at += 1;
        match count {
            Ok(None | Some(0)) => Err(start),
            Ok(Some(count)) => u32::try_from(count).ok().filter(|count| *count <= most).ok_or(too_many),
            Err(TooLarge) => Err(too_many),
        }
    }

    /// The comma may be missing at the end of the packet (reference behaviour).
    fn namespace(&mut self) -> ByteString {
        if self.peek() != Some(b'/') {
            return ByteString::from_static("/");
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (namespace, behind) = rest.split_once(',').unwrap_or((rest, ""));
        self.at = self.bytes.len().saturating_sub(behind.len());
        let path = namespace.split_once('?').map_or(namespace, |(path, _query)| path);
        self.text.share(path)
    }

    fn id(&mut self) -> Result<Option<AckId>, DecodeError> {
        let overflow = self.error(DecodeErrorKind::AckIdOverflow);
        let id = self.number().map_err(|TooLarge| overflow)?;
        Ok(id.map(AckId))
    }

    /// Reads digits; `None` where there are none.
    fn number(&mut self) -> Result<Option<u64>, TooLarge> {
        let (start, mut number) = (self.at, Some(0_u64));
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            let tens = number.and_then(|number| number.checked_mul(10));
            number = tens.and_then(|tens| tens.checked_add(u64::from(digit - b'0')));
        }
        if self.at == start { Ok(None) } else { number.map(Some).ok_or(TooLarge) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    const fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.at)
    }
}

/// A number of more than 64 bits.
struct TooLarge;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(WireType, u32, String, Option<u64>, usize), DecodeError> {
        let header = Header::read(&text.into(), 10)?;
        let id = header.id.map(|AckId(id)| id);
        Ok((header.wire_type, header.attachments, header.namespace.to_string(), id, header.len))
    }

    #[test]
    fn reads_every_part() {
        let table = [
            ("0", (WireType::Connect, 0, "/", None, 1)),
            ("0/admin", (WireType::Connect, 0, "/admin", None, 7)),
            ("0/admin,{}", (WireType::Connect, 0, "/admin", None, 8)),
            ("0/admin?token=a/b,{}", (WireType::Connect, 0, "/admin", None, 18)),
            ("0/,{}", (WireType::Connect, 0, "/", None, 3)),
            ("1/ä,", (WireType::Disconnect, 0, "/ä", None, 5)),
            ("2[]", (WireType::Event, 0, "/", None, 1)),
            ("20[]", (WireType::Event, 0, "/", Some(0), 2)),
            ("2/a,12[]", (WireType::Event, 0, "/a", Some(12), 6)),
            ("318446744073709551615[]", (WireType::Ack, 0, "/", Some(u64::MAX), 21)),
            ("4{}", (WireType::ConnectError, 0, "/", None, 1)),
            ("51-[]", (WireType::BinaryEvent, 1, "/", None, 3)),
            ("610-/a,7[]", (WireType::BinaryAck, 10, "/a", Some(7), 8)),
        ];
        for (wire, (wire_type, attachments, namespace, id, len)) in table {
            assert_eq!(read(wire), Ok((wire_type, attachments, namespace.to_owned(), id, len)), "{wire}");
        }
    }

    #[test]
    fn refuses_each_broken_rule_and_says_where() {
        let table = [
            ("", DecodeErrorKind::Empty, 0),
            ("7", DecodeErrorKind::UnknownType, 0),
            ("€", DecodeErrorKind::UnknownType, 0),
            ("5", DecodeErrorKind::AttachmentCount, 1),
            ("5-[]", DecodeErrorKind::AttachmentCount, 1),
            ("50-[]", DecodeErrorKind::AttachmentCount, 1),
            ("500-[]", DecodeErrorKind::AttachmentCount, 1),
            ("51[]", DecodeErrorKind::AttachmentCount, 2),
            ("5+1-[]", DecodeErrorKind::AttachmentCount, 1),
            ("51.0-[]", DecodeErrorKind::AttachmentCount, 2),
            ("6999", DecodeErrorKind::AttachmentCount, 4),
            ("511-[]", DecodeErrorKind::TooManyAttachments, 1),
            ("54294967296-[]", DecodeErrorKind::TooManyAttachments, 1),
            ("2/a,18446744073709551616[]", DecodeErrorKind::AckIdOverflow, 4),
        ];
        for (wire, kind, offset) in table {
            assert_eq!(read(wire), Err(DecodeError::new(kind, offset)), "{wire}");
        }
    }
}
