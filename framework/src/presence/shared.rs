//! What the handles, the namespace and the actor of a presence share: the inbox, and how the actor is
//! reached.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard, Weak};

use actix::{Actor, Addr};
use greenroom_proto::presence::{LeaveReason, PresenceConfig};
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::socket::reason::DisconnectReason;

use super::actor::PresenceActor;
use super::inbox::{Inbox, News};
use super::rules::Rules;
use super::{PresenceCommand, PresenceError, events};
use crate::namespace::NamespaceShared;
use crate::runtime::Runtime;
use crate::runtime::post;
use crate::runtime::shell::is_death;
use crate::runtime::worker::Worker;
use crate::socket::Socket;

/// A presence as all who use it hold it.
pub(crate) struct PresenceShared {
    pub(super) runtime: Arc<Runtime>,
    pub(super) config: PresenceConfig,
    /// Whether everyone in the namespace is told of everyone in it.
    pub(super) announce_namespace: bool,
    namespace: Weak<NamespaceShared>,
    rules: RwLock<Rules>,
    inbox: Mutex<Inbox>,
    /// Who is in a custom room, by the name of the socket: no namespace knows them.
    guests: Mutex<HashMap<RoomName, Guest>>,
    addr: RwLock<Option<Addr<PresenceActor>>>,
}

/// A socket in a custom room.
pub(super) struct Guest {
    pub(super) socket: Socket,
    room: RoomName,
}

