//! One scope: who is in it, what its members were told, and what they will be told when.
//!
//! Owns: a seat per user, the stream of messages (epoch, offset), the mode. Takes: joins, leaves, and
//! what others are to see of a user. Emits: see `announce.rs`. Keeps: applying all messages of the
//! stream in order gives exactly the entries that the seats show.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::flap::{Change, Wanted};
use super::message::Calendar;
use super::private::Private;
use super::seat::Seat;
use super::typing::Typing;
use super::visibility::Sight;
use super::{Counts, Entry, LeaveReason, Message, MetaRef, Mode, PresenceConfig, Scope, UserId};

/// What everything here looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a PresenceConfig,
    pub(super) calendar: &'a Calendar,
    pub(super) sight: &'a Sight,
}

/// The presence of one scope.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) scope: Scope,
    /// Whether its members are told; else only those who watch are.
    pub(super) announced: bool,
    pub(super) seats: BTreeMap<UserId, Seat>,
    pub(super) typing: Typing,
    pub(super) mode: Mode,
    pub(super) counts: Counts,
    pub(super) epoch: u64,
    /// Of the stream that all members share but those who are served on their own.
    pub(super) offset: u64,
    pub(super) privates: BTreeMap<UserId, Private>,
    /// Sockets that have not got the state yet, with their users.
    pub(super) fresh: BTreeMap<MetaRef, UserId>,
    /// The state at this offset, encoded.
    pub(super) state: Option<Message>,
    pub(super) changed_at: Option<Instant>,
    fresh_since: Option<Instant>,
    due: BTreeSet<(Instant, UserId)>,
    /// So that not all rooms send at the same time.
    phase: u32,
}

impl Table {
    pub(super) fn new(scope: Scope, announced: bool) -> Self {
        let phase = match &scope {
            Scope::Namespace => 0,
            Scope::Room(name) => {
                name.bytes().fold(7, |phase: u32, byte| phase.wrapping_mul(31).wrapping_add(u32::from(byte)))
            }
        };
        Self {
            scope,
            announced,
            seats: BTreeMap::new(),
            typing: Typing::default(),
            mode: Mode::Diff,
            counts: Counts::default(),
            epoch: 0,
            offset: 0,
            privates: BTreeMap::new(),
            fresh: BTreeMap::new(),
            state: None,
            changed_at: None,
            fresh_since: None,
            due: BTreeSet::new(),
            phase,
        }
    }

    /// A socket joins; it gets the state with the next flush. Returns false if it is there already.
    pub(super) fn join(&mut self, user: &UserId, socket: MetaRef, view: &View<'_>) -> bool {
        let seat = self.seats.entry(user.clone()).or_insert_with(Seat::new);
        if seat.sockets.contains(&socket) {
            return false;
        }
        let is_first = seat.sockets.is_empty();
        seat.join(socket);
        if self.announced {
            self.fresh.insert(socket, user.clone());
            self.fresh_since.get_or_insert(view.now);
            if is_first && self.mode.has_table() {
                self.consider_all(user, view);
            }
        }
        true
    }

    /// A socket leaves, or ends.
    pub(super) fn leave(&mut self, user: &UserId, socket: MetaRef, reason: LeaveReason, view: &View<'_>) {
        let Some(seat) = self.seats.get_mut(user) else { return };
        seat.leave(socket, reason, view.now, view.config);
        if seat.sockets.is_empty() {
            self.privates.remove(user);
        }
        self.fresh.remove(&socket);
        if self.fresh.is_empty() {
            self.fresh_since = None;
        }
        self.typing.stop_by(user, socket);
    }

    /// Whether the user is in the scope, or expected back.
    pub(super) fn is_taken(&self, user: &UserId, view: &View<'_>) -> bool {
        self.seats.get(user).is_some_and(|seat| seat.is_taken(view.now, view.config))
    }

    /// Until when a seat is kept that nobody sits on: for sockets that may come back, and for the flap
    /// window of the last change.
    pub(super) fn kept_until(&self, user: &UserId, view: &View<'_>) -> Option<Instant> {
        let seat = self.seats.get(user)?;
        let times = [seat.kept_until(view.config), seat.shown.settled_at(view.config.flap_window)];
        times.into_iter().flatten().filter(|until| *until > view.now).min()
    }

