//! The server under test of the suites for custom rooms (`tests/interop/js/rooms.test.js`,
//! `tests/interop/python/test_rooms.py`): rock, paper, scissors, whoever wins two rounds first.
//!
//! `/duel` is for guests, `/members` for users with a token; `/` is their lobby; `/rooms/duel` takes plain
//! WebSockets. `/crowd` is for clients that do not keep up.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use greenroom::Cors;
use greenroom::prelude::*;
use greenroom::room::{Cx, Grace, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room, Secret, To};
use greenroom_tests::crowd::Crowd;
use greenroom_tests::host::Ports;
use serde::{Deserialize, Serialize};

fn main() -> Result<(), Box<dyn Error>> {
    let io = Server::builder().config(config()?).build();
    let secret: String = setting("JWT_SECRET", "only-for-tests-0123456789abcdef0123".to_owned())?;
    io.room::<Duel>("/duel").lobby(&io.of("/"));
    io.room::<Duel>("/members").auth(JwtAuth::hs256(secret)?);
    io.room::<Crowd>("/crowd");
    let ports = Ports { clients: setting("PORT", 0)?, operations: 0 };
    greenroom_tests::host::run(io, ports, &setting("MODE", "serve".to_owned())?)
}

fn config() -> Result<Config, Box<dyn Error>> {
    Ok(Config {
        ping_interval: Duration::from_millis(setting("PING_INTERVAL_MS", 25_000)?),
        shutdown_timeout: Duration::from_secs(3),
        workers: 2,
        cors: Some(Cors { origins: vec!["*".to_owned()], credentials: false }),
        ..Config::default()
    })
}

#[derive(Clone, Serialize, Deserialize)]
struct Duel {
    score: BTreeMap<MemberId, u32>,
    chosen: BTreeMap<MemberId, Hand>,
    mode: String,
    left: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hand {
    Rock,
    Paper,
    Scissors,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Choose(Hand),
    /// Changes the state, then panics.
    Panic,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Out {
    Shown(BTreeMap<MemberId, Hand>),
    Won(MemberId),
}

#[derive(Serialize)]
struct View {
    mode: String,
    score: BTreeMap<MemberId, u32>,
    ready: Vec<MemberId>,
    /// Why players have left.
    left: Vec<String>,
}

#[derive(Serialize)]
struct Own {
    #[serde(skip_serializing_if = "Option::is_none")]
    mine: Option<Hand>,
}

impl Room for Duel {
    type In = In;
    type Out = Out;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = View;

    const MAX_PLAYERS: usize = 2;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        let mode: String = options.get("mode").unwrap_or_else(|| "casual".to_owned());
        if !["casual", "ranked"].contains(&&*mode) {
            let data = serde_json::json!({ "code": "bad_mode", "modes": ["casual", "ranked"] });
            return Err(Reject::new("bad_mode", "there is no such mode").with_data(data));
        }
        cx.label(serde_json::json!({ "mode": mode }));
        Ok(Self { score: BTreeMap::new(), chosen: BTreeMap::new(), mode, left: Vec::new() })
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.score.insert(who.id.clone(), 0);
        Ok(())
    }

    #[expect(clippy::panic, reason = "clients ask for one, to see what it costs")]
    fn on_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Choose(_) if self.chosen.contains_key(&who.id) => {
                Err(Reject::new("twice", "you have chosen already"))
            }
            In::Choose(hand) => {
                self.chosen.insert(who.id.clone(), hand);
                if self.chosen.len() == 2 {
                    self.show(cx);
                }
                Ok("chosen".into())
            }
            In::Panic => {
                self.score.clear();
                panic!("asked to");
            }
        }
    }

    fn on_drop(&mut self, _: &Member, _: &mut Cx<Self>) -> Grace {
        Grace::For(Duration::from_secs(10))
    }

    fn on_leave(&mut self, who: &Member, reason: LeaveReason, _: &mut Cx<Self>) {
        self.score.remove(&who.id);
        self.chosen.remove(&who.id);
        self.left.push(reason.as_str().to_owned());
    }

    fn view(&self, _: &Member) -> View {
        View {
            mode: self.mode.clone(),
            score: self.score.clone(),
            ready: self.chosen.keys().cloned().collect(),
            left: self.left.clone(),
        }
    }

    fn secret(&self, who: &Member) -> Secret {
        Secret::of(Own { mine: self.chosen.get(&who.id).copied() })
    }
}

impl Duel {
    fn show(&mut self, cx: &mut Cx<Self>) {
        let hands = std::mem::take(&mut self.chosen);
        let winner = hands.iter().find(|(_, hand)| hands.values().any(|other| hand.beats(*other)));
        let winner = winner.map(|(who, _)| who.clone());
        cx.emit(To::All, Out::Shown(hands));
        let Some(winner) = winner else { return };
        let score = self.score.entry(winner.clone()).or_default();
        *score += 1;
        if *score == 2 {
            cx.emit(To::All, Out::Won(winner));
            cx.close();
        }
    }
}

impl Hand {
    fn beats(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Rock, Self::Scissors) | (Self::Paper, Self::Rock) | (Self::Scissors, Self::Paper)
        )
    }
}

/// A value of the environment; one that does not parse ends the process.
fn setting<T: std::str::FromStr<Err: Error + 'static>>(name: &str, default: T) -> Result<T, Box<dyn Error>> {
    match std::env::var(name) {
        Ok(value) => value.parse().map_err(|error| format!("{name}={value}: {error}").into()),
        Err(_) => Ok(default),
    }
}
