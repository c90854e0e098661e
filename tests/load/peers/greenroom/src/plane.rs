//! A custom room of 64 who all move, 20 times a second.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::room::{Cx, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};

/// Players on a plane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plane {
    step: u64,
    players: BTreeMap<MemberId, Player>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Player {
    x: f32,
    y: f32,
    hp: u8,
}

impl Room for Plane {
    type In = Nothing;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = Self;

    const TICK: Option<Duration> = Some(Duration::from_millis(50));
    const MAX_PLAYERS: usize = 64;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self { step: 0, players: BTreeMap::new() })
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.players.insert(who.id.clone(), Player { x: 100.5, y: 200.5, hp: 100 });
        Ok(())
    }

    fn on_event(&mut self, _: &Member, event: Nothing, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {}
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.players.remove(&who.id);
    }

    fn on_tick(&mut self, _: Duration, _: &mut Cx<Self>) {
        self.step += 1;
        for player in self.players.values_mut() {
            player.x = ((player.x + 1.1) * 10.0).round() / 10.0 % 1_000.0;
            player.y = ((player.y + 0.7) * 10.0).round() / 10.0 % 1_000.0;
        }
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}
