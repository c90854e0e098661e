//! From messages to packets.
//!
//! Owns: the packet whose attachments are still to come. Takes: text and binary messages, the time.
//! Emits: packets with all their attachments. Keeps: no heap memory while no packet is unfinished.

use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use smol_str::SmolStr;

use super::error::{DecodeError, DecodeErrorKind};
use super::header::Header;
use super::packet::{Args, Packet, PacketKind};
use super::payload;
use crate::Text;
use crate::engineio::frame::{self, Opcode};

/// What one packet may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Attachments of one packet. Default 10: that of the reference.
    pub max_attachments: u32,
    /// Bytes of all attachments of one packet. Default 10,000,000: what ten messages of the largest
    /// size have, so that nothing that the reference takes is refused.
    pub max_attachment_bytes: usize,
    /// Time from a packet to its last attachment. Default 60 s: the largest packet at 1.4 Mbit/s.
    pub timeout: Duration,
    /// JSON objects and arrays inside each other. Default 127: as many as `serde_json` takes, so a
    /// payload that passes here can be read as a type. At most 128.
    pub max_nesting: u32,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
            timeout: Duration::from_secs(60),
            max_nesting: 127,
        }
    }
}

/// Reads the messages of one session.
///
/// ```text
///          packet with attachments
///   Idle ───────────────────────────▶ Pending     text: error
///   ▲ binary: error                     │         time is up: error
///   └───────────────────────────────────┘
///          last attachment
/// ```
///
/// After an error the decoder is idle again. What follows is of no use, since an attachment may be
/// missing: the session is closed.
#[derive(Debug)]
pub struct Decoder {
    limits: DecodeLimits,
    pending: Option<Box<Pending>>,
}

#[derive(Debug)]
struct Pending {
    packet: Packet,
    /// Attachments that the packet has when it is complete.
    announced: u32,
    attachments: Vec<Bytes>,
    bytes: usize,
    /// None if the time-out reaches beyond what the clock can say.
    deadline: Option<Instant>,
}

impl Decoder {
    /// Starts with no packet pending.
    #[must_use]
    pub const fn new(limits: DecodeLimits) -> Self {
        Self { limits, pending: None }
    }

    /// Takes a text message. `None`: attachments are still to come.
    ///
    /// # Errors
    /// [`DecodeErrorKind::AttachmentDue`], or any rule of a packet that the text breaks.
    pub fn text(&mut self, msg: Text, now: Instant) -> Result<Option<Packet>, DecodeError> {
        if self.pending.take().is_some() {
            return Err(DecodeError::new(DecodeErrorKind::AttachmentDue, 0));
        }
        let header = Header::read(&msg, self.limits.max_attachments)?;
        let kind = payload::read(msg, &header, self.limits.max_nesting)?;
        let packet = Packet { namespace: header.namespace, kind };
        if header.attachments == 0 {
            return Ok(Some(packet));
        }
        self.pending = Some(Box::new(Pending {
            packet,
            announced: header.attachments,
            attachments: Vec::new(),
            bytes: 0,
            deadline: now.checked_add(self.limits.timeout),
        }));
        Ok(None)
    }

    /// Takes a binary message: the next attachment. `None`: more are to come.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnexpectedAttachment`] or [`DecodeErrorKind::AttachmentsTooBig`].
    pub fn binary(&mut self, msg: Bytes) -> Result<Option<Packet>, DecodeError> {
        let Some(mut pending) = self.pending.take() else {
            return Err(DecodeError::new(DecodeErrorKind::UnexpectedAttachment, 0));
        };
        let bytes = pending.bytes.saturating_add(msg.len());
        if bytes > self.limits.max_attachment_bytes {
            return Err(DecodeError::new(DecodeErrorKind::AttachmentsTooBig, pending.bytes));
        }
        pending.bytes = bytes;
        pending.attachments.push(msg);
        if pending.attachments.len() < pending.announced as usize {
            self.pending = Some(pending);
            return Ok(None);
        }
        Ok(Some(pending.complete()))
    }

    /// When the attachments of the pending packet must be there.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.pending.as_ref().and_then(|pending| pending.deadline)
    }

    /// Gives the pending packet up if its time is over; does nothing if it is not.
    ///
    /// # Errors
    /// [`DecodeErrorKind::AttachmentsTooLate`].
    pub fn handle_deadline(&mut self, now: Instant) -> Result<(), DecodeError> {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        let bytes = self.pending.take().map_or(0, |pending| pending.bytes);
        Err(DecodeError::new(DecodeErrorKind::AttachmentsTooLate, bytes))
    }
}

/// Name and arguments of the event that these frames of a server carry, as its encoder wrote them;
/// nothing if they carry something else.
#[must_use]
pub fn sent_event(frames: &Bytes, now: Instant) -> Option<(SmolStr, Args)> {
    match sent_packets(frames, now).pop()?.kind {
        PacketKind::Event { name, args, .. } => Some((name, args)),
        PacketKind::Connect { .. }
        | PacketKind::Disconnect
        | PacketKind::Ack { .. }
        | PacketKind::ConnectError { .. } => None,
    }
}

