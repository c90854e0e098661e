//! Rock, paper, scissors: two seats, a choice that stays secret until both have chosen, and three won
//! rounds win the match. Who does not choose in time loses the round; others may look on.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom::room::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Rounds that win the match: it is the best of five.
const WINS: u32 = 3;
/// Time for a round, unless the room is created with `seconds`.
const ROUND_SECONDS: u64 = 15;
/// How long a seat is kept while its player's connection is gone.
const SEAT_KEPT: Grace = Grace::For(Duration::from_secs(60));
/// Characters of a name.
const NAME_CHARS: usize = 20;
/// Characters of what somebody says.
const TEXT_CHARS: usize = 200;

/// What a player chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hand {
    Rock,
    Paper,
    Scissors,
}

impl Hand {
    fn beats(self, other: Self) -> bool {
        use Hand::{Paper, Rock, Scissors};
        matches!((self, other), (Rock, Scissors) | (Paper, Rock) | (Scissors, Paper))
    }
}

/// Where the match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Waiting,
    Choosing,
    Over,
}

/// The state of a room.
#[derive(Clone, Serialize, Deserialize)]
pub struct Match {
    phase: Phase,
    round: u32,
    round_time: Duration,
    ends: Option<Moment>,
    players: BTreeMap<MemberId, Player>,
    last: BTreeMap<MemberId, Hand>,
    winner: Option<MemberId>,
}

/// One of the two who play.
#[derive(Clone, Serialize, Deserialize)]
struct Player {
    name: String,
    hand: Option<Hand>,
    wins: u32,
    rematch: bool,
    away: bool,
}

/// What clients may send.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum In {
    Choose(Hand),
    Rematch,
    Say {
        text: String,
    },
    /// For the tests: a bug.
    #[cfg(debug_assertions)]
    Crash,
}

/// What clients are sent besides the state.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Out {
    Said { from: MemberId, text: String },
    Shown { round: u32, winner: Option<MemberId> },
}

/// The timer of a round.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeIsUp;

/// What everybody sees.
#[derive(Serialize)]
pub struct View {
    phase: Phase,
    round: u32,
    ends: Option<Moment>, // milliseconds since 1970, for a countdown
    players: BTreeMap<MemberId, Seen>,
    last: BTreeMap<MemberId, Hand>,
    winner: Option<MemberId>,
}

/// What everybody sees of a player: whether it has chosen, but not what.
#[derive(Serialize)]
struct Seen {
    name: String,
    chosen: bool,
    wins: u32,
    rematch: bool,
    away: bool,
}

/// What a player alone sees.
#[derive(Serialize)]
struct Mine {
    hand: Option<Hand>,
}

impl Room for Match {
    type In = In;
    type Out = Out;
    type Timer = TimeIsUp;
    type Internal = Nothing;
    type View = View;
    const MAX_PLAYERS: usize = 2;
    const MAX_SPECTATORS: usize = 20;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        let seconds = options.get("seconds").unwrap_or(ROUND_SECONDS);
        if !(1..=120).contains(&seconds) {
            return Err(Reject::new("bad_options", "a round takes 1 to 120 seconds"));
        }
        let room = Self {
            phase: Phase::Waiting,
            round: 0,
            round_time: Duration::from_secs(seconds),
            ends: None,
            players: BTreeMap::new(),
            last: BTreeMap::new(),
            winner: None,
        };
        room.label(cx);
        Ok(room)
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        let name: String = cx.join_options().get("me").unwrap_or_default();
        if name.chars().count() > NAME_CHARS {
            return Err(Reject::new("bad_name", "a name has at most 20 characters"));
        }
        let player = Player { name, hand: None, wins: 0, rematch: false, away: false };
        self.players.insert(who.id.clone(), player);
        if self.players.len() == Self::MAX_PLAYERS {
            self.start(cx);
        }
        self.label(cx);
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Choose(hand) => self.choose(who, hand, cx)?,
            In::Rematch => self.rematch(who, cx)?,
            In::Say { text } => say(who, text, cx)?,
            #[cfg(debug_assertions)]
            In::Crash => self.crash(),
        }
        Ok(Reply::none())
    }

    fn on_spectator_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        let In::Say { text } = event else {
            return Err(Reject::new("spectator", "you are looking on"));
        };
        say(who, text, cx)?;
        Ok(Reply::none())
    }

    fn on_timer(&mut self, _: TimeIsUp, cx: &mut Cx<Self>) {
        self.show(cx);
    }

    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        self.set_away(who, true);
        if self.phase == Phase::Choosing { SEAT_KEPT } else { Grace::For(Duration::from_secs(10)) }
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        self.set_away(who, false);
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, cx: &mut Cx<Self>) {
        self.players.remove(&who.id);
        if self.phase == Phase::Choosing {
            let left = self.players.keys().next().cloned();
            self.end(left, cx);
        }
        self.label(cx);
    }

    fn view(&self, _: &Member) -> View {
        let Self { phase, round, ends, players, last, winner, .. } = self.clone();
        let players = players.into_iter().map(|(id, player)| (id, player.seen())).collect();
        View { phase, round, ends, players, last, winner }
    }

    fn secret(&self, who: &Member) -> Secret {
        match self.players.get(&who.id) {
            Some(player) => Secret::of(Mine { hand: player.hand }),
            None => Secret::none(), // who looks on
        }
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.players.keys().cloned().collect())
    }
}

