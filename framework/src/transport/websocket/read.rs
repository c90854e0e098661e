//! Into the session.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use greenroom_proto::engineio::frame::{self, Frame};
use greenroom_proto::engineio::{DecodeError, Packet, Revision, v3};
use tokio::io::ReadBuf;

use super::carried::WireIo;
use super::{FAILED, NORMAL, Over, Phase, SCRATCH, Wire, broken};
use crate::session::{Packets, WireFate};

impl<Io: WireIo> Wire<Io> {
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            if let Some(over) = self.take_bytes(&early) {
                return Poll::Ready(over);
            }
        }
        let limit = self.ticket.session.runtime().config.read_ahead_bytes;
        loop {
            ready!(self.poll_budget(limit, cx));
            let over = SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                    Err(error) => Poll::Ready(Some(broken(error))),
                    Ok(()) if buffer.filled().is_empty() => Poll::Ready(Some(Over::closed(None))),
                    Ok(()) => Poll::Ready(self.take_bytes(buffer.filled())),
                }
            });
            if let Some(over) = ready!(over) {
                return Poll::Ready(over);
            }
        }
    }

    /// Ready while few enough handlers are behind.
    fn poll_budget(&mut self, limit: usize, cx: &Context<'_>) -> Poll<()> {
        let may_read = self.budget.poll_below(limit, cx);
        if may_read.is_pending() != self.paused {
            self.paused = may_read.is_pending();
            self.ticket.line.set_paused(self.paused);
        }
        may_read
    }

    /// Brings what one read held to the session, as one command.
    fn take_bytes(&mut self, bytes: &[u8]) -> Option<Over> {
        FRAMES.with_borrow_mut(|frames| {
            let fed = self.decoder.feed(bytes, frames);
            let (packets, over) = self.packets(frames.drain(..));
            if !packets.is_empty() {
                let permit = self.budget.take(bytes.len());
                self.ticket.session.read(self.ticket.wire, packets, permit);
            }
            over.or_else(|| {
                fed.err().map(|error| {
                    tracing::debug!(%error, "a peer broke the WebSocket protocol");
                    Over::BySelf { fate: FAILED, close_code: Some(error.close_code()) }
                })
            })
        })
    }

    fn packets(&mut self, frames: impl Iterator<Item = Frame>) -> (Packets, Option<Over>) {
        let mut packets = Packets::with_capacity(frames.size_hint().0);
        let mut ping = None;
        let is_v3 = self.ticket.session.revision() == Revision::Three;
        for frame in frames {
            let packet = match frame {
                Frame::Text(text) if is_v3 => v3::decode_text(text),
                Frame::Binary(bytes) if is_v3 => v3::decode_binary(bytes),
                Frame::Text(text) => Packet::decode_text(text),
                Frame::Binary(bytes) => Ok(Packet::decode_binary(bytes)),
                Frame::Ping(content) => {
                    ping = Some(content);
                    continue;
                }
                Frame::Pong(_) => continue,
                Frame::Close(code) => {
                    self.peer_closed = true;
                    return (packets, Some(Over::closed(Some(code.unwrap_or(NORMAL)))));
                }
            };
            match packet {
                Ok(packet) => packets.push(packet),
                Err(error) => return (packets, Some(bad_packet(&error))),
            }
        }
        if let Some(content) = ping {
            self.answer_ping(&content);
        }
        (packets, None)
    }

    /// Answers the last WebSocket ping of a read. "An endpoint MAY elect to send a pong for only the most
    /// recent ping" (RFC 6455, 5.5.3): a peer that pings and does not read gets no more than fits.
    fn answer_ping(&mut self, content: &[u8]) {
        let pong = frame::pong(content);
        match self.phase {
            Phase::Probing if self.own.len() < OWN_LIMIT => self.own.extend_from_slice(&pong),
            Phase::Attached | Phase::Finishing if !self.blocked => {
                self.ticket.session.outbox().push_ahead(pong)
            }
            Phase::Probing | Phase::Attached | Phase::Finishing => {}
        }
    }
}

fn bad_packet(error: &DecodeError) -> Over {
    tracing::debug!(%error, "a frame that is no packet");
    Over::BySelf { fate: WireFate::BadPacket, close_code: Some(NORMAL) }
}

thread_local! {
    /// Frames of one read.
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// A `3probe` and a pong.
const OWN_LIMIT: usize = 256;
