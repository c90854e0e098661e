//! What is emitted here and concerns the other nodes of a cluster, too.

use std::sync::Arc;

use super::{Broadcast, Socket};
use crate::adapter::{Audience, Message};
use crate::namespace::{Errand, NamespaceShared};

/// A message for other nodes, to be sent when this one has taken what it says.
#[derive(Debug)]
pub(super) struct Elsewhere {
    namespace: Arc<NamespaceShared>,
    sender: Option<Socket>,
    message: Message,
}

impl Broadcast {
    /// What other nodes are told of the same selection; nothing where there can be none.
    pub(super) fn elsewhere(&self, message: impl FnOnce(Audience) -> Option<Message>) -> Option<Elsewhere> {
        if self.local || self.namespace.runtime.node.get().is_none() {
            return None;
        }
        let message = message(self.namespace.audience(&self.to))?;
        Some(Elsewhere { namespace: self.namespace.clone(), sender: self.sender.clone(), message })
    }
}

impl Elsewhere {
    /// Behind what its sender has asked for before.
    pub(super) fn send(self) {
        let Self { namespace, sender, message } = self;
        namespace.spread(sender.as_ref(), || message);
    }
}

/// An errand on other nodes. Acknowledgements are asked for on one node.
pub(super) fn message_of(errand: &Errand, to: Audience) -> Option<Message> {
    match errand {
        Errand::Ask(_) => None,
        Errand::Join(rooms) => Some(Message::Join { to, rooms: rooms.clone() }),
        Errand::Leave(rooms) => Some(Message::Leave { to, rooms: rooms.clone() }),
        Errand::Disconnect { close } => Some(Message::Disconnect { to, close: *close }),
    }
}
