//! [`Namespace`]: what users and other actors hold of a namespace.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use actix::{Actor, Addr, AsyncContext, Context, WeakAddr};
use arc_swap::{ArcSwap, ArcSwapOption};
use bytestring::ByteString;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::acks::SHARED_IDS;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::AckId;
use tokio::sync::oneshot;

use super::Hooks;
use super::actor::NamespaceActor;
use super::hooks::{Middleware, RoomHook};
use super::protocol::{NamespaceCommand, Outgoing};
use super::server_side::ServerSideListener;
use crate::auth::{JwtAuth, Revocation};
use crate::directory::{DirectoryCommand, DirectoryHandle};
use crate::error::{EmitError, Emitted, Reject};
use crate::event::{FromArgs, IntoAck, IntoArgs, Listener, ListenerId, Listeners, asynchronous, synchronous};
use crate::fanout::{NamespaceNumber, SlotRef};
use crate::presence::PresenceShared;
use crate::room::Report;
use crate::rooms::Lobby;
use crate::runtime::Runtime;
use crate::runtime::metrics::NamespaceMetrics;
use crate::runtime::post::{self, Refused};
use crate::runtime::shell::is_death;
use crate::runtime::worker::WorkerHandle;
use crate::socket::{Broadcast, Op, Socket, record};

/// A namespace: its handlers, its middleware, and all its sockets. Cheap to clone.
///
/// What is registered here holds for every socket that connects, at no cost per socket.
#[derive(Clone)]
pub struct Namespace(Arc<NamespaceShared>);

/// What the handles, the sockets and the actor of a namespace share.
pub(crate) struct NamespaceShared {
    pub(crate) path: ByteString,
    pub(crate) runtime: Arc<Runtime>,
    /// Read for every event on all workers, changed rarely: readers write nothing that they share.
    pub(crate) listeners: ArcSwap<Listeners>,
    pub(crate) hooks: RwLock<Hooks>,
    pub(crate) middleware: RwLock<Vec<Middleware>>,
    /// Who is told of rooms; nothing where nobody is.
    pub(super) room_hooks: ArcSwapOption<Vec<RoomHook>>,
    /// Who listens for events of other nodes.
    pub(super) server_side: RwLock<Vec<(ByteString, ServerSideListener)>>,
    /// Whether a socket wants, or wanted, to see what is emitted to it.
    pub(super) outgoing_heard: AtomicBool,
    /// Of a parent: the namespaces that were made after it.
    pub(super) children: OnceLock<RwLock<HashMap<ByteString, Arc<Self>>>>,
    /// Tells it apart in the offsets of events.
    pub(super) number: NamespaceNumber,
    /// Counts the events that carry an offset.
    offsets: AtomicU64,
    /// Sockets that clients may come back to, by what these come with.
    recoverable: Mutex<HashMap<Box<str>, Socket>>,
    /// Counts the packets that many acknowledge.
    shared_acks: AtomicU64,
    /// Who is there, if the application wants to know.
    pub(crate) presence: OnceLock<Arc<PresenceShared>>,
    auth: RwLock<Option<Arc<JwtAuth>>>,
    /// Set if this is a type of rooms.
    directory: OnceLock<DirectoryHandle>,
    /// The types of rooms that its clients list and make.
    pub(crate) lobby: OnceLock<Arc<Lobby>>,
    /// Started by its first socket, on that socket's worker; another one after a death.
    addr: RwLock<Option<Addr<NamespaceActor>>>,
    /// What was emitted from outside of handlers and is not yet on its way.
    outside: Arc<AtomicUsize>,
    pub(crate) metrics: NamespaceMetrics,
}

impl Namespace {
    pub(crate) fn new(shared: Arc<NamespaceShared>) -> Self {
        Self(shared)
    }

