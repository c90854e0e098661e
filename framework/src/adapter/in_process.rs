//! The servers of one process as a cluster.
//!
//! Owns: per node a bounded queue and a thread that delivers out of it, so that no socket of one server
//! waits for a listener of another. Keeps: what finds a queue full is lost, and counted at its node.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use super::{Adapter, Message, Node, NodeId};

/// Makes the servers of one process nodes of one cluster: those that were given clones of it. For
/// tests of what a cluster does to an application, and for servers with configurations of their own.
///
/// ```
/// use greenroom::Server;
/// use greenroom::adapter::{Adapter, InProcess};
///
/// let cluster = InProcess::default();
/// let public = Server::builder().adapter(cluster.clone()).build();
/// let staff = Server::builder().adapter(cluster.clone()).build();
/// assert_eq!(cluster.node_count(), 2);
/// public.emit("news", "for the clients of both");
/// # drop(staff);
/// ```
#[derive(Debug, Clone, Default)]
pub struct InProcess(Arc<RwLock<Vec<Place>>>);

#[derive(Debug)]
struct Place {
    node: Node,
    queue: SyncSender<(NodeId, Message)>,
}

impl Adapter for InProcess {
    fn add(&self, node: Node) {
        let (queue, messages) = sync_channel(node.capacity());
        let delivered = node.clone();
        let thread = thread::Builder::new().name("greenroom-node".to_owned());
        if let Err(error) = thread.spawn(move || deliver(&delivered, &messages)) {
            return tracing::error!(%error, "a node stays alone: its thread did not start");
        }
        let mut places = self.0.write().unwrap_or_else(PoisonError::into_inner);
        places.retain(|place| !place.node.has_ended());
        places.push(Place { node, queue });
    }

    fn publish(&self, from: NodeId, to: Option<NodeId>, message: Message) {
        let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |id| to.map_or(id != from, |to| id == to);
        for place in places.iter().filter(|place| is_meant(place.node.id())) {
            if let Err(TrySendError::Full(_)) = place.queue.try_send((from, message.clone())) {
                place.node.count_lost();
            }
        }
    }

    fn node_count(&self) -> usize {
        let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
        places.iter().filter(|place| !place.node.has_ended()).count()
    }
}

/// Ends with the adapter, or behind the first message for a node that has ended.
fn deliver(node: &Node, messages: &Receiver<(NodeId, Message)>) {
    while let Ok((from, message)) = messages.recv() {
        if node.has_ended() {
            return;
        }
        node.deliver(from, message);
    }
}
