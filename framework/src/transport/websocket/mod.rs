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
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use greenroom_proto::engineio::frame::{Decoder, Limits};
use greenroom_proto::session::{Receipt, WireEnd, WireId};

use self::carried::WireIo;
use crate::runtime::Runtime;
use crate::session::{Order, ReadBudget, SessionHandle, WireFate, WireLine};

pub(crate) mod carried;
mod read;
mod write;

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
    /// What goes out before the outbox: the 101, and frames before the WebSocket is attached.
    own: BytesMut,
    /// Bytes that came with the request; gone after the first poll.
    early: BytesMut,
    phase: Phase,
    /// Of what the kernel has taken.
    receipts: Vec<Receipt>,
    /// What the kernel has taken since it was last seen to have little left.
    taken: usize,
    /// The peer does not read.
    blocked: bool,
    /// Nor do we.
    paused: bool,
    /// The peer has said that it ends.
    peer_closed: bool,
}

/// What a WebSocket begins with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) ticket: Ticket,
    /// The 101. A new session's first packet leaves with it, in one write.
    pub(crate) answer: BytesMut,
    /// What has been read behind the request.
    pub(crate) early: BytesMut,
}

impl Start {
    /// One whose 101 is written by others.
    pub(crate) fn answered(ticket: Ticket) -> Self {
        Self { ticket, answer: BytesMut::new(), early: BytesMut::new() }
    }
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

/// The task of a WebSocket that was let in.
///
/// What it is made of is put together before the task begins: a task keeps room for its arguments to
/// its end.
pub(crate) fn run<Io: WireIo>(io: Io, start: Start) -> impl Future<Output = ()> {
    let mut wire = Wire::new(io, start);
    let open = Open::count(wire.ticket.session.runtime());
    let span = tracing::debug_span!("websocket", session = %wire.ticket.session.slot());
    async move {
        let close_code = match std::future::poll_fn(|cx| wire.poll_in(&span, cx)).await {
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
        drop(open);
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

impl<Io: WireIo> Wire<Io> {
    fn new(io: Io, start: Start) -> Self {
        let Start { ticket, answer, early } = start;
        let config = &ticket.session.runtime().config;
        let limits = Limits { max_message: config.max_payload, max_fragments: config.max_fragments };
        Self {
            io,
            decoder: Decoder::new(limits),
            budget: ReadBudget::new(),
            own: answer,
            early,
            phase: Phase::Probing,
            receipts: Vec::new(),
            taken: 0,
            blocked: false,
            paused: false,
            peer_closed: false,
            ticket,
        }
    }

    /// A span that nobody looks at is not worth entering.
    fn poll_in(&mut self, span: &tracing::Span, cx: &mut Context<'_>) -> Poll<Over> {
        if span.is_disabled() { self.poll_over(cx) } else { span.in_scope(|| self.poll_over(cx)) }
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
            self.ticket.session.outbox().with(|outbox| outbox.set_streaming());
        }
        if orders.contains(Order::Finish) {
            self.phase = Phase::Finishing;
        }
        None
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

#[expect(clippy::needless_pass_by_value, reason = "passed to `map_err`")]
fn broken(error: io::Error) -> Over {
    tracing::debug!(%error, "a WebSocket broke");
    Over::BySelf { fate: FAILED, close_code: None }
}

thread_local! {
    /// For one read or one write at a time: a connection has no buffer of its own.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

/// 64 KiB: one write takes what a busy room sends in a turn, and the loopback's largest segment.
const SCRATCH_BYTES: usize = 64 * 1024;
/// `3probe` in a frame of its own.
const PROBE_ANSWER: &[u8] = b"\x81\x063probe";
/// For the peer to answer a close frame.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// RFC 6455 › 7.4.1: the purpose for which the connection was established has been fulfilled.
const NORMAL: u16 = 1000;
const FAILED: WireFate = WireFate::Ended(WireEnd::Failed);
