//! Payloads: several packets in one body, each behind its length.
//! Spec: "Engine.IO protocol", revision 3 › Encoding › Payload.
//!
//! As text, `<length>:<packet>`: the length counts UTF-16 code units, as JavaScript does ("length of the
//! packet in characters"). As bytes, `<0 text, 1 binary><digits, one byte each><255><packet>`: the length
//! counts bytes.

use bytes::{Buf as _, Bytes, BytesMut};
use bytestring::ByteString;

use super::packet::{decode_binary, decode_text};
use crate::engineio::error::{DecodeError, DecodeErrorKind};
use crate::engineio::frame::{self, Opcode};
use crate::engineio::packet::Packet;

/// Reads the body of a POST request of text, all of it or nothing. A packet without content is left out, as
/// the reference does.
///
/// # Errors
/// [`DecodeErrorKind::Utf8`], [`DecodeErrorKind::Empty`] for an empty body, [`DecodeErrorKind::Length`],
/// [`DecodeErrorKind::Truncated`], [`DecodeErrorKind::TooManyPackets`], and for each packet the errors of
/// [`decode_text`].
pub fn decode_payload(body: Bytes, max_packets: usize) -> Result<Vec<Packet>, DecodeError> {
    let text = ByteString::try_from(body)
        .map_err(|error| DecodeError::new(DecodeErrorKind::Utf8, error.valid_up_to()))?;
    let mut packets = Packets::new(text.len(), max_packets)?;
    let mut at = 0;
    while at < text.len() {
        let (units, start) = text_length(text.as_bytes(), at)?;
        let content =
            characters(text.get(start..).unwrap_or_default(), units).map_err(|error| error.behind(start))?;
        if !content.is_empty() {
            packets.push(at, || decode_text(text.slice_ref(content)).map_err(|error| error.behind(start)))?;
        }
        at = start.saturating_add(content.len());
    }
    Ok(packets.list)
}

/// Reads the body of a POST request of bytes (`application/octet-stream`), all of it or nothing.
///
/// # Errors
/// [`DecodeErrorKind::Empty`] for an empty body, [`DecodeErrorKind::Marker`], [`DecodeErrorKind::Length`],
/// [`DecodeErrorKind::Truncated`], [`DecodeErrorKind::TooManyPackets`], and for each packet
/// [`DecodeErrorKind::Utf8`] and the errors of [`decode_text`] and [`decode_binary`].
pub fn decode_bytes(body: Bytes, max_packets: usize) -> Result<Vec<Packet>, DecodeError> {
    let len = body.len();
    let mut packets = Packets::new(len, max_packets)?;
    let mut rest = body;
    while let Some(&marker) = rest.first() {
        let at = len.saturating_sub(rest.len());
        let (length, front) = byte_length(&rest, 1).map_err(|error| error.behind(at))?;
        rest.advance(front);
        if length > rest.len() {
            return Err(DecodeError::new(DecodeErrorKind::Truncated, len));
        }
        let content = rest.split_to(length);
        let start = at.saturating_add(front);
        packets.push(at, || match marker {
            TEXT => text_packet(content).map_err(|error| error.behind(start)),
            BINARY => decode_binary(content).map_err(|error| error.behind(start)),
            _ => Err(DecodeError::new(DecodeErrorKind::Marker, at)),
        })?;
    }
    Ok(packets.list)
}

/// The body that carries one packet of text without data, such as a noop.
#[must_use]
pub fn packet_payload(packet: &str) -> Bytes {
    let mut out = Vec::new();
    put_text(&mut out, packet.as_bytes());
    out.into()
}

/// Whether a body that was written here is bytes, `application/octet-stream`, rather than text.
#[must_use]
pub fn is_binary(body: &[u8]) -> bool {
    // Text begins with a digit.
    matches!(body, [TEXT | BINARY, ..])
}

/// Fills the response to a poll with packets that were encoded by [`reframe`](super::reframe).
///
/// The response is text unless a packet has binary data, as in the reference.
#[derive(Debug)]
pub struct Writer {
    parts: BytesMut,
    /// What each part is, and where it ends.
    ends: Vec<(Opcode, usize)>,
    /// Most bytes that the body may have by now.
    size: usize,
    max_payload: usize,
}

impl Writer {
    /// Starts a response of at most `max_payload` bytes.
    #[must_use]
    pub fn new(max_payload: usize) -> Self {
        Self { parts: BytesMut::new(), ends: Vec::new(), size: 0, max_payload }
    }

    /// Adds one encoded packet, that is all of its frames, and says whether it found room. A packet larger
    /// than `maxPayload` goes out alone, as in revision 4.
    #[must_use = "a packet that found no room belongs into the next response"]
    pub fn push(&mut self, framed: &[u8]) -> bool {
        let added: usize = frame::iter(framed).map(|(_, data)| digits(data.len()) + 2 + data.len()).sum();
        let size = self.size.saturating_add(added);
        if !self.ends.is_empty() && size > self.max_payload {
            return false;
        }
        self.size = size;
        for (opcode, data) in frame::iter(framed) {
            self.parts.extend_from_slice(data);
            self.ends.push((opcode, self.parts.len()));
        }
        true
    }

