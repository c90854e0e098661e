//! What a room's hooks reach the world through: [`Cx`].

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use serde::Serialize;
use serde_json::Value;

use super::effect::Task;
use super::rng::Rng;
use super::roster::Roster;
use super::timers::Timers;
use super::{Member, MemberId, Moment, Options, Role, Room, RoomLimits, Setup, TaskId, To, outgoing};
use crate::session::Delivery;

/// The world of a room's hook: time, chance, members, and what it asks for.
///
/// What a hook asks for happens if it returns `Ok`, and then all of it; what it reads here is as it
/// was when the hook began.
pub struct Cx<R: Room> {
    pub(super) now: Moment,
    pub(super) ticks: u64,
    pub(super) skipped: u64,
    pub(super) rng: Rng,
    pub(super) roster: Roster,
    pub(super) timers: Timers<R::Timer>,
    pub(super) next_task: u64,
    pub(super) tasks: usize,
    pub(super) asked: Asked<R>,
    pub(super) queued_events: usize,
    pub(super) limits: Arc<RoomLimits>,
    pub(super) join_options: Options,
}

/// What the hook has asked for so far.
pub(super) struct Asked<R: Room> {
    pub(super) wishes: Vec<Wish<R>>,
    pub(super) events: usize,
    pub(super) timers: usize,
    /// Why the hook fails although it may return `Ok`.
    pub(super) failure: Option<String>,
}

impl<R: Room> Default for Asked<R> {
    fn default() -> Self {
        Self { wishes: Vec::new(), events: 0, timers: 0, failure: None }
    }
}

/// One thing that a hook asks for.
pub(super) enum Wish<R: Room> {
    Emit { to: To, event: ByteString, items: ByteString, delivery: Delivery },
    Timer(Moment, R::Timer),
    Cancel(R::Timer),
    Kick(MemberId),
    Label(Value),
    Lock(bool),
    Private(bool),
    Max(usize),
    Spawn(TaskId, Task<R::Internal>),
    Close,
}

impl<R: Room> Cx<R> {
    pub(super) fn new(setup: &Setup, now: Moment) -> Self {
        Self {
            now,
            ticks: 0,
            skipped: 0,
            rng: Rng::new(setup.seed),
            roster: Roster::default(),
            timers: Timers::default(),
            next_task: 0,
            tasks: 0,
            asked: Asked::default(),
            queued_events: 0,
            limits: Arc::clone(&setup.limits),
            join_options: Options::default(),
        }
    }
}

/// Time.
impl<R: Room> Cx<R> {
    /// What time it is for the room: the same throughout one hook.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// How many steps the room has made, the one that is going on included.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// How many steps were skipped because the room was late, see [`Room::CATCH_UP`].
    #[must_use]
    pub fn skipped_ticks(&self) -> u64 {
        self.skipped
    }

    /// Calls [`Room::on_timer`] after this time. A pending timer that equals `timer` is replaced.
    pub fn after(&mut self, delay: Duration, timer: R::Timer) {
        self.at(self.now + delay, timer);
    }

    /// Calls [`Room::on_timer`] at this time, or in a millisecond if it has come. A pending timer that
    /// equals `timer` is replaced.
    pub fn at(&mut self, time: Moment, timer: R::Timer) {
        if self.timers.len() + self.asked.timers >= self.limits.timers {
            return self.fail("too many timers");
        }
        self.asked.timers += 1;
        self.asked.wishes.push(Wish::Timer(time, timer));
    }

    /// Forgets the pending timer that equals `timer`, if there is one.
    pub fn cancel(&mut self, timer: R::Timer) {
        self.asked.wishes.push(Wish::Cancel(timer));
    }

    /// When the timer that equals `timer` is due; `None` if none is pending.
    #[must_use]
    pub fn pending(&self, timer: &R::Timer) -> Option<Moment> {
        self.timers.due(timer)
    }
}

/// Chance.
impl<R: Room> Cx<R> {
    /// A number of `0..sides`, each as likely as the others. Zero if there are no sides.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.rng.below(sides)
    }

    /// A number of the range, each as likely as the others. The start if the range is empty.
    pub fn range(&mut self, range: Range<i64>) -> i64 {
        let span = range.end.wrapping_sub(range.start).max(0).cast_unsigned();
        range.start.wrapping_add(self.rng.below(span).cast_signed())
    }

    /// A number of at least 0 and less than 1.
    pub fn fraction(&mut self) -> f64 {
        // 53 bits: every such number can be told from its neighbours.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.rng.next() >> 11) as f64;
        bits / (1_u64 << 53) as f64
    }

    /// One of these, each as likely as the others. `None` if there are none.
    pub fn choose<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.rng.below(of.len() as u64);
        of.get(usize::try_from(place).ok()?)
    }

    /// Puts the items into an order that chance decides.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = usize::try_from(self.rng.below(end as u64 + 1)).unwrap_or(0);
            items.swap(end, other);
        }
    }

    /// A text of 16 hexadecimal digits that the room has not used before, as good as certainly.
    pub fn id(&mut self) -> String {
        format!("{:016x}", self.rng.next())
    }
}

