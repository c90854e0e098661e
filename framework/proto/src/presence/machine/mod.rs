//! [`Presence`]: all of a namespace's presence as one machine.

mod deadlines;
mod queries;
mod relations;
mod sockets;
mod statuses;
mod typists;
mod watchers;

pub use queries::{SocketView, UserView};

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::message::Calendar;
use super::offline::Offline;
use super::table::{Table, View};
use super::timers::{Timer, Timers};
use super::user::User;
use super::visibility::Sight;
use super::watch::Watches;
use super::{Effect, MetaRef, PresenceConfig, Scope, UserId};

/// The presence of one namespace.
///
/// Methods are of three kinds. Inputs (`connect`, `join`, `report`, …) take what happened and the
/// time; they only note it. [`handle_deadline`](Self::handle_deadline) makes visible what is due: the
/// shell calls it after a batch of inputs, and when [`next_deadline`](Self::next_deadline) has passed.
/// [`poll_effect`](Self::poll_effect) hands out what is to be sent.
///
/// ```
/// # #![allow(clippy::disallowed_methods, reason = "an example starts its own time")]
/// use std::time::{Duration, Instant};
/// use greenroom_proto::presence::{Presence, PresenceConfig, Scope};
///
/// let now = Instant::now();
/// let mut presence = Presence::new(PresenceConfig::default(), now, Duration::ZERO);
/// let ann = presence.connect(&"ann".into(), None, None, now);
/// presence.join(ann, Scope::Room("lobby".into()), now);
/// presence.handle_deadline(now);
/// let told: Vec<_> = std::iter::from_fn(|| presence.poll_effect()).collect();
/// assert_eq!(told.len(), 3); // who she is, that she came, and who is there
/// ```
#[derive(Debug)]
pub struct Presence {
    config: PresenceConfig,
    calendar: Calendar,
    users: BTreeMap<UserId, User>,
    sockets: BTreeMap<MetaRef, SocketState>,
    tables: BTreeMap<Scope, Table>,
    watches: Watches,
    sight: Sight,
    offline: Offline,
    timers: Timers,
    effects: VecDeque<Effect>,
    announce_namespace: bool,
    last_ref: u64,
}

/// What a socket is here.
#[derive(Debug)]
struct SocketState {
    user: UserId,
    scopes: SmallVec<[Scope; 2]>,
}

/// Why an input was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The socket has ended, or is not in that room.
    #[error("you are not there")]
    NotThere,
    /// More reports of typing than [`PresenceConfig::typing_reports`].
    #[error("too many reports of typing")]
    TooMany,
    /// The room has more users than [`PresenceConfig::typing_max_members`].
    #[error("in a room of this size nobody is told who types")]
    TooLarge,
    /// More users than [`PresenceConfig::max_watched`], or an id longer than
    /// [`PresenceConfig::max_user_id`].
    #[error("too many users to watch, or an id that is too long")]
    TooManyWatched,
    /// More bytes than [`PresenceConfig::max_data`].
    #[error("the data of a user is too long")]
    DataTooLong,
    /// More than [`PresenceConfig::max_relations`].
    #[error("too many blocks and choices are remembered already")]
    TooManyRelations,
}

impl Presence {
    /// A presence without users, whose namespace-wide table is told to nobody but those who watch.
    ///
    /// `now_unix` is the calendar's time now; it must not go back from one presence of the same clients
    /// to the next.
    #[must_use]
    pub fn new(config: PresenceConfig, now: Instant, now_unix: Duration) -> Self {
        Self {
            sight: Sight::new(config.reciprocal),
            config,
            calendar: Calendar::new(now, now_unix),
            users: BTreeMap::new(),
            sockets: BTreeMap::new(),
            tables: BTreeMap::new(),
            watches: Watches::default(),
            offline: Offline::default(),
            timers: Timers::default(),
            effects: VecDeque::new(),
            announce_namespace: false,
            last_ref: 0,
        }
    }

    /// Tells everyone in the namespace of everyone in it, too. To be called before the first
    /// [`connect`](Self::connect).
    #[must_use]
    pub fn announce_namespace(mut self) -> Self {
        self.announce_namespace = true;
        self
    }

    /// What is to be sent next.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`handle_deadline`](Self::handle_deadline) has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &PresenceConfig {
        &self.config
    }

    /// Runs something on a table, and arms the table's deadlines behind it.
    fn with_table<T>(
        &mut self,
        scope: &Scope,
        now: Instant,
        run: impl FnOnce(&mut Table, &View<'_>, &mut Vec<Effect>) -> T,
    ) -> Option<T> {
        let table = self.tables.get_mut(scope)?;
        let view = View { now, config: &self.config, calendar: &self.calendar, sight: &self.sight };
        let mut effects = Vec::new();
        let result = run(table, &view, &mut effects);
        self.effects.extend(effects);
        self.timers.arm(Timer::Scope(scope.clone()), table.next_deadline(&self.config, &self.calendar));
        self.timers.arm(Timer::Typing(scope.clone()), table.typing.next_deadline(now, &self.config));
        Some(result)
    }
}