    /// The body of the response; empty if nothing was pushed, which is no answer.
    #[must_use]
    pub fn finish(self) -> Bytes {
        let mut out = Vec::with_capacity(self.size);
        let as_bytes = self.ends.iter().any(|(opcode, _)| *opcode == Opcode::Binary);
        let mut start = 0;
        for (opcode, end) in self.ends {
            let part = self.parts.get(start..end).unwrap_or_default();
            match (as_bytes, opcode) {
                (true, Opcode::Binary) => put_bytes(&mut out, BINARY, part),
                (true, _) => put_bytes(&mut out, TEXT, part),
                (false, _) => put_text(&mut out, part),
            }
            start = end;
        }
        out.into()
    }
}

/// What was read so far.
struct Packets {
    list: Vec<Packet>,
    most: usize,
}

impl Packets {
    fn new(body_len: usize, most: usize) -> Result<Self, DecodeError> {
        if body_len == 0 {
            Err(DecodeError::new(DecodeErrorKind::Empty, 0))
        } else {
            Ok(Self { list: Vec::new(), most })
        }
    }

    /// Reads one more, at this place of the body.
    fn push(
        &mut self,
        at: usize,
        read: impl FnOnce() -> Result<Packet, DecodeError>,
    ) -> Result<(), DecodeError> {
        if self.list.len() >= self.most {
            return Err(DecodeError::new(DecodeErrorKind::TooManyPackets, at));
        }
        self.list.push(read()?);
        Ok(())
    }
}

fn text_packet(content: Bytes) -> Result<Packet, DecodeError> {
    let text = ByteString::try_from(content)
        .map_err(|error| DecodeError::new(DecodeErrorKind::Utf8, error.valid_up_to()))?;
    decode_text(text)
}

/// Reads `<digits>:`, and says where the packet begins.
fn text_length(body: &[u8], at: usize) -> Result<(usize, usize), DecodeError> {
    length(body, at, b':', |byte| byte.checked_sub(b'0'))
}

/// Reads digits, one byte each, and the byte 255.
fn byte_length(body: &[u8], at: usize) -> Result<(usize, usize), DecodeError> {
    length(body, at, END, Some)
}

/// Reads a number up to `end`, and says where what follows begins.
fn length(
    body: &[u8],
    start: usize,
    end: u8,
    digit: impl Fn(u8) -> Option<u8>,
) -> Result<(usize, usize), DecodeError> {
    let mut number = None;
    let mut at = start;
    loop {
        let wrong = DecodeError::new(DecodeErrorKind::Length, at);
        let byte = *body.get(at).ok_or(wrong)?;
        at = at.saturating_add(1);
        if byte == end {
            return number.map(|number| (number, at)).ok_or(wrong);
        }
        let digit = digit(byte).filter(|digit| *digit <= 9).ok_or(wrong)?;
        let tens = number.unwrap_or(0_usize).checked_mul(10).ok_or(wrong)?;
        number = Some(tens.checked_add(usize::from(digit)).ok_or(wrong)?);
    }
}

/// The first part of a text, of so many UTF-16 code units.
fn characters(text: &str, units: usize) -> Result<&str, DecodeError> {
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Ok(text.get(..at).unwrap_or_default());
        }
        // Half a character is no text.
        left =
            left.checked_sub(character.len_utf16()).ok_or(DecodeError::new(DecodeErrorKind::Length, at))?;
    }
    if left == 0 { Ok(text) } else { Err(DecodeError::new(DecodeErrorKind::Truncated, text.len())) }
}

fn put_text(out: &mut Vec<u8>, packet: &[u8]) {
    out.extend_from_slice(itoa::Buffer::new().format(utf16_len(packet)).as_bytes());
    out.push(b':');
    out.extend_from_slice(packet);
}

fn put_bytes(out: &mut Vec<u8>, marker: u8, packet: &[u8]) {
    out.push(marker);
    out.extend(itoa::Buffer::new().format(packet.len()).bytes().map(|digit| digit.wrapping_sub(b'0')));
    out.push(END);
    out.extend_from_slice(packet);
}

/// UTF-16 code units of a text, given as UTF-8: one for each character, two for those of four bytes.
fn utf16_len(utf8: &[u8]) -> usize {
    let starts = utf8.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count();
    let long = utf8.iter().filter(|byte| **byte >= 0b1111_0000).count();
    starts.saturating_add(long)
}

/// Decimal digits of a number.
fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

