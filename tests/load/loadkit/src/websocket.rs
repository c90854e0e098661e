//! WebSocket frames by hand.
//!
//! Only whole, unfragmented frames: that is all a Socket.IO peer sends.
//! Spec: RFC 6455 › Base Framing Protocol.

/// First byte of a final text frame.
pub const TEXT: u8 = 0x81;
/// First byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// First byte of a ping frame.
pub const PING: u8 = 0x89;
/// First byte of a pong frame.
pub const PONG: u8 = 0x8A;

const MASKED: u8 = 0x80;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// The header of a frame that is complete in the buffer.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// First byte: FIN bit and opcode.
    pub first: u8,
    /// Bytes of the header, mask included.
    pub size: usize,
    /// Bytes of the payload.
    pub len: usize,
    /// The masking key, if the frame is masked.
    pub mask: Option<[u8; 4]>,
}

/// Reads the header at the front of `bytes`; `None` if header or payload are not there completely.
#[must_use]
#[inline]
pub fn header(bytes: &[u8]) -> Option<Header> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (mut size, len) = match second & !MASKED {
        LENGTH_16 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        LENGTH_64 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let mut mask = None;
    if second & MASKED != 0 {
        mask = Some(*bytes.get(size..)?.first_chunk()?);
        size += 4;
    }
    (bytes.len() - size >= len).then_some(Header { first: *first, size, len, mask })
}

/// Appends an unmasked frame whose payload is `parts`, one after the other.
#[inline]
pub fn frame(out: &mut Vec<u8>, first: u8, parts: &[&[u8]]) {
    put_header(out, first, parts.iter().map(|part| part.len()).sum(), 0);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a frame masked with `key`, as clients must.
#[inline]
pub fn masked_frame(out: &mut Vec<u8>, first: u8, payload: &[u8], key: [u8; 4]) {
    put_header(out, first, payload.len(), MASKED);
    out.extend_from_slice(&key);
    let at = out.len();
    out.extend_from_slice(payload);
    apply_mask(&mut out[at..], key);
}

/// Masks or unmasks `body` in place, eight bytes at a time.
#[inline]
pub fn apply_mask(body: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = body.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each arm has checked the range")]
fn put_header(out: &mut Vec<u8>, first: u8, len: usize, masked: u8) {
    if len < usize::from(LENGTH_16) {
        out.extend_from_slice(&[first, masked | len as u8]);
    } else if let Ok(short) = u16::try_from(len) {
        out.extend_from_slice(&[first, masked | LENGTH_16]);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.extend_from_slice(&[first, masked | LENGTH_64]);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [1, 2, 3, 4];

    #[test]
    fn masked_frames_of_every_length_form_come_back() {
        for len in [0, 1, 7, 8, 9, 125, 126, 65_535, 65_536, 70_001] {
            let payload: Vec<u8> = (0..=250).cycle().take(len).collect();
            let mut wire = Vec::new();
            masked_frame(&mut wire, TEXT, &payload, KEY);
            let header = header(&wire).unwrap();
            assert_eq!((header.first, header.len, header.mask), (TEXT, len, Some(KEY)));
            apply_mask(&mut wire[header.size..], KEY);
            assert_eq!(wire[header.size..], payload);
        }
    }

    #[test]
    fn a_frame_without_its_last_byte_is_not_complete() {
        let mut wire = Vec::new();
        masked_frame(&mut wire, TEXT, &[b'x'; 300], KEY);
        for end in 0..wire.len() {
            assert!(header(&wire[..end]).is_none(), "complete at {end}");
        }
        assert!(header(&wire).is_some());
    }

    #[test]
    fn parts_become_one_unmasked_frame() {
        let mut wire = Vec::new();
        frame(&mut wire, TEXT, &[b"43", b"7", b"[]"]);
        assert_eq!(wire, b"\x81\x05437[]");
    }
}
