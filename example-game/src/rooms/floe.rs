//! Discs on an ice floe, at 20 Hz: up to eight play, others look on.

use std::time::Duration;

use greenroom::Reject;
use greenroom::room::{Cx, Grace, Leader, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room, To};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Label, SEAT_KEPT, crash, person};
use crate::domain::{Floe, Happening};

/// A floe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FloeRoom {
    floe: Floe,
    host: String,
    debug: bool,
}

/// What players do.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FloeIn {
    /// Where the disc is steered, by at most 100 in any direction: once in each step, with a number.
    Steer { x: i8, y: i8 },
    /// In a room that was made with `debug`.
    Crash,
}

/// What has happened, by the numbers of seats.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FloeOut {
    /// Somebody slid off.
    Fell(u32),
    /// Somebody won the round.
    Won(u32),
}

/// What everybody sees.
#[derive(Debug, Serialize, TS)]
pub(crate) struct FloeView {
    floe: Floe,
    debug: bool,
}

impl FloeRoom {
    fn label(&self, cx: &mut Cx<Self>) {
        let title = if self.host.is_empty() { String::new() } else { format!("{}’s floe", self.host) };
        cx.label(Label { title, playing: self.floe.players.len() > 1, debug: self.debug });
    }
}

impl Room for FloeRoom {
    type In = FloeIn;
    type Out = FloeOut;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = FloeView;

    const TICK: Option<Duration> = Some(Duration::from_millis(50));
    const MAX_PLAYERS: usize = 8;
    const MAX_SPECTATORS: usize = 50;
    const LEADER: Leader = Leader::Oldest;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        let debug = options.get("debug").unwrap_or(false);
        let room = Self { floe: Floe::new(), host: String::new(), debug };
        room.label(cx);
        Ok(room)
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        self.floe.join(who.seat.0, person(who)?);
        self.label(cx);
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: FloeIn, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            FloeIn::Steer { x, y } => self.floe.steer(who.seat.0, x, y),
            FloeIn::Crash => crash(self.debug)?,
        }
        Ok(Reply::none())
    }

    fn on_tick(&mut self, _: Duration, cx: &mut Cx<Self>) {
        for happening in self.floe.step() {
            match happening {
                Happening::Fell(seat) => cx.emit_volatile(To::All, FloeOut::Fell(seat)),
                Happening::Won(seat) => cx.emit(To::All, FloeOut::Won(seat)),
            }
        }
    }

    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        self.floe.set_away(who.seat.0, true);
        SEAT_KEPT
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        self.floe.set_away(who.seat.0, false);
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, cx: &mut Cx<Self>) {
        if let Some(winner) = self.floe.leave(who.seat.0) {
            cx.emit(To::All, FloeOut::Won(winner));
        }
        self.label(cx);
    }

    fn on_leader(&mut self, leader: Option<&Member>, cx: &mut Cx<Self>) {
        self.host = leader.and_then(|leader| person(leader).ok()).map_or_else(String::new, |who| who.name);
        self.label(cx);
    }

    fn view(&self, _: &Member) -> FloeView {
        FloeView { floe: self.floe.clone(), debug: self.debug }
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.floe.players.values().map(|player| MemberId::from(&*player.person.id)).collect())
    }

    fn reconcile(&mut self, gone: &Member) {
        self.floe.leave(gone.seat.0);
    }
}
