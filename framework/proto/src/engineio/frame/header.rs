//! Header of a frame. Spec: RFC 6455 › 5.2 Base framing protocol.

use super::error::FrameErrorKind;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further fragment of the message before.
    Continuation,
    /// A text message, or its first fragment.
    Text,
    /// A binary message, or its first fragment.
    Binary,
    /// The end of the connection.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    const fn read(first_byte: u8) -> Option<Self> {
        match first_byte & 0x0f {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xa => Some(Self::Pong),
            _ => None,
        }
    }

    /// The first byte of a frame that is a whole message.
    pub(super) const fn final_byte(self) -> u8 {
        FIN | match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Header of a client's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    pub(super) payload_len: u64,
}

impl Header {
    /// Longest header: two bytes, eight of length, four of mask.
    pub(super) const MAX_LEN: usize = 14;

    /// Reads a client's header from the front of `bytes`, with its own length. `None`: it is not
    /// all there yet. A rule is checked as soon as its bytes are there, and a rule on earlier bytes
    /// first, so that the pieces in which bytes arrive never change the verdict.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameErrorKind> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let opcode = check_first_two(first, second)?;
        let short = u64::from(second & LENGTH);
        let (payload_len, length_bytes) = match short {
            LENGTH_IN_2 => match rest.first_chunk() {
                Some(bytes) => (minimal(u64::from(u16::from_be_bytes(*bytes)), LENGTH_IN_2)?, 2),
                None => return Ok(None),
            },
            LENGTH_IN_8 => match rest.first_chunk() {
                Some(bytes) => (minimal(u64::from_be_bytes(*bytes), 1 << 16)?, 8),
                None => return Ok(None),
            },
            short => (short, 0),
        };
        let Some(mask) = rest.get(length_bytes..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        let header = Self { fin: first & FIN != 0, opcode, mask: *mask, payload_len };
        Ok(Some((header, 2 + length_bytes + mask.len())))
    }
}

fn check_first_two(first: u8, second: u8) -> Result<Opcode, FrameErrorKind> {
    if first & RESERVED != 0 {
        return Err(FrameErrorKind::ReservedBit);
    }
    let Some(opcode) = Opcode::read(first) else { return Err(FrameErrorKind::UnknownOpcode) };
    if second & MASKED == 0 {
        return Err(FrameErrorKind::Unmasked);
    }
    if opcode.is_control() && first & FIN == 0 {
        return Err(FrameErrorKind::FragmentedControl);
    }
    if opcode.is_control() && u64::from(second & LENGTH) >= LENGTH_IN_2 {
        return Err(FrameErrorKind::LongControl);
    }
    Ok(opcode)
}

const fn minimal(length: u64, least: u64) -> Result<u64, FrameErrorKind> {
    if length > u64::MAX >> 1 {
        Err(FrameErrorKind::LengthOverflow)
    } else if length < least {
        Err(FrameErrorKind::LengthNotMinimal)
    } else {
        Ok(length)
    }
}

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// Value of the short length that says: two bytes of length follow.
pub(super) const LENGTH_IN_2: u64 = 126;
/// Value of the short length that says: eight bytes of length follow.
pub(super) const LENGTH_IN_8: u64 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn read(start: &[u8]) -> Result<Option<(Header, usize)>, FrameErrorKind> {
        Header::read(&[start, &MASK].concat())
    }

    #[test]
    fn reads_every_form_of_length() {
        let table: [(&[u8], u64); 6] = [
            (&[0x81, 0x80], 0),
            (&[0x81, 0x80 | 125], 125),
            (&[0x81, 0xfe, 0, 126], 126),
            (&[0x81, 0xfe, 0xff, 0xff], 65_535),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
            (&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX >> 1),
        ];
        for (start, payload_len) in table {
            let expected = Header { fin: true, opcode: Opcode::Text, mask: MASK, payload_len };
            assert_eq!(read(start), Ok(Some((expected, start.len() + 4))));
        }
    }

    #[test]
    fn refuses_each_broken_rule() {
        let table: [(&[u8], FrameErrorKind); 11] = [
            (&[0xc1, 0x80], FrameErrorKind::ReservedBit),
            (&[0xa1, 0x80], FrameErrorKind::ReservedBit),
            (&[0x91, 0x80], FrameErrorKind::ReservedBit),
            (&[0x83, 0x80], FrameErrorKind::UnknownOpcode),
            (&[0x8b, 0x80], FrameErrorKind::UnknownOpcode),
            (&[0x81, 0x00], FrameErrorKind::Unmasked),
            (&[0x09, 0x80], FrameErrorKind::FragmentedControl),
            (&[0x88, 0xfe, 0, 126], FrameErrorKind::LongControl),
            (&[0x81, 0xfe, 0, 125], FrameErrorKind::LengthNotMinimal),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], FrameErrorKind::LengthNotMinimal),
            (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], FrameErrorKind::LengthOverflow),
        ];
        for (start, kind) in table {
            assert_eq!(read(start), Err(kind), "{start:02x?}");
        }
    }

    #[test]
    fn waits_for_the_rest_of_a_header() {
        let whole = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
        assert_eq!(whole.len(), Header::MAX_LEN);
        for len in 0..whole.len() {
            assert_eq!(Header::read(&whole[..len]), Ok(None));
        }
        assert!(Header::read(&whole).unwrap().is_some());
    }
}
