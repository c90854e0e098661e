//! A message of which some bytes are still to come.

use bytes::Bytes;

use super::super::Frame;
use super::super::error::FrameErrorKind;
use super::super::header::{Header, Opcode};
use super::super::mask::{advance, unmask};
use super::{Limits, check_size, complete};

/// Everything that is half read: a header, a frame, a fragmented message. A control frame may come
/// between the fragments of a message, so it has bytes of its own.
#[derive(Debug, Default)]
pub(super) struct Partial {
    header: PartialHeader,
    frame: Option<OpenFrame>,
    control: Vec<u8>,
    message: Option<OpenMessage>,
}

#[derive(Debug, Default)]
struct PartialHeader {
    bytes: [u8; Header::MAX_LEN],
    len: usize,
}

/// A frame whose header is known.
#[derive(Clone, Copy, Debug)]
struct OpenFrame {
    fin: bool,
    opcode: Opcode,
    /// The mask as it applies to the next byte.
    mask: [u8; 4],
    /// Bytes to come.
    left: usize,
}

#[derive(Debug)]
struct OpenMessage {
    opcode: Opcode,
    fragments: u32,
    data: Vec<u8>,
}

impl Partial {
    /// Takes what belongs to the current frame from the front of `rest`.
    pub(super) fn read(&mut self, rest: &mut &[u8], limits: Limits) -> Result<Option<Frame>, FrameErrorKind> {
        let frame = match self.frame {
            Some(frame) => frame,
            None => match self.header.read(rest)? {
                Some(header) => self.begin(&header, limits)?,
                None => return Ok(None),
            },
        };
        let frame = self.fill(frame, rest);
        if frame.left > 0 {
            self.frame = Some(frame);
            return Ok(None);
        }
        self.frame = None;
        self.end(frame)
    }

    pub(super) const fn is_between_frames(&self) -> bool {
        self.frame.is_none() && self.header.len == 0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.is_between_frames() && self.message.is_none()
    }

    /// Checks the rules that depend on the frames before.
    fn begin(&mut self, header: &Header, limits: Limits) -> Result<OpenFrame, FrameErrorKind> {
        match (header.opcode, &mut self.message) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            (Opcode::Continuation, None) => return Err(FrameErrorKind::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(FrameErrorKind::MessageNotFinished),
            (Opcode::Continuation, Some(message)) => message.add_fragment(header, limits)?,
            (opcode @ (Opcode::Text | Opcode::Binary), None) => {
                check_size(header, 0, limits)?;
                self.message = Some(OpenMessage { opcode, fragments: 1, data: Vec::new() });
            }
        }
        let left = usize::try_from(header.payload_len).map_err(|_| FrameErrorKind::MessageTooBig)?;
        Ok(OpenFrame { fin: header.fin, opcode: header.opcode, mask: header.mask, left })
    }

    fn fill(&mut self, frame: OpenFrame, rest: &mut &[u8]) -> OpenFrame {
        let target = match &mut self.message {
            Some(message) if !frame.opcode.is_control() => &mut message.data,
            Some(_) | None => &mut self.control,
        };
        let (masked, behind) = rest.split_at_checked(frame.left).unwrap_or((rest, &[]));
        *rest = behind;
        reserve(target, masked.len(), frame);
        let start = target.len();
        target.extend_from_slice(masked);
        if let Some(added) = target.get_mut(start..) {
            unmask(added, frame.mask);
        }
        OpenFrame {
            mask: advance(frame.mask, masked.len()),
            left: frame.left.saturating_sub(masked.len()),
            ..frame
        }
    }

    fn end(&mut self, frame: OpenFrame) -> Result<Option<Frame>, FrameErrorKind> {
        if frame.opcode.is_control() {
            let payload = Bytes::from(std::mem::take(&mut self.control));
            return complete(frame.opcode, payload).map(Some);
        }
        if !frame.fin {
            return Ok(None);
        }
        match self.message.take() {
            Some(message) => complete(message.opcode, Bytes::from(message.data)).map(Some),
            None => Ok(None),
        }
    }
}

