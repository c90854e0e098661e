//! The mask of client frames. Spec: RFC 6455 › 5.3 Client-to-server masking.

/// Takes the mask off, eight bytes at a time.
pub(super) fn unmask(data: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = data.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
}

/// The mask as it applies `read` bytes further on.
pub(super) fn advance(mask: [u8; 4], read: usize) -> [u8; 4] {
    let mut advanced = mask;
    advanced.rotate_left(read % mask.len());
    advanced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition_at_every_length_and_split() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..40_usize {
            let plain: Vec<u8> = (0..len).map(|at| u8::try_from(at).unwrap().wrapping_mul(91)).collect();
            let masked: Vec<u8> = plain.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
            for split in 0..=len {
                let mut data = masked.clone();
                let (left, right) = data.split_at_mut(split);
                unmask(left, mask);
                unmask(right, advance(mask, split));
                assert_eq!(data, plain);
            }
        }
    }
}
