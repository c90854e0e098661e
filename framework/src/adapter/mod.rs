//! What joins several servers into one, so that an emit on one reaches the clients of all.
//!
//! Owns: nothing of its own; an [`Adapter`] owns its connection. Takes: what a server has for the others.
//! Emits: what the others have for this server. Keeps: messages of one node reach another in order, or not
//! at all; a node that is slow costs the others nothing.
//!
//! A server without an adapter is the only node. What crosses to other nodes: emits, joins and leaves of
//! whole selections, disconnects, and [server-side events](crate::Namespace::on_server_side). What asks
//! sockets (`fetch_sockets`, acknowledgements of many) asks those of its own node, as does everything that
//! is marked [`local`](crate::Broadcast::local).
//!
//! | file | what |
//! |---|---|
//! | `message.rs` | what nodes tell each other |
//! | `node.rs` | [`Node`]: a server as its adapter sees it |
//! | `in_process.rs` | [`InProcess`]: the servers of one process |

mod in_process;
mod message;
mod node;

use std::fmt;

pub use in_process::InProcess;
pub use message::{Audience, Message, RequestId};
pub(crate) use node::{Answer, NodeShared};
pub use node::{Node, NodeId};

/// What joins servers into a cluster (Socket.IO's `adapter`). It brings messages over and knows how many
/// nodes there are; what they mean is the servers' business.
///
/// ```
/// use greenroom::adapter::{Adapter, Message, Node, NodeId};
///
/// /// Says what would go over the wire.
/// #[derive(Debug)]
/// struct Printed;
///
/// impl Adapter for Printed {
///     fn add(&self, _this: Node) {}
///
///     fn publish(&self, from: NodeId, to: Option<NodeId>, message: Message) {
///         println!("{from} to {to:?}: {message:?}");
///     }
///
///     fn node_count(&self) -> usize {
///         1
///     }
/// }
///
/// let io = greenroom::Server::builder().adapter(Printed).build();
/// io.emit("news", "for the clients of all nodes");
/// ```
pub trait Adapter: fmt::Debug + Send + Sync + 'static {
    /// Takes a node in: from now on it is [given](Node::deliver) what others publish, until it
    /// [has ended](Node::has_ended).
    fn add(&self, node: Node);

    /// Sends a message to all other nodes, or to one of them. It must neither wait nor deliver in this
    /// call: a socket, and with it a client, stands still meanwhile.
    fn publish(&self, from: NodeId, to: Option<NodeId>, message: Message);

    /// How many nodes there are now, the asking one included (Socket.IO's `serverCount`).
    fn node_count(&self) -> usize;
}
