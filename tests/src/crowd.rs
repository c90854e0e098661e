//! A room in which much changes all the time.

use std::time::Duration;

use greenroom::prelude::*;
use greenroom::room::{Cx, Member, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};

/// Sixty-four who move with every step, a hundred times a second: five times as fast as the game that it
/// stands for, so that a test takes a fifth of the time. Who joins looks on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Crowd {
    /// Steps so far.
    pub step: u64,
    walkers: Vec<(String, f32)>,
}

/// What everybody sees.
#[derive(Debug, Serialize)]
pub struct View {
    step: u64,
    walkers: std::collections::BTreeMap<String, Walker>,
}

#[derive(Debug, Serialize)]
struct Walker {
    x: f32,
    y: f32,
    name: String,
}

/// Steps per second.
pub const STEPS_PER_SECOND: u32 = 100;

impl Room for Crowd {
    type In = Nothing;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = View;

    const TICK: Option<Duration> = Some(Duration::from_millis(1_000 / STEPS_PER_SECOND as u64));
    const PATCH_INTERVAL: Option<Duration> = Self::TICK;
    const MAX_PLAYERS: usize = 64;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self { step: 0, walkers: (0_u8..64).map(|n| (format!("p{n}"), f32::from(n))).collect() })
    }

    fn on_event(&mut self, _: &Member, event: Nothing, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {}
    }

    fn on_tick(&mut self, _: Duration, _: &mut Cx<Self>) {
        self.step += 1;
        for (_, place) in &mut self.walkers {
            *place = ((*place + 1.1) * 10.0).round() / 10.0 % 1_000.0;
        }
    }

    fn view(&self, _: &Member) -> View {
        let seen = |(id, x): &(String, f32)| {
            (id.clone(), Walker { x: *x, y: 1_000.5 - *x, name: format!("Walker {id}") })
        };
        View { step: self.step, walkers: self.walkers.iter().map(seen).collect() }
    }
}
