use proptest::prelude::*;

use super::*;
use crate::room::testing::{RandomRun, TestSetup, random_run};

#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    Spectate(u8),
    Drop(u8),
    Leave(u8),
    Kick(u8),
    Max(usize),
    Wait(u64),
    Event(u8, u8, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_u8).prop_map(Step::Join),
        1 => (0..40_u8).prop_map(Step::Spectate),
        2 => (0..40_u8).prop_map(Step::Drop),
        1 => (0..40_u8).prop_map(Step::Leave),
        1 => (0..40_u8).prop_map(Step::Kick),
        1 => (0..6_usize).prop_map(Step::Max),
        1 => (0..40_000_u64).prop_map(Step::Wait),
        4 => (0..40_u8, 0..4_u8, -3..200_i64).prop_map(|(who, what, number)| Step::Event(who, what, number)),
    ]
}

fn name(who: u8) -> String {
    format!("m{who}")
}

fn connected(room: &TestRoom<Table>, who: &str) -> bool {
    room.member(who).is_some_and(|member| member.online)
}

fn take(room: &mut TestRoom<Table>, step: &Step) {
    match step {
        Step::Join(who) => drop(room.join(&name(*who))),
        Step::Spectate(who) => drop(room.spectate(&name(*who))),
        Step::Drop(who) => room.drop(&name(*who)),
        Step::Leave(who) => room.leave(&name(*who)),
        Step::Kick(who) => room.kick(&name(*who)),
        Step::Max(max) => {
            let leader = room.core().leader().map(|leader| leader.id.to_string());
            if let Some(leader) = leader.filter(|leader| connected(room, leader)) {
                drop(room.call(&leader, "max", max));
            }
        }
        Step::Wait(millis) => room.advance(Duration::from_millis(*millis)),
        Step::Event(who, what, number) => event(room, &name(*who), *what, *number),
    }
}

/// What fails, leaves no trace.
fn event(room: &mut TestRoom<Table>, who: &str, what: u8, number: i64) {
    if !connected(room, who) {
        return;
    }
    let before = room.core().state_hash();
    let event = ["add", "fail", "crash", "jump"][usize::from(what)];
    let answer = room.call(who, event, number);
    assert_eq!(answer.is_ok(), event == "add" && answer.is_ok());
    if answer.is_err() && room.closed().is_none() {
        assert_eq!(room.core().state_hash(), before, "{event}");
    }
}

fn look(room: &TestRoom<Table>, most: &mut usize) {
    let listing = room.listing();
    assert!(listing.players <= *most || listing.players <= listing.max_players);
    *most = listing.players.max(listing.max_players);
    let mut seats: Vec<_> = room.core().members().map(|member| member.seat).collect();
    seats.dedup();
    assert_eq!(seats.len(), room.core().members().count(), "no seat twice");
    let mut ids: Vec<_> = room.core().members().map(|member| &*member.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), seats.len(), "nobody twice");
    if room.closed().is_none() {
        let mut players: Vec<_> =
            room.core().members().filter(|member| member.role == Role::Player).collect();
        players.sort_by(|one, other| one.id.cmp(&other.id));
        let seated = room.state().seated().unwrap();
        assert!(players.iter().map(|player| &player.id).eq(&seated), "state and room agree");
        for player in players.iter().filter(|player| player.online) {
            let view = room.view(&player.id);
            assert_eq!(view["seats"], json!(room.state().seats), "a client has what there is");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8) })]

    #[test]
    fn a_thousand_racing_joins_never_exceed_the_maximum(order in Just((0..1_000_u16).collect::<Vec<_>>()).prop_shuffle(), max in 1..64_usize) {
        let mut room = table(json!({ "max": max }));
        let inside = order.iter().filter(|who| room.join(&format!("m{who}")).is_ok()).count();
        prop_assert_eq!((inside, room.listing().players, room.state().seats.len()), (max, max, max));
        let mut seats: Vec<_> = room.core().members().map(|member| member.seat.0).collect();
        seats.dedup();
        prop_assert_eq!(seats, (0..u32::try_from(max).unwrap()).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn whatever_happens_room_state_and_clients_agree(steps in prop::collection::vec(step(), 1..200)) {
        let mut room = table(json!({}));
        let mut most = room.listing().max_players;
        for step in &steps {
            take(&mut room, step);
            look(&room, &mut most);
        }
    }
}

#[test]
fn anything_at_all_may_be_told_to_a_room() {
    let run = RandomRun {
        steps: 6_000,
        setup: TestSetup { options: json!({ "max": 5 }), ..TestSetup::default() },
        ..RandomRun::default()
    };
    let report = random_run::<Table>(&run, |chance| {
        let number = json!(chance.below(200));
        let name = chance.pick(&["a", "b", "c"]).to_string();
        match chance.below(14) {
            0 => ("fail", vec![number]),
            1 if chance.below(8) == 0 => ("crash", vec![number]),
            2 => ("say", vec![json!({ "text": name })]),
            3 => ("flash", Vec::new()),
            4 => ("roll", Vec::new()),
            5 => ("kick", vec![json!("user3")]),
            6 => ("lock", vec![json!(chance.below(4) == 0)]),
            7 => ("timer", vec![json!(name), json!(chance.below(9_000))]),
            8 => ("cancel", vec![json!(name)]),
            9 => ("work", Vec::new()),
            10 => ("max", vec![json!(chance.below(7))]),
            11 => ("options", vec![json!({ "own_views": chance.below(2) == 0 })]),
            _ => ("add", vec![number]),
        }
    });
    assert!(report.accepted > 500 && report.refused > 100 && report.faults > 5, "{report:?}");
    let run = RandomRun { steps: 4_000, ..RandomRun::default() };
    let report = random_run::<Arena>(&run, |chance| match chance.below(8) {
        0 => ("shout", Vec::new()),
        1 if chance.below(8) == 0 => ("kick", vec![json!("user1")]),
        _ => ("move", vec![json!(chance.below(9))]),
    });
    assert!(report.accepted > 500 && report.faults == 0, "{report:?}");
}

#[test]
#[should_panic(expected = "after 3 steps")]
fn what_fails_is_made_shorter() {
    let setup = TestSetup { options: json!({ "forgets": true }), ..TestSetup::default() };
    let run = RandomRun { steps: 2_000, users: 3, setup, ..RandomRun::default() };
    // A member that leaves is forgotten in the state: the room closes. One that is not in the state is
    // a failure.
    random_run::<Haunted>(&run, |_| ("boo", Vec::new()));
}

/// A room in which an event makes a player that nobody is.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Haunted {
    seated: Vec<MemberId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum HauntedIn {
    Boo,
}

impl Room for Haunted {
    type In = HauntedIn;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = ();

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.seated.push(who.id.clone());
        Ok(())
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.seated.retain(|id| *id != who.id);
    }

    fn on_event(&mut self, _: &Member, _: HauntedIn, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        if self.seated.len() > 1 {
            self.seated.push("ghost".into());
        }
        Ok(Reply::none())
    }

    fn view(&self, _: &Member) {}

    fn seated(&self) -> Option<Vec<MemberId>> {
        Some(self.seated.clone())
    }
}