impl Match {
    fn start(&mut self, cx: &mut Cx<Self>) {
        for player in self.players.values_mut() {
            (player.wins, player.rematch) = (0, false);
        }
        (self.phase, self.round, self.winner) = (Phase::Choosing, 0, None);
        self.last.clear();
        self.next_round(cx);
    }

    fn next_round(&mut self, cx: &mut Cx<Self>) {
        self.round += 1;
        for player in self.players.values_mut() {
            player.hand = None;
        }
        self.ends = Some(cx.now() + self.round_time);
        cx.after(self.round_time, TimeIsUp); // in place of the last round's
    }

    fn choose(&mut self, who: &Member, hand: Hand, cx: &mut Cx<Self>) -> Result<(), Reject> {
        if self.phase != Phase::Choosing {
            return Err(Reject::new("no_round", "there is no round at the moment"));
        }
        let player = self.player(who)?;
        if player.hand.replace(hand).is_some() {
            return Err(Reject::new("already_chosen", "you have chosen")); // and the first choice holds
        }
        if self.players.values().all(|player| player.hand.is_some()) {
            self.show(cx);
        }
        Ok(())
    }

    fn rematch(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        if self.phase != Phase::Over {
            return Err(Reject::new("not_over", "the match is not over"));
        }
        self.player(who)?.rematch = true;
        let both = self.players.len() == Self::MAX_PLAYERS;
        if both && self.players.values().all(|player| player.rematch) {
            self.start(cx);
            self.label(cx);
        }
        Ok(())
    }

    /// Ends a round: both have chosen, or the time is up.
    fn show(&mut self, cx: &mut Cx<Self>) {
        let chosen = |(id, player): (&MemberId, &Player)| Some((id.clone(), player.hand?));
        self.last = self.players.iter().filter_map(chosen).collect();
        let winner = self.round_winner();
        cx.emit(To::All, Out::Shown { round: self.round, winner: winner.clone() });
        let best = winner.and_then(|id| {
            let player = self.players.get_mut(&id)?;
            player.wins += 1;
            (player.wins == WINS).then_some(id)
        });
        if best.is_some() || self.last.is_empty() {
            self.end(best, cx); // or nobody plays any more
            self.label(cx);
        } else {
            self.next_round(cx);
        }
    }

    fn round_winner(&self) -> Option<MemberId> {
        let mut hands = self.players.iter().map(|(id, player)| (id, player.hand));
        let ((one, hand), (other, others)) = (hands.next()?, hands.next()?);
        match (hand, others) {
            (Some(hand), others) if others.is_none_or(|others| hand.beats(others)) => Some(one.clone()),
            (hand, Some(others)) if hand.is_none_or(|hand| others.beats(hand)) => Some(other.clone()),
            _ => None,
        }
    }

    fn end(&mut self, winner: Option<MemberId>, cx: &mut Cx<Self>) {
        (self.phase, self.winner, self.ends) = (Phase::Over, winner, None);
        cx.cancel(TimeIsUp);
    }

    /// What a list of rooms shows and filters by.
    fn label(&self, cx: &mut Cx<Self>) {
        let names: Vec<_> = self.players.values().map(|player| &player.name).collect();
        cx.label(json!({ "phase": self.phase, "names": names }));
    }

    fn set_away(&mut self, who: &Member, away: bool) {
        if let Some(player) = self.players.get_mut(&who.id) {
            player.away = away;
        }
    }

    fn player(&mut self, who: &Member) -> Result<&mut Player, Reject> {
        self.players.get_mut(&who.id).ok_or_else(|| Reject::new("no_seat", "you do not play"))
    }

    #[cfg(debug_assertions)]
    fn crash(&mut self) -> ! {
        self.players.clear();
        panic!("a client asked for it")
    }
}

impl Player {
    fn seen(self) -> Seen {
        let Self { name, hand, wins, rematch, away } = self;
        Seen { name, chosen: hand.is_some(), wins, rematch, away }
    }
}

fn say(who: &Member, text: String, cx: &mut Cx<Match>) -> Result<(), Reject> {
    if text.is_empty() || text.chars().count() > TEXT_CHARS {
        return Err(Reject::new("bad_text", "1 to 200 characters"));
    }
    cx.emit(To::All, Out::Said { from: who.id.clone(), text });
    Ok(())
}
