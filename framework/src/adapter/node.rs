//! A server as its adapter sees it.
//!
//! Owns: the node's id, its adapter, and who waits for answers of other nodes. Takes: messages of other
//! nodes. Keeps: neither holds the other alive for ever; nothing is delivered to a server that has closed.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Adapter, Audience, Message, RequestId};
use crate::error::Reject;
use crate::event::Args;
use crate::namespace::{Namespace, ServerSideListener};
use crate::namespaces::Namespaces;
use crate::socket::Broadcast;

/// Names a node among all that were ever in its cluster: random, new with each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(Uuid);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_simple(), f)
    }
}

/// What a listener of another node returned.
pub(crate) type Answer = Result<Args, Reject>;

/// A server as its adapter sees it. Cheap to clone; it does not keep the server alive.
#[derive(Debug, Clone)]
pub struct Node {
    id: NodeId,
    shared: Weak<NodeShared>,
}

impl Node {
    /// Its name in the cluster.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Whether its server has closed or is no more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.shared.upgrade().is_none_or(|shared| shared.has_left.load(Ordering::Acquire))
    }

    /// So many messages may wait for the node before they are lost:
    /// [`Config::mailbox_capacity`](crate::Config::mailbox_capacity).
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.namespaces().map_or(1, |namespaces| namespaces.runtime().config.mailbox_capacity)
    }

    /// Gives the node what another one has published. Listeners of server-side events run in this call.
    pub fn deliver(&self, from: NodeId, message: Message) {
        let Some(shared) = self.shared.upgrade().filter(|_| !self.has_ended()) else { return };
        match message {
            Message::Emit { to, event, args, volatile } => {
                if let Some(to) = self.audience(to) {
                    let to = if volatile { to.volatile() } else { to };
                    to.emit(&event, args);
                }
            }
            Message::Join { to, rooms } => {
                self.audience(to).map(|to| to.sockets_join(rooms));
            }
            Message::Leave { to, rooms } => {
                self.audience(to).map(|to| to.sockets_leave(rooms));
            }
            Message::Disconnect { to, close } => {
                self.audience(to).map(|to| to.disconnect_sockets(close));
            }
            Message::ServerSide { namespace, event, args, request } => {
                let answer = self.hear(&namespace, &event, &args);
                if let (Some(answer), Some(request)) = (answer, request) {
                    shared.adapter.publish(self.id, Some(from), Message::Answer { request, answer });
                }
            }
            Message::Answer { request, answer } => shared.take_answer(request, answer),
        }
    }

    /// Counts a message that found the node's queue full.
    pub fn count_lost(&self) {
        if let Some(namespaces) = self.namespaces() {
            namespaces.runtime().metrics.node_messages_lost.count();
        }
    }

    fn namespaces(&self) -> Option<Arc<Namespaces>> {
        self.shared.upgrade().and_then(|shared| shared.namespaces.upgrade())
    }

    /// The part of an audience that is connected here.
    fn audience(&self, to: Audience) -> Option<Broadcast> {
        let namespace = self.namespaces()?.get(&to.namespace)?;
        let all = to.rooms.into_iter().fold(Broadcast::new(namespace, None).local(), Broadcast::to);
        Some(to.except.into_iter().fold(all, Broadcast::except))
    }

    /// Tells the listeners; the first that says something answers.
    fn hear(&self, namespace: &str, event: &str, args: &Args) -> Option<Answer> {
        let namespaces = self.namespaces()?;
        let namespace = namespaces.get(namespace)?;
        let mut answer = None;
        for listener in namespace.server_side_listeners(event) {
            let heard = self.call(&listener, Namespace::new(namespace.clone()), args);
            answer = answer.or(heard);
        }
        answer
    }

    fn call(&self, listener: &ServerSideListener, namespace: Namespace, args: &Args) -> Option<Answer> {
        let called = catch_unwind(AssertUnwindSafe(|| listener(namespace, args.clone())));
        called.unwrap_or_else(|_| {
            if let Some(namespaces) = self.namespaces() {
                namespaces.runtime().metrics.panics.count();
            }
            tracing::error!("a listener of a server-side event panicked");
            Some(Err(Reject::internal()))
        })
    }
}

/// A server's end of its cluster.
#[derive(Debug)]
pub(crate) struct NodeShared {
    id: NodeId,
    adapter: Box<dyn Adapter>,
    namespaces: Weak<Namespaces>,
    has_left: AtomicBool,
    /// Counts the events that are to be answered.
    requests: AtomicU64,
    awaited: Mutex<HashMap<RequestId, mpsc::Sender<Answer>>>,
}

impl NodeShared {
    /// Joins the cluster.
    pub(crate) fn join(adapter: Box<dyn Adapter>, namespaces: &Arc<Namespaces>) -> Arc<Self> {
        let shared = Arc::new(Self {
            id: NodeId(Uuid::new_v4()),
            adapter,
            namespaces: Arc::downgrade(namespaces),
            has_left: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            awaited: Mutex::default(),
        });
        shared.adapter.add(Node { id: shared.id, shared: Arc::downgrade(&shared) });
        shared
    }

    /// Nothing is delivered to it any more, and nobody waits for its answers.
    pub(crate) fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
    }

    /// Tells all other nodes.
    pub(crate) fn publish(&self, message: Message) {
        self.adapter.publish(self.id, None, message);
    }

    /// Makes place for the answers of all other nodes.
    pub(crate) fn await_answers(self: &Arc<Self>) -> Awaited {
        let expected = self.adapter.node_count().saturating_sub(1);
        let request = RequestId(self.requests.fetch_add(1, Ordering::Relaxed));
        let (sender, answers) = mpsc::channel(expected.max(1));
        self.awaited().insert(request, sender);
        Awaited { node: self.clone(), request, expected, answers }
    }

    /// An answer that nobody waits for, or that is one too many, is dropped.
    fn take_answer(&self, request: RequestId, answer: Answer) {
        if let Some(sender) = self.awaited().get(&request) {
            sender.try_send(answer).ok();
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<RequestId, mpsc::Sender<Answer>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers that other nodes owe. Dropped, they are forgotten.
#[derive(Debug)]
pub(crate) struct Awaited {
    node: Arc<NodeShared>,
    pub(crate) request: RequestId,
    /// How many other nodes there were.
    pub(crate) expected: usize,
    pub(crate) answers: mpsc::Receiver<Answer>,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.node.awaited().remove(&self.request);
    }
}
