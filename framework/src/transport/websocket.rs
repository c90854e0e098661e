//! One WebSocket of a session: a reader into the session and a writer out of its outbox, in one task.
//!
//! * *Owns*: the connection, a frame that is half read.
//! * *Takes*: bytes of the peer; orders of the session; wake-ups of the outbox.
//! * *Emits*: one command per read to the session; one write per wake-up to the peer.
//! * *Keeps*: no buffer while idle: reads and writes go through one buffer of the thread. The session is
//!   told exactly once if the WebSocket ends by itself, also if its task is dropped.
//!
//! Not an actor: a peer that does not read must not stop anybody's mailbox. It blocks only this task,
//! which the session ends by an order, and with it the TCP connection.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use greenroom_proto::engineio::frame::{self, Decoder, Frame, Limits};
use greenroom_proto::engineio::{DecodeError, Packet};
use greenroom_proto::session::{WireEnd, WireId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::runtime::Runtime;
use crate::session::{Order, Pending, ReadBudget, SessionHandle, WireFate, WireLine};

/// A WebSocket that was let in, before its connection is ready.
///
/// Dropped without a connection, it tells the session that the WebSocket has failed.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) session: SessionHandle,
    wire: WireId,
    line: Arc<WireLine>,
    told: bool,
}

#[derive(Debug)]
struct Wire<Io> {
    io: Io,
    ticket: Ticket,
    decoder: Decoder,
    budget: Arc<ReadBudget>,
    /// Frames of this WebSocket alone: before it is attached, or at the very end.
    own: BytesMut,
    /// Bytes that came with the request; gone after the first poll.
    early: BytesMut,
    phase: Phase,
    /// The peer does not read.
    blocked: bool,
    /// Nor do we.
    paused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Another transport carries the session.
    Probing,
    /// The outbox flows here.
    Attached,
    /// As before, and the end comes when the outbox is sealed and empty.
    Finishing,
}

/// Why the task is over.
enum Over {
    /// The peer, the network or the session's doom; the session does not know yet.
    BySelf { fate: WireFate, close_code: Option<u16> },
    /// The session said so.
    Ordered,
}

impl Ticket {
    pub(crate) fn new(session: SessionHandle, wire: WireId, line: Arc<WireLine>) -> Self {
        Self { session, wire, line, told: false }
    }

    fn tell(&mut self, fate: WireFate) {
        if !std::mem::replace(&mut self.told, true) {
            self.session.wire_ended(self.wire, fate);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.tell(WireFate::Ended(WireEnd::Failed));
    }
}

/// The task of a WebSocket whose 101 is written; `early` is what has been read behind the request.
pub(crate) async fn run<Io: AsyncRead + AsyncWrite + Unpin>(io: Io, ticket: Ticket, early: BytesMut) {
    let mut wire = Wire::new(io, ticket, early);
    let _open = Open::count(wire.ticket.session.runtime());
    let close_code = match std::future::poll_fn(|cx| wire.poll_over(cx)).await {
        Over::BySelf { fate, close_code } => {
            wire.ticket.tell(fate);
            close_code
        }
        Over::Ordered => {
            wire.ticket.told = true;
            Some(NORMAL)
        }
    };
    if let Some(code) = close_code.filter(|_| wire.can_say_close()) {
        // Boxed: the task has room for it only when it ends.
        Box::pin(wire.say_close(code)).await;
    }
}

/// Counts open WebSockets.
struct Open(Arc<Runtime>);

impl Open {
    fn count(runtime: &Arc<Runtime>) -> Self {
        runtime.metrics.websockets.add(1);
        Self(runtime.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.websockets.add(-1);
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    fn new(io: Io, ticket: Ticket, early: BytesMut) -> Self {
        let config = &ticket.session.runtime().config;
        let limits = Limits { max_message: config.max_payload, max_fragments: config.max_fragments };
        Self {
            io,
            decoder: Decoder::new(limits),
            budget: ReadBudget::new(),
            own: BytesMut::new(),
            early,
            phase: Phase::Probing,
            blocked: false,
            paused: false,
            ticket,
        }
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        if let Some(over) = self.take_orders(cx) {
            return Poll::Ready(over);
        }
        if let Poll::Ready(over) = self.poll_write(cx) {
            return Poll::Ready(over);
        }
        self.poll_read(cx)
    }

    fn take_orders(&mut self, cx: &Context<'_>) -> Option<Over> {
        let orders = self.ticket.line.take(cx.waker());
        if orders.contains(Order::Drop) {
            return Some(Over::Ordered);
        }
        if orders.contains(Order::Probe) {
            self.own.extend_from_slice(PROBE_ANSWER);
        }
        if orders.contains(Order::Attach) {
            self.phase = Phase::Attached;
            self.ticket.session.outbox().with(|outbox| outbox.set_writable(true));
        }
        if orders.contains(Order::Finish) {
            self.phase = Phase::Finishing;
        }
        None
    }
}

/// Writing.
impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    /// Writes all there is. Pending is the normal outcome: either nothing is left, or the peer does not read.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        loop {
            match self.poll_write_once(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Poll::Pending,
                Poll::Ready(Err(over)) => return Poll::Ready(over),
                Poll::Pending => {
                    self.set_blocked(true);
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes once; says whether there may be more to write.
    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        if !self.own.is_empty() {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.own)).and_then(wrote);
            return Poll::Ready(count.map(|count| self.own.advance(count)).map(|()| true).map_err(broken));
        }
        match self.phase {
            Phase::Probing => self.poll_flush(cx),
            Phase::Attached | Phase::Finishing => self.poll_write_outbox(cx),
        }
    }

