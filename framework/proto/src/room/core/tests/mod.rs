//! The rules of rooms, each in a room that is made for it.

mod events;
mod faults;
mod order;
mod races;
mod replaying;
mod seats;
mod state;
mod timing;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::reject::Reject;
use crate::room::testing::TestRoom;
use crate::room::{
    Audience, Cx, Grace, Leader, LeaveReason, Member, MemberId, Nothing, Options, Reply, Role, Room,
    RoomError, Secret, To, check,
};

/// A room in which everything can be done, and which writes down what it was told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Table {
    seats: BTreeMap<MemberId, i64>,
    log: Vec<String>,
    options: TableOptions,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a test turns on")]
struct TableOptions {
    max: Option<usize>,
    grace_ms: Option<u64>,
    leave_panics: bool,
    forgets: bool,
    reconciles: bool,
    join_panics: bool,
    view_panics_for: Option<String>,
    own_views: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Add(i64),
    /// Changes everything that it can, and then fails.
    Fail(i64),
    /// Changes everything that it can, and then panics.
    Crash(i64),
    Say {
        text: String,
    },
    Whisper {
        to: String,
        text: String,
    },
    Flash,
    Roll,
    Kick(String),
    Lock(bool),
    Hide(bool),
    Max(usize),
    Timer(String, u64),
    Cancel(String),
    Work,
    Finish,
    Flood(usize),
    Options(TableOptions),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Out {
    Said { by: MemberId, text: String },
    Flashed,
    Rang(String),
}

#[derive(Serialize)]
struct View {
    seats: BTreeMap<MemberId, i64>,
}

impl Room for Table {
    type In = In;
    type Out = Out;
    type Timer = String;
    type Internal = String;
    type View = View;

    const MAX_PLAYERS: usize = 4;
    const MAX_SPECTATORS: usize = 2;
    const LEADER: Leader = Leader::Oldest;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        let options: TableOptions = options.parse()?;
        if let Some(max) = options.max {
            cx.set_max(max);
        }
        cx.label(json!({ "mode": "table" }));
        Ok(Self { options, ..Self::default() })
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        self.seats.insert(who.id.clone(), 0);
        self.note("join", who, cx);
        assert!(!self.options.join_panics, "join panics");
        if cx.join_options().get("refuse").unwrap_or(false) {
            return Err(Reject::new("no", "not you"));
        }
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Add(number) => {
                let sum = self.seats.entry(who.id.clone()).or_default();
                *sum += number;
                return Ok((*sum).into());
            }
            In::Fail(number) => {
                self.change_all(who, number, cx);
                return Err(Reject::new("failed", "as asked for"));
            }
            In::Crash(number) => {
                self.change_all(who, number, cx);
                panic!("crashed as asked for");
            }
            In::Say { text } => cx.emit(To::All, Out::Said { by: who.id.clone(), text }),
            In::Whisper { to, text } => {
                cx.emit(To::One(to.into()), Out::Said { by: who.id.clone(), text });
            }
            In::Flash => cx.emit_volatile(To::Except(who.id.clone()), Out::Flashed),
            In::Roll => return Ok(cx.roll(1_000_000).into()),
            In::Kick(id) => cx.kick(id),
            In::Lock(locked) => cx.lock(locked),
            In::Hide(private) => cx.private(private),
            In::Max(max) => cx.set_max(max),
            In::Timer(name, millis) => cx.after(Duration::from_millis(millis), name),
            In::Cancel(name) => cx.cancel(name),
            In::Work => cx.spawn(async { 7 }, |number| format!("worked {number}")),
            In::Finish => cx.close(),
            In::Flood(count) => (0..count).for_each(|_| cx.emit(To::All, Out::Flashed)),
            In::Options(options) => self.options = options,
        }
        Ok(Reply::none())
    }

    fn on_drop(&mut self, who: &Member, cx: &mut Cx<Self>) -> Grace {
        self.note("drop", who, cx);
        match self.options.grace_ms {
            Some(0) => Grace::None,
            Some(millis) => Grace::For(Duration::from_millis(millis)),
            None => Grace::For(Duration::from_secs(30)),
        }
    }

    fn on_reconnect(&mut self, who: &Member, cx: &mut Cx<Self>) {
        self.note("reconnect", who, cx);
    }

    fn on_leave(&mut self, who: &Member, reason: LeaveReason, cx: &mut Cx<Self>) {
        self.note(reason.as_str(), who, cx);
        if !self.options.forgets {
            self.seats.remove(&who.id);
        }
        assert!(!self.options.leave_panics, "leave panics");
    }

    fn on_timer(&mut self, timer: String, cx: &mut Cx<Self>) {
        assert!(timer != "panic", "timer panics");
        self.log.push(format!("{timer} at {}", cx.now()));
        cx.emit(To::All, Out::Rang(timer));
    }

    fn on_internal(&mut self, message: String, _: &mut Cx<Self>) {
        self.log.push(message);
    }

    fn on_leader(&mut self, leader: Option<&Member>, _: &mut Cx<Self>) {
        self.log.push(format!("leader {}", leader.map_or("nobody", |leader| &leader.id)));
    }

    fn view(&self, who: &Member) -> View {
        assert!(self.options.view_panics_for.as_deref() != Some(&*who.id), "view panics");
        View { seats: self.seats.clone() }
    }

    fn secret(&self, who: &Member) -> Secret {
        #[derive(Serialize)]
        struct Mine {
            mine: i64,
        }
        match self.seats.get(&who.id) {
            Some(number) if *number > 100 => Secret::of(Mine { mine: *number }),
            Some(_) | None => Secret::none(),
        }
    }

    fn audience(&self, who: &Member) -> Audience {
        if self.options.own_views { Audience::Own(who.id.clone()) } else { Audience::Shared }
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.seats.keys().cloned().collect())
    }

    fn reconcile(&mut self, gone: &Member) {
        if self.options.reconciles {
            self.seats.remove(&gone.id);
        }
    }
}

