//! All sessions of one server, and how one begins.

use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{AsyncContext, Context};
use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::handshake::{OpenPacket, TransportName};
use greenroom_proto::engineio::{Revision, frame, v3};
use greenroom_proto::session::{Session, SessionLimits, WireId};
use greenroom_proto::socket::reason::DisconnectReason;

use super::actor::SessionActor;
use super::address::{AddressFull, AddressPermit, Addresses};
use super::app::AppFactory;
use super::form::Form;
use super::handle::{SessionHandle, Shared};
use super::handshake::Handshake;
use super::outbox::OutboxCell;
use super::registry::{NameTaken, Registry, SessionId};
use super::wire::WireLine;
use crate::config::Transport;
use crate::runtime::Runtime;
use crate::runtime::worker::{NoSystem, Worker};

/// All sessions of one server.
///
/// Shared by all workers, and made outside of the `App` factory: requests of one session land anywhere.
pub(crate) struct Engine {
    runtime: Arc<Runtime>,
    limits: Arc<SessionLimits>,
    sessions: Registry,
    addresses: Arc<Addresses>,
    factory: AppFactory,
    /// New clients reach it.
    listening: AtomicBool,
    /// It was told to stop: others should take new clients.
    leaving: AtomicBool,
    draining: AtomicBool,
}

/// What waits for clients, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OutboxBytes {
    pub(crate) all: i64,
    pub(crate) largest: i64,
}

/// Why no session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    /// This thread cannot host sessions.
    #[error(transparent)]
    NoSystem(#[from] NoSystem),
    /// The server shuts down.
    #[error("the server takes no new sessions")]
    Draining,
    /// The client's address has as many sessions as it may.
    #[error("the address has too many sessions")]
    AddressFull,
    /// Another session is called as the program wants to call this one.
    #[error("another session has this id")]
    NameTaken,
}

/// A client that was let in.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) handshake: Handshake,
    /// What its session is called; none if it is to have a random id.
    pub(crate) name: Option<ByteString>,
    /// How it takes packets.
    pub(crate) form: Form,
}

/// A session that was opened over polling.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) sid: String,
    /// The answer to the handshake.
    pub(crate) payload: Bytes,
}

/// A client without a session, counted for its address until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(#[expect(dead_code, reason = "held for its drop")] Option<AddressPermit>);

