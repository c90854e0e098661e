//! Frames of a client, from pieces of any size to whole messages.
//!
//! Two ways through: a message that lies whole in one piece, as nearly all do, is unmasked straight
//! into the bytes that leave here. Anything else goes through [`Partial`], which exists only as
//! long as something is half read. Each byte is copied once on the first way; on the second once,
//! and again when its buffer doubles.

mod partial;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use self::partial::Partial;
use super::Frame;
use super::error::{FrameError, FrameErrorKind};
use super::header::{Header, Opcode};
use super::mask::unmask;

/// What one connection may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, all fragments together. Default 1,000,000: `maxHttpBufferSize` of the
    /// reference.
    pub max_message: usize,
    /// Frames that make up one message. Default 1,024: a message of the largest size may still come
    /// in pieces of 1 KB, and empty pieces, which cost the sender six bytes, end soon.
    pub max_fragments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message: 1_000_000, max_fragments: 1_024 }
    }
}

/// Reads the frames of one connection.
///
/// ```text
///          piece ends inside a frame, or between two fragments
///   Idle ────────────────────────────────────────────────────▶ Reading
///    ▲                    message complete                        │
///    └────────────────────────────────────────────────────────────┘
///   Idle, Reading ── close frame ──▶ Closed     later bytes are ignored (RFC 6455, 5.5.1)
///   Idle, Reading ── rule broken ──▶ Failed     later bytes get the same error again
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// Bytes taken in so far.
    consumed: u64,
    /// Where the frame that is being read began.
    frame_start: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Reading(Box<Partial>),
    Closed,
    Failed(FrameError),
}

impl Decoder {
    /// Starts at the first byte behind the HTTP handshake.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, consumed: 0, frame_start: 0, state: State::Idle }
    }

    /// Takes the next bytes of the connection, and adds what they complete to `out`.
    ///
    /// Messages that lie whole in one piece share one allocation, so a message that is kept keeps
    /// the others of its piece.
    ///
    /// # Errors
    /// The first rule that the client broke; what came before it is in `out`.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<Frame>) -> Result<(), FrameError> {
        let mut input = Input { rest: chunk, arena: BytesMut::new() };
        while !input.rest.is_empty() {
            let before = input.rest.len();
            self.mark_frame_start();
            let frame = match &mut self.state {
                State::Closed => return Ok(()),
                State::Failed(error) => return Err(*error),
                State::Idle => input.whole_message(self.limits),
                State::Reading(partial) => partial.read(&mut input.rest, self.limits),
            };
            let frame = frame.map_err(|kind| self.fail(kind))?;
            self.consumed = self.consumed.saturating_add(before.saturating_sub(input.rest.len()) as u64);
            self.advance(frame.as_ref());
            out.extend(frame);
        }
        Ok(())
    }

    fn mark_frame_start(&mut self) {
        let between_frames = match &self.state {
            State::Idle => true,
            State::Reading(partial) => partial.is_between_frames(),
            State::Closed | State::Failed(_) => false,
        };
        if between_frames {
            self.frame_start = self.consumed;
        }
    }

    /// Chooses the state for the bytes that follow.
    fn advance(&mut self, frame: Option<&Frame>) {
        match (&self.state, frame) {
            (_, Some(Frame::Close(_))) => self.state = State::Closed,
            (State::Idle, None) => self.state = State::Reading(Box::default()),
            (State::Reading(partial), _) if partial.is_empty() => self.state = State::Idle,
            (State::Idle, Some(_)) | (State::Reading(_) | State::Closed | State::Failed(_), _) => {}
        }
    }

    fn fail(&mut self, kind: FrameErrorKind) -> FrameError {
        let error = FrameError { kind, offset: self.frame_start };
        self.state = State::Failed(error);
        error
    }
}

/// What is left of one piece, and the allocation for the messages that lie whole in it.
#[derive(Debug)]
struct Input<'a> {
    rest: &'a [u8],
    arena: BytesMut,
}

