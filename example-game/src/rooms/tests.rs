//! Both games without a network, on a clock that stands still until a test moves it.

use std::time::Duration;

use greenroom::Reject;
use greenroom::room::Room;
use greenroom::testing::TestRoom;
use serde_json::{Value, json};

use super::{FloeRoom, FourRoom};

fn with<R: Room>(options: Value, players: &[&str]) -> TestRoom<R> {
    let mut room = TestRoom::new(options);
    for who in players {
        room.join(who).unwrap();
    }
    room
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn code<T: std::fmt::Debug>(result: Result<T, Reject>) -> String {
    result.unwrap_err().code().to_owned()
}

mod four {
    use super::*;

    fn table(players: &[&str]) -> TestRoom<FourRoom> {
        with(json!({}), players)
    }

    fn playing() -> TestRoom<FourRoom> {
        let mut room = table(&["ann", "bob"]);
        for who in ["ann", "bob"] {
            room.call(who, "ready", true).unwrap();
        }
        room
    }

    #[test]
    fn a_match_is_played_and_then_another() {
        let mut room = playing();
        for (turn, column) in [0, 1, 0, 1, 0, 1].into_iter().enumerate() {
            room.call(["ann", "bob"][turn % 2], "drop", column).unwrap();
        }
        room.patch("bob");
        room.call("ann", "drop", 0).unwrap();
        let patch = room.patch("bob");
        assert_eq!(patch["table"]["phase"]["outcome"]["winner"], "red");
        assert_eq!(patch["table"]["board"][0], json!(["red"; 4].map(|_| "red")));
        assert_eq!(room.listing().label["playing"], false);
        room.call("bob", "ready", true).unwrap();
        room.call("ann", "ready", true).unwrap();
        assert_eq!(room.view("ann")["table"]["phase"], json!({ "name": "playing", "turn": "yellow" }));
    }

    #[test]
    fn two_play_and_others_look_on() {
        let mut room = playing();
        assert_eq!(code(room.join("cat")), "full");
        room.spectate("cat").unwrap();
        assert_eq!(code(room.call("cat", "drop", 0)), "spectator");
        assert_eq!(code(room.call("bob", "drop", 0)), "not_your_turn");
        assert_eq!(room.view("cat"), room.view("ann"));
        assert_eq!((room.listing().players, room.listing().spectators), (2, 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut room = playing();
        for who in ["ann", "bob"] {
            room.patch(who);
        }
        for (event, arg) in
            [("drop", json!("x")), ("drop", json!(1_000)), ("dance", json!(1)), ("drop", json!({}))]
        {
            let refused = code(room.call("ann", event, arg));
            assert!(refused.starts_with("bad_") || refused.starts_with("unknown_"), "{refused}");
        }
        assert_eq!(code(room.call("ann", "drop", 7)), "no_such_column");
        assert_eq!(room.patch("bob"), json!({}));
    }

    #[test]
    fn a_reload_keeps_the_seat_and_a_long_absence_gives_the_game_up() {
        let mut room = playing();
        room.drop("ann");
        assert_eq!(room.view("bob")["table"]["red"]["away"], true);
        room.advance(seconds(29));
        room.spectate("ann").unwrap();
        assert_eq!(room.view("ann")["table"]["red"]["away"], false);
        room.call("ann", "drop", 3).unwrap();

        room.drop("ann");
        room.advance(seconds(31));
        let view = room.view("bob");
        assert_eq!(view["table"]["phase"]["outcome"], json!({ "name": "gave_up", "winner": "yellow" }));
        assert_eq!((view["table"].get("red"), &view["host"]["name"]), (None, &json!("bob")));
    }

    #[test]
    fn the_host_closes_the_table_and_the_next_host_opens_it() {
        let mut room = table(&["ann"]);
        assert_eq!(room.listing().label["title"], "ann’s table");
        room.call("ann", "lock", true).unwrap();
        assert_eq!(code(room.join("bob")), "locked");
        room.call("ann", "lock", false).unwrap();
        room.join("bob").unwrap();
        assert_eq!(code(room.call("bob", "lock", true)), "not_host");
        room.leave("ann");
        assert_eq!(room.listing().label["title"], "bob’s table");
        room.call("bob", "lock", true).unwrap();
        assert!(room.listing().locked);
    }

    #[test]
    fn a_crash_costs_one_message_and_is_only_for_rooms_that_want_it() {
        assert_eq!(code(playing().call("ann", "crash", ())), "no_debug_room");
        let mut room = with::<FourRoom>(json!({ "debug": true }), &["ann", "bob"]);
        room.call("ann", "ready", true).unwrap();
        let before = room.view("bob");
        assert_eq!(code(room.call("ann", "crash", ())), "room_error");
        assert_eq!((room.view("bob"), room.faults().len()), (before, 1));
        room.call("bob", "ready", true).unwrap();
        room.call("ann", "drop", 0).unwrap();
        assert_eq!(room.closed(), None);
    }

    #[test]
    fn a_table_closes_with_the_last_who_is_there() {
        let mut room = playing();
        room.spectate("cat").unwrap();
        for who in ["ann", "bob"] {
            room.leave(who);
        }
        assert_eq!(room.closed(), None);
        room.leave("cat");
        assert!(room.closed().is_some());
    }
}

mod floe {
    use super::*;

    fn playing(players: &[&str]) -> TestRoom<FloeRoom> {
        let mut room = with(json!({}), players);
        room.advance(Duration::from_millis(3_100));
        for who in players {
            assert_eq!(room.view(who)["floe"]["round"]["name"], "playing");
        }
        room
    }

    fn steer(room: &mut TestRoom<FloeRoom>, who: &str, x: i8, number: u64) {
        room.emit(who, "steer", &[json!({ "x": x, "y": 0 })], Some(number));
    }

    #[test]
    fn who_steers_off_the_ice_loses_the_round_and_everybody_is_told() {
        let mut room = playing(&["ann", "bob"]);
        room.spectate("cat").unwrap();
        steer(&mut room, "ann", 100, 1);
        room.advance(seconds(3));
        assert_eq!(
            (room.emitted("cat", "fell"), room.emitted("cat", "won")),
            (vec![json!(0)], vec![json!(1)])
        );
        let floe = &room.view("cat")["floe"];
        assert_eq!((&floe["players"]["1"]["won"], &floe["round"]["winner"]), (&json!(1), &json!(1)));
        assert_eq!(floe["players"]["0"].get("disc"), None);
    }

    #[test]
    fn an_input_is_applied_by_its_number_and_the_next_patch_says_so() {
        let mut room = playing(&["ann", "bob"]);
        let before = room.view("ann")["floe"]["players"]["0"]["disc"]["x"].as_i64().unwrap();
        steer(&mut room, "ann", -100, 17);
        room.advance(Duration::from_millis(50));
        assert_eq!(room.applied("bob").get(&0), Some(&17));
        let disc = &room.view("bob")["floe"]["players"]["0"]["disc"];
        assert!(disc["x"].as_i64().unwrap() < before && disc["sx"] == -100, "{disc}");
    }

    #[test]
    fn who_is_dropped_keeps_seat_and_rounds_and_who_does_not_come_back_loses() {
        let mut room = playing(&["ann", "bob"]);
        room.drop("bob");
        room.advance(seconds(1));
        assert_eq!(room.view("ann")["floe"]["players"]["1"]["away"], true);
        room.join("bob").unwrap();
        room.advance(seconds(1));
        let floe = room.view("bob")["floe"].clone();
        assert_eq!(
            (&floe["round"]["name"], &floe["players"]["1"]["away"]),
            (&json!("playing"), &json!(false))
        );
        room.drop("bob");
        room.advance(seconds(31));
        assert_eq!(room.emitted("ann", "won"), [json!(0)]);
        assert_eq!(room.view("ann")["floe"]["players"].get("1"), None);
    }

    #[test]
    fn a_floe_at_rest_sends_nothing() {
        let mut room = with::<FloeRoom>(json!({}), &["ann"]);
        room.advance(seconds(1));
        room.patch("ann");
        room.advance(seconds(60));
        assert_eq!(room.patch("ann"), json!({}));
    }

    #[test]
    fn eight_play_and_a_ninth_looks_on() {
        let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
        let mut room = with::<FloeRoom>(json!({}), &names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(code(room.join("p8")), "full");
        room.spectate("p8").unwrap();
        room.advance(seconds(4));
        assert_eq!(room.view("p8")["floe"]["players"].as_object().unwrap().len(), 8);
    }

    #[test]
    fn a_crash_in_the_middle_of_a_round_costs_one_message() {
        let mut room = with::<FloeRoom>(json!({ "debug": true }), &["ann", "bob"]);
        room.advance(seconds(4));
        steer(&mut room, "ann", 100, 1);
        assert_eq!(code(room.call("bob", "crash", ())), "room_error");
        room.advance(seconds(3));
        assert_eq!(room.emitted("bob", "won"), [json!(1)]);
        assert_eq!((room.closed(), room.faults().len()), (None, 1));
    }
}

mod replays {
    use std::process::ExitCode;

    use super::*;

    /// What `replay FILE` writes, and whether it succeeds.
    fn told(journal: &str, options: &[&str]) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.journal");
        std::fs::write(&file, journal).unwrap();
        let args = ["replay", file.to_str().unwrap()].into_iter().chain(options.iter().copied());
        let mut out = Vec::new();
        let done = super::super::replays().run(args.map(str::to_owned), &mut out).unwrap();
        (done == ExitCode::SUCCESS, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_crash_is_played_again_up_to_the_same_panic_and_can_be_stopped_before() {
        let mut room = TestRoom::<FourRoom>::new(json!({ "debug": true }));
        room.join("ann").unwrap();
        room.call("ann", "ready", true).unwrap();
        room.call("ann", "crash", ()).unwrap_err();
        let journal = room.faults()[0].journal.clone().unwrap();
        let (good, text) = told(&journal, &[]);
        assert!(
            good && text.contains("same panic: on_event with `somebody asked the room to crash`"),
            "{text}"
        );
        let seen = |at| -> Value {
            serde_json::from_str(&told(&journal, &["--at", at, "--view", "ann"]).1).unwrap()
        };
        assert_eq!(seen("0")["views"], json!({}), "she has not joined");
        let ready = |at| seen(at)["views"]["ann"].to_string().contains(r#""ready":true"#);
        assert!(!ready("1") && ready("2"));
    }

    #[test]
    fn the_kind_of_room_is_found_and_another_file_is_none() {
        let mut room = TestRoom::<FloeRoom>::new(json!({}));
        room.join("ann").unwrap();
        let journal = room.core().journal().unwrap();
        let (good, text) = told(&journal, &[]);
        assert!(good && text.contains("the same state"), "{text}");
        assert!(told(&journal, &["--at", "1"]).1.contains(r#""radius""#));
        assert!(!told("{}", &[]).0);
    }
}
