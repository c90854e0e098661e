//! Who types: reports in, digests out.

use std::collections::BTreeSet;
use std::time::Instant;

use super::super::table::{Table, View};
use super::super::typing::TypingDigest;
use super::super::{Effect, MetaRef, Scope, UserId, Visibility};
use super::{Presence, Refusal};

impl Presence {
    /// A client says that its user types in a scope, or no longer does.
    ///
    /// Who is invisible types unseen.
    ///
    /// # Errors
    /// [`Refusal::NotThere`], [`Refusal::TooLarge`], [`Refusal::TooMany`].
    pub fn type_in(&mut self, socket: MetaRef, scope: &Scope, on: bool, now: Instant) -> Result<(), Refusal> {
        let state = self.sockets.get(&socket).filter(|state| state.scopes.contains(scope));
        let id = state.map(|state| state.user.clone()).ok_or(Refusal::NotThere)?;
        let user = self.users.get_mut(&id).ok_or(Refusal::NotThere)?;
        let is_public = user.public_status(now, &self.config).is_some();
        let table = self.tables.get(scope).filter(|table| table.announced).ok_or(Refusal::NotThere)?;
        if on && table.counts.total > self.config.typing_max_members {
            return Err(Refusal::TooLarge);
        }
        if on && !user.may_type(now, &self.config) {
            return Err(Refusal::TooMany);
        }
        self.with_table(scope, now, |table, view, _| match on {
            true if is_public => table.typing.report(&id, socket, now, view.config),
            true => {}
            false => table.typing.stop(&id),
        });
        Ok(())
    }

    /// A user has sent a message there, or anywhere: the typing is over.
    pub fn message_sent(&mut self, socket: MetaRef, scope: Option<&Scope>, now: Instant) {
        let Some(state) = self.sockets.get(&socket) else { return };
        let (id, joined) = (state.user.clone(), state.scopes.clone());
        for scope in joined.iter().filter(|joined| scope.is_none_or(|scope| scope == *joined)) {
            self.with_table(scope, now, |table, _, _| table.typing.stop(&id));
        }
    }

    pub(super) fn flush_typing(&mut self, scope: &Scope, now: Instant) {
        self.with_table(scope, now, |table, view, effects| {
            if let Some(digest) = table.typing.take_due(now, view.config) {
                table.tell_typing(&digest, view, effects);
            }
        });
    }
}

impl Table {
    /// One message for all, and one each for those who type themselves or do not see everyone.
    fn tell_typing(&self, digest: &TypingDigest, view: &View<'_>, effects: &mut Vec<Effect>) {
        let own: BTreeSet<&UserId> = digest.typers().chain(self.privates.keys()).collect();
        let except = own.iter().flat_map(|viewer| self.sockets(viewer)).copied().collect();
        if let Some(message) = digest.message(&self.scope, |_| true, view) {
            effects.push(Effect::Everyone { scope: self.scope.clone(), except, message });
        }
        for viewer in own {
            let sees = |typer: &UserId| typer != viewer && self.visibility(viewer, typer) == Visibility::Full;
            let to = self.sockets(viewer).to_vec();
            if let Some(message) = digest.message(&self.scope, sees, view)
                && !to.is_empty()
            {
                effects.push(Effect::Sockets { to, message });
            }
        }
    }
}
