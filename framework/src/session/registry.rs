//! Which sessions there are.
//!
//! Owns: session id → handle, for all workers. Keeps: an entry lives as long as its session's actor.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytestring::ByteString;
use foldhash::fast::FixedState;
use uuid::Uuid;

use super::handle::SessionHandle;

/// The `sid` of an Engine.IO session, without the node's number: 122 random bits, 32 hexadecimal digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(Uuid);

/// All sessions of a server.
#[derive(Debug)]
pub(super) struct Registry {
    /// What every `sid` begins with.
    prefix: String,
    shards: [Shard; SHARDS],
    /// Sessions that the program has named.
    names: RwLock<HashMap<ByteString, SessionId>>,
}

/// Another session is called so.
#[derive(Debug)]
pub(super) struct NameTaken;

type Shard = RwLock<Sessions>;
/// The ids in it are random already.
type Sessions = HashMap<SessionId, SessionHandle, FixedState>;

impl SessionId {
    /// A new one, from a cryptographically secure source.
    pub(super) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads exactly the form that is written.
    fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        (id.as_simple().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(Self(id))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_simple(), f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever knows it can speak for the session: it is not for logs.
        f.write_str("SessionId(…)")
    }
}

impl Registry {
    /// `node` is [`Config::node`](crate::Config::node).
    pub(super) fn new(node: u16) -> Self {
        Self {
            prefix: prefix(node),
            shards: std::array::from_fn(|_| Shard::default()),
            names: RwLock::default(),
        }
    }

    /// Gives a session a name, before it is inserted; it has it until it is removed.
    pub(super) fn give_name(&self, name: &ByteString, id: SessionId) -> Result<(), NameTaken> {
        match self.names.write().unwrap_or_else(PoisonError::into_inner).entry(name.clone()) {
            Entry::Vacant(free) => {
                free.insert(id);
                Ok(())
            }
            Entry::Occupied(_) => Err(NameTaken),
        }
    }

    pub(super) fn insert(&self, session: SessionHandle) {
        self.write(session.id()).insert(session.id(), session);
    }

    pub(super) fn remove(&self, id: SessionId) {
        let removed = self.write(id).remove(&id);
        if let Some(name) = removed.as_ref().and_then(SessionHandle::name) {
            self.names.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        }
    }

    pub(super) fn find(&self, sid: &str) -> Option<SessionHandle> {
        let sid = sid.strip_prefix(&self.prefix)?;
        let found = |id| self.read(id).get(&id).cloned();
        // One that has a name is found by that alone.
        let own = SessionId::parse(sid).and_then(found).filter(|session| session.name().is_none());
        own.or_else(|| self.named(sid).and_then(found))
    }

    fn named(&self, name: &str) -> Option<SessionId> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    pub(super) fn all(&self) -> Vec<SessionHandle> {
        let shards = self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        shards.flat_map(|shard| shard.values().cloned().collect::<Vec<_>>()).collect()
    }

    /// Looks at every session.
    pub(super) fn for_each(&self, mut look: impl FnMut(&SessionHandle)) {
        for shard in &self.shards {
            shard.read().unwrap_or_else(PoisonError::into_inner).values().for_each(&mut look);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn read(&self, id: SessionId) -> RwLockReadGuard<'_, Sessions> {
        self.shard(id).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, id: SessionId) -> RwLockWriteGuard<'_, Sessions> {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of shards")]
    fn shard(&self, id: SessionId) -> &Shard {
        let [.., last] = *id.0.as_bytes();
        &self.shards[usize::from(last) % SHARDS]
    }
}

/// An id as clients have it, `sid`.
pub(super) fn on_node(id: &impl fmt::Display, node: u16) -> String {
    format!("{}{id}", prefix(node))
}

fn prefix(node: u16) -> String {
    if node == 0 { String::new() } else { format!("{node}-") }
}

/// Locks that do not meet: more than workers, few enough to count through.
const SHARDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_only_as_it_is_written() {
        let id = SessionId::random();
        let text = id.to_string();
        assert_eq!(text.len(), 32);
        assert_eq!(SessionId::parse(&text), Some(id));
        assert_eq!(SessionId::parse(&id.0.to_string()), None);
        assert_eq!(SessionId::parse("__proto__"), None);
        assert_ne!(SessionId::random(), id);
    }
}