/// What a namespace tells of its sockets, and a custom room of its own.
impl PresenceShared {
    pub(super) fn new(
        namespace: &Arc<NamespaceShared>,
        config: PresenceConfig,
        announce_namespace: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            runtime: namespace.runtime.clone(),
            config,
            announce_namespace,
            namespace: Arc::downgrade(namespace),
            rules: RwLock::default(),
            inbox: Mutex::default(),
            guests: Mutex::default(),
            addr: RwLock::default(),
        })
    }

    /// A socket is a member of the namespace.
    pub(crate) fn connected(self: &Arc<Self>, socket: &Socket) {
        self.note(socket, |news| news.connected = Some(socket.clone()));
    }

    /// A socket joined a room.
    pub(crate) fn joined(self: &Arc<Self>, socket: &Socket, room: &RoomName) {
        self.moved(socket, room, true);
    }

    /// A socket left a room on purpose.
    pub(crate) fn left(self: &Arc<Self>, socket: &Socket, room: &RoomName) {
        self.moved(socket, room, false);
    }

    /// A socket has ended, and with that left everything.
    pub(crate) fn ended(self: &Arc<Self>, socket: &Socket) {
        let reason = socket.ended_by().map_or(LeaveReason::Dropped, leave_reason);
        self.note(socket, |news| news.ended = Some(reason));
    }

    /// A custom room has taken a socket in.
    pub(crate) fn entered(self: &Arc<Self>, socket: &Socket, room: &str) {
        let room = RoomName::from(room);
        self.connected(socket);
        self.joined(socket, &room);
        self.guests().insert(name_of(socket), Guest { socket: socket.clone(), room });
        // It may have ended meanwhile, on its own thread, and was no guest then.
        if socket.ended_by().is_some() {
            self.departed(socket);
        }
    }

    /// A socket has ended that was in a custom room, or on its way there.
    pub(crate) fn departed(self: &Arc<Self>, socket: &Socket) {
        if self.guests().remove(&name_of(socket)).is_some() {
            self.ended(socket);
        }
    }

    /// Whether an event of a client is for the presence, and not for the custom room where it is.
    pub(crate) fn listens_to(event: &str) -> bool {
        events::NAMES.contains(&event)
    }

    /// A custom room was given an event of a socket.
    pub(crate) fn passed_on(self: &Arc<Self>, socket: &Socket, event: &str) {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        if rules.messages.iter().any(|message| message == event) {
            drop(rules);
            self.note(socket, News::sent_message);
        }
    }

    pub(super) fn guests(&self) -> MutexGuard<'_, HashMap<RoomName, Guest>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(self: &Arc<Self>, socket: &Socket, room: &RoomName, is_in: bool) {
        if self.rules.read().unwrap_or_else(PoisonError::into_inner).rooms.is_some() {
            self.note(socket, |news| news.moved(room, is_in));
        }
    }

    /// Lifecycle: puts news of a socket into the inbox. One message at most says that there is some.
    pub(super) fn note(self: &Arc<Self>, socket: &Socket, note: impl FnOnce(&mut News)) {
        if self.inbox().note(socket.id(), note) {
            self.tell(PresenceCommand::News);
        }
    }

    /// Lifecycle: from the wheel.
    pub(super) fn deadline(self: &Arc<Self>) {
        self.tell(PresenceCommand::Deadline);
    }

    /// A query: waits for room in the mailbox.
    pub(super) async fn ask(self: &Arc<Self>, command: PresenceCommand) -> Result<(), PresenceError> {
        let addr = self.started()?;
        if post::wait(addr, command).await { Ok(()) } else { Err(PresenceError::Closed) }
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(self: &Arc<Self>) {
        self.tell(PresenceCommand::Crash);
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rules(&self) -> Rules {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn rules_mut(&self) -> RwLockWriteGuard<'_, Rules> {
        self.rules.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn namespace(&self) -> Option<Arc<NamespaceShared>> {
        self.namespace.upgrade()
    }

    /// The actor is no more. After a death everyone who is connected is entered again; what users had
    /// chosen is lost with it.
    pub(super) fn lost(self: &Arc<Self>) {
        self.inbox().expects_nobody();
        if !is_death() {
            return;
        }
        self.runtime.metrics.actor_deaths.count();
        tracing::error!("a presence died; it is made again from who is connected");
        let shared = self.clone();
        actix_rt::spawn(async move {
            let Some(namespace) = shared.namespace() else { return };
            for socket in namespace.find_sockets(Selection::everyone()).await {
                shared.connected(&socket);
                // The first is its own.
                socket.rooms().iter().skip(1).for_each(|room| shared.joined(&socket, room));
            }
            let guests: Vec<_> = shared.guests().values().map(Guest::parts).collect();
            for (socket, room) in guests {
                shared.connected(&socket);
                shared.joined(&socket, &room);
            }
        });
    }

    fn tell(self: &Arc<Self>, command: PresenceCommand) {
        // On a thread that is none of actix nothing can be started, and nobody is connected.
        if let Ok(addr) = self.started() {
            post::lifecycle(&self.runtime.metrics, &addr, command);
        }
    }

    /// The actor, started on this thread unless it runs somewhere.
    fn started(self: &Arc<Self>) -> Result<Addr<PresenceActor>, PresenceError> {
        let running = |addr: &Option<Addr<_>>| addr.as_ref().filter(|addr| addr.connected()).cloned();
        if let Some(addr) = running(&self.addr.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(addr);
        }
        Worker::current(&self.runtime).map_err(|_| PresenceError::Closed)?;
        let mut addr = self.addr.write().unwrap_or_else(PoisonError::into_inner);
        Ok(match running(&addr) {
            Some(addr) => addr,
            None => addr.insert(PresenceActor::new(self.clone()).start()).clone(),
        })
    }
}

impl fmt::Debug for PresenceShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Guest {
    fn parts(&self) -> (Socket, RoomName) {
        (self.socket.clone(), self.room.clone())
    }
}

fn name_of(socket: &Socket) -> RoomName {
    socket.id().to_room()
}

/// What a disconnect is to others.
fn leave_reason(reason: DisconnectReason) -> LeaveReason {
    match reason {
        DisconnectReason::ClientNamespaceDisconnect => LeaveReason::Left,
        DisconnectReason::ServerNamespaceDisconnect => LeaveReason::Kicked,
        DisconnectReason::ServerShuttingDown => LeaveReason::Server,
        DisconnectReason::PingTimeout => LeaveReason::Expired,
        // Stock clients come back by themselves after these.
        DisconnectReason::ForcedServerClose
        | DisconnectReason::ForcedClose
        | DisconnectReason::TransportClose
        | DisconnectReason::TransportError
        | DisconnectReason::ParseError => LeaveReason::Dropped,
    }
}
