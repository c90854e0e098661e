//! Discs on an ice floe that melts: who slides off is out, the last one on it wins the round, and
//! three rounds win the game.
//!
//! Owns the players by the numbers of their seats, their discs and the round. Takes who comes and
//! goes, where they steer, and steps of 50 ms. Keeps: whoever is in no round waits for the next one.

mod ice;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use self::ice::{Disc, POINT};
use super::Person;

/// Number of a player's seat, as the room counts them.
pub(crate) type SeatNumber = u32;

/// Radius of the floe when a round begins, and when it has melted.
const LARGEST: i64 = 400 * POINT;
const SMALLEST: i64 = 110 * POINT;

/// What it loses in a step, once it melts: about 36 s from the largest to the smallest.
const MELTING: i64 = 102;

/// Steps from the beginning of a round until the floe melts: 6 s.
const FROZEN: u32 = 120;

/// Steps before and after a round: 3 s.
const PAUSE: u32 = 60;

/// Rounds to be won.
pub(crate) const WIN: u32 = 3;

/// Where discs start, as parts of a hundred of the radius.
const PLACES: [(i64, i64); 8] =
    [(65, 0), (46, 46), (0, 65), (-46, 46), (-65, 0), (-46, -46), (0, -65), (46, -46)];

/// Somebody who plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Player {
    pub(crate) person: Person,
    /// Rounds won in this game.
    pub(crate) won: u32,
    /// Without a connection; the seat is kept for a while.
    pub(crate) away: bool,
    /// On the ice; without one, out of this round.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub(crate) disc: Option<Disc>,
}

/// How far the round is. Times are numbers of steps, see [`Floe::now`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum Round {
    /// For a second player; whoever is alone may slide about.
    Waiting,
    /// Everybody is at their place.
    Starting {
        until: u32,
    },
    Playing {
        since: u32,
    },
    /// Won by the last one on the ice; by nobody if the last ones fell together.
    Over {
        until: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        winner: Option<SeatNumber>,
    },
}

/// What others may want to hear of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Fell(SeatNumber),
    /// Won the round.
    Won(SeatNumber),
}

/// A floe and those on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Floe {
    pub(crate) players: BTreeMap<SeatNumber, Player>,
    pub(crate) round: Round,
    pub(crate) radius: i64,
    /// Steps so far. Where nobody moves and nothing is awaited, none is made.
    pub(crate) now: u32,
}

impl Floe {
    /// A floe with nobody on it.
    pub(crate) fn new() -> Self {
        Self { players: BTreeMap::new(), round: Round::Waiting, radius: LARGEST, now: 0 }
    }

    /// Somebody wants to play.
    pub(crate) fn join(&mut self, seat: SeatNumber, person: Person) {
        self.players.insert(seat, Player { person, won: 0, away: false, disc: None });
        match self.round {
            Round::Waiting | Round::Starting { .. } => self.prepare(),
            Round::Playing { .. } | Round::Over { .. } => {}
        }
    }

    /// Somebody plays no more. Who has won the round thereby?
    pub(crate) fn leave(&mut self, seat: SeatNumber) -> Option<SeatNumber> {
        self.players.remove(&seat)?;
        match self.round {
            Round::Waiting => None,
            Round::Starting { .. } | Round::Over { .. } => {
                if self.players.len() < 2 {
                    self.prepare();
                }
                None
            }
            Round::Playing { .. } => self.judge(),
        }
    }

    /// Somebody's connection is gone, or back. Their disc slides on.
    pub(crate) fn set_away(&mut self, seat: SeatNumber, away: bool) {
        let Some(player) = self.players.get_mut(&seat) else { return };
        player.away = away;
        if let Some(disc) = &mut player.disc {
            disc.steer(0, 0);
        }
    }

    /// Somebody steers, by at most 100 in any direction. Who is not on the ice has nothing to steer.
    pub(crate) fn steer(&mut self, seat: SeatNumber, x: i8, y: i8) {
        if let Some(disc) = self.players.get_mut(&seat).and_then(|player| player.disc.as_mut()) {
            disc.steer(x.into(), y.into());
        }
    }

    /// 50 ms pass.
    pub(crate) fn step(&mut self) -> Vec<Happening> {
        match self.round {
            Round::Waiting => self.skate(),
            Round::Starting { until } => {
                self.now += 1;
                if self.now >= until {
                    self.round = Round::Playing { since: self.now };
                }
                Vec::new()
            }
            Round::Playing { since } => self.play(since),
            Round::Over { until, .. } => {
                self.slide();
                if self.now >= until {
                    self.prepare();
                }
                Vec::new()
            }
        }
    }

    /// Alone on the ice: who falls is put back.
    fn skate(&mut self) -> Vec<Happening> {
        if self.discs().all(|disc| disc.rests()) {
            return Vec::new();
        }
        self.slide();
        let radius = self.radius;
        for disc in self.players.values_mut().filter_map(|player| player.disc.as_mut()) {
            if !disc.is_on(radius) {
                *disc = Disc::default();
            }
        }
        Vec::new()
    }

    fn play(&mut self, since: u32) -> Vec<Happening> {
        self.slide();
        if self.now - since > FROZEN {
            self.radius = (self.radius - MELTING).max(SMALLEST);
        }
        let mut happened = Vec::new();
        for (&seat, player) in &mut self.players {
            if player.disc.is_some_and(|disc| !disc.is_on(self.radius)) {
                player.disc = None;
                happened.push(Happening::Fell(seat));
            }
        }
        happened.extend(self.judge().map(Happening::Won));
        happened
    }

    fn slide(&mut self) {
        self.now += 1;
        let mut discs: Vec<&mut Disc> =
            self.players.values_mut().filter_map(|player| player.disc.as_mut()).collect();
        ice::step(&mut discs);
    }

    /// The round is over when at most one is left, who has won it.
    fn judge(&mut self) -> Option<SeatNumber> {
        let mut left = self.players.iter_mut().filter(|(_, player)| player.disc.is_some());
        let (last, more) = (left.next(), left.next());
        if more.is_some() {
            return None;
        }
        let winner = last.map(|(&seat, player)| {
            player.won += 1;
            seat
        });
        self.round = Round::Over { until: self.now + PAUSE, winner };
        winner
    }

    /// Puts everybody at their place; the round starts as soon as there are two.
    fn prepare(&mut self) {
        self.radius = LARGEST;
        let game_over = self.players.values().any(|player| player.won >= WIN);
        let count = self.players.len();
        for (place, player) in self.players.values_mut().enumerate() {
            let (x, y) = PLACES.get(place * PLACES.len() / count).copied().unwrap_or_default();
            let alone = count == 1;
            player.disc =
                Some(if alone { Disc::default() } else { Disc::at(x * LARGEST / 100, y * LARGEST / 100) });
            if game_over || alone {
                player.won = 0;
            }
        }
        self.round = if count < 2 { Round::Waiting } else { Round::Starting { until: self.now + PAUSE } };
    }

    fn discs(&self) -> impl Iterator<Item = &Disc> {
        self.players.values().filter_map(|player| player.disc.as_ref())
    }
}
