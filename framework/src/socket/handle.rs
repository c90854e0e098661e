//! [`Socket`]: what users and other actors hold of a socket.

use std::any::{Any, TypeId};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use actix::Addr;
use bytestring::ByteString;
use greenroom_proto::rooms::RoomName;
use greenroom_proto::socket::acks::{Acks, Full};
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::AckId;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::actor::SocketActor;
use super::place::RoomPlace;
use super::recovery::{Predecessor, Recovery};
use super::taps::Taps;
use super::token::Bearer;
use super::{Op, Packets, SocketCommand, eio3, record};
use crate::auth::{Renewal, Revocation};
use crate::error::{AckError, EmitError, Emitted, Reject};
use crate::event::{Args, FromArgs, IntoAck, Listener, ListenerId, Listeners, asynchronous, synchronous};
use crate::fanout::SlotRef;
use crate::namespace::{Hooks, Namespace, NamespaceShared};
use crate::runtime::Runtime;
use crate::runtime::post::{self, Refused};
use crate::session::{Handshake, ReadPermit, Seal, SessionHandle};

/// Names a socket: random, different in every namespace, and never the session's id.
///
/// It is no secret and no user id: a client that reconnects gets another one. A client of Engine.IO 3 takes
/// the session's id for its own, see [`Config::allow_eio3`](crate::Config::allow_eio3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(ByteString);

