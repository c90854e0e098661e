//! A room and its tests, as a user writes them: dice with hidden hands, a countdown, and a seat that
//! outlives a broken connection.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom_proto::reject::Reject;
use greenroom_proto::room::testing::{RandomRun, RunReport, TestRoom, random_run};
use greenroom_proto::room::{
    Cx, Ending, Grace, Leader, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room, Secret, To,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Dice {
    started: bool,
    seats: BTreeMap<MemberId, Seat>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Seat {
    ready: bool,
    online: bool,
    hand: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Ready(bool),
    Say { text: String },
    Roll,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Out {
    Said { by: MemberId, text: String },
    Started,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
enum Timer {
    Start,
}

#[derive(Serialize)]
struct View {
    started: bool,
    seats: BTreeMap<MemberId, Shown>,
}

/// What others see of a seat.
#[derive(Serialize)]
struct Shown {
    ready: bool,
    online: bool,
    rolls: usize,
}

#[derive(Serialize)]
struct Hand {
    hand: Vec<u64>,
}

impl Room for Dice {
    type In = In;
    type Out = Out;
    type Timer = Timer;
    type Internal = Nothing;
    type View = View;

    const LEADER: Leader = Leader::Oldest;

    fn create(options: &Options, cx: &mut Cx<Self>) -> Result<Self, Reject> {
        cx.set_max(options.get("max").unwrap_or(4));
        cx.label(json!({ "mode": options.get::<String>("mode") }));
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.seats.insert(who.id.clone(), Seat { online: true, ..Seat::default() });
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        let Some(seat) = self.seats.get_mut(&who.id) else {
            return Err(Reject::new("no_seat", "you do not play"));
        };
        match event {
            In::Ready(ready) => {
                seat.ready = ready;
                if self.seats.values().all(|seat| seat.ready) {
                    cx.lock(true);
                    cx.after(Duration::from_secs(3), Timer::Start);
                }
            }
            In::Say { text } => {
                cx.emit(To::Except(who.id.clone()), Out::Said { by: who.id.clone(), text });
            }
            In::Roll if !self.started => return Err(Reject::new("not_started", "wait for the others")),
            In::Roll => {
                let rolled = cx.roll(6) + 1;
                seat.hand.push(rolled);
                return Ok(rolled.into());
            }
        }
        Ok(Reply::none())
    }

    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        if let Some(seat) = self.seats.get_mut(&who.id) {
            seat.online = false;
        }
        Grace::For(Duration::from_secs(30))
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        if let Some(seat) = self.seats.get_mut(&who.id) {
            seat.online = true;
        }
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.seats.remove(&who.id);
    }

    fn on_timer(&mut self, _: Timer, cx: &mut Cx<Self>) {
        self.started = true;
        cx.emit(To::All, Out::Started);
    }

    fn view(&self, _: &Member) -> View {
        let shown = |seat: &Seat| Shown { ready: seat.ready, online: seat.online, rolls: seat.hand.len() };
        View {
            started: self.started,
            seats: self.seats.iter().map(|(id, seat)| (id.clone(), shown(seat))).collect(),
        }
    }

    fn secret(&self, who: &Member) -> Secret {
        self.seats.get(&who.id).map_or_else(Secret::none, |seat| Secret::of(Hand { hand: seat.hand.clone() }))
    }

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.seats.keys().cloned().collect())
    }
}

#[expect(clippy::unwrap_used, reason = "a test fails")]
fn started() -> TestRoom<Dice> {
    let mut room = TestRoom::<Dice>::new(json!({ "max": 2, "mode": "duel" }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    assert_eq!(room.join("cat").unwrap_err().code(), "full");
    room.call("ann", "ready", true).unwrap();
    room.call("bob", "ready", true).unwrap();
    room.advance(Duration::from_secs(3));
    room
}

#[test]
fn a_blip_keeps_the_seat_and_secrets_stay_secret() {
    let mut room = started();
    assert_eq!(room.emitted("ann", "started"), [json!(null)]);
    room.patch("ann");
    room.patch("bob");

    let rolled = room.call("ann", "roll", ()).unwrap();
    assert_eq!(room.patch("ann"), json!({ "seats": { "ann": { "rolls": 1 } }, "hand": [rolled] }));
    assert_eq!(room.patch("bob"), json!({ "seats": { "ann": { "rolls": 1 } } }));

    room.drop("ann");
    room.advance(Duration::from_secs(29));
    room.reconnect("ann").unwrap();
    assert_eq!(room.view("ann")["hand"], json!([rolled]));

    room.drop("ann");
    room.advance(Duration::from_secs(31));
    assert_eq!(room.core().leader().unwrap().id, "bob");
    assert_eq!(room.call("bob", "say", json!({ "txt": 1 })).unwrap_err().code(), "bad_payload");
}

#[test]
fn two_countdowns_are_one() {
    let mut room = TestRoom::<Dice>::new(json!({}));
    room.join("ann").unwrap();
    for ready in [true, false, true] {
        room.call("ann", "ready", ready).unwrap();
        room.advance(Duration::from_secs(1));
    }
    room.advance(Duration::from_secs(60));
    assert_eq!(room.emitted("ann", "started").len(), 1);
}

#[test]
fn a_test_can_be_looked_at_step_by_step() {
    let mut room = started();
    room.call("bob", "roll", ()).unwrap();
    let mut replay = room.replay();
    replay.seek(4);
    assert!(replay.room().seats["ann"].ready && !replay.room().started);
    assert_eq!(replay.finish(), Ok(Ending::State(room.core().state_hash())));
    assert_eq!(replay.view("bob").unwrap()["hand"].as_array().unwrap().len(), 1);
}

fn anything(steps: usize) -> RunReport {
    let run = RandomRun { steps, ..RandomRun::default() };
    random_run::<Dice>(&run, |chance| match chance.below(4) {
        0 => ("say", vec![json!({ "text": "hi" })]),
        1 => ("ready", vec![json!(chance.below(4) > 0)]),
        _ => ("roll", Vec::new()),
    })
}

#[test]
fn anything_may_be_told_to_it() {
    let report = anything(3_000);
    assert!(report.accepted > 200 && report.refused > 50 && report.faults == 0, "{report:?}");
}

#[test]
#[ignore = "takes minutes: cargo test -p greenroom-proto --test dice_room -- --ignored"]
fn a_million_inputs_of_any_kind_lead_nowhere_else() {
    let report = anything(1_000_000);
    assert!(report.steps == 1_000_000 && report.faults == 0, "{report:?}");
}