impl Engine {
    /// An engine that runs `factory`'s apps on its sessions.
    pub(crate) fn new(runtime: Arc<Runtime>, factory: AppFactory) -> Arc<Self> {
        let limits = Arc::new(limits(&runtime));
        let sessions = Registry::new(runtime.config.node);
        let addresses = Addresses::new(runtime.config.max_sessions_per_address);
        let (listening, leaving, draining) = Default::default();
        Arc::new(Self { runtime, limits, sessions, addresses, factory, listening, leaving, draining })
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Opens a session on this thread's worker.
    pub(crate) fn open_polling(self: &Arc<Self>, newcomer: Newcomer) -> Result<Opened, OpenError> {
        let revision = newcomer.form.revision();
        let machine = Session::open_polling(self.limits.clone(), revision, self.runtime.clock.now());
        let session = self.start(machine, newcomer, None)?;
        let upgrades: &[_] = if self.limits.allow_upgrades { &[TransportName::WebSocket] } else { &[] };
        let sid = session.sid();
        let packet = self.open_packet(&sid, upgrades);
        let payload = match revision {
            Revision::Three => v3::packet_payload(&packet),
            Revision::Four => packet.into_bytes(),
        };
        Ok(Opened { payload, sid })
    }

    /// Opens a session on this thread's worker whose first packet waits in its outbox.
    pub(crate) fn open_websocket(
        self: &Arc<Self>,
        newcomer: Newcomer,
        line: Arc<WireLine>,
    ) -> Result<(SessionHandle, WireId), OpenError> {
        let (limits, revision) = (self.limits.clone(), newcomer.form.revision());
        let (machine, wire) = Session::open_websocket(limits, revision, self.runtime.clock.now());
        let session = self.start(machine, newcomer, Some((wire, line)))?;
        session.set_websocket();
        session.outbox().push_ahead(frame::text(&[&self.open_packet(&session.sid(), &[])]));
        Ok((session, wire))
    }

    /// The session with this id, unless it has ended.
    pub(crate) fn find(&self, sid: &str) -> Option<SessionHandle> {
        self.sessions.find(sid)
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What waits in the outboxes at this moment.
    pub(crate) fn outbox_bytes(&self) -> OutboxBytes {
        let mut bytes = OutboxBytes::default();
        self.sessions.for_each(|session| {
            let pending = session.outbox().with(|outbox| outbox.pending());
            let pending = i64::try_from(pending).unwrap_or(i64::MAX);
            bytes.all = bytes.all.saturating_add(pending);
            bytes.largest = bytes.largest.max(pending);
        });
        bytes
    }

    /// New clients reach the server from now on.
    pub(crate) fn set_listening(&self) {
        self.listening.store(true, Ordering::SeqCst);
    }

    /// Whether new clients reach the server.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::SeqCst)
    }

    /// Whether the server was told to stop.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// Whether the server shuts down.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Says that it is not ready, serves on for `drain_delay`, then takes no new sessions, does `before`, closes
    /// all others, and waits until they have flushed what they had; at most `patience`, then they end at once.
    ///
    /// # Cancel safety
    /// Sessions that were told to close do so anyway.
    pub(crate) async fn drain(&self, patience: Duration, before: impl Future<Output = ()>) {
        self.leaving.store(true, Ordering::SeqCst);
        let (clock, delay) = (&self.runtime.clock, self.runtime.config.drain_delay);
        if !delay.is_zero() {
            clock.sleep_until(clock.now() + delay).await;
        }
        self.draining.store(true, Ordering::SeqCst);
        before.await;
        self.sessions.all().iter().for_each(|session| session.close(DisconnectReason::ServerShuttingDown));
        if !self.all_ended(patience).await {
            tracing::warn!(
                sessions = self.len(),
                "sessions are cut off: they did not take their last packets"
            );
            self.sessions
                .all()
                .iter()
                .for_each(|session| session.abort(DisconnectReason::ServerShuttingDown));
        }
        self.all_ended(LAST_MOMENT).await;
    }

    /// Called when a session's actor is gone.
    pub(super) fn forget(&self, id: SessionId) {
        self.sessions.remove(id);
    }

    /// Waits until no session and no WebSocket is left; says whether it came to that.
    async fn all_ended(&self, patience: Duration) -> bool {
        let clock = &self.runtime.clock;
        let deadline = clock.now() + patience;
        while self.len() > 0 || self.runtime.metrics.total(|all| &all.websockets) > 0 {
            if clock.now() >= deadline {
                return false;
            }
            clock.sleep_until(clock.now() + DRAIN_STEP).await;
        }
        true
    }

    fn start(
        self: &Arc<Self>,
        machine: Session,
        newcomer: Newcomer,
        wire: Option<(WireId, Arc<WireLine>)>,
    ) -> Result<SessionHandle, OpenError> {
        if self.is_draining() {
            return Err(OpenError::Draining);
        }
        let Newcomer { handshake, name, form } = newcomer;
        let permit = self.take_address(handshake.address())?;
        let worker = Worker::current(&self.runtime)?;
        let id = SessionId::random();
        if let Some(name) = &name {
            self.sessions.give_name(name, id).map_err(|NameTaken| OpenError::NameTaken)?;
        }
        let outbox = OutboxCell::new(self.runtime.config.outbox_bytes, form);
        let slot = worker.slots.borrow_mut().insert(outbox.clone());
        let ctx = Context::new();
        let session = SessionHandle::new(Shared {
            id,
            name: name.map(|name| Box::from(&*name)),
            worker: worker.handle.id,
            slot,
            handshake,
            revision: form.revision(),
            addr: ctx.address(),
            outbox,
            runtime: self.runtime.clone(),
            websocket: AtomicBool::new(false),
        });
        self.sessions.insert(session.clone());
        let registration = Registration::new(self.clone(), worker.clone(), session.clone(), permit);
        let app = (self.factory)(&session, worker);
        ctx.run(SessionActor::new(registration, machine, app, wire));
        if self.is_draining() {
            // The drain may have begun before this session could be found.
            session.close(DisconnectReason::ServerShuttingDown);
        }
        Ok(session)
    }

    /// Lets a client in that has no session.
    pub(crate) fn admit(&self, client: Option<IpAddr>) -> Result<Admitted, OpenError> {
        if self.is_draining() {
            return Err(OpenError::Draining);
        }
        self.take_address(client).map(Admitted)
    }

    fn take_address(&self, client: Option<IpAddr>) -> Result<Option<AddressPermit>, OpenError> {
        self.addresses.take(client).map_err(|AddressFull| {
            self.runtime.metrics.sessions_refused.count();
            OpenError::AddressFull
        })
    }

    fn open_packet(&self, sid: &str, upgrades: &[TransportName]) -> ByteString {
        OpenPacket {
            sid,
            upgrades,
            ping_interval: self.limits.ping_interval,
            ping_timeout: self.limits.ping_timeout,
            max_payload: self.runtime.config.max_payload,
        }
        .encode()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("sessions", &self.len()).finish_non_exhaustive()
    }
}

/// What a session holds outside of itself, given back however it ends.
pub(super) struct Registration {
    engine: Arc<Engine>,
    pub(super) worker: Rc<Worker>,
    pub(super) session: SessionHandle,
    pub(super) timer: crate::runtime::wheel::TimerKey,
    _address: Option<AddressPermit>,
}

impl Registration {
    fn new(
        engine: Arc<Engine>,
        worker: Rc<Worker>,
        session: SessionHandle,
        address: Option<AddressPermit>,
    ) -> Self {
        let timer = worker.wheel.register({
            let session = session.clone();
            move || session.deadline()
        });
        engine.runtime.metrics.sessions.add(1);
        engine.runtime.metrics.sessions_opened.count();
        engine.runtime.metrics.slots.add(1);
        Self { engine, worker, session, timer, _address: address }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.worker.wheel.remove(self.timer);
        drop(self.worker.slots.borrow_mut().remove(self.session.slot().slot));
        self.session.outbox().with(|outbox| outbox.discard());
        self.session.outbox().unregister();
        self.engine.runtime.metrics.sessions.add(-1);
        if self.session.transport_name() == TransportName::WebSocket {
            self.engine.runtime.metrics.sessions_on_websocket.add(-1);
        }
        self.engine.runtime.metrics.slots.add(-1);
        self.engine.forget(self.session.id());
    }
}

fn limits(runtime: &Runtime) -> SessionLimits {
    let mut limits = SessionLimits::default();
    limits.ping_interval = runtime.config.ping_interval;
    limits.ping_timeout = runtime.config.ping_timeout;
    limits.upgrade_timeout = runtime.config.upgrade_timeout;
    limits.claim_timeout = runtime.config.claim_timeout;
    limits.close_timeout = runtime.config.close_timeout;
    let all = [Transport::Polling, Transport::WebSocket];
    let has_both = all.iter().all(|transport| runtime.config.transports.contains(transport));
    limits.allow_upgrades = runtime.config.allow_upgrades && has_both;
    limits
}

/// For WebSockets to say goodbye.
const LAST_MOMENT: Duration = Duration::from_secs(2);
/// How often a draining engine looks whether it is done.
const DRAIN_STEP: Duration = Duration::from_millis(10);
