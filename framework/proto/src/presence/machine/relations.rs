//! Relationships change: each side is told what that makes of the other.

use std::collections::BTreeSet;
use std::time::Instant;

use super::super::{MetaRef, Policy, UserId, Visibility};
use super::{Presence, Refusal};

impl Presence {
    /// Sets the application's rule, before the first socket comes.
    pub fn set_policy(&mut self, policy: impl Policy + 'static) {
        self.sight.set_policy(Box::new(policy));
    }

    /// Neither sees the other from now on: for both it looks as if the other had left.
    ///
    /// # Errors
    /// [`Refusal::TooManyRelations`].
    pub fn block(&mut self, blocker: &UserId, blocked: &UserId, now: Instant) -> Result<(), Refusal> {
        self.check_relations()?;
        if self.sight.block(blocker, blocked) {
            self.reconsider(blocker, blocked, now);
        }
        Ok(())
    }

    /// Takes a block back; one in the other direction stays.
    pub fn unblock(&mut self, blocker: &UserId, blocked: &UserId, now: Instant) {
        if self.sight.unblock(blocker, blocked) {
            self.reconsider(blocker, blocked, now);
        }
    }

    /// How much a user shows to everyone; with [`PresenceConfig::reciprocal`] also how much the user
    /// sees.
    ///
    /// # Errors
    /// [`Refusal::TooManyRelations`].
    ///
    /// [`PresenceConfig::reciprocal`]: super::super::PresenceConfig::reciprocal
    pub fn show(&mut self, user: &UserId, visibility: Visibility, now: Instant) -> Result<(), Refusal> {
        if visibility != Visibility::Full {
            self.check_relations()?;
        }
        if self.sight.show(user, visibility) {
            self.reconsider_all(user, now);
        }
        Ok(())
    }

    /// The application's rule may answer otherwise for these two now.
    pub fn reconsider(&mut self, one: &UserId, other: &UserId, now: Instant) {
        for (viewer, target) in [(one, other), (other, one)] {
            let scopes = self.users.get(viewer).map(|user| user.scopes.clone()).unwrap_or_default();
            for scope in scopes {
                self.with_table(&scope, now, |table, view, effects| {
                    table.reconsider(viewer, target, view, effects);
                });
            }
            for socket in self.sockets_of(viewer) {
                self.watches.reconsider(socket, target, self.sight.can_see(viewer, target));
            }
        }
        self.flush_watches(now);
    }

    /// The application's rule may answer otherwise for this user and anybody now.
    pub fn reconsider_all(&mut self, user: &UserId, now: Instant) {
        let scopes = self.users.get(user).map(|user| user.scopes.clone()).unwrap_or_default();
        let seats = scopes.iter().filter_map(|scope| self.tables.get(scope));
        let mut others: BTreeSet<_> = seats.flat_map(|table| table.seats.keys().cloned()).collect();
        let watchers = self.watches.watchers_of(user).filter_map(|socket| self.sockets.get(&socket));
        others.extend(watchers.map(|state| state.user.clone()));
        let watched = self.sockets_of(user).into_iter().flat_map(|socket| self.watches.watched_by(socket));
        others.extend(watched.cloned());
        others.remove(user);
        for other in others {
            self.reconsider(user, &other, now);
        }
    }

    fn sockets_of(&self, user: &UserId) -> Vec<MetaRef> {
        let metas = self.users.get(user).into_iter().flat_map(|user| &user.metas);
        metas.map(|meta| meta.socket).collect()
    }

    fn check_relations(&self) -> Result<(), Refusal> {
        if self.sight.len() < self.config.max_relations { Ok(()) } else { Err(Refusal::TooManyRelations) }
    }
}
