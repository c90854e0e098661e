//! The checked payload: sender, sequence number and send time in hex, then padding.

/// Bytes of the fixed front: 6 sender, 8 sequence number, 12 send time.
pub(crate) const FRONT: usize = 26;

const PADDING: u8 = b'x';

/// What a payload says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) sender: u32,
    pub(crate) sequence: u32,
    /// Since the generator's start.
    pub(crate) sent_ns: u64,
}

impl Payload {
    /// Appends the payload, `size` bytes long (at least [`FRONT`]).
    pub(crate) fn put(&self, out: &mut Vec<u8>, size: usize) {
        put_hex(out, self.sender.into(), 6);
        put_hex(out, self.sequence.into(), 8);
        put_hex(out, self.sent_ns, 12);
        out.resize(out.len() + size.saturating_sub(FRONT), PADDING);
    }

    /// Reads a payload; `None` if its length, its padding or a digit is not as sent.
    pub(crate) fn read(bytes: &[u8], size: usize) -> Option<Self> {
        if bytes.len() != size.max(FRONT) || bytes[FRONT..].iter().any(|byte| *byte != PADDING) {
            return None;
        }
        Some(Self {
            sender: u32::try_from(hex(&bytes[..6])?).ok()?,
            sequence: u32::try_from(hex(&bytes[6..14])?).ok()?,
            sent_ns: hex(&bytes[14..FRONT])?,
        })
    }
}

fn put_hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    for digit in (0..digits).rev() {
        let [.., nibble] = (value >> (4 * digit) & 15).to_be_bytes();
        out.push(b"0123456789abcdef"[usize::from(nibble)]);
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Payload = Payload { sender: 0xabc, sequence: 7, sent_ns: 123_456_789_012 };

    fn wire(size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        SAMPLE.put(&mut bytes, size);
        bytes
    }

    #[test]
    fn comes_back_as_sent_at_any_size() {
        for size in [0, FRONT, 27, 64, 1024] {
            assert_eq!(Payload::read(&wire(size), size), Some(SAMPLE));
        }
    }

    #[test]
    fn any_changed_length_or_padding_or_digit_is_noticed() {
        let good = wire(64);
        assert_eq!(Payload::read(&good[..63], 64), None);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] = b'?';
            assert_eq!(Payload::read(&bad, 64), None, "byte {at}");
        }
    }
}