    fn poll_write_outbox(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        let Self { io, ticket, .. } = self;
        let outbox = ticket.session.outbox();
        // Before the look: what is pushed after it wakes this task.
        outbox.register(cx.waker());
        let written = SCRATCH.with_borrow_mut(|scratch| match outbox.copy_front(scratch) {
            Ok(count) => {
                let bytes = scratch.get(..count).unwrap_or_default();
                Ok(Pin::new(io).poll_write(cx, bytes).map(|result| result.and_then(wrote)))
            }
            Err(pending) => Err(pending),
        });
        match written {
            Ok(result) => {
                let count = ready!(result).map_err(broken)?;
                let drained = outbox.with(|outbox| {
                    outbox.advance(count);
                    outbox.is_empty()
                });
                // While attached there is nothing to find behind an empty outbox: what comes wakes.
                if drained && self.phase == Phase::Attached {
                    return self.poll_flush(cx);
                }
                self.set_blocked(false);
                Poll::Ready(Ok(true))
            }
            Err(pending) => self.poll_drained(pending, cx),
        }
    }

    fn poll_drained(&mut self, pending: Pending, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        match pending {
            Pending::Doomed(reason) => {
                self.ticket.session.abort(reason);
                Poll::Ready(Err(Over::BySelf { fate: FAILED, close_code: None }))
            }
            Pending::Sealed if self.phase == Phase::Finishing => {
                ready!(self.poll_flush(cx))?;
                Poll::Ready(Err(Over::closed(Some(NORMAL))))
            }
            Pending::Packets | Pending::Nothing | Pending::Sealed => self.poll_flush(cx),
        }
    }

    /// For streams that buffer, such as TLS.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx)).map_err(broken)?;
        self.set_blocked(false);
        Poll::Ready(Ok(false))
    }

    /// Volatile packets are left out while the peer does not keep up.
    fn set_blocked(&mut self, blocked: bool) {
        if self.blocked != blocked && matches!(self.phase, Phase::Attached | Phase::Finishing) {
            self.blocked = blocked;
            self.ticket.session.outbox().with(|outbox| outbox.set_writable(!blocked));
        }
    }

    /// Whether a close frame can be said: the peer reads, and no packet is half written.
    fn can_say_close(&self) -> bool {
        let outbox = self.ticket.session.outbox();
        !self.blocked && self.own.is_empty() && outbox.with(|outbox| outbox.is_between_packets())
    }

    /// Says a close frame, and waits a moment for the peer's end: a connection that is dropped with unread
    /// input is reset, and the frame lost with it.
    async fn say_close(mut self, code: u16) {
        let clock = self.ticket.session.runtime().clock.clone();
        let said = async {
            self.io.write_all(&frame::close(code)).await?;
            self.io.shutdown().await?;
            while self.io.read(&mut [0; 512]).await? > 0 {}
            io::Result::Ok(())
        };
        tokio::select! {
            result = said => tracing::trace!(?result, code, "closed a WebSocket"),
            () = clock.sleep_until(clock.now() + LAST_MOMENT) => {}
        }
    }
}

/// Reading.
impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
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

    fn packets(&mut self, frames: impl Iterator<Item = Frame>) -> (Vec<Packet>, Option<Over>) {
        let mut packets = Vec::with_capacity(frames.size_hint().0);
        for frame in frames {
            let packet = match frame {
                Frame::Text(text) => Packet::decode_text(text),
                Frame::Binary(bytes) => Ok(Packet::decode_binary(bytes)),
                Frame::Ping(content) => {
                    self.answer_ping(&content);
                    continue;
                }
                Frame::Pong(_) => continue,
                Frame::Close(code) => return (packets, Some(Over::closed(Some(code.unwrap_or(NORMAL))))),
            };
            match packet {
                Ok(packet) => packets.push(packet),
                Err(error) => return (packets, Some(bad_packet(&error))),
            }
        }
        (packets, None)
    }

    /// Answers a ping of the WebSocket protocol. "An endpoint MAY elect to send a pong for only the most
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

impl Over {
    fn closed(close_code: Option<u16>) -> Self {
        Self::BySelf { fate: WireFate::Ended(WireEnd::Closed), close_code }
    }
}

impl fmt::Debug for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BySelf { fate, .. } => f.debug_tuple("BySelf").field(fate).finish(),
            Self::Ordered => f.write_str("Ordered"),
        }
    }
}

fn wrote(count: usize) -> io::Result<usize> {
    if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
}

#[expect(clippy::needless_pass_by_value, reason = "passed to `map_err`")]
fn broken(error: io::Error) -> Over {
    tracing::debug!(%error, "a WebSocket broke");
    Over::BySelf { fate: FAILED, close_code: None }
}

fn bad_packet(error: &DecodeError) -> Over {
    tracing::debug!(%error, "a frame that is no packet");
    Over::BySelf { fate: WireFate::BadPacket, close_code: Some(NORMAL) }
}

thread_local! {
    /// For one read or one write at a time: a connection has no buffer of its own.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
    /// Frames of one read.
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// 64 KiB: one write takes what a busy room sends in a turn, and the loopback's largest segment.
const SCRATCH_BYTES: usize = 64 * 1024;
/// A `3probe` and a pong.
const OWN_LIMIT: usize = 256;
/// `3probe` in a frame of its own.
const PROBE_ANSWER: &[u8] = b"\x81\x063probe";
/// For the peer to answer a close frame.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// RFC 6455 › 7.4.1: the purpose for which the connection was established has been fulfilled.
const NORMAL: u16 = 1000;
const FAILED: WireFate = WireFate::Ended(WireEnd::Failed);
