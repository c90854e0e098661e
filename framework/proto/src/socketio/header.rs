//! What stands before the payload: `<type>[<attachments>-][<namespace>,][<id>]`.
//! Spec: "Socket.IO protocol" › Packet encoding › Format.

use bytestring::ByteString;

use super::error::{DecodeError, DecodeErrorKind};
use super::packet::AckId;

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
    pub(super) fn read(text: &ByteString, max_attachments: u32) -> Result<Self, DecodeError> {
        let mut cursor = Cursor { text, rest: text };
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
        Ok(Self { wire_type, attachments, namespace, id, len: cursor.offset() })
    }
}

struct Cursor<'a> {
    text: &'a ByteString,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn wire_type(&mut self) -> Result<WireType, DecodeError> {
        let wire_type = match self.rest.as_bytes().first() {
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
        self.take(1);
        Ok(wire_type)
    }

    fn attachments(&mut self, most: u32) -> Result<u32, DecodeError> {
        let start = self.offset();
        let digits = self.digits();
        let Some(rest) = self.rest.strip_prefix('-') else {
            return Err(self.error(DecodeErrorKind::AttachmentCount));
        };
        self.rest = rest;
        if digits.bytes().all(|digit| digit == b'0') {
            return Err(DecodeError::new(DecodeErrorKind::AttachmentCount, start));
        }
        // Only a number beyond 32 bits does not parse here.
        match digits.parse::<u32>() {
            Ok(count) if count <= most => Ok(count),
            Ok(_) | Err(_) => Err(DecodeError::new(DecodeErrorKind::TooManyAttachments, start)),
        }
    }

    /// The comma may be missing at the end of the packet (reference behaviour).
    fn namespace(&mut self) -> ByteString {
        if !self.rest.starts_with('/') {
            return ByteString::from_static("/");
        }
        let (namespace, rest) = self.rest.split_once(',').unwrap_or((self.rest, ""));
        self.rest = rest;
        let path = namespace.split_once('?').map_or(namespace, |(path, _query)| path);
        self.text.slice_ref(path)
    }

    fn id(&mut self) -> Result<Option<AckId>, DecodeError> {
        let start = self.offset();
        let digits = self.digits();
        if digits.is_empty() {
            return Ok(None);
        }
        let id = digits.parse().map_err(|_| DecodeError::new(DecodeErrorKind::AckIdOverflow, start))?;
        Ok(Some(AckId(id)))
    }

    fn digits(&mut self) -> &'a str {
        self.take(self.rest.bytes().take_while(u8::is_ascii_digit).count())
    }

    /// Takes the next bytes, which are ASCII.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// `rest` is always the end of `text`.
    fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<(WireType, u32, String, Option<u64>, usize), DecodeError> {
        let header = Header::read(&ByteString::from_static(text), 10)?;
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
