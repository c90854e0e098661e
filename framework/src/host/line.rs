//! The way to a client that comes by a plain WebSocket: no session, no slot, no fanout.
//!
//! Owns: what the client has not been sent. Takes: packets of rooms, on any thread. Keeps: it is bounded in
//! bytes; a client over the bound is given up, and nobody waits for it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use greenroom_proto::room::SocketKey;
use greenroom_proto::session::{Delivery, Receipt};

use super::HostHandle;
use crate::directory::{DirectoryCommand, DirectoryHandle};
use crate::runtime::Runtime;
use crate::runtime::worker::WorkerId;

/// The way to one client. All clones are the same.
#[derive(Clone)]
pub(crate) struct PlainLine(Arc<Shared>);

struct Shared {
    key: SocketKey,
    worker: WorkerId,
    directory: DirectoryHandle,
    queue: Mutex<Queue>,
    reader: AtomicWaker,
    /// Somebody has the right to answer the client's wish to join.
    answered: AtomicBool,
    /// Ends the connection of a client that does not read.
    cut: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Queue {
    news: Vec<PlainNews>,
    bytes: usize,
    over: bool,
}

/// What the connection is told.
#[derive(Debug)]
pub(crate) enum PlainNews {
    /// The client gets this text. The receipt is dropped when it is on its way.
    Text(Bytes, Option<Receipt>),
    /// The client is in a room.
    Admitted(HostHandle),
    /// Tokens were revoked, its own perhaps.
    Revoked,
    /// The connection ends.
    Close(PlainEnd),
}

/// Why a room ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainEnd {
    /// The client has been told why.
    Final,
    /// It should come back.
    ComeBack,
}

impl PlainLine {
    pub(crate) fn new(
        directory: &DirectoryHandle,
        worker: WorkerId,
        cut: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            key: directory.next_socket(),
            worker,
            directory: directory.clone(),
            queue: Mutex::default(),
            reader: AtomicWaker::new(),
            answered: AtomicBool::new(false),
            cut: Box::new(cut),
        }))
    }

    pub(crate) fn key(&self) -> SocketKey {
        self.0.key
    }

    pub(crate) fn worker(&self) -> WorkerId {
        self.0.worker
    }

    /// Takes the right to answer; false if somebody has it.
    pub(crate) fn claim(&self) -> bool {
        !self.0.answered.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.queue().over
    }

    /// Volatile: only if nothing else waits.
    pub(crate) fn send(&self, text: Bytes, delivery: Delivery, receipt: Option<Receipt>) {
        let most = self.runtime().config.outbox_bytes;
        {
            let mut queue = self.queue();
            if queue.over || (delivery == Delivery::Volatile && !queue.news.is_empty()) {
                return;
            }
            queue.bytes += text.len();
            if queue.bytes <= most {
                queue.news.push(PlainNews::Text(text, receipt));
                drop(queue);
                return self.0.reader.wake();
            }
        }
        self.runtime().metrics.slow_clients_closed.count();
        self.end(false);
        (self.0.cut)();
    }

    pub(crate) fn tell(&self, news: PlainNews) {
        let mut queue = self.queue();
        if !queue.over {
            queue.news.push(news);
            drop(queue);
            self.0.reader.wake();
        }
    }

    /// The connection is over: its room is told, once.
    pub(crate) fn end(&self, on_purpose: bool) {
        let news = {
            let mut queue = self.queue();
            if std::mem::replace(&mut queue.over, true) {
                return;
            }
            std::mem::take(&mut queue.news)
        };
        // Receipts tell their rooms: not under the lock.
        drop(news);
        let socket = self.0.key;
        self.0.directory.tell(DirectoryCommand::Depart { socket, on_purpose });
    }

    /// What there is for the connection; nothing more when it is over.
    pub(crate) fn poll_news(&self, cx: &mut Context<'_>) -> Poll<Option<Vec<PlainNews>>> {
        self.0.reader.register(cx.waker());
        let mut queue = self.queue();
        if queue.over {
            return Poll::Ready(None);
        }
        if queue.news.is_empty() {
            return Poll::Pending;
        }
        queue.bytes = 0;
        Poll::Ready(Some(std::mem::take(&mut queue.news)))
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        self.0.directory.runtime()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PlainLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainLine").field("key", &self.0.key).finish_non_exhaustive()
    }
}
