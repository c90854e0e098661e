//! The far end of a WebSocket that is not there.
//!
//! Owns: what the client has received. Takes: the packets of a session's outbox, as the transport's
//! writer would. Keeps: a client that reads takes everything at once; one that does not lets its
//! outbox fill; either leaves when the session says so.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use greenroom_proto::engineio::{Message, Packet, frame};
use greenroom_proto::session::{WireEnd, WireId};

use crate::server::Server;
use crate::session::{
    Form, Handshake, Newcomer, Order, Pending, ReadBudget, SessionHandle, WireFate, WireLine,
};

/// A client without a network.
///
/// In a [`Simulation`](super::Simulation) it lives on one of its workers, opened with
/// [`open`](Self::open) on the worker of the actix thread that calls.
pub struct SimulatedClient {
    session: SessionHandle,
    wire: WireId,
    budget: Arc<ReadBudget>,
    end: Arc<FarEnd>,
}

#[derive(Default)]
struct FarEnd {
    received: Mutex<Vec<String>>,
    stalled: AtomicBool,
    closed: AtomicBool,
    /// The task that takes packets, woken when the client reads again.
    task: AtomicWaker,
}

impl SimulatedClient {
    /// Opens a session on this thread's worker.
    ///
    /// # Panics
    /// On a thread that actix does not run, or if the server takes no sessions.
    #[must_use]
    pub fn open(server: &Server) -> Self {
        Self::open_in(server, "/socket.io/?EIO=4&transport=websocket", Form::V4)
    }

    /// As [`open`](Self::open), as a client of Engine.IO 3 does, whether the server allows it or not.
    ///
    /// # Panics
    /// As [`open`](Self::open).
    #[must_use]
    pub fn open_eio3(server: &Server) -> Self {
        Self::open_in(server, "/socket.io/?EIO=3&transport=websocket", Form::V3)
    }

    #[expect(clippy::expect_used, reason = "a test that asks for what is not there has to end at once")]
    fn open_in(server: &Server, url: &str, form: Form) -> Self {
        let issued = server.shared.runtime.clock.unix_now();
        let handshake = Handshake::new(url, std::iter::empty(), issued);
        let line = WireLine::new(false);
        let newcomer = Newcomer { handshake, name: None, form };
        let opened = server.engine.open_websocket(newcomer, line.clone());
        let (session, wire) = opened.expect("a simulated server takes sessions");
        let end = Arc::new(FarEnd::default());
        actix_rt::spawn(Writer { session: session.clone(), wire, line, end: end.clone(), finishing: false });
        Self { session, wire, budget: ReadBudget::new(), end }
    }

    /// Sends a Socket.IO packet, as one read of the wire; waits until it is read.
    pub async fn send(&self, packet: &str) {
        self.send_all([packet]).await;
    }

    /// Sends several Socket.IO packets that arrive in one read of the wire.
    pub async fn send_all(&self, packets: impl IntoIterator<Item = &str>) {
        let packets: Vec<_> = packets.into_iter().map(|packet| Message::Text(packet.into())).collect();
        self.read(packets.into_iter().map(Packet::Message).collect());
        tokio::task::yield_now().await;
    }

    /// Answers a ping.
    pub fn pong(&self) {
        self.read(vec![Packet::Pong(Default::default())]);
    }

    /// Closes the connection by a packet, as a client that leaves in order.
    pub fn close(&self) {
        self.read(vec![Packet::Close]);
    }

    /// Breaks the connection.
    pub fn abort(&self) {
        self.session.wire_ended(self.wire, WireFate::Ended(WireEnd::Closed));
    }

    /// Reads nothing more, or everything again.
    pub fn stall(&self, stalled: bool) {
        self.end.stalled.store(stalled, Ordering::Release);
        self.end.task.wake();
    }

    /// Takes the Socket.IO packets that have come, without the packets of Engine.IO.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        std::mem::take(&mut *self.end.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the server has closed the connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end.closed.load(Ordering::Acquire)
    }

    /// Bytes that wait on the server for this client.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.session.outbox().with(|outbox| outbox.pending())
    }

    /// Whether a transport would read on: not much is read whose handlers have not run.
    #[must_use]
    pub fn is_read(&self) -> bool {
        let limit = self.session.runtime().config.read_ahead_bytes;
        self.budget.poll_below(limit, &Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    fn read(&self, packets: Vec<Packet>) {
        let bytes = packets.iter().map(size).sum();
        self.session.read(self.wire, packets.into(), self.budget.take(bytes));
    }
}

impl fmt::Debug for SimulatedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedClient").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// What a transport's task does.
struct Writer {
    session: SessionHandle,
    wire: WireId,
    line: Arc<WireLine>,
    end: Arc<FarEnd>,
    finishing: bool,
}

impl Writer {
    fn take_packets(&self) {
        let waiting = self.session.outbox().with(|outbox| {
            let waiting: Vec<u8> = outbox.front(usize::MAX).flatten().copied().collect();
            drop(outbox.advance(waiting.len()));
            waiting
        });
        let texts = frame::iter(&waiting).map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        let packets = texts.filter_map(|text| text.strip_prefix('4').map(str::to_owned));
        self.end.received.lock().unwrap_or_else(PoisonError::into_inner).extend(packets);
    }
}

impl Future for Writer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let orders = self.line.take(cx.waker());
        self.finishing |= orders.contains(Order::Finish);
        self.end.task.register(cx.waker());
        self.session.outbox().register(cx.waker());
        let stalled = self.end.stalled.load(Ordering::Acquire);
        self.session.outbox().with(|outbox| outbox.set_writable(!stalled));
        if !stalled {
            self.take_packets();
        }
        let over = match self.session.outbox().pending() {
            Pending::Doomed(reason) => {
                self.session.abort(reason);
                true
            }
            Pending::Sealed if self.finishing => {
                self.session.wire_ended(self.wire, WireFate::Ended(WireEnd::Closed));
                true
            }
            Pending::Packets | Pending::Nothing | Pending::Sealed => orders.contains(Order::Drop),
        };
        if !over {
            return Poll::Pending;
        }
        self.end.closed.store(true, Ordering::Release);
        Poll::Ready(())
    }
}

fn size(packet: &Packet) -> usize {
    if let Packet::Message(Message::Text(text)) = packet { text.len() } else { 0 }
}
