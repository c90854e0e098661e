//! How others reach a session.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use actix::Addr;
use bytes::Bytes;
use greenroom_proto::engineio::handshake::TransportName;
use greenroom_proto::engineio::{DecodeError, Packet, Revision};
use greenroom_proto::session::{Refusal, WireId};
use greenroom_proto::socket::reason::DisconnectReason;
use tokio::sync::oneshot;

use super::actor::SessionActor;
use super::handshake::Handshake;
use super::outbox::SharedOutbox;
use super::permit::ReadPermit;
use super::protocol::{Packets, SessionCommand, WireFate};
use super::registry::{SessionId, on_node};
use super::wire::WireLine;
use crate::auth::Renewal;
use crate::fanout::{Slot, SlotRef};
use crate::runtime::Runtime;
use crate::runtime::post;
use crate::runtime::worker::WorkerId;

/// A session, from any thread.
#[derive(Clone)]
pub(crate) struct SessionHandle(Arc<Shared>);

pub(super) struct Shared {
    pub(super) id: SessionId,
    /// What the program calls it.
    pub(super) name: Option<Box<str>>,
    pub(super) worker: WorkerId,
    pub(super) slot: Slot,
    pub(super) handshake: Handshake,
    pub(super) revision: Revision,
    pub(super) addr: Addr<SessionActor>,
    pub(super) outbox: SharedOutbox,
    pub(super) runtime: Arc<Runtime>,
    pub(super) websocket: AtomicBool,
}

/// What is known of the session.
impl SessionHandle {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The id on the wire, the credential of a session that polls. Never the id of a socket.
    pub(crate) fn id(&self) -> SessionId {
        self.0.id
    }

    /// What the program calls it, in place of its id.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The worker that hosts session, slot and, in `serve`, the WebSocket.
    pub(crate) fn worker(&self) -> WorkerId {
        self.0.worker
    }

    /// Where the fanout finds the outbox.
    pub(crate) fn slot(&self) -> SlotRef {
        SlotRef { worker: self.0.worker, slot: self.0.slot }
    }

    /// The request that opened the session.
    pub(crate) fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// The id as the client has it.
    pub(crate) fn sid(&self) -> String {
        let node = self.0.runtime.config.node;
        match self.name() {
            Some(name) => on_node(&name, node),
            None => on_node(&self.0.id, node),
        }
    }

    /// The revision of Engine.IO that its client speaks.
    pub(crate) fn revision(&self) -> Revision {
        self.0.revision
    }

    /// What carries the session at this moment.
    pub(crate) fn transport_name(&self) -> TransportName {
        if self.0.websocket.load(Ordering::Relaxed) {
            TransportName::WebSocket
        } else {
            TransportName::Polling
        }
    }

    pub(super) fn set_websocket(&self) {
        if !self.0.websocket.swap(true, Ordering::Relaxed) {
            self.0.runtime.metrics.sessions_on_websocket.add(1);
        }
    }

    pub(crate) fn outbox(&self) -> &SharedOutbox {
        &self.0.outbox
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.0.runtime
    }
}

/// What its sockets tell it.
impl SessionHandle {
    /// Passes a token that was replaced on to all sockets of the session.
    pub(crate) fn renew(&self, renewal: Arc<Renewal>) {
        self.tell(SessionCommand::Renewed(renewal));
    }
}

/// The end.
impl SessionHandle {
    /// Ends the session after what it still has to send.
    pub(crate) fn close(&self, reason: DisconnectReason) {
        self.tell(SessionCommand::End { reason, flush: true });
    }

    /// Ends the session at once.
    pub(crate) fn abort(&self, reason: DisconnectReason) {
        self.tell(SessionCommand::End { reason, flush: false });
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self) {
        self.tell(SessionCommand::Crash);
    }
}

/// Requests.
impl SessionHandle {
    /// Waits for packets, as the body of an answer.
    ///
    /// # Cancel safety
    /// Dropping the future is an aborted request, and ends the session: what the answer would have
    /// carried may be lost.
    pub(crate) async fn poll(&self) -> Result<Bytes, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(SessionCommand::Poll(reply));
        let mut aborted = OnDrop { session: self, command: Some(SessionCommand::PollAborted) };
        let answer = answer.await;
        aborted.command = None;
        answer.unwrap_or(Err(Refusal::Over))
    }

    /// Asks to be the only POST.
    pub(crate) async fn post(&self) -> Result<Post, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(SessionCommand::Post(reply));
        // Dropped while the session decides, the request may have been let in: then it was aborted.
        let command = Some(SessionCommand::PostEnded { aborted: true });
        let mut aborted = OnDrop { session: self, command };
        let answer = answer.await;
        aborted.command = None;
        answer.unwrap_or(Err(Refusal::Over))?;
        Ok(Post { session: self.clone(), ended: false })
    }

    /// Asks for a WebSocket to be let in.
    pub(crate) async fn upgrade(&self, line: Arc<WireLine>) -> Result<WireId, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(SessionCommand::Upgrade { line, reply });
        answer.await.unwrap_or(Err(Refusal::Over))
    }

    /// Brings what one read of a WebSocket held.
    pub(crate) fn read(&self, wire: WireId, packets: Packets, permit: ReadPermit) {
        self.tell(SessionCommand::Read { wire, packets, permit });
    }

    /// Says that a WebSocket has ended by itself.
    pub(crate) fn wire_ended(&self, wire: WireId, fate: WireFate) {
        self.tell(SessionCommand::WireEnded { wire, fate });
    }

    pub(super) fn deadline(&self) {
        self.tell(SessionCommand::Deadline);
    }

    /// Wakes the session when its outbox has something new.
    pub(super) fn as_writer(&self) -> Waker {
        self.0.clone().into()
    }

    fn tell(&self, command: SessionCommand) {
        self.0.tell(command);
    }
}

impl Shared {
    fn tell(&self, command: SessionCommand) {
        if !post::lifecycle(&self.runtime.metrics, &self.addr, command) {
            tracing::trace!("told a session that has ended");
        }
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.tell(SessionCommand::Outbox);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.tell(SessionCommand::Outbox);
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever knows the id of a session can speak for it: it is not for logs.
        f.debug_struct("SessionHandle").field("worker", &self.0.worker).finish_non_exhaustive()
    }
}

/// A POST that was let in. Dropped without an end, it was aborted.
#[derive(Debug)]
pub(crate) struct Post {
    session: SessionHandle,
    ended: bool,
}

impl Post {
    /// Hands the body over.
    pub(crate) fn deliver(&self, packets: Result<Vec<Packet>, DecodeError>, permit: ReadPermit) {
        self.session.tell(SessionCommand::Posted { packets, permit });
    }

    /// The request has its answer.
    pub(crate) fn end(mut self) {
        self.ended = true;
        self.session.tell(SessionCommand::PostEnded { aborted: false });
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if !self.ended {
            self.session.tell(SessionCommand::PostEnded { aborted: true });
        }
    }
}

/// Tells the session something if a request is dropped half way.
struct OnDrop<'a> {
    session: &'a SessionHandle,
    command: Option<SessionCommand>,
}

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        if let Some(command) = self.command.take() {
            self.session.tell(command);
        }
    }
}
