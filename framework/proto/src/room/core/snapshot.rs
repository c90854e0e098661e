//! A room as text, and back: where a replay begins.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::faults::Faults;
use super::flush::Outbound;
use super::frames::Frames;
use super::ticking::Ticking;
use super::traffic::Traffic;
use super::{Entry, Journal, Phase, RoomCore};
use crate::room::cx::Asked;
use crate::room::rng::Rng;
use crate::room::roster::Roster;
use crate::room::timers::Timers;
use crate::room::{Cx, Moment, Options, Room, RoomLimits};

/// Everything that decides what comes next. What connections have seen does not, so it is left out.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "R: Room"))]
struct Snapshot<'a, R: Room> {
    id: Cow<'a, str>,
    room: Cow<'a, R>,
    roster: Cow<'a, Roster>,
    timers: Cow<'a, Timers<R::Timer>>,
    rng: Cow<'a, Rng>,
    now: Moment,
    ticks: u64,
    skipped: u64,
    next_task: u64,
    tasks: usize,
    entry: Cow<'a, Entry>,
    empty_until: Option<Moment>,
    ticking: Ticking,
    traffic: Cow<'a, Traffic>,
    faults: Cow<'a, Faults>,
    limits: Cow<'a, RoomLimits>,
    /// Whether a patch is to come.
    changed: bool,
}

impl<R: Room> RoomCore<R> {
    /// The room as JSON. Nothing may wait to be sent.
    pub(super) fn snapshot(&self) -> Result<String, serde_json::Error> {
        let cx = &self.cx;
        serde_json::to_string(&Snapshot::<R> {
            id: Cow::Borrowed(&self.id),
            room: Cow::Borrowed(&self.room),
            roster: Cow::Borrowed(&cx.roster),
            timers: Cow::Borrowed(&cx.timers),
            rng: Cow::Borrowed(&cx.rng),
            now: cx.now,
            ticks: cx.ticks,
            skipped: cx.skipped,
            next_task: cx.next_task,
            tasks: cx.tasks,
            entry: Cow::Borrowed(&self.entry),
            empty_until: self.empty_until,
            ticking: self.ticking,
            traffic: Cow::Borrowed(&self.traffic),
            faults: Cow::Borrowed(&self.faults),
            limits: Cow::Borrowed(&cx.limits),
            changed: self.frames.is_changed(),
        })
    }

    /// A room that goes on where the snapshot was taken. It keeps no journal and cuts no frames.
    pub(in crate::room) fn restore(json: &str) -> Result<Self, serde_json::Error> {
        let snapshot: Snapshot<'_, R> = serde_json::from_str(json)?;
        let mut roster = snapshot.roster.into_owned();
        roster.reindex();
        let cx = Cx {
            now: snapshot.now,
            ticks: snapshot.ticks,
            skipped: snapshot.skipped,
            rng: snapshot.rng.into_owned(),
            roster,
            timers: snapshot.timers.into_owned(),
            next_task: snapshot.next_task,
            tasks: snapshot.tasks,
            asked: Asked::default(),
            queued_events: 0,
            limits: Arc::new(snapshot.limits.into_owned()),
            join_options: Options::default(),
        };
        Ok(Self {
            id: snapshot.id.into_owned().into(),
            room: snapshot.room.into_owned(),
            frames: Frames::blind(snapshot.changed),
            phase: Phase::Open,
            entry: snapshot.entry.into_owned(),
            empty_until: snapshot.empty_until,
            ticking: snapshot.ticking,
            traffic: snapshot.traffic.into_owned(),
            faults: snapshot.faults.into_owned(),
            outbound: Outbound::default(),
            kicks: VecDeque::new(),
            roster_changed: false,
            effects: Vec::new(),
            journal: Journal::none(),
            cx,
        })
    }
}
