//! The boundary between a session and what runs on top of it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::engineio::Message;
use greenroom_proto::socket::reason::DisconnectReason;
use smallvec::SmallVec;

use super::handle::SessionHandle;
use super::permit::ReadPermit;
use super::seal::Seal;
use crate::auth::Renewal;
use crate::runtime::worker::Worker;

/// What one read brought: often a single message.
pub(crate) type Messages = SmallVec<[Message; 1]>;

/// What runs on top of an Engine.IO session, inside its actor: the Socket.IO table of sockets, or an
/// echo in tests.
///
/// It never writes: packets for the peer go through the fanout into the session's slot.
pub(crate) trait SessionApp: 'static {
    /// The session has begun; nothing was received yet.
    fn opened(&mut self, _: &mut SessionCx<'_>) {}

    /// Takes the messages of one read, in order. The transport reads on when all shares of the permit are
    /// dropped.
    fn receive(&mut self, messages: Messages, permit: ReadPermit, cx: &mut SessionCx<'_>);

    /// When [`SessionApp::handle_deadline`] has to be called next.
    fn next_deadline(&self) -> Option<Instant>;

    /// Handles every deadline that has passed.
    fn handle_deadline(&mut self, now: Instant, cx: &mut SessionCx<'_>);

    /// A token was replaced on this connection.
    fn renewed(&mut self, _: &Arc<Renewal>) {}

    /// Handles the end of the session. Called exactly once, and nothing after it. If the session was
    /// closed from this side, packets still leave that the fanout is told before the last clone of
    /// [`SessionCx::seal`] is dropped.
    fn closed(&mut self, reason: DisconnectReason, cx: &mut SessionCx<'_>);
}

/// Makes what runs on top of a new session, on the session's worker.
pub(crate) type AppFactory = Arc<dyn Fn(&SessionHandle, Rc<Worker>) -> Box<dyn SessionApp> + Send + Sync>;

/// What an app can use while it is called.
#[derive(Debug)]
pub(crate) struct SessionCx<'a> {
    pub(super) session: &'a SessionHandle,
    pub(super) now: Instant,
    pub(super) close: Option<DisconnectReason>,
    pub(super) seal: Option<Seal>,
}

impl SessionCx<'_> {
    /// The time of this call.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// The session.
    pub(crate) fn session(&self) -> &SessionHandle {
        self.session
    }

    /// Keeps the outbox of a session that closes open; nothing in any other session.
    pub(crate) fn seal(&self) -> Option<Seal> {
        self.seal.clone()
    }

    /// Ends the session when this call returns. The first reason counts.
    pub(crate) fn close(&mut self, reason: DisconnectReason) {
        self.close.get_or_insert(reason);
    }
}
