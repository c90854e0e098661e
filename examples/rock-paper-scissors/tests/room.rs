//! Whole matches, without a network.

use std::time::Duration;

use greenroom::room::Role;
use greenroom::testing::{RandomRun, TestRoom, random_run};
use rock_paper_scissors::Match;
use serde_json::json;

fn table() -> TestRoom<Match> {
    let mut room = TestRoom::new(json!({ "seconds": 15 }));
    for (who, name) in [("ann", "Ann"), ("bob", "Bob")] {
        room.join_as(who, Role::Player, json!({ "me": name })).unwrap();
    }
    room
}

fn round(room: &mut TestRoom<Match>, ann: &str, bob: &str) {
    room.call("ann", "choose", ann).unwrap();
    room.call("bob", "choose", bob).unwrap();
}

#[test]
fn three_won_rounds_win_the_match() {
    let mut room = table();
    round(&mut room, "rock", "scissors");
    round(&mut room, "rock", "rock"); // nobody's
    round(&mut room, "paper", "scissors");
    round(&mut room, "paper", "rock");
    assert_eq!(room.view("bob")["players"]["ann"]["wins"], 2);
    round(&mut room, "scissors", "paper");
    let view = room.view("ann");
    assert_eq!((&view["phase"], &view["winner"], &view["round"]), (&json!("over"), &json!("ann"), &json!(5)));
}

#[test]
fn a_choice_is_a_secret_until_both_have_chosen() {
    let mut room = table();
    room.spectate("eve").unwrap();
    room.call("ann", "choose", "rock").unwrap();
    assert_eq!(room.view("ann")["hand"], "rock");
    for who in ["bob", "eve"] {
        assert!(!room.view(who).to_string().contains("rock"), "{who} sees it");
        assert_eq!(room.view(who)["players"]["ann"]["chosen"], true);
    }
    room.call("bob", "choose", "paper").unwrap();
    assert_eq!(room.view("eve")["last"], json!({ "ann": "rock", "bob": "paper" }));
    assert_eq!(room.emitted("eve", "shown"), [json!({ "round": 1, "winner": "bob" })]);
}

#[test]
fn who_does_not_choose_in_time_loses_the_round() {
    let mut room = table();
    assert_eq!(room.view("ann")["ends"], 15_000); // the clock of a test begins at zero
    room.call("bob", "choose", "rock").unwrap();
    room.advance(Duration::from_secs(15));
    assert_eq!(room.view("ann")["players"]["bob"]["wins"], 1);
    assert_eq!(room.view("ann")["round"], 2);

    room.advance(Duration::from_millis(14_999));
    assert_eq!(room.view("ann")["phase"], "choosing");
    room.advance(Duration::from_millis(1));
    assert_eq!(room.view("ann")["phase"], "over", "nobody has played");
    assert!(room.view("ann").get("winner").is_none());
}

#[test]
fn a_refusal_has_a_code_and_leaves_no_trace() {
    let mut room = TestRoom::<Match>::new(json!({}));
    room.join("ann").unwrap();
    assert_eq!(room.call("ann", "choose", "rock").unwrap_err().code(), "no_round");
    room.join("bob").unwrap();
    room.spectate("eve").unwrap();
    room.call("ann", "choose", "rock").unwrap();
    assert_eq!(room.call("ann", "choose", "paper").unwrap_err().code(), "already_chosen");
    assert_eq!(room.view("ann")["hand"], "rock");
    assert_eq!(room.call("ann", "choose", "lizard").unwrap_err().code(), "bad_payload");
    assert_eq!(room.call("ann", "rematch", ()).unwrap_err().code(), "not_over");
    assert_eq!(room.call("eve", "choose", "rock").unwrap_err().code(), "spectator");
    assert_eq!(room.join("cat").unwrap_err().code(), "full");
}

#[test]
fn a_tunnel_costs_nothing_and_leaving_the_match() {
    let mut room = table();
    room.call("ann", "choose", "rock").unwrap();
    room.drop("ann");
    assert_eq!(room.view("bob")["players"]["ann"]["away"], true);
    room.advance(Duration::from_secs(14));
    room.reconnect("ann").unwrap();
    assert_eq!(room.view("ann")["hand"], "rock");
    assert_eq!(room.view("bob")["players"]["ann"]["away"], false);

    room.leave("ann");
    assert_eq!(room.view("bob")["winner"], "bob");
}

#[test]
fn who_does_not_come_back_has_left() {
    let mut room = TestRoom::<Match>::new(json!({ "seconds": 120 }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.drop("ann");
    room.advance(Duration::from_secs(59));
    assert_eq!(room.view("bob")["phase"], "choosing");
    room.advance(Duration::from_secs(1));
    assert_eq!(room.view("bob")["winner"], "bob");
}

#[test]
fn two_who_want_it_play_again() {
    let mut room = table();
    for _ in 0..3 {
        round(&mut room, "rock", "scissors");
    }
    room.call("ann", "rematch", ()).unwrap();
    assert_eq!(room.view("bob")["players"]["ann"]["rematch"], true);
    room.call("bob", "rematch", ()).unwrap();
    assert_eq!(room.view("bob")["round"], 1);
    assert_eq!(room.view("bob")["players"]["ann"]["wins"], 0);
}

#[test]
fn a_list_shows_who_waits() {
    let mut room = TestRoom::<Match>::new(json!({}));
    room.join_as("ann", Role::Player, json!({ "me": "Ann" })).unwrap();
    assert_eq!(*room.listing().label, json!({ "phase": "waiting", "names": ["Ann"] }));
    room.join("bob").unwrap();
    assert_eq!(room.listing().label["phase"], "choosing");
    room.leave("bob");
    assert_eq!(*room.listing().label, json!({ "phase": "over", "names": ["Ann"] }));
}

#[test]
fn everybody_hears_what_is_said() {
    let mut room = table();
    room.spectate("eve").unwrap();
    room.call("eve", "say", json!({ "text": "hi" })).unwrap();
    assert_eq!(room.emitted("ann", "said"), [json!({ "from": "eve", "text": "hi" })]);
    assert_eq!(room.call("eve", "say", json!({ "text": "" })).unwrap_err().code(), "bad_text");
}

#[test]
fn a_panic_costs_one_message() {
    let mut room = table();
    room.call("ann", "choose", "rock").unwrap();
    let before = room.view("bob");
    assert_eq!(room.call("ann", "crash", ()).unwrap_err().code(), "room_error");
    assert_eq!(room.faults()[0].message, "a client asked for it");
    assert_eq!(room.view("bob"), before);
    room.call("bob", "choose", "paper").unwrap(); // the match goes on
    assert_eq!(room.view("ann")["players"]["bob"]["wins"], 1);
}

#[test]
fn the_room_holds_whatever_it_is_told() {
    let run = RandomRun { users: 4, ..RandomRun::default() };
    let report = random_run::<Match>(&run, |chance| match chance.below(10) {
        0 => ("rematch", vec![]),
        1 => ("say", vec![json!({ "text": "hi" })]),
        2 => ("crash", vec![]),
        _ => ("choose", vec![json!(chance.pick(&["rock", "paper", "scissors"]))]),
    });
    assert!(report.accepted > 500 && report.faults > 0, "{report:?}");
}