impl PartialHeader {
    /// Takes bytes until the header is complete; a header has at most fourteen.
    fn read(&mut self, rest: &mut &[u8]) -> Result<Option<Header>, FrameErrorKind> {
        while let Some((byte, behind)) = rest.split_first() {
            *rest = behind;
            if let Some(slot) = self.bytes.get_mut(self.len) {
                *slot = *byte;
                self.len = self.len.saturating_add(1);
            }
            if let Some((header, _)) = Header::read(self.bytes.get(..self.len).unwrap_or(&self.bytes))? {
                self.len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }
}

impl OpenMessage {
    fn add_fragment(&mut self, header: &Header, limits: Limits) -> Result<(), FrameErrorKind> {
        check_size(header, self.data.len(), limits)?;
        if self.fragments >= limits.max_fragments {
            return Err(FrameErrorKind::TooManyFragments);
        }
        self.fragments = self.fragments.saturating_add(1);
        Ok(())
    }
}

/// Makes room for `added` bytes of a frame. The buffer doubles, so that bytes that come one by one
/// are copied a bounded number of times, but it grows with what has arrived: an announcement alone
/// costs nothing. In its last frame, and only there, the size of the message is known; the buffer
/// does not grow beyond that.
fn reserve(target: &mut Vec<u8>, added: usize, frame: OpenFrame) {
    if target.capacity().saturating_sub(target.len()) < added {
        let doubled = added.max(target.len()).max(SMALLEST_BUFFER);
        target.reserve_exact(if frame.fin { doubled.min(frame.left) } else { doubled });
    }
}

const SMALLEST_BUFFER: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { max_message: 1_000_000, max_fragments: 1_000_000 };

    /// Feeds bytes one by one; gives back how many were copied as buffers grew, and the frames.
    fn feed(partial: &mut Partial, bytes: &[u8]) -> (usize, Vec<Frame>) {
        let (mut copied, mut frames, mut capacity) = (0, Vec::new(), 0);
        for byte in bytes.chunks(1) {
            frames.extend(partial.read(&mut &*byte, LIMITS).unwrap());
            let now = partial.message.as_ref().map_or(0, |message| message.data.capacity());
            if now != capacity {
                copied += partial.message.as_ref().map_or(0, |message| message.data.len());
                capacity = now;
            }
        }
        (copied, frames)
    }

    fn header(first: u8, len: u64) -> Vec<u8> {
        [&[first, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat()
    }

    #[test]
    fn a_message_that_comes_byte_by_byte_is_copied_a_bounded_number_of_times() {
        for len in [70_000_usize, 700_000] {
            let bytes = [header(0x82, len as u64), vec![7; len]].concat();
            let (copied, frames) = feed(&mut Partial::default(), &bytes);
            assert_eq!(frames, [Frame::Binary(vec![7; len].into())]);
            assert!(copied <= 3 * len, "{copied} of {len}");
        }
    }

    #[test]
    fn tiny_fragments_are_copied_a_bounded_number_of_times() {
        let len = 50_000;
        let mut bytes = vec![0x02, 0x80, 0, 0, 0, 0];
        bytes.extend([0x00, 0x81, 0, 0, 0, 0, 7].repeat(len));
        bytes.extend([0x80, 0x80, 0, 0, 0, 0]);
        let (copied, frames) = feed(&mut Partial::default(), &bytes);
        assert_eq!(frames, [Frame::Binary(vec![7; len].into())]);
        assert!(copied <= 3 * len, "{copied} of {len}");
    }

    #[test]
    fn an_announcement_alone_costs_nothing() {
        let mut partial = Partial::default();
        feed(&mut partial, &[header(0x82, 1_000_000), vec![7; 100]].concat());
        assert!(partial.message.unwrap().data.capacity() <= 256);
    }

    #[test]
    fn a_buffer_never_outgrows_its_message() {
        let mut partial = Partial::default();
        let (_, frames) = feed(&mut partial, &[header(0x82, 70_000), vec![7; 69_999]].concat());
        assert_eq!((frames.len(), partial.message.as_ref().unwrap().data.capacity()), (0, 70_000));
    }
}
