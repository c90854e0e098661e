//! Who watches whom: the users on somebody's screen, wherever they are.
//!
//! Owns: a list per socket, with a stream of messages of its own. Keeps: who is hidden from a viewer
//! is offline to them and was never seen.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Place, Watched, WatchedMessage, encode};
use super::{Effect, MetaRef, UserId, Visibility};

/// All lists of a namespace.
#[derive(Debug, Default)]
pub(super) struct Watches {
    lists: BTreeMap<MetaRef, WatchList>,
    watchers: BTreeMap<UserId, BTreeSet<MetaRef>>,
    pending: BTreeSet<MetaRef>,
}

/// Those whom one socket watches.
#[derive(Debug)]
pub(super) struct WatchList {
    place: Place,
    watched: BTreeMap<UserId, Visibility>,
    changed: BTreeSet<UserId>,
}

impl Watches {
    /// Sets a socket's whole list.
    pub(super) fn set(&mut self, socket: MetaRef, watched: BTreeMap<UserId, Visibility>, unix_us: u64) {
        let epoch = self.lists.get(&socket).map_or(unix_us, |list| unix_us.max(list.place.e + 1));
        self.remove(socket);
        for target in watched.keys() {
            self.watchers.entry(target.clone()).or_default().insert(socket);
        }
        let list = WatchList { place: Place { e: epoch, o: 0 }, watched, changed: BTreeSet::new() };
        self.lists.insert(socket, list);
    }

    /// The socket has ended.
    pub(super) fn remove(&mut self, socket: MetaRef) {
        self.pending.remove(&socket);
        let Some(list) = self.lists.remove(&socket) else { return };
        for target in list.watched.keys() {
            if let Some(watchers) = self.watchers.get_mut(target) {
                watchers.remove(&socket);
                if watchers.is_empty() {
                    self.watchers.remove(target);
                }
            }
        }
    }

    /// Who watches somebody.
    pub(super) fn watchers_of(&self, target: &UserId) -> impl Iterator<Item = MetaRef> {
        self.watchers.get(target).into_iter().flatten().copied()
    }

    /// Whom a socket watches.
    pub(super) fn watched_by(&self, socket: MetaRef) -> impl Iterator<Item = &UserId> {
        self.lists.get(&socket).into_iter().flat_map(|list| list.watched.keys())
    }

    /// Notes for all who watch that somebody is seen otherwise, if they see the difference.
    pub(super) fn changed(&mut self, target: &UserId, differs: impl Fn(Visibility) -> bool) {
        for socket in self.watchers.get(target).into_iter().flatten() {
            let Some(list) = self.lists.get_mut(socket) else { continue };
            if list.watched.get(target).is_some_and(|visibility| differs(*visibility)) {
                list.changed.insert(target.clone());
                self.pending.insert(*socket);
            }
        }
    }

    /// What a socket sees of somebody may have changed by a relationship.
    pub(super) fn reconsider(&mut self, socket: MetaRef, target: &UserId, now: Visibility) {
        let Some(list) = self.lists.get_mut(&socket) else { return };
        let Some(before) = list.watched.get_mut(target) else { return };
        if std::mem::replace(before, now) != now {
            list.changed.insert(target.clone());
            self.pending.insert(socket);
        }
    }

    /// Tells all who watch what changed since they were told.
    pub(super) fn flush(&mut self, look: impl Fn(&UserId, Visibility) -> Watched, effects: &mut Vec<Effect>) {
        for socket in std::mem::take(&mut self.pending) {
            let Some(list) = self.lists.get_mut(&socket) else { continue };
            let changed = std::mem::take(&mut list.changed);
            let from = Some(list.place.o);
            list.place.o += 1;
            effects.push(list.message(socket, from, changed.iter(), &look));
        }
    }

    /// All that a socket watches, unless it has that already.
    pub(super) fn resync(
        &self,
        socket: MetaRef,
        known: Option<Place>,
        look: impl Fn(&UserId, Visibility) -> Watched,
        effects: &mut Vec<Effect>,
    ) {
        let Some(list) = self.lists.get(&socket).filter(|list| known != Some(list.place)) else { return };
        effects.push(list.message(socket, None, list.watched.keys(), &look));
    }
}

impl WatchList {
    fn message<'a>(
        &self,
        socket: MetaRef,
        from: Option<u64>,
        users: impl Iterator<Item = &'a UserId>,
        look: &impl Fn(&UserId, Visibility) -> Watched,
    ) -> Effect {
        let visibility = |user| self.watched.get(user).copied().unwrap_or(Visibility::Hidden);
        let users = users.map(|user| (user, look(user, visibility(user)))).collect();
        let message = WatchedMessage { from, place: self.place, users };
        Effect::Sockets { to: vec![socket], message: encode("presence:watched", &message, false) }
    }
}
