//! The room that the tests play in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use greenroom::Clock;
use greenroom::prelude::*;
use greenroom::room::{
    Audience, Cx, Grace, LeaveReason, Member, MemberId, Options, Reply, Role, Room, Secret, To,
};
use serde::{Deserialize, Serialize};

/// A room that does what it is told.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Party {
    pub(crate) count: i64,
    pub(crate) seats: BTreeMap<MemberId, u32>,
    /// What happened to members, for the tests.
    pub(crate) log: Vec<String>,
    secret: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum In {
    Add(i64),
    Say(String),
    Sum(i64, i64),
    /// Changes the state, asks for everything, and then fails.
    Fail,
    Panic,
    PanicOnLeave,
    /// Adds a number a while later.
    Later(i64),
    Kick(MemberId),
    Lock(bool),
    Label(serde_json::Value),
    /// Holds the thread for so many milliseconds of the test's clock.
    Hold(u64),
    Log,
    Close,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Out {
    Said { by: MemberId, text: String },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Internal {
    Add(i64),
}

#[derive(Serialize)]
pub(crate) struct View {
    count: i64,
    players: usize,
}

#[derive(Serialize)]
struct Own {
    mine: u32,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Timer {}

thread_local! {
    /// The clock that [`In::Hold`] moves.
    pub(crate) static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

impl Room for Party {
    type In = In;
    type Out = Out;
    type Timer = Timer;
    type Internal = Internal;
    type View = View;

    const MAX_PLAYERS: usize = 4;
    const MAX_SPECTATORS: usize = 2;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        if options.get("broken") == Some(true) {
            return Err(Reject::new("bad_options", "no such party")
                .with_data(serde_json::json!({ "code": "bad_options", "hint": 7 })));
        }
        assert!(options.get("panic") != Some(true), "asked to");
        cx.label(options.json());
        let secret = options.get("secret").unwrap_or(false);
        Ok(Self { count: 0, seats: BTreeMap::new(), log: Vec::new(), secret })
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.seats.insert(who.id.clone(), who.seat.0);
        self.log.push(format!("join {}", who.seat.0));
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Add(number) => self.count += number,
            In::Say(text) => cx.emit(To::All, Out::Said { by: who.id.clone(), text }),
            In::Sum(one, other) => return Ok((one + other).into()),
            In::Fail => {
                self.count = -1;
                cx.emit(To::All, Out::Said { by: who.id.clone(), text: "never".to_owned() });
                cx.close();
                return Err(Reject::new("no", "not like this"));
            }
            In::Panic => {
                self.count = -1;
                panic!("asked to");
            }
            In::PanicOnLeave => self.count = i64::MAX,
            In::Later(number) => cx.spawn(async move { number }, Internal::Add),
            In::Kick(member) => cx.kick(member),
            In::Lock(locked) => cx.lock(locked),
            In::Label(label) => cx.label(label),
            In::Hold(millis) => CLOCK.with_borrow(|clock| {
                clock.as_ref().unwrap().advance(Duration::from_millis(millis));
            }),
            In::Log => return Ok(self.log.clone().into()),
            In::Close => cx.close(),
        }
        Ok(self.count.into())
    }

    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        self.log.push(format!("drop {}", who.seat.0));
        Grace::For(Duration::from_secs(20))
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        self.log.push(format!("back {}", who.seat.0));
    }

    fn on_leave(&mut self, who: &Member, reason: LeaveReason, _: &mut Cx<Self>) {
        assert!(self.count != i64::MAX, "asked to");
        self.seats.remove(&who.id);
        self.log.push(format!("leave {} {}", who.seat.0, reason.as_str()));
    }

    fn on_internal(&mut self, message: Internal, _: &mut Cx<Self>) {
        let Internal::Add(number) = message;
        self.count += number;
    }

    fn view(&self, _: &Member) -> View {
        View { count: self.count, players: self.seats.len() }
    }

    fn secret(&self, who: &Member) -> Secret {
        if self.secret { Secret::of(Own { mine: who.seat.0 }) } else { Secret::none() }
    }

    fn audience(&self, who: &Member) -> Audience {
        if who.role == Role::Spectator { Audience::Group(1) } else { Audience::Shared }
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.seats.keys().cloned().collect())
    }

    fn reconcile(&mut self, gone: &Member) {
        self.seats.remove(&gone.id);
    }
}

/// Twenty steps a second, each of which counts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ticker {
    ticks: u64,
    moves: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Move {
    Go(i64),
}

impl Room for Ticker {
    type In = Move;
    type Out = greenroom::room::Nothing;
    type Timer = greenroom::room::Nothing;
    type Internal = greenroom::room::Nothing;
    type View = Self;

    const TICK: Option<Duration> = Some(Duration::from_millis(50));

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self { ticks: 0, moves: 0 })
    }

    fn on_event(&mut self, _: &Member, event: Move, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        let Move::Go(by) = event;
        self.moves += by;
        Ok(self.moves.into())
    }

    fn on_tick(&mut self, _: Duration, _: &mut Cx<Self>) {
        self.ticks += 1;
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}
