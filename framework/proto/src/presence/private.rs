//! Members who do not see everyone: each has a stream of its own.
//!
//! Keeps: once served on its own, a member is so until it leaves, since its offsets tell of no change
//! that it must not see.

use std::collections::BTreeMap;

use super::message::{Changes, DiffMessage, Effect, Leave, Place, encode};
use super::table::{Table, View};
use super::{Entry, LeaveReason, UserId, Visibility};

/// A member who does not see everyone.
#[derive(Debug)]
pub(super) struct Private {
    pub(super) offset: u64,
    exceptions: BTreeMap<UserId, Visibility>,
}

impl Private {
    /// How much the member sees of this user.
    pub(super) fn sees(&self, target: &UserId) -> Visibility {
        self.exceptions.get(target).copied().unwrap_or_default()
    }

    /// The user is gone.
    pub(super) fn forget(&mut self, target: &UserId) {
        self.exceptions.remove(target);
    }
}

impl Table {
    /// How much a member sees of a user.
    pub(super) fn visibility(&self, viewer: &UserId, target: &UserId) -> Visibility {
        self.privates.get(viewer).map(|private| private.sees(target)).unwrap_or_default()
    }

    /// Asks what a member sees of all who are shown.
    pub(super) fn consider_all(&mut self, viewer: &UserId, view: &View<'_>) {
        if view.sight.is_open() {
            return;
        }
        let seen = self.entries().map(|(target, _)| (target, view.sight.can_see(viewer, target)));
        let exceptions: Vec<_> = seen
            .filter(|(_, visibility)| *visibility != Visibility::Full)
            .map(|(target, visibility)| (target.clone(), visibility))
            .collect();
        for (target, visibility) in exceptions {
            self.set_visibility(viewer, &target, visibility);
        }
    }

    /// Asks what all members see of a user who comes.
    pub(super) fn consider_target(&mut self, target: &UserId, view: &View<'_>) {
        let viewers = self.seats.iter().filter(|(_, seat)| !seat.sockets.is_empty());
        let seen: Vec<_> = viewers
            .map(|(viewer, _)| (viewer.clone(), view.sight.can_see(viewer, target)))
            .filter(|(viewer, seen)| *seen != Visibility::Full || self.privates.contains_key(viewer))
            .collect();
        for (viewer, visibility) in seen {
            self.set_visibility(&viewer, target, visibility);
        }
    }

    /// A relationship changed: the viewer is told what that makes of a user who is shown.
    pub(super) fn reconsider(
        &mut self,
        viewer: &UserId,
        target: &UserId,
        view: &View<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let is_viewer = self.announced && self.mode.has_table() && !self.sockets(viewer).is_empty();
        let Some(entry) = self.entry(target).cloned().filter(|_| is_viewer) else { return };
        let (before, now) = (self.visibility(viewer, target), view.sight.can_see(viewer, target));
        if before == now {
            return;
        }
        self.set_visibility(viewer, target, now);
        let (before, after) = (entry.seen_with(before), entry.seen_with(now));
        let mut changes = Changes::default();
        changes.add(target, before, after, || Leave {
            reason: LeaveReason::Left,
            last_seen: view.calendar.last_seen(Some(view.now), view.now, Visibility::Full, view.config),
        });
        self.send_private(viewer, changes, effects);
    }

    /// Sends a member its own part of what changed, if that is anything.
    pub(super) fn send_private(&mut self, viewer: &UserId, changes: Changes<'_>, effects: &mut Vec<Effect>) {
        let to: Vec<_> =
            self.sockets(viewer).iter().filter(|socket| !self.fresh.contains_key(socket)).copied().collect();
        let Some(private) = self.privates.get_mut(viewer).filter(|_| !changes.is_empty()) else { return };
        let from = private.offset;
        private.offset += 1;
        let place = Place { e: self.epoch, o: private.offset };
        let message = DiffMessage { room: &self.scope, mode: self.mode, from, place, changes };
        if !to.is_empty() {
            effects.push(Effect::Sockets { to, message: encode("presence:diff", &message, false) });
        }
    }

    /// What a member sees of all who are shown.
    pub(super) fn entries_seen_by(&self, viewer: &UserId) -> BTreeMap<&UserId, Entry> {
        let seen =
            |(target, entry): (_, &Entry)| Some((target, entry.seen_with(self.visibility(viewer, target))?));
        self.entries().filter_map(seen).collect()
    }

    fn set_visibility(&mut self, viewer: &UserId, target: &UserId, visibility: Visibility) {
        let offset = self.offset;
        let private = self
            .privates
            .entry(viewer.clone())
            .or_insert_with(|| Private { offset, exceptions: BTreeMap::new() });
        match visibility {
            Visibility::Full => drop(private.exceptions.remove(target)),
            Visibility::Hidden | Visibility::Coarse => {
                private.exceptions.insert(target.clone(), visibility);
            }
        }
    }
}
