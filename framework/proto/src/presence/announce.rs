//! From changes to messages: diffs, digests and counts, each encoded once for all who get it.

use std::collections::BTreeMap;

use super::flap::{Change, Wanted};
use super::message::{Changes, CountsMessage, DiffMessage, Leave, Place, StateMessage, encode};
use super::private::Private;
use super::table::{Table, View};
use super::{Effect, Entry, Message, MetaRef, UserId, Visibility};

impl Table {
    /// Makes what is due visible, and tells the members. Returns the changes, for those who watch.
    pub(super) fn flush(&mut self, view: &View<'_>, effects: &mut Vec<Effect>) -> Vec<(UserId, Change)> {
        let nobody_was_seen = self.counts.total == 0;
        let changes = self.take_changes(view.now);
        let begins = nobody_was_seen && !changes.is_empty();
        let had_table = self.mode.has_table();
        self.mode = self.mode.next(self.counts.total, view.config);
        if begins || (had_table && !self.mode.has_table()) {
            self.begin_anew(view);
        }
        if !changes.is_empty() {
            (self.state, self.changed_at) = (None, Some(view.now));
        }
        if self.announced {
            match (had_table && !begins, self.mode.has_table()) {
                (true, true) => self.announce_changes(&changes, view, effects),
                (false, true) => self.announce_table(view, effects),
                (_, false) => self.announce_counts(!changes.is_empty(), effects),
            }
            self.greet_fresh(view, effects);
        }
        changes
    }

    /// A socket asks whether it missed something; what it has is compared with what it should have.
    pub(super) fn resync(
        &self,
        user: &UserId,
        socket: MetaRef,
        known: Option<Place>,
        view: &View<'_>,
    ) -> Option<Message> {
        let is_served = self.sockets(user).contains(&socket) && !self.fresh.contains_key(&socket);
        let private = self.privates.get(user).filter(|_| self.mode.has_table());
        let place = private.map_or_else(|| self.place(), |private| self.place_of(private));
        let is_in_step = match (self.counts.total, known) {
            (_, None) => false,
            (0, Some(known)) => known.o == 0,
            (_, Some(known)) => known == place,
        };
        if !self.announced || !is_served || is_in_step {
            return None;
        }
        Some(match private {
            _ if self.counts.total == 0 => self.encode_nobody(view),
            Some(_) => self.encode_private_state(user),
            None => self.encode_state(),
        })
    }

    /// Changes by name: one message for all, and one each for those who do not see all.
    fn announce_changes(&mut self, changes: &[(UserId, Change)], view: &View<'_>, effects: &mut Vec<Effect>) {
        if !view.sight.is_open() {
            let joins = changes.iter().filter(|(_, change)| change.before.is_none());
            joins.for_each(|(user, _)| self.consider_target(user, view));
        }
        if !changes.is_empty() {
            self.send_shared(changes, view, effects);
        }
        let viewers: Vec<_> = self.privates.keys().cloned().collect();
        for viewer in viewers {
            let mut seen = Changes::default();
            for (user, change) in changes {
                add_change(&mut seen, user, change, self.visibility(&viewer, user), view);
            }
            self.send_private(&viewer, seen, effects);
        }
        for (user, _) in changes.iter().filter(|(_, change)| change.after.entry().is_none()) {
            // Asked for anew when the user comes back.
            self.privates.values_mut().for_each(|private| private.forget(user));
        }
    }

    fn send_shared(&mut self, changes: &[(UserId, Change)], view: &View<'_>, effects: &mut Vec<Effect>) {
        let from = self.next_offset();
        let mut seen = Changes::default();
        for (user, change) in changes {
            add_change(&mut seen, user, change, Visibility::Full, view);
        }
        let message =
            DiffMessage { room: &self.scope, mode: self.mode, from, place: self.place(), changes: seen };
        let message = encode("presence:diff", &message, false);
        self.send_to_shared(message, effects);
    }

    /// The first who is seen, or the room became small enough for names.
    fn announce_table(&mut self, view: &View<'_>, effects: &mut Vec<Effect>) {
        self.next_offset();
        if !view.sight.is_open() {
            let viewers = self.seats.iter().filter(|(_, seat)| !seat.sockets.is_empty());
            let viewers: Vec<_> = viewers.map(|(viewer, _)| viewer.clone()).collect();
            viewers.iter().for_each(|viewer| self.consider_all(viewer, view));
        }
        let message = self.shared_state();
        self.send_to_shared(message, effects);
        for viewer in self.privates.keys() {
            let sockets = self.sockets(viewer).iter().filter(|socket| !self.fresh.contains_key(socket));
            let message = self.encode_private_state(viewer);
            effects.push(Effect::Sockets { to: sockets.copied().collect(), message });
        }
    }

