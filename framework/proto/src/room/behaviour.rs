//! What a user writes: [`Room`].

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Audience, Cx, Grace, Leader, LeaveReason, Member, MemberId, Options, Reply, Secret, WhenEmpty};
use crate::reject::Reject;

/// A custom room: a plain struct that holds the state, and what happens to it.
///
/// Everything is synchronous and single-threaded. A hook changes `self` and asks for effects through
/// [`Cx`]; they are performed if it returns `Ok`, in the order patch, events, acknowledgement. If it
/// returns `Err` or panics, the state is as it was before, and nothing was asked for.
///
/// Only [`create`](Room::create), [`on_event`](Room::on_event) and [`view`](Room::view) have to be
/// written. A type that a room does not need is [`Nothing`].
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Counter { count: i64 }
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "snake_case")]
/// enum In { Add(i64) }
///
/// #[derive(Serialize)]
/// struct View { count: i64 }
///
/// impl Room for Counter {
///     type In = In;
///     type Out = Nothing;
///     type Timer = Nothing;
///     type Internal = Nothing;
///     type View = View;
///
///     fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
///         Ok(Self { count: 0 })
///     }
///
///     fn on_event(&mut self, _: &Member, event: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
///         let In::Add(number) = event;
///         self.count += number;
///         Ok(self.count.into())
///     }
///
///     fn view(&self, _: &Member) -> View {
///         View { count: self.count }
///     }
/// }
/// ```
///
/// # Determinism
/// The same inputs lead to the same state: that is what replay and rollback stand on. Time, chance
/// and ids come from [`Cx`]. The order of a `HashMap` differs from run to run, so a room that goes
/// through one should hold a `BTreeMap` instead.
pub trait Room: Clone + Serialize + DeserializeOwned + Sized + 'static {
    /// What clients may send: an enum whose variants are the events. A unit variant takes no
    /// argument, a newtype or struct variant one, a tuple variant as many as it has fields.
    type In: DeserializeOwned;
    /// What clients are sent besides the state: an enum like [`Room::In`].
    type Out: Serialize;
    /// What timers carry. Two equal values are the same timer.
    type Timer: Serialize + DeserializeOwned + Clone + PartialEq + 'static;
    /// What the server tells the room: results of asynchronous work, words of other actors. No
    /// client can send one.
    type Internal: Serialize + DeserializeOwned + Send + 'static;
    /// What a member may see. To serde it is an object. A field without a value (`None`, a number
    /// that is not finite) is left out: in a merge patch null means that a field is gone.
    type View: Serialize;

    /// Length of a step of the simulation. Default: the room does not tick.
    const TICK: Option<Duration> = None;
    /// How many steps that were missed are made up for at once; older ones are skipped, and counted
    /// in [`Cx::skipped_ticks`]. Default 5: a pause of a quarter second at 20 Hz is caught up
    /// with, a longer one would delay everything after it.
    const CATCH_UP: u32 = 5;
    /// The least time between two patches. Default: every tick, but at most 20 a second; without a
    /// tick, at once.
    const PATCH_INTERVAL: Option<Duration> = None;
    /// How many players there may be; [`Cx::set_max`] changes it. Default 64.
    const MAX_PLAYERS: usize = 64;
    /// How many spectators there may be. Default 0: the room takes none.
    const MAX_SPECTATORS: usize = 0;
    /// Who leads. Default: nobody.
    const LEADER: Leader = Leader::Nobody;
    /// When the room closes after its last member has left. Default: at once.
    const WHEN_EMPTY: WhenEmpty = WhenEmpty::Close;

    /// Makes the room, before its first member joins.
    ///
    /// # Errors
    /// The room is not made, and the client that asked for it is told why.
    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject>;

    /// A player wants to join. Whether there is a place has been checked.
    ///
    /// # Errors
    /// The player does not get in, and is told why.
    fn on_join(&mut self, _who: &Member, _cx: &mut Cx<Self>) -> Result<(), Reject> {
        Ok(())
    }

    /// A player sends an event. What is returned is the acknowledgement.
    ///
    /// # Errors
    /// Nothing has happened, and the client is told why.
    fn on_event(&mut self, who: &Member, event: Self::In, cx: &mut Cx<Self>) -> Result<Reply, Reject>;

    /// The last connection of a player broke. Default: its seat is kept for 30 s, long enough for a
    /// phone that changes networks.
    fn on_drop(&mut self, _who: &Member, _cx: &mut Cx<Self>) -> Grace {
        Grace::For(Duration::from_secs(30))
    }

    /// A player whose connection broke is back in its seat.
    fn on_reconnect(&mut self, _who: &Member, _cx: &mut Cx<Self>) {}

    /// A player is gone for good.
    fn on_leave(&mut self, _who: &Member, _reason: LeaveReason, _cx: &mut Cx<Self>) {}

    /// One step of the simulation; `step` is always [`Room::TICK`].
    fn on_tick(&mut self, _step: Duration, _cx: &mut Cx<Self>) {}

    /// A timer set by [`Cx::after`] or [`Cx::at`] is due.
    fn on_timer(&mut self, _timer: Self::Timer, _cx: &mut Cx<Self>) {}

    /// The server tells the room something.
    fn on_internal(&mut self, _message: Self::Internal, _cx: &mut Cx<Self>) {}

    /// Somebody wants to look on. Whether there is a place has been checked.
    ///
    /// # Errors
    /// The spectator does not get in, and is told why.
    fn on_spectate(&mut self, _who: &Member, _cx: &mut Cx<Self>) -> Result<(), Reject> {
        Ok(())
    }

    /// A spectator sends an event. Default: refused with the code `spectator`.
    ///
    /// # Errors
    /// Nothing has happened, and the client is told why.
    fn on_spectator_event(
        &mut self,
        _who: &Member,
        _event: Self::In,
        _cx: &mut Cx<Self>,
    ) -> Result<Reply, Reject> {
        Err(Reject::new("spectator", "spectators only look on"))
    }

    /// A spectator is gone for good.
    fn on_spectator_leave(&mut self, _who: &Member, _reason: LeaveReason, _cx: &mut Cx<Self>) {}

    /// The lead has moved, see [`Room::LEADER`]. Nobody leads a room without players.
    fn on_leader(&mut self, _leader: Option<&Member>, _cx: &mut Cx<Self>) {}

    /// Who is to lead if [`Room::LEADER`] is [`Leader::Chosen`]: one of the players, in the order in
    /// which they came. Default: the first that is online.
    fn choose_leader(&self, players: &[&Member]) -> Option<MemberId> {
        players.iter().find(|player| player.online).map(|player| player.id.clone())
    }

    /// What this member sees. It is encoded once for each [`Audience`].
    fn view(&self, who: &Member) -> Self::View;

    /// What this member sees besides the view: its hand of cards, for example. The fields stand
    /// beside those of the view and must have other names. This is much cheaper than an audience
    /// of its own. Default: nothing.
    fn secret(&self, _who: &Member) -> Secret {
        Secret::none()
    }

    /// Whose view this member shares. Default: everybody's.
    fn audience(&self, _who: &Member) -> Audience {
        Audience::Shared
    }

    /// Which players the state has a place for, in any order. It lets the framework notice a player
    /// that is in the state without being in the room. Default: not known.
    fn seated(&self) -> Option<Vec<MemberId>> {
        None
    }

    /// [`Room::on_leave`] panicked twice: takes what is left of the player out of the state, by the
    /// shortest way. If [`Room::seated`] does not confirm that it is gone, the room closes.
    fn reconcile(&mut self, _gone: &Member) {}
}

/// A type without values, for what a room does not have.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::Nothing;
///
/// fn never(nothing: Nothing) -> ! {
///     match nothing {}
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Nothing {}