const TEXT: u8 = 0;
const BINARY: u8 = 1;
const END: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engineio::packet::Message;

    fn text(text: &'static str) -> Packet {
        Packet::Message(Message::Text(text.into()))
    }

    fn binary(data: &'static [u8]) -> Packet {
        Packet::Message(Message::Binary(Bytes::from_static(data)))
    }

    fn read(body: &'static str) -> Result<Vec<Packet>, DecodeError> {
        decode_payload(Bytes::from_static(body.as_bytes()), 4)
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(read("6:4hello2:4€"), Ok(vec![text("hello"), text("€")]));
        assert_eq!(read("2:4€10:b4AQIDBA=="), Ok(vec![text("€"), binary(&[1, 2, 3, 4])]));
        let body = b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04";
        assert_eq!(decode_bytes(Bytes::from_static(body), 4), Ok(vec![text("€"), binary(&[1, 2, 3, 4])]));
    }

    #[test]
    fn a_length_counts_as_javascript_does() {
        assert_eq!(read("3:4🎲1:2"), Ok(vec![text("🎲"), Packet::Ping("".into())]));
        assert_eq!(packet_payload("4🎲€"), "4:4🎲€");
        assert_eq!(read("0:1:2"), Ok(vec![Packet::Ping("".into())]), "an empty packet is none");
        assert_eq!(read("001:2"), Ok(vec![Packet::Ping("".into())]));
    }

    #[test]
    fn refuses_text_that_is_no_payload_and_says_where() {
        let table = [
            ("", DecodeErrorKind::Empty, 0),
            (":2", DecodeErrorKind::Length, 0),
            ("2", DecodeErrorKind::Length, 1),
            ("x:2", DecodeErrorKind::Length, 0),
            ("-1:2", DecodeErrorKind::Length, 0),
            ("1:21", DecodeErrorKind::Length, 4),
            ("99999999999999999999:2", DecodeErrorKind::Length, 19),
            ("2:4🎲", DecodeErrorKind::Length, 3),
            ("5:4€", DecodeErrorKind::Truncated, 6),
            ("1:21:7", DecodeErrorKind::UnknownType, 5),
            ("1:25:b4A*=", DecodeErrorKind::Base64, 8),
            ("1:21:21:21:21:2", DecodeErrorKind::TooManyPackets, 12),
        ];
        for (body, kind, offset) in table {
            assert_eq!(read(body), Err(DecodeError::new(kind, offset)), "{body}");
        }
        let invalid = decode_payload(Bytes::from_static(b"2:4\xff"), 4);
        assert_eq!(invalid, Err(DecodeError::new(DecodeErrorKind::Utf8, 3)));
    }

    #[test]
    fn refuses_bytes_that_are_no_payload_and_says_where() {
        let table: [(&'static [u8], DecodeErrorKind, usize); 11] = [
            (b"", DecodeErrorKind::Empty, 0),
            (b"\x02\x01\xff2", DecodeErrorKind::Marker, 0),
            (b"\x00", DecodeErrorKind::Length, 1),
            (b"\x00\xff", DecodeErrorKind::Length, 1),
            (b"\x00\x0a\xff", DecodeErrorKind::Length, 1),
            (b"\x00\x02\xff2", DecodeErrorKind::Truncated, 4),
            (b"\x00\x00\xff", DecodeErrorKind::Empty, 3),
            (b"\x00\x02\xff4\xff", DecodeErrorKind::Utf8, 4),
            (b"\x01\x01\xff\x02", DecodeErrorKind::UnknownType, 3),
            (b"\x00\x01\xff2\x03\x01\xff2", DecodeErrorKind::Marker, 4),
            (
                b"\x01\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff",
                DecodeErrorKind::Length,
                20,
            ),
        ];
        for (body, kind, offset) in table {
            let error = decode_bytes(Bytes::from_static(body), 4);
            assert_eq!(error, Err(DecodeError::new(kind, offset)), "{body:?}");
        }
        let five = Bytes::from_static(b"\x00\x01\xff2").repeat(5);
        let error = decode_bytes(five.into(), 4);
        assert_eq!(error, Err(DecodeError::new(DecodeErrorKind::TooManyPackets, 16)));
    }

    #[test]
    fn a_response_is_text_until_a_packet_has_bytes() {
        let framed = |packet: Packet, base64| super::super::reframe(packet.encode(), base64);
        let mut writer = Writer::new(100);
        assert!(writer.push(&framed(text("€"), false)) && writer.push(&framed(binary(&[1, 2, 3, 4]), true)));
        let body = writer.finish();
        assert_eq!((&body[..], is_binary(&body)), ("2:4€10:b4AQIDBA==".as_bytes(), false));
        let mut writer = Writer::new(100);
        assert!(writer.push(&framed(text("€"), false)) && writer.push(&framed(binary(&[1, 2, 3, 4]), false)));
        let body = writer.finish();
        let expected = b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04";
        assert_eq!((&body[..], is_binary(&body)), (&expected[..], true));
        assert!(Writer::new(1).finish().is_empty());
    }

    #[test]
    fn a_response_ends_at_its_limit_between_packets() {
        let packet = text("0123456789").encode();
        let mut writer = Writer::new(30);
        assert!(writer.push(&packet) && writer.push(&packet) && !writer.push(&packet));
        assert_eq!(writer.finish().len(), 28);
        let mut writer = Writer::new(3);
        assert!(writer.push(&packet), "one that is larger goes alone");
        assert!(!writer.push(&packet));
    }
}
