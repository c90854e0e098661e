//! Four in a row: two play, others look on, and who has been here longest is the host.

use greenroom::Reject;
use greenroom::room::{Cx, Grace, Leader, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Label, SEAT_KEPT, crash, person};
use crate::domain::{Person, Rule, Table};

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FourRoom {
    table: Table,
    host: Option<Person>,
    locked: bool,
    debug: bool,
}

/// What players do.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FourIn {
    /// Wants to play, or to play again; with both sides ready the game begins.
    Ready(bool),
    /// Drops a disc into a column, counted from 0.
    Drop(i8),
    GiveUp,
    /// Of the host: nobody else may come in, or everybody again.
    Lock(bool),
    /// In a room that was made with `debug`.
    Crash,
}

/// What everybody sees.
#[derive(Debug, Serialize, TS)]
pub(crate) struct FourView {
    table: Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    host: Option<Person>,
    locked: bool,
    debug: bool,
}

impl FourRoom {
    fn label(&self, cx: &mut Cx<Self>) {
        cx.label(Label {
            title: self.host.as_ref().map_or_else(String::new, |host| format!("{}’s table", host.name)),
            playing: self.table.is_playing(),
            debug: self.debug,
        });
    }

    fn lock(&mut self, who: &Member, locked: bool, cx: &mut Cx<Self>) -> Result<(), Rule> {
        if self.host.as_ref().is_none_or(|host| host.id != *who.id) {
            return Err(Rule::NotHost);
        }
        self.locked = locked;
        cx.lock(locked);
        Ok(())
    }
}

impl Room for FourRoom {
    type In = FourIn;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = FourView;

    const MAX_PLAYERS: usize = 2;
    const MAX_SPECTATORS: usize = 50;
    const LEADER: Leader = Leader::Oldest;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        let debug = options.get("debug").unwrap_or(false);
        let room = Self { table: Table::new(), host: None, locked: false, debug };
        room.label(cx);
        Ok(room)
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        self.table.sit(person(who)?)?;
        self.label(cx);
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: FourIn, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            FourIn::Ready(ready) => self.table.ready(&who.id, ready)?,
            FourIn::Drop(column) => self.table.drop(&who.id, column)?,
            FourIn::GiveUp => self.table.give_up(&who.id)?,
            FourIn::Lock(locked) => self.lock(who, locked, cx)?,
            FourIn::Crash => crash(self.debug)?,
        }
        self.label(cx);
        Ok(Reply::none())
    }

    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        self.table.set_away(&who.id, true);
        SEAT_KEPT
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        self.table.set_away(&who.id, false);
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, cx: &mut Cx<Self>) {
        self.table.leave(&who.id);
        self.label(cx);
    }

    fn on_leader(&mut self, leader: Option<&Member>, cx: &mut Cx<Self>) {
        self.host = leader.and_then(|leader| person(leader).ok());
        self.label(cx);
    }

    fn view(&self, _: &Member) -> FourView {
        let Self { table, host, locked, debug } = self.clone();
        FourView { table, host, locked, debug }
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.table.seated().map(|person| MemberId::from(&*person.id)).collect())
    }

    fn reconcile(&mut self, gone: &Member) {
        self.table.leave(&gone.id);
    }
}
