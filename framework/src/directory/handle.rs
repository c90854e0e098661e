//! How others reach a directory.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use actix::{Actor, Addr, AsyncContext, Context, WeakAddr};
use bytestring::ByteString;
use greenroom_proto::directory::{Board, DirectoryLimits, RoomId};
use greenroom_proto::room::{RoomLimits, SocketKey};
use tokio::sync::oneshot;

use super::actor::DirectoryActor;
use super::protocol::{DirectoryCommand, Opened, Opening, Watcher};
use crate::error::Reject;
use crate::host::{Fact, Factory, HostHandle};
use crate::runtime::Runtime;
use crate::runtime::pile::Pile;
use crate::runtime::post::{self, Refused};
use crate::runtime::worker::WorkerHandle;

/// A type of rooms, and its directory. Cheap to clone; survives the death of the actor.
#[derive(Clone)]
pub(crate) struct DirectoryHandle(Arc<Shared>);

struct Shared {
    runtime: Arc<Runtime>,
    path: ByteString,
    factory: Factory,
    max_players: usize,
    settings: RwLock<Settings>,
    /// Started by the first who needs it, on that one's worker; another one after a death.
    addr: RwLock<Option<Addr<DirectoryActor>>>,
    board: Mutex<Board<Watcher>>,
    next_socket: AtomicU64,
}

/// What holds for all rooms of the type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) limits: DirectoryLimits,
    pub(crate) room: Arc<RoomLimits>,
}

impl DirectoryHandle {
    pub(crate) fn new(runtime: Arc<Runtime>, path: ByteString, factory: Factory, max_players: usize) -> Self {
        Self(Arc::new(Shared {
            runtime,
            path,
            factory,
            max_players,
            settings: RwLock::default(),
            addr: RwLock::default(),
            board: Mutex::default(),
            next_socket: AtomicU64::new(1),
        }))
    }

    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.0.runtime
    }

    pub(super) fn factory(&self) -> Factory {
        self.0.factory.clone()
    }

    pub(super) fn max_players(&self) -> usize {
        self.0.max_players
    }

    pub(crate) fn settings(&self) -> Settings {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.0.settings.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// A name for a connection that none of these rooms has had.
    pub(crate) fn next_socket(&self) -> SocketKey {
        SocketKey(self.0.next_socket.fetch_add(1, Ordering::Relaxed))
    }

    /// What lists show. Held for copies only.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board<Watcher>> {
        self.0.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the actor on this worker unless it runs somewhere.
    pub(crate) fn ensure_started(&self, worker: &WorkerHandle) {
        let is_running = |addr: &Option<Addr<_>>| addr.as_ref().is_some_and(Addr::connected);
        if is_running(&self.0.addr.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut addr = self.0.addr.write().unwrap_or_else(PoisonError::into_inner);
        if is_running(&addr) {
            return;
        }
        let handle = self.clone();
        let start = move |ctx: &mut Context<DirectoryActor>| {
            let link = DirectoryLink { handle: handle.clone(), addr: ctx.address().downgrade() };
            DirectoryActor::new(handle, link)
        };
        *addr = Some(DirectoryActor::start_in_arbiter(&worker.arbiter, start));
    }

    /// Traffic.
    pub(crate) fn send(&self, command: DirectoryCommand) -> Result<(), Refused<DirectoryCommand>> {
        match &*self.0.addr.read().unwrap_or_else(PoisonError::into_inner) {
            Some(addr) => post::traffic(&self.0.runtime.metrics, addr, command),
            None => Err(Refused::Gone(command)),
        }
    }

    /// Waits for room in the mailbox.
    pub(crate) fn wait(&self, command: DirectoryCommand) -> impl Future<Output = bool> + use<> {
        let addr = self.addr();
        async move {
            match addr {
                Some(addr) => post::wait(addr, command).await,
                None => false,
            }
        }
    }

    /// Lifecycle.
    pub(crate) fn tell(&self, command: DirectoryCommand) {
        if let Some(addr) = self.addr() {
            post::lifecycle(&self.0.runtime.metrics, &addr, command);
        }
    }

    /// Finds or makes a room that nobody joins yet.
    pub(crate) async fn open(&self, opening: Opening) -> Result<Opened, Reject> {
        let (reply, opened) = oneshot::channel();
        self.wait(DirectoryCommand::Open { opening, reply }).await;
        opened.await.unwrap_or_else(|_| Err(unavailable()))
    }

    /// The host of a room.
    pub(crate) async fn find(&self, room: RoomId) -> Option<HostHandle> {
        let (reply, found) = oneshot::channel();
        self.wait(DirectoryCommand::Find { room, reply }).await;
        found.await.ok().flatten()
    }

    /// Ends all rooms, and waits until they have said so.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        self.tell(DirectoryCommand::Close(reply));
        // Dropped without a word when all are closed.
        drop(closed.await);
    }

    fn addr(&self) -> Option<Addr<DirectoryActor>> {
        self.0.addr.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for DirectoryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("path", &&*self.0.path).finish_non_exhaustive()
    }
}

/// How a host reaches its directory.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryLink {
    handle: DirectoryHandle,
    addr: WeakAddr<DirectoryActor>,
}

impl DirectoryLink {
    /// The path of the type of rooms.
    pub(crate) fn path(&self) -> &str {
        self.handle.path()
    }

    /// Lifecycle: there is news.
    pub(crate) fn report(&self, room: RoomId, facts: Arc<Pile<Fact>>) {
        self.tell(DirectoryCommand::Report { room, facts });
    }

    /// Lifecycle: the host's actor died.
    pub(crate) fn host_died(&self, room: RoomId, facts: Arc<Pile<Fact>>) {
        self.tell(DirectoryCommand::HostDied { room, facts });
    }

    fn tell(&self, command: DirectoryCommand) {
        if let Some(addr) = self.addr.upgrade() {
            post::lifecycle(&self.handle.0.runtime.metrics, &addr, command);
        }
    }
}

/// Nothing is wrong with what was asked for: it may work a moment later.
pub(crate) fn unavailable() -> Reject {
    Reject::new("unavailable", "the room is not ready; try again later")
        .with_data(serde_json::json!({ "code": "unavailable", "retry_after": RETRY_AFTER_SECONDS }))
}

/// What a client is asked to wait: as long as a stock client waits between its later attempts.
const RETRY_AFTER_SECONDS: u32 = 5;