/// The packets that these frames of a server carry, as its encoder wrote them. What no encoder wrote is
/// left out.
#[must_use]
pub fn sent_packets(frames: &Bytes, now: Instant) -> Vec<Packet> {
    let limits =
        DecodeLimits { max_attachments: u32::MAX, max_attachment_bytes: usize::MAX, ..Default::default() };
    let mut decoder = Decoder::new(limits);
    let packets = frame::iter(frames).filter_map(|(opcode, data)| {
        let data = frames.slice_ref(data);
        match opcode {
            // Behind the digit of Engine.IO.
            Opcode::Text => {
                let text = Text::from(ByteString::try_from(data).ok()?);
                decoder.text(text.narrow(1..usize::MAX), now).ok()?
            }
            Opcode::Binary => decoder.binary(data).ok()?,
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => None,
        }
    });
    packets.collect()
}

impl Pending {
    fn complete(self) -> Packet {
        let mut packet = self.packet;
        packet.kind.attach(self.attachments);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Args, PacketKind};
    use super::*;

    const TWO: &str = r#"52-["e",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;

    /// Any instant serves: only differences count.
    #[expect(clippy::disallowed_methods, reason = "the only way to make an instant; nothing waits for it")]
    fn start() -> Instant {
        Instant::now()
    }

    fn decoder() -> Decoder {
        let limits = DecodeLimits { max_attachment_bytes: 10, ..DecodeLimits::default() };
        Decoder::new(limits)
    }

    fn error(kind: DecodeErrorKind, offset: usize) -> Result<Option<Packet>, DecodeError> {
        Err(DecodeError::new(kind, offset))
    }

    #[test]
    fn a_packet_waits_for_its_attachments() {
        let (mut decoder, now) = (decoder(), start());
        assert_eq!(decoder.text(TWO.into(), now), Ok(None));
        assert_eq!(decoder.binary(Bytes::from_static(b"one")), Ok(None));
        let Ok(Some(Packet { kind: PacketKind::Event { args, .. }, .. })) =
            decoder.binary(Bytes::from_static(b"two"))
        else {
            panic!("the event is complete");
        };
        assert_eq!(args.attachments(), [&b"one"[..], b"two"]);
        assert!(decoder.pending.is_none());
        assert!(decoder.text("2[\"next\"]".into(), now).is_ok());
    }

    #[test]
    fn an_acknowledgement_has_attachments_too() {
        let mut decoder = decoder();
        assert_eq!(decoder.text("61-7[1]".into(), start()), Ok(None));
        let packet = decoder.binary(Bytes::from_static(b"x")).unwrap().unwrap();
        let args = Args::new("[1]".into(), vec![Bytes::from_static(b"x")]);
        assert_eq!(packet.kind, PacketKind::Ack { id: super::super::AckId(7), args });
    }

    #[test]
    fn text_between_attachments_is_an_error() {
        let (mut decoder, now) = (decoder(), start());
        assert_eq!(decoder.text(TWO.into(), now), Ok(None));
        assert_eq!(decoder.text("2[\"e\"]".into(), now), error(DecodeErrorKind::AttachmentDue, 0));
        assert!(decoder.pending.is_none());
    }

    #[test]
    fn an_attachment_without_a_packet_is_an_error() {
        assert_eq!(decoder().binary(Bytes::new()), error(DecodeErrorKind::UnexpectedAttachment, 0));
    }

    #[test]
    fn attachments_are_bounded_in_bytes_together() {
        let mut decoder = decoder();
        assert_eq!(decoder.text(TWO.into(), start()), Ok(None));
        assert_eq!(decoder.binary(vec![0; 4].into()), Ok(None));
        assert_eq!(decoder.binary(vec![0; 7].into()), error(DecodeErrorKind::AttachmentsTooBig, 4));
        assert!(decoder.pending.is_none());
        assert_eq!(decoder.text(TWO.into(), start()), Ok(None));
        assert_eq!(decoder.binary(vec![0; 4].into()), Ok(None));
        assert!(matches!(decoder.binary(vec![0; 6].into()), Ok(Some(_))));
    }

    #[test]
    fn attachments_are_bounded_in_time() {
        let (mut decoder, now) = (decoder(), start());
        assert_eq!(decoder.next_deadline(), None);
        assert_eq!(decoder.text(TWO.into(), now), Ok(None));
        let deadline = now + Duration::from_secs(60);
        assert_eq!(decoder.next_deadline(), Some(deadline));
        assert_eq!(decoder.handle_deadline(deadline - Duration::from_nanos(1)), Ok(()));
        let late = DecodeError::new(DecodeErrorKind::AttachmentsTooLate, 0);
        assert_eq!(decoder.handle_deadline(deadline), Err(late));
        assert_eq!((decoder.next_deadline(), decoder.handle_deadline(deadline)), (None, Ok(())));
    }

    #[test]
    fn a_time_out_beyond_the_clock_never_comes() {
        let limits = DecodeLimits { timeout: Duration::MAX, ..DecodeLimits::default() };
        let (mut decoder, now) = (Decoder::new(limits), start());
        assert_eq!(decoder.text(TWO.into(), now), Ok(None));
        assert_eq!((decoder.next_deadline(), decoder.handle_deadline(now)), (None, Ok(())));
    }

    #[test]
    fn an_idle_decoder_holds_no_memory_of_its_own() {
        let mut decoder = decoder();
        assert!(decoder.text("2[\"e\",[1,2,3]]".into(), start()).is_ok());
        assert!(decoder.pending.is_none());
        assert!(decoder.text("2[".into(), start()).is_err());
        assert!(decoder.pending.is_none());
    }
}
