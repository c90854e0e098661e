//! Who types in one scope: leases that end by themselves.
//!
//! Owns: one lease per user. Takes: reports, the end of them, the time. Emits: a digest when who types
//! has changed, at most every `typing_interval`. Keeps: nobody types for longer than a lease after the
//! last report; nobody is told of their own typing.

use std::collections::BTreeMap;
use std::time::Instant;

use super::message::{TypingMessage, encode};
use super::table::View;
use super::{Message, MetaRef, PresenceConfig, Scope, UserId};

/// Who types in one scope, and who was said to.
#[derive(Debug, Default)]
pub(super) struct Typing {
    leases: BTreeMap<UserId, Lease>,
    told: BTreeMap<UserId, Instant>,
    changed: bool,
    told_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    since: Instant,
    until: Instant,
    by: MetaRef,
}

/// Who types and until when, before and now.
#[derive(Debug)]
pub(super) struct TypingDigest {
    before: BTreeMap<UserId, Instant>,
    now: Vec<(UserId, Instant)>,
}

impl Typing {
    /// A user types, or goes on.
    pub(super) fn report(&mut self, user: &UserId, by: MetaRef, now: Instant, config: &PresenceConfig) {
        let until = now + config.typing_lease;
        let lease = self.leases.entry(user.clone()).or_insert(Lease { since: now, until, by });
        (lease.until, lease.by) = (until, by);
        // Those who were told keep it for as long as they were told: the small steps are left out.
        let told = self.told.get(user);
        self.changed |= told.is_none_or(|told| *told + config.typing_refresh / 2 <= until);
    }

    /// A user no longer types.
    pub(super) fn stop(&mut self, user: &UserId) {
        self.changed |= self.leases.remove(user).is_some();
    }

    /// The socket that reported has ended, or left.
    pub(super) fn stop_by(&mut self, user: &UserId, socket: MetaRef) {
        if self.leases.get(user).is_some_and(|lease| lease.by == socket) {
            self.stop(user);
        }
    }

    /// Nobody types any more.
    pub(super) fn clear(&mut self) {
        self.changed |= !self.leases.is_empty();
        self.leases.clear();
    }

    /// When a lease ends, or the next digest is due.
    pub(super) fn next_deadline(&self, now: Instant, config: &PresenceConfig) -> Option<Instant> {
        let ends = self.leases.values().map(|lease| lease.until).min();
        let free_at = self.told_at.map_or(now, |told| told + config.typing_interval);
        let tell = self.changed.then_some(free_at);
        [ends, tell].into_iter().flatten().min()
    }

    /// Ends leases, and takes the digest that is due.
    pub(super) fn take_due(&mut self, now: Instant, config: &PresenceConfig) -> Option<TypingDigest> {
        let leases = self.leases.len();
        self.leases.retain(|_, lease| lease.until > now);
        self.changed |= self.leases.len() != leases;
        if !self.changed || self.told_at.is_some_and(|told| told + config.typing_interval > now) {
            return None;
        }
        self.changed = false;
        let current: BTreeMap<_, _> =
            self.leases.iter().map(|(user, lease)| (user.clone(), lease.until)).collect();
        if current == self.told {
            return None;
        }
        self.told_at = Some(now);
        let mut ordered: Vec<_> = self.leases.iter().collect();
        ordered.sort_by_key(|(_, lease)| lease.since);
        let now = ordered.into_iter().map(|(user, lease)| (user.clone(), lease.until)).collect();
        Some(TypingDigest { before: std::mem::replace(&mut self.told, current), now })
    }
}

impl TypingDigest {
    /// Those who type, or did.
    pub(super) fn typers(&self) -> impl Iterator<Item = &UserId> {
        self.before.keys().chain(self.now.iter().map(|(user, _)| user))
    }

    /// What a viewer is told who sees only some; `None` if that was nothing and is nothing.
    pub(super) fn message(
        &self,
        scope: &Scope,
        sees: impl Fn(&UserId) -> bool,
        view: &View<'_>,
    ) -> Option<Message> {
        let View { now, config, calendar, .. } = *view;
        let typers: Vec<_> = self.now.iter().filter(|(user, _)| sees(user)).collect();
        if typers.is_empty() && !self.before.keys().any(sees) {
            return None;
        }
        let named = typers.iter().take(config.typing_names);
        let message = TypingMessage {
            room: scope,
            users: named.map(|(user, until)| (user, calendar.unix_ms(*until))).collect(),
            count: typers.len(),
            until: calendar.unix_ms(typers.iter().map(|(_, until)| *until).max().unwrap_or(now)),
            at: calendar.unix_ms(now),
        };
        Some(encode("typing:state", &message, true))
    }
}
