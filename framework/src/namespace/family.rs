//! Parents and the children that are made after them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use bytestring::ByteString;

use super::{NamespaceCommand, NamespaceShared};

impl NamespaceShared {
    /// It has no sockets of its own: what is registered here holds for the children that are made later.
    pub(crate) fn become_parent(&self) {
        self.children.get_or_init(RwLock::default);
    }

    /// A namespace with the listeners, hooks, middleware and token rules that this one has now.
    pub(crate) fn make_child(self: &Arc<Self>, path: ByteString) -> Arc<Self> {
        let metrics = self.metrics.of_child();
        let child = Self::counted_as(metrics, path.clone(), self.runtime.clone(), self.auth());
        child.listeners.store(self.listeners.load_full());
        child.room_hooks.store(self.room_hooks.load_full());
        let server_side = self.server_side.read().unwrap_or_else(PoisonError::into_inner).clone();
        *child.server_side.write().unwrap_or_else(PoisonError::into_inner) = server_side;
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner).clone();
        *child.hooks.write().unwrap_or_else(PoisonError::into_inner) = hooks;
        let middleware = self.middleware.read().unwrap_or_else(PoisonError::into_inner).clone();
        *child.middleware.write().unwrap_or_else(PoisonError::into_inner) = middleware;
        if let Some(children) = self.children.get() {
            children.write().unwrap_or_else(PoisonError::into_inner).insert(path, child.clone());
        }
        child
    }

    /// Of a parent: its children.
    pub(crate) fn children(&self) -> Option<Vec<Arc<Self>>> {
        let children = self.children.get()?.read().unwrap_or_else(PoisonError::into_inner);
        Some(children.values().cloned().collect())
    }

    pub(crate) fn forget_child(&self, path: &str) {
        if let Some(children) = self.children.get() {
            children.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
    }

    /// Lifecycle: nobody uses this child any more.
    pub(crate) fn stop(&self) {
        self.tell(NamespaceCommand::Stop);
    }

    /// A socket wants to see what is emitted to it.
    pub(crate) fn hear_outgoing(&self) {
        self.outgoing_heard.store(true, Ordering::Relaxed);
    }
}
