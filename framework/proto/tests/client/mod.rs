//! A WebSocket client, as far as its bytes go.

/// First byte of a text frame that is a whole message.
pub(crate) const TEXT: u8 = 0x81;
/// First byte of a binary frame that is a whole message.
pub(crate) const BINARY: u8 = 0x82;
/// First byte of a continuation, not the last.
pub(crate) const CONTINUATION: u8 = 0x00;
/// First byte of a close frame.
pub(crate) const CLOSE: u8 = 0x88;
/// First byte of a ping frame.
pub(crate) const PING: u8 = 0x89;
/// First byte of a pong frame.
pub(crate) const PONG: u8 = 0x8a;
/// The bit that says: last fragment.
pub(crate) const FIN: u8 = 0x80;

/// Encodes one masked frame.
pub(crate) fn frame(first_byte: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first_byte];
    match payload.len() {
        len @ 126..=65_535 => {
            out.push(0x80 | 126);
            out.extend(&len.to_be_bytes()[size_of::<usize>() - 2..]);
        }
        len @ 65_536.. => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
        len => out.extend(len.to_be_bytes().last().map(|short| 0x80 | short)),
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

/// Encodes one message in fragments that end at the given places.
pub(crate) fn fragments(opcode: u8, mask: [u8; 4], payload: &[u8], ends: &[usize]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let (mut start, mut first_byte) = (0, opcode & !FIN);
    for end in ends.iter().copied().filter(|end| *end <= payload.len()) {
        let end = end.max(start);
        frames.push(frame(first_byte, mask, &payload[start..end]));
        (start, first_byte) = (end, CONTINUATION);
    }
    frames.push(frame(first_byte | FIN, mask, &payload[start..]));
    frames
}