/// Members.
impl<R: Room> Cx<R> {
    /// Everybody in the room, spectators included, in the order in which they came. In
    /// [`Room::on_join`] the new member is among them, in [`Room::on_leave`] the old one is not.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.members()
    }

    /// The players, in the order in which they came.
    pub fn players(&self) -> impl Iterator<Item = &Member> {
        self.members().filter(|member| member.role == Role::Player)
    }

    /// A member by its key.
    #[must_use]
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.roster.member(id)
    }

    /// Who leads, see [`Room::LEADER`].
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.roster.leader()
    }

    /// What the client that joins has asked for besides its role (`auth.join`), and under `me` what it says
    /// of itself, which nobody has verified. Nothing, except in [`Room::on_join`] and [`Room::on_spectate`].
    #[must_use]
    pub fn join_options(&self) -> &Options {
        &self.join_options
    }

    /// Removes a member: [`Room::on_leave`] follows, with [`LeaveReason::Kicked`](super::LeaveReason::Kicked).
    pub fn kick(&mut self, id: impl Into<MemberId>) {
        self.asked.wishes.push(Wish::Kick(id.into()));
    }
}

/// Events.
impl<R: Room> Cx<R> {
    /// Sends an event, after the next patch. It reaches every client that keeps up, in order; a
    /// client that does not is disconnected before anything is left out.
    #[expect(clippy::needless_pass_by_value, reason = "an event is made for the call")]
    pub fn emit(&mut self, to: impl Into<To>, event: R::Out) {
        self.push(to.into(), &event, Delivery::Reliable);
    }

    /// Sends an event at once, ahead of the patch, to those clients that are ready for it at this
    /// moment: for what is stale a moment later.
    #[expect(clippy::needless_pass_by_value, reason = "an event is made for the call")]
    pub fn emit_volatile(&mut self, to: impl Into<To>, event: R::Out) {
        self.push(to.into(), &event, Delivery::Volatile);
    }

    fn push(&mut self, to: To, event: &R::Out, delivery: Delivery) {
        if self.queued_events + self.asked.events >= self.limits.queued_events {
            return self.fail("too many events before they could be sent");
        }
        match outgoing::encode(event) {
            Ok((event, items)) => {
                self.asked.events += 1;
                self.asked.wishes.push(Wish::Emit { to, event, items, delivery });
            }
            Err(error) => self.fail(error),
        }
    }

    /// The hook fails, whatever it returns.
    fn fail(&mut self, why: impl fmt::Display) {
        self.asked.failure.get_or_insert_with(|| why.to_string());
    }
}

/// The room itself.
impl<R: Room> Cx<R> {
    /// Sets what the room says of itself in lists of rooms: JSON that they filter and sort by.
    pub fn label(&mut self, label: impl Serialize) {
        match serde_json::to_value(label) {
            Ok(label) => self.asked.wishes.push(Wish::Label(label)),
            Err(error) => self.fail(error),
        }
    }

    /// Takes no new members, or takes them again. Who has a seat comes back to it all the same.
    pub fn lock(&mut self, locked: bool) {
        self.asked.wishes.push(Wish::Lock(locked));
    }

    /// Keeps the room out of lists, or puts it back: a private room is found by its id.
    pub fn private(&mut self, private: bool) {
        self.asked.wishes.push(Wish::Private(private));
    }

    /// Sets how many players there may be. Those who are here stay.
    pub fn set_max(&mut self, players: usize) {
        self.asked.wishes.push(Wish::Max(players));
    }

    /// Ends the room, after the last patch and events have left. [`Room::on_leave`] is not called.
    pub fn close(&mut self) {
        self.asked.wishes.push(Wish::Close);
    }

    /// Does asynchronous work: a look into a database, a request. `into` makes a message of its
    /// result, with which [`Room::on_internal`] is called. Much may have happened by then.
    ///
    /// A replay does not do the work again: it has the message in its file.
    pub fn spawn<F>(&mut self, work: F, into: impl FnOnce(F::Output) -> R::Internal + 'static)
    where
        F: Future + 'static,
    {
        if self.tasks >= self.limits.tasks {
            return self.fail("too much asynchronous work");
        }
        self.tasks += 1;
        let task = TaskId(self.next_task);
        self.next_task += 1;
        self.asked.wishes.push(Wish::Spawn(task, Box::pin(async move { into(work.await) })));
    }
}

impl<R: Room> fmt::Debug for Cx<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("now", &self.now).field("ticks", &self.ticks).finish_non_exhaustive()
    }
}
