//! A socket whose client may come back to it.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom_proto::recovery::{History, HistoryLimits, Offset};
use serde::Deserialize;

use super::Socket;
use crate::namespace::NamespaceShared;
use crate::runtime::Runtime;

/// What was sent to a socket; the fanout writes it, the namespace reads it.
pub(crate) type SharedHistory = Arc<Mutex<History>>;

/// What a socket has for its client to come back to.
pub(super) struct Recovery {
    /// Known to the client alone.
    pid: Box<str>,
    history: SharedHistory,
    /// Whether it goes on where another one ended.
    is_recovered: bool,
}

/// The socket that a client comes back to.
#[derive(Debug)]
pub(crate) struct Predecessor {
    pub(crate) socket: Socket,
    /// The last event that the client has seen.
    pub(crate) seen: Option<Offset>,
}

/// What a client says that comes back.
#[derive(Deserialize)]
struct Claim {
    pid: Box<str>,
    #[serde(default)]
    offset: Option<Box<str>>,
}

impl Recovery {
    /// Of a socket that goes on where another one ended, or of a new one; nothing where sockets are not
    /// kept.
    pub(super) fn new(namespace: &NamespaceShared, predecessor: Option<&Predecessor>) -> Option<Box<Self>> {
        if !namespace.keeps_histories() {
            return None;
        }
        let runtime = &namespace.runtime;
        let recovery = match predecessor.and_then(|predecessor| predecessor.socket.shared().recovery.as_ref())
        {
            Some(old) => Self { pid: old.pid.clone(), history: old.history.clone(), is_recovered: true },
            None => Self {
                pid: uuid::Uuid::new_v4().simple().to_string().into(),
                history: Arc::new(Mutex::new(History::new(limits(runtime)))),
                is_recovered: false,
            },
        };
        Some(Box::new(recovery))
    }
}

fn limits(runtime: &Runtime) -> HistoryLimits {
    let config = &runtime.config;
    HistoryLimits {
        events: config.recovery_events,
        bytes: config.recovery_bytes,
        age: config.recovery_window,
    }
}

impl Socket {
    /// Whether this is a client that came back and got what it had missed: its id, its rooms and its data
    /// are those from before (Socket.IO's `socket.recovered`). Middleware sees it, too.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| {
    ///     if !socket.recovered() {
    ///         socket.emit("state", "everything");
    ///     }
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.shared().recovery.as_ref().is_some_and(|recovery| recovery.is_recovered)
    }

    /// What its client comes back with.
    pub(crate) fn pid(&self) -> Option<&str> {
        self.shared().recovery.as_ref().map(|recovery| &*recovery.pid)
    }

    pub(crate) fn history(&self) -> Option<&SharedHistory> {
        self.shared().recovery.as_ref().map(|recovery| &recovery.history)
    }

    /// The socket that this one goes on for, to be let in; once.
    pub(crate) fn take_predecessor(&self) -> Option<Predecessor> {
        self.local().predecessor.take().map(|predecessor| *predecessor)
    }

    /// Takes over what users stored on the socket before it, if that was the same user's.
    pub(super) fn inherit(&self) -> bool {
        let predecessor = self.local().predecessor.as_ref().map(|predecessor| predecessor.socket.clone());
        let Some(old) = predecessor else { return true };
        if old.user_id() != self.user_id() {
            return false;
        }
        let data = old.local().data.clone();
        self.local().data = data;
        true
    }
}

/// Finds the socket that a client comes back to. Nobody else finds it then.
pub(super) fn claim(namespace: &NamespaceShared, auth: Option<&str>) -> Option<Predecessor> {
    let runtime = &namespace.runtime;
    if !namespace.keeps_histories() {
        return None;
    }
    let Claim { pid, offset } = serde_json::from_str(auth?).ok()?;
    let seen = match offset {
        Some(offset) => Some(Offset::from_wire(&offset)?),
        None => None,
    };
    let mut recoverable = namespace.recoverable();
    let history = recoverable.get(&pid)?.history()?.clone();
    let now = runtime.clock.now();
    history.lock().unwrap_or_else(PoisonError::into_inner).missed(seen, now).ok()?;
    Some(Predecessor { socket: recoverable.remove(&pid)?, seen })
}