impl Input<'_> {
    /// Takes one frame that is a whole message or a control frame and lies here from its first byte
    /// to its last. Takes nothing if it does not.
    fn whole_message(&mut self, limits: Limits) -> Result<Option<Frame>, FrameErrorKind> {
        let Some((header, header_len)) = Header::read(self.rest)? else { return Ok(None) };
        if !header.fin || header.opcode == Opcode::Continuation {
            return Ok(None);
        }
        check_size(&header, 0, limits)?;
        let Some(behind_header) = self.rest.get(header_len..) else { return Ok(None) };
        let Some((masked, rest)) =
            usize::try_from(header.payload_len).ok().and_then(|len| behind_header.split_at_checked(len))
        else {
            return Ok(None);
        };
        let payload = self.unmask(masked, header.mask, behind_header.len());
        self.rest = rest;
        complete(header.opcode, payload).map(Some)
    }

    /// Copies and unmasks; `left` is what the rest of the piece can need at most.
    fn unmask(&mut self, masked: &[u8], mask: [u8; 4], left: usize) -> Bytes {
        if masked.is_empty() {
            return Bytes::new();
        }
        if self.arena.capacity() == 0 && masked.len() == left {
            // Alone in its piece: bytes that nobody shares need no counter.
            let mut data = masked.to_vec();
            unmask(&mut data, mask);
            return Bytes::from(data);
        }
        self.arena.reserve(if self.arena.capacity() == 0 { left } else { masked.len() });
        self.arena.extend_from_slice(masked);
        unmask(&mut self.arena, mask);
        self.arena.split().freeze()
    }
}

/// Makes a message or a control frame of all its bytes.
fn complete(opcode: Opcode, payload: Bytes) -> Result<Frame, FrameErrorKind> {
    match opcode {
        Opcode::Text => ByteString::try_from(payload).map(Frame::Text).map_err(|_| FrameErrorKind::Utf8),
        Opcode::Binary => Ok(Frame::Binary(payload)),
        Opcode::Ping => Ok(Frame::Ping(payload)),
        Opcode::Pong => Ok(Frame::Pong(payload)),
        Opcode::Close => close(&payload).map(Frame::Close),
        Opcode::Continuation => Err(FrameErrorKind::NothingToContinue),
    }
}

/// Spec: RFC 6455 › 5.5.1 Close, 7.4 Status codes.
fn close(payload: &[u8]) -> Result<Option<u16>, FrameErrorKind> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(FrameErrorKind::ShortClose) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(FrameErrorKind::CloseCode);
    }
    str::from_utf8(reason).map(|_| Some(code)).map_err(|_| FrameErrorKind::Utf8)
}

/// Holds a message against its limit as soon as a header announces it. Control frames are short.
fn check_size(header: &Header, before: usize, limits: Limits) -> Result<(), FrameErrorKind> {
    let total = header.payload_len.saturating_add(before as u64);
    if header.opcode.is_control() || total <= limits.max_message as u64 {
        Ok(())
    } else {
        Err(FrameErrorKind::MessageTooBig)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 11] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];

    fn is_idle(decoder: &Decoder) -> bool {
        matches!(decoder.state, State::Idle)
    }

    #[test]
    fn no_memory_is_held_while_no_frame_is_half_read() {
        let (mut decoder, mut out) = (Decoder::new(Limits::default()), Vec::new());
        for split in 0..=HELLO.len() {
            let (left, right) = HELLO.split_at(split);
            decoder.feed(left, &mut out).unwrap();
            assert_eq!(is_idle(&decoder), left.is_empty() || right.is_empty());
            decoder.feed(right, &mut out).unwrap();
            assert!(is_idle(&decoder));
        }
        assert_eq!(out, vec![Frame::Text("Hello".into()); HELLO.len() + 1]);
    }

    #[test]
    fn memory_is_held_between_two_fragments() {
        let (mut decoder, mut out) = (Decoder::new(Limits::default()), Vec::new());
        decoder.feed(&[0x01, 0x80, 0, 0, 0, 0], &mut out).unwrap();
        assert!(!is_idle(&decoder));
        decoder.feed(&[0x80, 0x80, 0, 0, 0, 0], &mut out).unwrap();
        assert!(is_idle(&decoder));
        assert_eq!(out, [Frame::Text("".into())]);
    }

    #[test]
    fn the_messages_of_one_piece_share_one_allocation() {
        let (mut decoder, mut out) = (Decoder::new(Limits::default()), Vec::new());
        decoder.feed(&HELLO.repeat(3), &mut out).unwrap();
        let places: Vec<_> = out
            .iter()
            .map(|frame| if let Frame::Text(text) = frame { text.as_ptr() } else { panic!() })
            .collect();
        let [first, second, third] = places[..] else { panic!() };
        assert_eq!((second, third), (first.wrapping_add(5), first.wrapping_add(10)));
    }

    #[test]
    fn an_idle_decoder_is_small() {
        assert!(size_of::<Decoder>() <= 64, "{}", size_of::<Decoder>());
    }
}
