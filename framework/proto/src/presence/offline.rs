//! Which of the users who are offline are remembered, and for how long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::UserId;

/// The users who are offline, those to be forgotten next first.
#[derive(Debug, Default)]
pub(super) struct Offline {
    order: BTreeSet<(bool, Instant, UserId)>,
    keys: BTreeMap<UserId, (bool, Instant)>,
}

impl Offline {
    /// A user is offline. Who chose a manual status is forgotten last: nobody who is invisible should
    /// come back visible.
    pub(super) fn insert(&mut self, user: &UserId, has_manual: bool, since: Instant) {
        self.remove(user);
        self.keys.insert(user.clone(), (has_manual, since));
        self.order.insert((has_manual, since, user.clone()));
    }

    pub(super) fn remove(&mut self, user: &UserId) {
        if let Some((has_manual, since)) = self.keys.remove(user) {
            self.order.remove(&(has_manual, since, user.clone()));
        }
    }

    /// Somebody too many.
    pub(super) fn pop_beyond(&mut self, limit: usize) -> Option<UserId> {
        if self.keys.len() <= limit {
            return None;
        }
        let (_, _, user) = self.order.pop_first()?;
        self.keys.remove(&user);
        Some(user)
    }
}