    /// The room is too large for names, and so for members who are served on their own.
    fn announce_counts(&mut self, changed: bool, effects: &mut Vec<Effect>) {
        if changed {
            self.next_offset();
            let message = self.shared_state();
            self.send_to_shared(message, effects);
        }
    }

    /// The state for all sockets that came since the last flush.
    fn greet_fresh(&mut self, view: &View<'_>, effects: &mut Vec<Effect>) {
        let is_empty = self.counts.total == 0;
        let mut shared = Vec::new();
        for (socket, user) in self.take_fresh() {
            if !is_empty && self.privates.contains_key(&user) {
                let message = self.encode_private_state(&user);
                effects.push(Effect::Sockets { to: vec![socket], message });
            } else {
                shared.push(socket);
            }
        }
        if !shared.is_empty() {
            let message = if is_empty { self.encode_nobody(view) } else { self.shared_state() };
            effects.push(Effect::Sockets { to: shared, message });
        }
    }

    /// To all but those who are served on their own, and those who get the state instead.
    fn send_to_shared(&self, message: Message, effects: &mut Vec<Effect>) {
        let own = self.privates.keys().flat_map(|viewer| self.sockets(viewer));
        let mut except: Vec<_> = own.chain(self.fresh.keys()).copied().collect();
        except.sort_unstable();
        except.dedup();
        effects.push(Effect::Everyone { scope: self.scope.clone(), except, message });
    }

    fn shared_state(&mut self) -> Message {
        let state = self.state.take().unwrap_or_else(|| self.encode_state());
        self.state = Some(state.clone());
        state
    }

    fn encode_state(&self) -> Message {
        if let Some(state) = &self.state {
            return state.clone();
        }
        let (room, mode, place) = (&self.scope, self.mode, self.place());
        if mode.has_table() {
            let users = self.entries().map(|(user, entry)| (user, entry.clone())).collect();
            encode("presence:state", &StateMessage { room, mode, place, users }, false)
        } else {
            encode("presence:counts", &CountsMessage { room, mode, place, counts: self.counts }, false)
        }
    }

    /// The state of a room in which nobody is seen: a place that says nothing of what was before, as it
    /// may be that only somebody unseen has kept it.
    fn encode_nobody(&self, view: &View<'_>) -> Message {
        let place = Place { e: view.calendar.unix_us(view.now), o: 0 };
        let users = BTreeMap::<&UserId, Entry>::new();
        encode("presence:state", &StateMessage { room: &self.scope, mode: self.mode, place, users }, false)
    }

    fn encode_private_state(&self, viewer: &UserId) -> Message {
        let place = self.privates.get(viewer).map_or_else(|| self.place(), |private| self.place_of(private));
        let users: BTreeMap<&UserId, Entry> = self.entries_seen_by(viewer);
        encode("presence:state", &StateMessage { room: &self.scope, mode: self.mode, place, users }, false)
    }

    /// Goes on by one, and says from where.
    fn next_offset(&mut self) -> u64 {
        self.state = None;
        let next = self.offset + 1;
        std::mem::replace(&mut self.offset, next)
    }

    fn place(&self) -> Place {
        Place { e: self.epoch, o: self.offset }
    }

    fn place_of(&self, private: &Private) -> Place {
        Place { e: self.epoch, o: private.offset }
    }
}

fn add_change<'a>(
    to: &mut Changes<'a>,
    user: &'a UserId,
    change: &Change,
    visibility: Visibility,
    view: &View<'_>,
) {
    let before = change.before.as_ref().and_then(|entry| entry.seen_with(visibility));
    let after = change.after.entry().and_then(|entry| entry.seen_with(visibility));
    to.add(user, before, after, || match &change.after {
        Wanted::Gone(gone) => Leave {
            reason: gone.reason,
            last_seen: view.calendar.last_seen(gone.last_seen, view.now, visibility, view.config),
        },
        Wanted::There(_) => Leave { reason: super::LeaveReason::Left, last_seen: None },
    });
}