    /// Its path: `/`, or `/chat` for example.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Requires a token of whoever connects, in place of the server's rule.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let members = io.of("/members");
    /// members.auth(JwtAuth::hs256("a secret of at least thirty-two bytes")?.audience("members"));
    /// members.on("me", |socket, ()| Ok(socket.user_id().map(str::to_owned)));
    /// # Ok(()) }
    /// ```
    pub fn auth(&self, auth: JwtAuth) -> &Self {
        *self.0.auth.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(auth));
        self
    }

    /// Requires no token here, whatever the server's rule is.
    pub fn no_auth(&self) -> &Self {
        *self.0.auth.write().unwrap_or_else(PoisonError::into_inner) = None;
        self
    }

    /// Adds a step that every socket must pass before it connects. Steps run in order; the first
    /// refusal is the client's `connect_error`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/admin").middleware(|socket| async move {
    ///     match socket.user_id() {
    ///         Some("root") => Ok(()),
    ///         _ => Err(Reject::new("forbidden", "administrators only")),
    ///     }
    /// });
    /// # }
    /// ```
    pub fn middleware<F, Fut>(&self, step: F) -> &Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Reject>> + 'static,
    {
        let step: Middleware = Arc::new(move |socket| Box::pin(step(socket)));
        self.0.middleware.write().unwrap_or_else(PoisonError::into_inner).push(step);
        self
    }

    /// Runs for every socket that has connected, before its first event (Socket.IO's `connection`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| {
    ///     socket.broadcast().emit("joined", socket.id());
    /// });
    /// # }
    /// ```
    pub fn on_connect(&self, hook: impl Fn(Socket) + Send + Sync + 'static) -> &Self {
        let hook = move |socket| {
            hook(socket);
            None
        };
        self.hooks().connect.push(Arc::new(hook));
        self
    }

    /// As [`on_connect`](Self::on_connect), for code that waits for something. Events may be handled
    /// meanwhile.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # async fn load_name(user: Option<&str>) -> String { user.unwrap_or("guest").to_owned() }
    /// # fn example(io: Server) {
    /// io.of("/").on_connect_async(|socket| async move {
    ///     let name = load_name(socket.user_id()).await;
    ///     socket.emit("welcome", name);
    /// });
    /// # }
    /// ```
    pub fn on_connect_async<F, Fut>(&self, hook: F) -> &Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        self.hooks().connect.push(Arc::new(move |socket| Some(Box::pin(hook(socket)))));
        self
    }

    /// Runs for every socket that is about to leave: its rooms are still there.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_disconnecting(|socket, reason| {
    ///     for room in socket.rooms() {
    ///         socket.to(room).emit("left", (socket.id(), reason.as_str()));
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_disconnecting(&self, hook: impl Fn(Socket, DisconnectReason) + Send + Sync + 'static) -> &Self {
        self.hooks().disconnecting.push(Arc::new(hook));
        self
    }

    /// Runs for every socket that has left.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_disconnect(|socket, reason| println!("{} left: {reason}", socket.id()));
    /// # }
    /// ```
    pub fn on_disconnect(&self, hook: impl Fn(Socket, DisconnectReason) + Send + Sync + 'static) -> &Self {
        self.hooks().disconnect.push(Arc::new(hook));
        self
    }

    /// Listens for an event of every socket, see [`Socket::on`].
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on("sum", |_socket, (a, b): (i64, i64)| Ok(a + b));
    /// # }
    /// ```
    pub fn on<F, T, R>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Socket, T) -> R + Send + Sync + 'static,
        T: FromArgs,
        R: IntoAck,
    {
        self.listen(event, &Listener::new(synchronous(handler)))
    }

    /// As [`on`](Self::on), for the first such event of any socket only.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/race").once("finish", |socket, ()| socket.namespace().emit("winner", socket.id()));
    /// # }
    /// ```
    pub fn once<F, T, R>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Socket, T) -> R + Send + Sync + 'static,
        T: FromArgs,
        R: IntoAck,
    {
        self.listen(event, &Listener::once(synchronous(handler)))
    }

    /// As [`on`](Self::on), for a handler that waits for something, see [`Socket::on_async`].
    pub fn on_async<F, T, Fut>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Socket, T) -> Fut + Send + Sync + 'static,
        T: FromArgs,
        Fut: Future<Output: IntoAck> + 'static,
    {
        self.listen(event, &Listener::new(asynchronous(handler)))
    }

    /// Takes all listeners of an event off; tells how many there were. Those that a socket has of
    /// its own stay.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// let game = Server::new().of("/game");
    /// game.on("vote", |_, choice: u8| Ok(choice));
    /// game.on("vote", |socket, choice: u8| socket.broadcast().emit("voted", choice));
    /// assert_eq!(game.off("vote"), 2);
    /// ```
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn off(&self, event: &str) -> usize {
        self.0.change_listeners(|listeners| listeners.remove_event(event))
    }

    /// Takes one listener off; tells whether it was there (Socket.IO's `off(event, listener)`).
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn remove_listener(&self, listener: ListenerId) -> bool {
        self.0.change_listeners(|listeners| listeners.remove(listener))
    }

    /// Lets clients join and leave rooms themselves, by `emit("join", room)` and
    /// `emit("leave", room)`, as far as the rule allows it. Off unless this is called. The
    /// acknowledgement is the room; a refusal has the code `forbidden_room`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").allow_client_rooms(|_socket, room| room.starts_with("public-"));
    /// # }
    /// ```
    pub fn allow_client_rooms(&self, rule: impl Fn(&Socket, &str) -> bool + Send + Sync + 'static) -> &Self {
        let rule = Arc::new(rule);
        let allowed = move |socket: &Socket, room: &str| {
            if rule(socket, room) {
                Ok(())
            } else {
                Err(Reject::new("forbidden_room", "you may not choose this room"))
            }
        };
        let leave_allowed = allowed.clone();
        self.on("join", move |socket: Socket, room: String| {
            allowed(&socket, &room)?;
            socket.join(room.as_str())?;
            Ok(room)
        });
        self.on("leave", move |socket: Socket, room: String| {
            leave_allowed(&socket, &room)?;
            socket.leave(room.as_str());
            Ok(room)
        });
        self
    }

    /// Emits to everyone in this namespace.
    pub fn emit(&self, event: &str, args: impl IntoArgs) -> Emitted {
        self.everyone().emit(event, args)
    }

    /// Everyone in a room.
    pub fn to(&self, room: impl Into<RoomName>) -> Broadcast {
        self.everyone().to(room)
    }

    /// Socket.IO's `in`: the same as [`to`](Self::to).
    pub fn within(&self, room: impl Into<RoomName>) -> Broadcast {
        self.everyone().to(room)
    }

    /// Everyone but the members of a room.
    pub fn except(&self, room: impl Into<RoomName>) -> Broadcast {
        self.everyone().except(room)
    }

    /// Everyone in this namespace.
    pub fn everyone(&self) -> Broadcast {
        Broadcast::new(self.0.clone(), None)
    }

    pub(crate) fn shared(&self) -> &Arc<NamespaceShared> {
        &self.0
    }

    fn listen(&self, event: &str, listener: &Listener) -> ListenerId {
        self.0.change_listeners(|listeners| listeners.add(event, listener.clone()));
        listener.id()
    }

    pub(super) fn hooks(&self) -> std::sync::RwLockWriteGuard<'_, Hooks> {
        self.0.hooks.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl NamespaceShared {
    pub(crate) fn new(path: ByteString, runtime: Arc<Runtime>, auth: Option<Arc<JwtAuth>>) -> Arc<Self> {
        let metrics = NamespaceMetrics::new(path.clone());
        Self::counted_as(metrics, path, runtime, auth)
    }

    pub(super) fn counted_as(
        metrics: NamespaceMetrics,
        path: ByteString,
        runtime: Arc<Runtime>,
        auth: Option<Arc<JwtAuth>>,
    ) -> Arc<Self> {
        static NUMBERS: AtomicU32 = AtomicU32::new(0);
        Arc::new(Self {
            path,
            runtime,
            listeners: ArcSwap::default(),
            hooks: RwLock::default(),
            middleware: RwLock::default(),
            room_hooks: ArcSwapOption::empty(),
            server_side: RwLock::default(),
            outgoing_heard: AtomicBool::new(false),
            children: OnceLock::new(),
            number: NamespaceNumber(NUMBERS.fetch_add(1, Ordering::Relaxed)),
            offsets: AtomicU64::new(1),
            recoverable: Mutex::default(),
            shared_acks: AtomicU64::new(SHARED_IDS.start),
            presence: OnceLock::new(),
            auth: RwLock::new(auth),
            directory: OnceLock::new(),
            lobby: OnceLock::new(),
            addr: RwLock::default(),
            outside: Arc::default(),
            metrics,
        })
    }

    /// Puts a changed copy of the listeners in place; `change` runs again if somebody else was faster.
    pub(crate) fn change_listeners<R: Default>(&self, change: impl Fn(&mut Listeners) -> R) -> R {
        let mut result = R::default();
        self.listeners.rcu(|listeners| {
            let mut changed = Listeners::clone(listeners);
            result = change(&mut changed);
            changed
        });
        result
    }

    /// Makes this a type of rooms; the first call counts.
    pub(crate) fn set_directory(&self, directory: DirectoryHandle) -> bool {
        self.directory.set(directory).is_ok()
    }

    /// Who places those who connect, if this is a type of rooms.
    pub(crate) fn directory(&self) -> Option<&DirectoryHandle> {
        self.directory.get()
    }

    /// What verifies the tokens of those who connect.
    pub(crate) fn auth(&self) -> Option<Arc<JwtAuth>> {
        self.auth.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the actor on this worker unless it runs somewhere.
    pub(crate) fn ensure_started(self: &Arc<Self>, worker: &WorkerHandle) {
        let is_running = |addr: &Option<Addr<_>>| addr.as_ref().is_some_and(Addr::connected);
        if is_running(&self.addr.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut addr = self.addr.write().unwrap_or_else(PoisonError::into_inner);
        if is_running(&addr) {
            return;
        }
        let shared = self.clone();
        let start = move |ctx: &mut Context<NamespaceActor>| {
            let link = NamespaceLink { shared: shared.clone(), addr: ctx.address().downgrade() };
            NamespaceActor::new(&shared, link)
        };
        *addr = Some(NamespaceActor::start_in_arbiter(&worker.arbiter, start));
        // What waited for one that died went with it.
        self.metrics.mailbox.reset();
    }

    /// Traffic, from a socket.
    pub(crate) fn send(&self, command: NamespaceCommand) -> Result<(), Refused<NamespaceCommand>> {
        match &*self.addr.read().unwrap_or_else(PoisonError::into_inner) {
            Some(addr) => {
                let sent = post::traffic(&self.runtime.metrics, addr, command);
                if sent.is_ok() {
                    self.metrics.mailbox.enter();
                }
                sent
            }
            None => Err(Refused::Gone(command)),
        }
    }

    /// Waits for room in the mailbox.
    pub(crate) fn wait(&self, command: NamespaceCommand) -> impl Future<Output = bool> + use<> {
        let addr = self.addr();
        if addr.is_some() {
            self.metrics.mailbox.enter();
        }
        async move {
            match addr {
                Some(addr) => post::wait(addr, command).await,
                None => false,
            }
        }
    }

    /// Lifecycle: a socket has ended.
    pub(crate) fn disconnect(&self, socket: &Socket) {
        self.tell(NamespaceCommand::Disconnect(socket.clone()));
    }

    /// Lifecycle: tokens are revoked.
    pub(crate) fn revoke(&self, revocation: Arc<Revocation>) {
        if let Some(rooms) = self.directory() {
            rooms.tell(DirectoryCommand::Revoke(revocation.clone()));
        }
        self.tell(NamespaceCommand::Revoke(revocation));
    }

    /// An emit by no socket: bounded by what waits of its kind.
    pub(crate) fn emit_from_outside(&self, to: Selection<SlotRef>, what: Outgoing) -> Result<(), EmitError> {
        if self.outside.load(Ordering::Relaxed) >= self.runtime.config.mailbox_capacity {
            return Err(EmitError::Full);
        }
        // Without an actor there is no socket to reach.
        let permit = OutsidePermit::new(&self.outside);
        self.tell(NamespaceCommand::Outside { to, what, permit });
        Ok(())
    }

    /// An event's arguments with an offset behind them, so that its client can come back; nothing where
    /// sockets are not kept. What may be lost is not kept, but needs a place if its last argument is a
    /// string: clients take that for an offset.
    pub(crate) fn stamp(&self, items: &str, delivery: Delivery) -> Option<(String, Delivery)> {
        if !self.keeps_histories() || (delivery.is_volatile() && !items.ends_with('"')) {
            return None;
        }
        let offset = self.number.offset(self.offsets.fetch_add(1, Ordering::Relaxed));
        let delivery =
            if delivery.is_volatile() { Delivery::Passing(offset) } else { Delivery::Kept(offset) };
        let comma = if items.is_empty() { "" } else { "," };
        Some((format!("{items}{comma}\"{}\"", offset.to_wire()), delivery))
    }

    /// Whether clients may come back. A type of rooms has seats and states for that.
    pub(crate) fn keeps_histories(&self) -> bool {
        !self.runtime.config.recovery_window.is_zero() && self.directory().is_none()
    }

    /// The sockets that clients may come back to.
    pub(crate) fn recoverable(&self) -> MutexGuard<'_, HashMap<Box<str>, Socket>> {
        self.recoverable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id for a packet that many acknowledge.
    pub(crate) fn next_shared_ack(&self) -> AckId {
        AckId(self.shared_acks.fetch_add(1, Ordering::Relaxed))
    }

    /// The sockets of a selection: inside of a handler behind all that it has asked for.
    pub(crate) async fn find_sockets(self: Arc<Self>, to: Selection<SlotRef>) -> Vec<Socket> {
        let (reply, found) = oneshot::channel();
        if let Err(Op::Find { to, reply, .. }) = record(Op::Find { namespace: self.clone(), to, reply }) {
            self.tell(NamespaceCommand::Find { to, reply });
        }
        found.await.unwrap_or_default()
    }

    /// A fault test's way to end this actor, or that of a room.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self, room: Option<RoomName>) {
        self.tell(NamespaceCommand::Crash(room));
    }

    pub(super) fn tell(&self, command: NamespaceCommand) {
        let addr = self.addr.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(addr) = &*addr
            && post::lifecycle(&self.runtime.metrics, addr, command)
        {
            self.metrics.mailbox.enter();
        }
    }

    fn addr(&self) -> Option<Addr<NamespaceActor>> {
        self.addr.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for NamespaceShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("path", &&*self.path).finish_non_exhaustive()
    }
}

/// Counts one emit from outside until it is on its way, or lost with the actor.
#[derive(Debug)]
pub(crate) struct OutsidePermit(Arc<AtomicUsize>);

impl OutsidePermit {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for OutsidePermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a room reaches its namespace, and its actor the connections.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceLink {
    shared: Arc<NamespaceShared>,
    addr: WeakAddr<NamespaceActor>,
}

impl NamespaceLink {
    /// A hook of the application panicked.
    pub(super) fn count_panic(&self) {
        self.shared.runtime.metrics.panics.count();
        tracing::error!(namespace = %self.shared.path, "a room hook panicked");
    }

    pub(super) fn number(&self) -> NamespaceNumber {
        self.shared.number
    }

    pub(super) fn recoverable(&self) -> MutexGuard<'_, HashMap<Box<str>, Socket>> {
        self.shared.recoverable()
    }

    /// Lifecycle: the time of somebody who is away is over.
    pub(super) fn recovery_deadline(&self) {
        self.tell(NamespaceCommand::RecoveryDeadline);
    }

    /// Whether any socket may want to see what is emitted to it.
    pub(super) fn hears_outgoing(&self) -> bool {
        self.shared.outgoing_heard.load(Ordering::Relaxed)
    }

    /// Who is told of rooms.
    pub(super) fn room_hooks(&self) -> Option<Arc<Vec<RoomHook>>> {
        self.shared.room_hooks.load_full()
    }

    /// Who is told who is there.
    pub(super) fn presence(&self) -> Option<&Arc<PresenceShared>> {
        self.shared.presence.get()
    }

    /// The namespace's path.
    pub(crate) fn path(&self) -> &str {
        &self.shared.path
    }

    /// What is counted of the namespace.
    pub(crate) fn metrics(&self) -> &NamespaceMetrics {
        &self.shared.metrics
    }

    /// Lifecycle: the room has no members.
    pub(crate) fn room_empty(&self, room: RoomName, report: Report) {
        self.tell(NamespaceCommand::RoomEmpty { room, report });
    }

    /// Lifecycle: the room's actor is no more.
    pub(crate) fn room_lost(&self, room: RoomName, report: Report) {
        self.tell(NamespaceCommand::RoomLost { room, report });
    }

    /// The namespace's actor is no more: its clients come back on new connections, to a new and empty
    /// one.
    pub(super) fn lost(&self, sockets: impl Iterator<Item = Socket>) {
        let NamespaceShared { runtime, path, .. } = &*self.shared;
        if is_death() {
            runtime.metrics.actor_deaths.count();
            tracing::error!(namespace = %path, "a namespace died; its connections are closed");
        }
        for socket in sockets {
            socket.session().close(DisconnectReason::TransportClose);
        }
    }

    /// Lifecycle: what was emitted from outside may go on.
    pub(super) fn lane_clear(&self) {
        self.tell(NamespaceCommand::LaneClear);
    }

    fn tell(&self, command: NamespaceCommand) {
        if let Some(addr) = self.addr.upgrade()
            && post::lifecycle(&self.shared.runtime.metrics, &addr, command)
        {
            self.shared.metrics.mailbox.enter();
        }
    }
}
