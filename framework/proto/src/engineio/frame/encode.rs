//! Server frames: never masked, never fragmented. Spec: RFC 6455 › 5.2 Base framing protocol.

use bytes::{BufMut, Bytes, BytesMut};

use super::header::{LENGTH_IN_2, LENGTH_IN_8, Opcode};

/// Encodes one text frame; its content is the parts, one behind the other.
#[must_use]
pub fn text(payload: &[&str]) -> Bytes {
    let len = payload.iter().map(|part| part.len()).sum();
    let mut out = BytesMut::with_capacity(framed_len(len));
    append_header(&mut out, Opcode::Text, len);
    payload.iter().for_each(|part| out.put_slice(part.as_bytes()));
    out.freeze()
}

/// Adds one text frame; its content is the parts, one behind the other, which together are UTF-8.
pub fn append_text(out: &mut BytesMut, parts: &[&[u8]]) {
    let len = parts.iter().map(|part| part.len()).sum();
    out.reserve(framed_len(len));
    append_header(out, Opcode::Text, len);
    parts.iter().filter(|part| !part.is_empty()).for_each(|part| out.put_slice(part));
}

/// Adds the header of a text frame whose content, of `len` bytes, is added next.
pub(crate) fn append_text_header(out: &mut BytesMut, len: usize) {
    append_header(out, Opcode::Text, len);
}

/// Adds one frame of any type; its content is the parts, one behind the other.
pub(crate) fn append_parts(out: &mut BytesMut, opcode: Opcode, parts: &[&[u8]]) {
    let len = parts.iter().map(|part| part.len()).sum();
    out.reserve(framed_len(len));
    append_header(out, opcode, len);
    parts.iter().for_each(|part| out.put_slice(part));
}

/// Adds one binary frame.
pub fn append_binary(out: &mut BytesMut, data: &[u8]) {
    out.reserve(framed_len(data.len()));
    append_header(out, Opcode::Binary, data.len());
    out.put_slice(data);
}

/// Encodes a close frame with a status code, such as that of a
/// [`FrameError`](super::FrameError::close_code).
#[must_use]
pub fn close(code: u16) -> Bytes {
    control(Opcode::Close, &code.to_be_bytes())
}

/// Encodes a ping frame. Engine.IO has pings of its own; this is for peers that know only these.
/// Of more than 125 bytes, which no control frame carries, the first 125 are sent.
#[must_use]
pub fn ping(data: &[u8]) -> Bytes {
    control(Opcode::Ping, data)
}

/// Encodes the answer to a ping frame. Of more than 125 bytes, which no control frame carries, the
/// first 125 are sent.
#[must_use]
pub fn pong(data: &[u8]) -> Bytes {
    control(Opcode::Pong, data)
}

/// Walks over frames that were encoded here, such as those of a packet in the outbox. Ends at the
/// first byte that is no such frame.
pub fn iter(framed: &[u8]) -> impl Iterator<Item = (Opcode, &[u8])> {
    let mut rest = framed;
    std::iter::from_fn(move || {
        let (opcode, payload, behind) = split_frame(rest)?;
        rest = behind;
        Some((opcode, payload))
    })
}

/// Bytes that a frame takes with its header.
pub(crate) const fn framed_len(payload_len: usize) -> usize {
    let header = match payload_len {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    };
    payload_len.saturating_add(header)
}

fn control(opcode: Opcode, data: &[u8]) -> Bytes {
    let data = data.get(..MAX_CONTROL).unwrap_or(data);
    let mut out = BytesMut::with_capacity(framed_len(data.len()));
    append_header(&mut out, opcode, data.len());
    out.put_slice(data);
    out.freeze()
}

fn append_header(out: &mut BytesMut, opcode: Opcode, len: usize) {
    out.put_u8(opcode.final_byte());
    if let Ok(short @ 0..=MAX_SHORT) = u8::try_from(len) {
        out.put_u8(short);
    } else if let Ok(two_bytes) = u16::try_from(len) {
        out.put_u8(MAX_SHORT + 1);
        out.put_u16(two_bytes);
    } else {
        out.put_u8(MAX_SHORT + 2);
        out.put_u64(len as u64);
    }
}

fn split_frame(bytes: &[u8]) -> Option<(Opcode, &[u8], &[u8])> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let opcode = [Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong]
        .into_iter()
        .find(|opcode| opcode.final_byte() == first)?;
    let (len, rest) = match u64::from(second) {
        LENGTH_IN_2 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*len)), rest)
        }
        LENGTH_IN_8 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*len), rest)
        }
        short => (short, rest),
    };
    let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    Some((opcode, payload, rest))
}

const MAX_CONTROL: usize = 125;
const MAX_SHORT: u8 = 125;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_the_fewest_bytes() {
        let table: [(usize, &[u8]); 5] = [
            (0, &[0x82, 0]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 0xff, 0xff]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (len, header) in table {
            let mut out = BytesMut::new();
            append_binary(&mut out, &vec![7; len]);
            assert!(out.starts_with(header));
            assert_eq!(out.len(), framed_len(len));
        }
    }

    #[test]
    fn an_encoded_packet_comes_apart_into_its_frames() {
        let mut out = BytesMut::from(&text(&["4", "51-[]"])[..]);
        append_binary(&mut out, &[9; 70_000]);
        append_binary(&mut out, &[]);
        let frames: Vec<_> = iter(&out).collect();
        assert_eq!(
            frames,
            [(Opcode::Text, &b"451-[]"[..]), (Opcode::Binary, &[9; 70_000][..]), (Opcode::Binary, &[][..])]
        );
    }

    #[test]
    fn control_frames_stay_within_their_limit() {
        assert_eq!(close(1009), &[0x88, 2, 0x03, 0xf1][..]);
        assert_eq!(pong(b"x"), &[0x8a, 1, b'x'][..]);
        assert_eq!(ping(&[0; 200]).len(), 127);
    }

    #[test]
    fn what_is_no_frame_ends_the_walk() {
        let table: [&[u8]; 6] = [
            &[],
            &[0x81],
            &[0x81, 2, 0],
            &[0x81, 126, 1],
            &[0x00, 0],
            &[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255],
        ];
        for bytes in table {
            assert_eq!(iter(bytes).count(), 0);
        }
    }
}
