//! Those who watch, and those who ask whether they missed something.

use std::collections::BTreeMap;
use std::time::Instant;

use super::super::flap::Change;
use super::super::message::Watched;
use super::super::{Effect, MetaRef, Place, Scope, Status, UserId, Visibility};
use super::{Presence, Refusal};

impl Presence {
    /// A client names those whom it wants to be told of, in place of those it named before. It is told
    /// of all of them at once.
    ///
    /// # Errors
    /// [`Refusal::TooManyWatched`], [`Refusal::NotThere`].
    pub fn watch(&mut self, socket: MetaRef, users: Vec<UserId>, now: Instant) -> Result<(), Refusal> {
        let id_is_long = |user: &UserId| user.as_str().len() > self.config.max_user_id;
        if users.len() > self.config.max_watched || users.iter().any(id_is_long) {
            return Err(Refusal::TooManyWatched);
        }
        let viewer = self.sockets.get(&socket).ok_or(Refusal::NotThere)?.user.clone();
        let seen = users.into_iter().map(|target| {
            let visibility = self.sight.can_see(&viewer, &target);
            (target, visibility)
        });
        let watched: BTreeMap<_, _> = seen.collect();
        self.watches.set(socket, watched, self.calendar.unix_us(now));
        self.resync_watched(socket, None, now);
        Ok(())
    }

    /// A client asks whether it missed something of those it watches: if so, it is told all.
    pub fn resync_watched(&mut self, socket: MetaRef, known: Option<Place>, now: Instant) {
        let mut effects: Vec<Effect> = Vec::new();
        let look = |user: &UserId, visibility| self.look(user, visibility, now);
        self.watches.resync(socket, known, look, &mut effects);
        self.effects.extend(effects);
    }

    /// A client asks whether it missed something in a scope: if so, it is told the state.
    pub fn resync(&mut self, socket: MetaRef, scope: &Scope, known: Option<Place>, now: Instant) {
        let Some(user) = self.sockets.get(&socket).map(|state| state.user.clone()) else { return };
        self.with_table(scope, now, |table, view, effects| {
            let missed = table.resync(&user, socket, known, view);
            effects.extend(missed.map(|message| Effect::Sockets { to: vec![socket], message }));
        });
    }

    /// Those who watch somebody in the whole namespace are told what changed.
    pub(super) fn tell_watchers(&mut self, changes: &[(UserId, Change)], now: Instant) {
        for (user, change) in changes {
            self.watches.changed(user, |visibility| {
                let seen = |entry: Option<&super::super::Entry>| entry.and_then(|e| e.seen_with(visibility));
                seen(change.before.as_ref()) != seen(change.after.entry())
            });
        }
        self.flush_watches(now);
    }

    pub(super) fn flush_watches(&mut self, now: Instant) {
        let mut effects: Vec<Effect> = Vec::new();
        let mut watches = std::mem::take(&mut self.watches);
        watches.flush(|user, visibility| self.look(user, visibility, now), &mut effects);
        self.watches = watches;
        self.effects.extend(effects);
    }

    /// A user as somebody with this visibility sees it.
    pub(super) fn look(&self, user: &UserId, visibility: Visibility, now: Instant) -> Watched {
        let shown = self.tables.get(&Scope::Namespace).and_then(|table| table.entry(user));
        if let Some(entry) = shown.and_then(|entry| entry.seen_with(visibility)) {
            return Watched { status: entry.status, data: entry.data, last_seen: None };
        }
        let seen = self.users.get(user).and_then(|user| user.seen_before());
        let last_seen = self.calendar.last_seen(seen, now, visibility, &self.config);
        Watched { status: Status::Offline, data: None, last_seen }
    }
}