impl SocketId {
    pub(crate) fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string().into())
    }

    /// The id as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room that a socket is always in.
    pub(crate) fn to_room(&self) -> RoomName {
        RoomName::sharing(self.0.clone())
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for SocketId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// One client in one namespace. Cheap to clone; usable from any thread.
///
/// Used inside of a handler, everything that it is told happens when the handler returns, in
/// program order, and before the acknowledgement; nothing happens if the handler panics.
#[derive(Clone)]
pub struct Socket(Arc<SocketShared>);

/// What the handles and the actor of a socket share.
pub(crate) struct SocketShared {
    id: SocketId,
    /// Nothing where clients cannot come back.
    pub(super) recovery: Option<Box<Recovery>>,
    pub(super) namespace: Arc<NamespaceShared>,
    /// What its client calls the namespace, if that is not its path; see [`Socket::path`].
    path: Option<Box<str>>,
    /// In a type of rooms: set when it asks for a place.
    pub(super) room: OnceLock<Box<RoomPlace>>,
    pub(super) session: SessionHandle,
    pub(super) auth: Option<Box<str>>,
    /// Set once, when the token is verified; what is in it changes.
    pub(super) bearer: OnceLock<Box<Bearer>>,
    connected: AtomicBool,
    leaving: AtomicBool,
    /// Set once, when it begins to leave.
    ended_by: OnceLock<DisconnectReason>,
    /// Operations that wait; a bound for those who emit from outside.
    pub(super) backlog: AtomicUsize,
    pub(super) addr: OnceLock<Addr<SocketActor>>,
    /// Whether it has, or had, listeners of its own: else events need not lock.
    listens: AtomicBool,
    /// What sees all events, by bits.
    pub(super) tapped: AtomicU8,
    /// Whether others made it join or leave rooms: then its namespace keeps its list of rooms.
    steered: AtomicBool,
    local: Mutex<Local>,
    /// Around all user code for this socket, and on what is logged of it.
    pub(super) span: tracing::Span,
}

/// What changes while a socket lives.
pub(super) struct Local {
    listeners: Listeners,
    pub(super) taps: Option<Box<Taps>>,
    pub(super) hooks: Option<Box<Hooks>>,
    pub(super) acks: Acks<AckReply>,
    /// The client will acknowledge nothing any more.
    deaf: bool,
    rooms: SmallVec<[RoomName; 1]>,
    /// Until it is let in: the socket that it goes on for.
    pub(super) predecessor: Option<Box<Predecessor>>,
    pub(super) data: SmallVec<[(TypeId, Arc<dyn Any + Send + Sync>); 1]>,
}

/// Where a client's acknowledgement goes.
pub(super) type AckReply = oneshot::Sender<Result<Args, AckError>>;

impl Socket {
    pub(super) fn new(
        namespace: Arc<NamespaceShared>,
        path: &str,
        session: SessionHandle,
        auth: Option<Box<str>>,
        predecessor: Option<Predecessor>,
    ) -> Self {
        let other_path = (*namespace.path != *path).then(|| path.into());
        let is_eio3 = eio3::is_spoken(&session);
        // A client that was not told a `pid` cannot come back.
        let recovery = if is_eio3 { None } else { Recovery::new(&namespace, predecessor.as_ref()) };
        let id = match &predecessor {
            Some(old) => old.socket.id().clone(),
            None if is_eio3 => SocketId(eio3::socket_id(&session, path).into()),
            None => SocketId::random(),
        };
        let local = Local {
            listeners: Listeners::default(),
            taps: None,
            hooks: None,
            acks: Acks::new(namespace.runtime.config.max_pending_acks),
            deaf: false,
            rooms: SmallVec::new(),
            data: SmallVec::new(),
            predecessor: predecessor.map(Box::new),
        };
        let of = session.slot();
        // Who knows the id of such a session can speak for it: it is not for logs.
        let logged_id = if is_eio3 { "(the session's)" } else { id.as_str() };
        let span =
            tracing::info_span!(parent: None, "socket", session = %of, socket = logged_id, namespace = path);
        Self(Arc::new(SocketShared {
            id,
            recovery,
            span,
            namespace,
            path: other_path,
            room: OnceLock::new(),
            session,
            auth,
            bearer: OnceLock::new(),
            connected: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            ended_by: OnceLock::new(),
            backlog: AtomicUsize::new(0),
            addr: OnceLock::new(),
            listens: AtomicBool::new(false),
            tapped: AtomicU8::new(0),
            steered: AtomicBool::new(false),
            local: Mutex::new(local),
        }))
    }

    /// This socket's id.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The namespace it is connected to.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.namespace.clone())
    }

    /// Whether the socket is connected: from its admission until its disconnect.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }

    /// The request that the connection began with.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        self.0.session.handshake()
    }

    /// The payload of CONNECT (the client's `auth`) as a serde type.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # #[derive(serde::Deserialize)] struct Auth { color: String }
    /// # fn example(socket: Socket) {
    /// if let Some(auth) = socket.auth::<Auth>() {
    ///     socket.put(auth);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn auth<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.auth.as_deref()?).ok()
    }

    /// Stores a value on this socket, one of each type; it lives as long as the socket. It is shared:
    /// what changes in it is an atomic or stands behind a `Mutex`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// #[derive(Default)]
    /// struct Player { score: AtomicU32 }
    ///
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| socket.put(Player::default()));
    /// io.of("/").on("goal", |socket, ()| {
    ///     let player = socket.data::<Player>().ok_or_else(|| Reject::new("no_player", "log in first"))?;
    ///     Ok(player.score.fetch_add(1, Ordering::Relaxed) + 1)
    /// });
    /// # }
    /// ```
    pub fn put<T: Any + Send + Sync>(&self, value: T) {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let mut local = self.local();
        match local.data.iter_mut().find(|(of, _)| *of == TypeId::of::<T>()) {
            Some((_, stored)) => *stored = value,
            None => local.data.push((TypeId::of::<T>(), value)),
        }
    }

    /// The stored value of this type.
    #[must_use]
    pub fn data<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let local = self.local();
        let (_, stored) = local.data.iter().find(|(of, _)| *of == TypeId::of::<T>())?;
        stored.clone().downcast().ok()
    }

    /// The rooms that this socket is in; the first is its own id.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomName> {
        let own = self.id().to_room();
        std::iter::once(own).chain(self.local().rooms.iter().cloned()).collect()
    }

    /// Joins a room. Joining a room twice, or after the disconnect, does nothing.
    ///
    /// # Errors
    /// `too_many_rooms` at [`Config::max_rooms`](crate::Config::max_rooms), `bad_room` for a name of more
    /// than [`Config::max_room_name`](crate::Config::max_room_name) bytes: as a [`Reject`], since the name
    /// often comes from a client.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on("join", |socket: Socket, room: String| {
    ///     socket.join(room)?;
    ///     Ok("joined")
    /// });
    /// # }
    /// ```
    pub fn join(&self, room: impl Into<RoomName>) -> Result<(), Reject> {
        let room = room.into();
        let config = &self.0.namespace.runtime.config;
        if self.is_leaving() {
            return Ok(());
        }
        if room.as_str().len() > config.max_room_name {
            return Err(Reject::new("bad_room", "the name of the room is too long"));
        }
        {
            let mut local = self.local();
            if local.rooms.contains(&room) || room.as_str() == self.id().as_str() {
                return Ok(());
            }
            if local.rooms.len() >= config.max_rooms {
                return Err(Reject::new("too_many_rooms", "the socket is in too many rooms"));
            }
            local.rooms.push(room.clone());
        }
        // A socket that has ended joins nothing.
        drop(self.perform(Op::Join(self.clone(), room)));
        Ok(())
    }

    /// Leaves a room. Leaving one that the socket is not in does nothing.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.on("leave", |socket, room: String| socket.leave(room));
    /// # }
    /// ```
    pub fn leave(&self, room: impl Into<RoomName>) {
        let room = room.into();
        if self.unlist(&room) {
            drop(self.perform(Op::Leave(self.clone(), room)));
        }
    }

    /// Disconnects this socket from its namespace, or closes the client's whole connection.
    ///
    /// The client sees `io server disconnect` and does not come back by itself; the hooks are told
    /// `server namespace disconnect`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on("quit", |socket: Socket, ()| socket.disconnect(true));
    /// # }
    /// ```
    pub fn disconnect(&self, close: bool) {
        drop(self.perform(Op::Disconnect { socket: self.clone(), close }));
    }

    /// Lifecycle: others disconnect it, in its own order.
    pub(crate) fn disconnect_from_outside(&self, close: bool) {
        self.tell(SocketCommand::Operation(Op::Disconnect { socket: self.clone(), close }));
    }

    /// Listens for an event of this client. Events run one after another, in the order of arrival.
    ///
    /// An event may have several listeners: those of the namespace run first, then the socket's, each
    /// group in the order in which they were added. One that nobody listens for is not acknowledged.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| {
    ///     socket.on("chat message", |socket, text: String| {
    ///         socket.broadcast().emit("chat message", &text);
    ///         Ok("sent")                                                // the acknowledgement
    ///     });
    ///     socket.on("chat message", |_, text: String| println!("{text}")); // a second listener
    ///     socket.on("message", |socket, text: String| socket.send(text));  // the client's `send`
    ///     socket.on("error", |_, what: String| eprintln!("a client says: {what}"));
    /// });
    /// # }
    /// ```
    pub fn on<F, T, R>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Self, T) -> R + Send + Sync + 'static,
        T: FromArgs,
        R: IntoAck,
    {
        self.listen(event, Listener::new(synchronous(handler)))
    }

    /// As [`on`](Self::on), for one event only.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.once("name", |socket, name: String| socket.put(name));
    /// # }
    /// ```
    pub fn once<F, T, R>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Self, T) -> R + Send + Sync + 'static,
        T: FromArgs,
        R: IntoAck,
    {
        self.listen(event, Listener::once(synchronous(handler)))
    }

    /// As [`on`](Self::on), for a handler that waits for something. Handlers start in the order of
    /// arrival and then run side by side, up to
    /// [`Config::max_async_handlers`](crate::Config::max_async_handlers).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # async fn load(id: u32) -> Result<String, std::io::Error> { Ok(id.to_string()) }
    /// # fn example(socket: Socket) {
    /// socket.on_async("load", |_socket, id: u32| async move { Ok(load(id).await?) });
    /// # }
    /// ```
    pub fn on_async<F, T, Fut>(&self, event: &str, handler: F) -> ListenerId
    where
        F: Fn(Self, T) -> Fut + Send + Sync + 'static,
        T: FromArgs,
        Fut: Future<Output: IntoAck> + 'static,
    {
        self.listen(event, Listener::new(asynchronous(handler)))
    }

    /// Takes all of this socket's listeners of an event off; tells how many there were. Those of the
    /// namespace stay.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.on("draw", |socket, (x, y): (i32, i32)| socket.broadcast().emit("draw", (x, y)));
    /// socket.on("lock", |socket, ()| Ok(socket.off("draw")));
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn off(&self, event: &str) -> usize {
        self.local().listeners.remove_event(event)
    }

    /// Takes one of this socket's listeners off; tells whether it was there (Socket.IO's
    /// `off(event, listener)`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// let logger = socket.on("chat", |_, text: String| println!("{text}"));
    /// socket.on("quiet", move |socket, ()| Ok(socket.remove_listener(logger)));
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn remove_listener(&self, listener: ListenerId) -> bool {
        self.local().listeners.remove(listener)
    }

    /// Runs when the socket is about to leave: its rooms are still there.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.on_disconnecting(|socket, _reason| {
    ///     for room in socket.rooms() {
    ///         socket.to(room).emit("left", socket.id());
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_disconnecting(&self, hook: impl Fn(Self, DisconnectReason) + Send + Sync + 'static) {
        self.local().hooks.get_or_insert_default().disconnecting.push(Arc::new(hook));
    }

    /// Runs when the socket has left all its rooms.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.on_disconnect(|socket, reason| println!("{} left: {reason}", socket.id()));
    /// # }
    /// ```
    pub fn on_disconnect(&self, hook: impl Fn(Self, DisconnectReason) + Send + Sync + 'static) {
        self.local().hooks.get_or_insert_default().disconnect.push(Arc::new(hook));
    }

    fn listen(&self, event: &str, listener: Listener) -> ListenerId {
        let id = listener.id();
        self.local().listeners.add(event, listener);
        self.0.listens.store(true, Ordering::Release);
        id
    }

    /// The listeners of its own that an event is for.
    pub(super) fn due_listeners(&self, event: &str) -> SmallVec<[Listener; 1]> {
        if !self.0.listens.load(Ordering::Acquire) {
            return SmallVec::new();
        }
        let mut local = self.local();
        let due: SmallVec<[Listener; 1]> = local.listeners.due(event).cloned().collect();
        if due.iter().any(Listener::is_spent) {
            local.listeners.remove_spent();
        }
        due
    }

    /// Hands an operation to the running turn, or to this socket's actor.
    pub(crate) fn perform(&self, op: Op) -> Emitted {
        Emitted::new(self.try_perform(op))
    }

    /// The same, for callers that have more to do.
    pub(super) fn try_perform(&self, op: Op) -> Result<(), EmitError> {
        record(op).or_else(|op| self.perform_from_outside(op))
    }

    /// Packets are refused when too much waits. Joins, leaves and disconnects never are: who floods a
    /// socket must not keep anybody from ending it.
    pub(super) fn perform_from_outside(&self, op: Op) -> Result<(), EmitError> {
        match op {
            Op::Join(..)
            | Op::Leave(..)
            | Op::Disconnect { .. }
            | Op::Gone
            | Op::CloseSession
            | Op::Release(_) => {
                self.tell(SocketCommand::Operation(op));
                Ok(())
            }
            Op::Own { .. }
            | Op::Emit { .. }
            | Op::EmitWithAck { .. }
            | Op::Broadcast { .. }
            | Op::Errand { .. }
            | Op::Publish(_)
            | Op::Find { .. } => self.send_from_outside(op),
        }
    }

    fn send_from_outside(&self, op: Op) -> Result<(), EmitError> {
        let addr = self.0.addr.get().ok_or(EmitError::Closed)?;
        if self.0.backlog.load(Ordering::Relaxed) >= self.0.namespace.runtime.config.lane_limit {
            return Err(EmitError::Full);
        }
        post::traffic(&self.0.namespace.runtime.metrics, addr, SocketCommand::Operation(op)).map_err(
            |refused| match refused {
                Refused::Full(_) => EmitError::Full,
                Refused::Gone(_) => EmitError::Closed,
            },
        )
    }

    /// Lifecycle: the session's packets of one read.
    pub(crate) fn packets(&self, packets: Packets, permit: ReadPermit) {
        self.tell(SocketCommand::Packets(packets, permit));
    }

    /// Lifecycle: the socket ends, and lets go of the seal behind its last packet.
    pub(crate) fn end(&self, reason: DisconnectReason, seal: Option<Seal>) {
        self.tell(SocketCommand::End { reason, seal });
    }

    /// Lifecycle: a token was replaced on this connection.
    pub(crate) fn renewed(&self, renewal: Arc<Renewal>) {
        self.tell(SocketCommand::Renewed(renewal));
    }

    /// Lifecycle: tokens were revoked, its own among them.
    pub(crate) fn revoked(&self, revocation: Arc<Revocation>) {
        self.tell(SocketCommand::Revoked(revocation));
    }

    /// Lifecycle: the namespace has taken the socket in.
    pub(crate) fn admitted(&self) {
        self.tell(SocketCommand::Admitted);
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self) {
        self.tell(SocketCommand::Crash);
    }

    pub(super) fn tell(&self, command: SocketCommand) {
        if let Some(addr) = self.0.addr.get() {
            post::lifecycle(&self.runtime().metrics, addr, command);
        }
    }

    /// Whether the actor has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.addr.get().is_none_or(|addr| !addr.connected())
    }

    /// Whether it was told to leave, or left: its namespace takes another socket of this session.
    pub(crate) fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::Acquire)
    }

    /// Why it ends, or has ended; `None` if its actor died.
    pub(crate) fn ended_by(&self) -> Option<DisconnectReason> {
        self.0.ended_by.get().copied()
    }

    pub(super) fn set_ended_by(&self, reason: DisconnectReason) {
        // The first reason is the one that counts.
        self.0.ended_by.set(reason).ok();
    }

    /// Its place among the outboxes, which is its name in the namespace's index.
    pub(crate) fn member(&self) -> SlotRef {
        self.0.session.slot()
    }

    pub(crate) fn session(&self) -> &SessionHandle {
        &self.0.session
    }

    /// What its client calls the namespace: its path, or that of one room, `/duel/<id>`.
    pub(crate) fn path(&self) -> &str {
        self.0.path.as_deref().unwrap_or(&self.0.namespace.path)
    }

    pub(super) fn shared(&self) -> &SocketShared {
        &self.0
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.0.namespace.runtime
    }

    pub(super) fn attach(&self, addr: Addr<SocketActor>) {
        // Set once, by the actor when it starts.
        drop(self.0.addr.set(addr));
    }

    pub(super) fn set_connected(&self) {
        self.0.connected.store(true, Ordering::Release);
    }

    pub(super) fn set_leaving(&self) {
        self.0.leaving.store(true, Ordering::Release);
        self.0.connected.store(false, Ordering::Release);
    }

    pub(super) fn forget_rooms(&self) {
        self.local().rooms.clear();
    }

    /// Takes a room off its list, and says whether it was there.
    pub(crate) fn unlist(&self, room: &RoomName) -> bool {
        let mut local = self.local();
        let place = local.rooms.iter().position(|joined| joined == room);
        place.map(|place| local.rooms.swap_remove(place)).is_some()
    }

    /// Puts a room back on its list.
    pub(crate) fn list(&self, room: RoomName) {
        let mut local = self.local();
        if !local.rooms.contains(&room) {
            local.rooms.push(room);
        }
    }

    /// Others make it join or leave rooms; says whether it may be in one more.
    pub(crate) fn steer(&self) -> bool {
        self.0.steered.store(true, Ordering::Release);
        self.local().rooms.len() < self.runtime().config.max_rooms
    }

    pub(crate) fn is_steered(&self) -> bool {
        self.0.steered.load(Ordering::Acquire)
    }

    /// Makes the caller wait for an acknowledgement by an id that others have, too.
    pub(super) fn await_shared_ack(&self, id: AckId, reply: AckReply, due: Instant) {
        let refused = {
            let mut local = self.local();
            if local.deaf {
                Some((reply, AckError::Disconnected))
            } else {
                let full = local.acks.insert_shared(id.0, reply, Some(due)).err();
                full.map(|Full(reply)| (reply, AckError::Emit(EmitError::Full)))
            }
        };
        match refused {
            // Nobody waits any more: the caller dropped its future.
            Some((reply, error)) => drop(reply.send(Err(error))),
            // Its time runs from now on.
            None => self.tell(SocketCommand::Deadline),
        }
    }

    /// Makes the caller wait for an acknowledgement with a new id.
    pub(super) fn await_ack(&self, reply: AckReply, due: Instant) -> Result<AckId, AckError> {
        let mut local = self.local();
        if local.deaf {
            return Err(AckError::Disconnected);
        }
        let id = local.acks.insert(reply, Some(due)).map_err(|_| EmitError::Full)?;
        Ok(AckId(id))
    }

    /// Lets go of an acknowledgement, if it is still awaited.
    pub(super) fn forget_ack(&self, id: AckId) {
        let forgotten = self.local().acks.take(id.0);
        drop(forgotten);
    }

    /// The client acknowledges nothing any more: whoever waits is told, now or as soon as they ask.
    pub(super) fn end_acks(&self) {
        let pending = {
            let mut local = self.local();
            local.deaf = true;
            local.acks.drain()
        };
        for reply in pending {
            // Nobody waits any more: the caller dropped its future.
            drop(reply.send(Err(AckError::Disconnected)));
        }
    }

    /// Whether both are handles of one socket.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn local(&self) -> MutexGuard<'_, Local> {
        self.0.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What users stored or registered may run their code when it is dropped, on whichever actor's thread
/// holds the last handle: that actor must not die of it.
impl Drop for SocketShared {
    fn drop(&mut self) {
        let local = self.local.get_mut().unwrap_or_else(PoisonError::into_inner);
        let data = std::mem::take(&mut local.data);
        let (listeners, taps) = (std::mem::take(&mut local.listeners), local.taps.take());
        let hooks = local.hooks.take();
        if catch_unwind(AssertUnwindSafe(move || drop((data, listeners, taps, hooks)))).is_err() {
            self.namespace.runtime.metrics.panics.count();
            tracing::error!(socket = %self.id, "what a socket held panicked when it was dropped");
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id.as_str())
            .field("namespace", &self.path())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
