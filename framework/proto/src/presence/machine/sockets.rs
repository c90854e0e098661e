//! Sockets come, join, leave and end; what that makes of their users.

use std::time::Instant;

use smallvec::SmallVec;

use super::super::flap::{Gone, Wanted};
use super::super::seat::Seat;
use super::super::{Data, LeaveReason, MetaRef, Scope, UserId};
use super::{Presence, SocketState, Table, Timer, User};

impl Presence {
    /// A socket of a user comes. It is told who it is; see [`join`](Self::join) for the rest.
    ///
    /// `device` is what the application calls the kind of client; `data` replaces what the user is shown
    /// with, if there is any.
    pub fn connect(
        &mut self,
        user: &UserId,
        device: Option<&str>,
        data: Option<Data>,
        now: Instant,
    ) -> MetaRef {
        self.last_ref += 1;
        let socket = MetaRef(self.last_ref);
        let entry = self.users.entry(user.clone()).or_insert_with(User::new);
        entry.connect(socket, device.map(Into::into), now);
        if data.as_ref().is_some_and(|data| data.as_str().len() <= self.config.max_data) {
            entry.data = data;
        }
        self.offline.remove(user);
        self.sockets.insert(socket, SocketState { user: user.clone(), scopes: SmallVec::new() });
        self.tell_self(user, Some(socket));
        self.join(socket, Scope::Namespace, now);
        socket
    }

    /// A socket joins a scope, and is told who is there. Joining twice changes nothing.
    pub fn join(&mut self, socket: MetaRef, scope: Scope, now: Instant) {
        let Some(user) = self.sockets.get(&socket).map(|state| state.user.clone()) else { return };
        let announced = scope != Scope::Namespace || self.announce_namespace;
        self.tables.entry(scope.clone()).or_insert_with(|| Table::new(scope.clone(), announced));
        let joined = self.with_table(&scope, now, |table, view, _| table.join(&user, socket, view));
        if joined != Some(true) {
            return;
        }
        if let Some(state) = self.sockets.get_mut(&socket) {
            state.scopes.push(scope.clone());
        }
        if let Some(entry) = self.users.get_mut(&user)
            && !entry.scopes.contains(&scope)
        {
            entry.scopes.push(scope);
        }
        self.touch(&user, now);
    }

    /// A socket leaves a scope.
    pub fn leave(&mut self, socket: MetaRef, scope: &Scope, reason: LeaveReason, now: Instant) {
        let Some(state) = self.sockets.get_mut(&socket) else { return };
        let Some(place) = state.scopes.iter().position(|joined| joined == scope) else { return };
        state.scopes.remove(place);
        let user = state.user.clone();
        self.with_table(scope, now, |table, view, _| table.leave(&user, socket, reason, view));
        self.touch(&user, now);
    }

    /// A socket has ended. One that is not there changes nothing.
    pub fn disconnect(&mut self, socket: MetaRef, reason: LeaveReason, now: Instant) {
        let Some(SocketState { user, scopes }) = self.sockets.remove(&socket) else { return };
        self.watches.remove(socket);
        if let Some(entry) = self.users.get_mut(&user) {
            entry.disconnect(socket, reason, now, &self.config);
        }
        for scope in scopes {
            self.with_table(&scope, now, |table, view, _| table.leave(&user, socket, reason, view));
        }
        self.touch(&user, now);
    }

    /// Looks at a user anew: what others are to see, and when that changes by itself.
    pub(super) fn touch(&mut self, id: &UserId, now: Instant) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.settle(now, &self.config);
        let entry = user.public_entry(now, &self.config);
        let gone = Gone { reason: user.leave_reason(), last_seen: user.last_seen() };
        let mut next = user.next_change(now, &self.config);
        for scope in user.scopes.clone() {
            let kept = self.with_table(&scope, now, |table, view, _| {
                let seat = table.seats.get(id);
                let wanted = match &entry {
                    None => Wanted::Gone(gone),
                    Some(entry) if table.is_taken(id, view) => Wanted::There(entry.clone()),
                    Some(_) => Wanted::Gone(Gone {
                        reason: seat.map_or(LeaveReason::Left, Seat::leave_reason),
                        last_seen: None,
                    }),
                };
                if entry.is_none() {
                    table.typing.stop(id);
                }
                table.want(id, wanted, view);
                (table.clear_seat(id, view), table.kept_until(id, view))
            });
            let Some((cleared, kept_until)) = kept else { continue };
            next = [next, kept_until].into_iter().flatten().min();
            if cleared {
                self.forget_seat(id, &scope);
            }
        }
        self.timers.arm(Timer::User(id.clone()), next);
        self.forget_if_offline(id, now);
    }

    /// A user has no seat in a scope any more.
    fn forget_seat(&mut self, id: &UserId, scope: &Scope) {
        if let Some(user) = self.users.get_mut(id) {
            user.scopes.retain(|joined| joined != scope);
        }
        let is_over = |table: &Table| table.seats.is_empty();
        if self.tables.get(scope).is_some_and(is_over) {
            self.tables.remove(scope);
            self.timers.arm(Timer::Scope(scope.clone()), None);
            self.timers.arm(Timer::Typing(scope.clone()), None);
        }
    }

    /// A user who is nowhere is remembered for “last seen” and for a manual status, if there is one.
    fn forget_if_offline(&mut self, id: &UserId, now: Instant) {
        let Some(user) = self.users.get_mut(id) else { return };
        if user.is_there(now, &self.config) || !user.scopes.is_empty() {
            return;
        }
        match user.seen_before().or(user.manual.map(|_| now)) {
            Some(since) => self.offline.insert(id, user.manual.is_some(), since),
            None => drop(self.users.remove(id)),
        }
        while let Some(forgotten) = self.offline.pop_beyond(self.config.max_offline) {
            self.users.remove(&forgotten);
        }
    }
}