    /// What others are to see of a user, as soon as the flap window allows.
    pub(super) fn want(&mut self, user: &UserId, wanted: Wanted, view: &View<'_>) {
        let Some(seat) = self.seats.get_mut(user) else { return };
        let before = seat.shown.due();
        seat.shown.want(wanted, view.now, view.config.flap_window);
        let due = seat.shown.due();
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, user.clone()));
        }
        if let Some(due) = due {
            self.due.insert((due, user.clone()));
        }
    }

    /// Forgets a seat that nobody sits on and nobody sees. Returns whether it is gone.
    pub(super) fn clear_seat(&mut self, user: &UserId, view: &View<'_>) -> bool {
        let is_idle = |seat: &Seat| {
            let settled_at = seat.shown.settled_at(view.config.flap_window);
            seat.shown.entry().is_none()
                && seat.shown.due().is_none()
                && settled_at.is_none_or(|at| at <= view.now)
                && !seat.is_taken(view.now, view.config)
        };
        let gone = self.seats.get(user).is_none_or(is_idle);
        if gone {
            self.seats.remove(user);
        }
        gone
    }

    /// Begins the stream anew: as the first who is seen comes, since whoever was here unseen must not
    /// show in it, and when all share one stream again, whose places must not be taken for those of a
    /// stream of one's own. The epoch is the calendar's microseconds, so that it tells of nothing else
    /// that happened.
    pub(super) fn begin_anew(&mut self, view: &View<'_>) {
        self.epoch = view.calendar.unix_us(view.now).max(self.epoch + 1);
        self.offset = 0;
        self.privates.clear();
    }

    /// When the next message is due. Digests are due at fixed times, so that nothing that is not in
    /// them moves them.
    pub(super) fn next_deadline(&self, config: &PresenceConfig, calendar: &Calendar) -> Option<Instant> {
        let changes = self.due.first().map(|(due, _)| *due);
        let first = [changes, self.fresh_since].into_iter().flatten().min()?;
        let interval = self.mode.interval(config);
        let due = calendar.next_beat(first, interval, self.phase);
        // One digest per beat.
        Some(if self.changed_at.is_some_and(|at| due <= at) { due + interval } else { due })
    }

    /// Takes the changes that others see now.
    pub(super) fn take_changes(&mut self, now: Instant) -> Vec<(UserId, Change)> {
        let mut changes = Vec::new();
        while let Some((_, user)) = self.due.pop_first_if(|(due, _)| *due <= now) {
            let Some(seat) = self.seats.get_mut(&user) else { continue };
            if let Some(change) = seat.shown.take_due(now) {
                self.counts.change(change.before.as_ref(), change.after.entry());
                changes.push((user, change));
            }
        }
        changes
    }

    /// All who wait for the state.
    pub(super) fn take_fresh(&mut self) -> BTreeMap<MetaRef, UserId> {
        self.fresh_since = None;
        std::mem::take(&mut self.fresh)
    }

    /// Those that others see.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&UserId, &Entry)> {
        self.seats.iter().filter_map(|(user, seat)| Some((user, seat.shown.entry()?)))
    }

    /// What others see of a user.
    pub(super) fn entry(&self, user: &UserId) -> Option<&Entry> {
        self.seats.get(user)?.shown.entry()
    }

    /// The sockets of a user here.
    pub(super) fn sockets(&self, user: &UserId) -> &[MetaRef] {
        self.seats.get(user).map_or(&[], |seat| &seat.sockets)
    }
}

/// `BTreeSet::pop_first` with a condition.
trait PopFirstIf<T> {
    fn pop_first_if(&mut self, condition: impl FnOnce(&T) -> bool) -> Option<T>;
}

impl<T: Ord> PopFirstIf<T> for BTreeSet<T> {
    fn pop_first_if(&mut self, condition: impl FnOnce(&T) -> bool) -> Option<T> {
        if condition(self.first()?) { self.pop_first() } else { None }
    }
}