impl Table {
    fn note(&mut self, what: &str, who: &Member, cx: &Cx<Self>) {
        let members: Vec<_> = cx.members().map(|member| member.id.as_str()).collect();
        self.log.push(format!("{what} {} of {}", who.id, members.join("+")));
    }

    fn change_all(&mut self, who: &Member, number: i64, cx: &mut Cx<Self>) {
        self.seats.insert("ghost".into(), number);
        self.log.clear();
        cx.roll(6);
        cx.after(Duration::from_secs(1), "never".to_owned());
        cx.emit(To::All, Out::Flashed);
        cx.emit_volatile(To::All, Out::Flashed);
        cx.label(number);
        cx.lock(true);
        cx.set_max(1);
        cx.kick(who);
        cx.spawn(async { 1 }, |number| number.to_string());
        cx.close();
    }
}

impl From<&Member> for MemberId {
    fn from(member: &Member) -> Self {
        member.id.clone()
    }
}

fn table(options: serde_json::Value) -> TestRoom<Table> {
    TestRoom::new(options)
}

fn with(members: &[&str]) -> TestRoom<Table> {
    let mut room = table(json!({}));
    for member in members {
        room.join(member).unwrap();
    }
    room
}

fn code(result: Result<impl std::fmt::Debug, Reject>) -> String {
    result.unwrap_err().code().to_owned()
}

/// A room that ticks 20 times a second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Arena {
    places: BTreeMap<MemberId, i64>,
    steps: u64,
    panics_at: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArenaIn {
    Move(i64),
    Shout,
    Kick(String),
    PanicAt(u64),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ArenaOut {
    Moved(i64),
    Shouted,
}

#[derive(Serialize)]
struct ArenaView {
    places: BTreeMap<MemberId, i64>,
}

impl Room for Arena {
    type In = ArenaIn;
    type Out = ArenaOut;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = ArenaView;

    const TICK: Option<Duration> = Some(Duration::from_millis(50));
    const LEADER: Leader = Leader::OldestOnline;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.places.insert(who.id.clone(), 0);
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: ArenaIn, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            ArenaIn::Move(by) => {
                let place = self.places.entry(who.id.clone()).or_default();
                *place += by;
                cx.emit(To::All, ArenaOut::Moved(*place));
                return Ok((*place).into());
            }
            ArenaIn::Shout => cx.emit_volatile(To::All, ArenaOut::Shouted),
            ArenaIn::Kick(id) => {
                cx.emit(To::One(id.as_str().into()), ArenaOut::Shouted);
                cx.kick(id);
            }
            ArenaIn::PanicAt(step) => self.panics_at = Some(step),
        }
        Ok(Reply::none())
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.places.remove(&who.id);
    }

    fn on_tick(&mut self, step: Duration, cx: &mut Cx<Self>) {
        assert_eq!(step, Duration::from_millis(50));
        self.steps += 1;
        assert!(self.panics_at.is_none_or(|at| cx.ticks() < at), "tick panics");
    }

    fn view(&self, _: &Member) -> ArenaView {
        ArenaView { places: self.places.clone() }
    }
}

fn arena(members: &[&str]) -> TestRoom<Arena> {
    let mut room = TestRoom::new(json!({}));
    for member in members {
        room.join(member).unwrap();
    }
    room.advance(Duration::from_millis(50));
    room
}

#[test]
fn a_type_is_checked_before_the_server_starts() {
    macro_rules! room {
        ($name:ident, $input:ty, $tick:expr) => {
            #[derive(Clone, Serialize, Deserialize)]
            struct $name;
            impl Room for $name {
                type In = $input;
                type Out = Nothing;
                type Timer = Nothing;
                type Internal = Nothing;
                type View = ();
                const TICK: Option<Duration> = $tick;
                fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
                    Ok(Self)
                }
                fn on_event(&mut self, _: &Member, _: $input, _: &mut Cx<Self>) -> Result<Reply, Reject> {
                    Ok(Reply::none())
                }
                fn view(&self, _: &Member) {}
            }
        };
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Resync {
        Move,
        Resync,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Reserved {
        NewListener,
    }
    room!(NoEnum, String, None);
    room!(BuiltIn, Resync, None);
    room!(Taken, Reserved, None);
    room!(TooFast, Nothing, Some(Duration::from_micros(10)));
    assert_eq!(check::<Table>(), Ok(()));
    assert_eq!(check::<NoEnum>(), Err(RoomError::InIsNoEnum));
    assert_eq!(check::<BuiltIn>(), Err(RoomError::ReservedName("resync")));
    assert_eq!(check::<Taken>(), Err(RoomError::ReservedName("newListener")));
    assert_eq!(check::<TooFast>(), Err(RoomError::ZeroInterval));
}

#[test]
fn a_room_may_refuse_its_options() {
    let setup = crate::room::testing::TestSetup { options: json!({ "max": "many" }), ..Default::default() };
    assert_eq!(code(TestRoom::<Table>::with(setup).map(|_| ())), "bad_options");
}
