//! What goes wrong in a room costs one message.

use std::time::Duration;

use greenroom::Config;
use serde_json::{Value, json};

use crate::party::{CLOCK, Party};
use crate::stage::{Stage, call};

fn party(config: Config, seed: u64) -> Stage {
    let stage = Stage::with(config, seed, |io| drop(io.room::<Party>("/party")));
    CLOCK.set(Some(stage.io.clock().clone()));
    stage
}

#[actix_rt::test]
async fn a_panic_costs_its_event_and_nobody_is_disconnected() {
    for seed in 0..10 {
        let stage = party(Config::default(), seed);
        let (ann, _) = stage.join(0, "/party", &json!({})).await;
        let (bob, _) = stage.join(1, "/party", &json!({})).await;
        assert_eq!(call(&stage, &ann, "add", &json!(3)).await, 3);
        assert_eq!(call(&stage, &ann, "panic", &json!(null)).await["error"]["code"], "room_error");
        assert_eq!(call(&stage, &bob, "add", &json!(1)).await, 4);
        assert!(!ann.wire.is_closed() && !bob.wire.is_closed());
        assert_eq!((stage.io.stats().panics, stage.io.stats().actor_deaths), (1, 0));
    }
}

#[actix_rt::test]
async fn a_panic_leaves_a_file_that_replays_to_it() {
    let directory = std::env::temp_dir().join(format!("greenroom-journals-{}", std::process::id()));
    let stage = party(Config { room_journals: Some(directory.clone()), ..Config::default() }, 1);
    let (ann, _) = stage.join(0, "/party", &json!({ "join": { "mode": "fast" } })).await;
    call(&stage, &ann, "add", &json!(3)).await;
    assert_eq!(call(&stage, &ann, "panic", &json!(null)).await["error"]["code"], "room_error");
    let written = || std::fs::read_dir(&directory).ok()?.next()?.ok().map(|entry| entry.path());
    // A thread of its own writes it.
    let wait = async {
        while written().is_none_or(|file| std::fs::read_to_string(file).is_ok_and(|text| text.is_empty())) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(greenroom_tests::PATIENCE, wait).await.unwrap();
    let file = written().unwrap();

    let mut replay = greenroom::replay::<Party>(&file).unwrap();
    assert!(
        matches!(replay.finish(), Ok(greenroom::room::Ending::Panic(fault)) if fault.message == "asked to")
    );
    let told = |args: &[&str]| {
        let mut out = Vec::new();
        let args = ["replay", file.to_str().unwrap()].into_iter().chain(args.iter().copied());
        let args = args.map(str::to_owned);
        let replays = greenroom::Replays::new().of::<crate::party::Ticker>().of::<Party>();
        (replays.run(args, &mut out), String::from_utf8(out).unwrap())
    };
    let (done, text) = told(&[]);
    assert_eq!(done, Some(std::process::ExitCode::SUCCESS));
    assert!(text.contains("the same panic: on_event with `asked to`"), "{text}");
    assert!(told(&["--list"]).1.lines().count() >= 3);
    let whole: Value = serde_json::from_str(&told(&["--at", "2"]).1).unwrap();
    assert_eq!((&whole["offset"], &whole["state"]["count"]), (&json!(2), &json!(3)));
    assert_eq!(whole["views"].as_object().unwrap().values().next().unwrap()["count"], 3);
    let who = whole["views"].as_object().unwrap().keys().next().unwrap();
    let end: Value = serde_json::from_str(&told(&["--view", who]).1).unwrap();
    assert_eq!((&end["views"][who]["count"], end["views"].as_object().unwrap().len()), (&json!(3), 1));
    let nobody: Value = serde_json::from_str(&told(&["--view", "nobody", "--at", "2"]).1).unwrap();
    assert_eq!(nobody["views"], json!({}));
    assert_eq!(told(&["--list", "--at", "2"]).0, Some(std::process::ExitCode::FAILURE));
    assert_eq!(told(&["--at"]).0, Some(std::process::ExitCode::FAILURE));
    assert_eq!(greenroom::Replays::new().run(["serve".to_owned()], &mut Vec::new()), None);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[actix_rt::test]
async fn a_panic_when_somebody_leaves_keeps_no_seat() {
    let stage = party(Config::default(), 1);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    let (bob, _) = stage.join(0, "/party", &json!({})).await;
    call(&stage, &bob, "panic_on_leave", &json!(null)).await;
    ann.disconnect().await;
    stage.run().await;
    assert!(stage.io.stats().panics >= 1);
    let list = stage.io.rooms::<Party>().unwrap().list(&greenroom::ListQuery::default());
    assert_eq!(list[0].players, 1);
    let (_ann, again) = stage.join(0, "/party", &json!({ "guest": first["guest"] })).await;
    assert_eq!((&again["room"], &again["resumed"]), (&first["room"], &json!(false)));
}

#[actix_rt::test]
async fn a_room_that_holds_its_thread_is_named() {
    let stage = party(Config::default(), 2);
    let (ann, _) = stage.join(0, "/party", &json!({})).await;
    call(&stage, &ann, "hold", &json!(50)).await;
    assert_eq!(stage.io.stats().slow_room_steps, 0);
    call(&stage, &ann, "hold", &json!(51)).await;
    assert_eq!(stage.io.stats().slow_room_steps, 1);
}

#[actix_rt::test]
async fn who_floods_is_refused_then_sent_away_and_the_others_play_on() {
    let stage = party(Config { events_per_second: 0, ..Config::default() }, 3);
    let (ann, _) = stage.join(0, "/party", &json!({})).await;
    let (bob, _) = stage.join(0, "/party", &json!({})).await;
    for _ in 0..200 {
        ann.emit(Some(1), "add", &json!(1)).await;
    }
    stage.run().await;
    let received = ann.received();
    assert!(received.iter().any(|packet| packet.contains("rate_limited")), "{:?}", received.last());
    for _ in 0..1_000 {
        ann.emit(Some(1), "add", &json!(1)).await;
    }
    stage.run().await;
    let received = ann.received();
    assert!(
        received.contains(&r#"2["dismissed",{"reason":"rate_limited"}]"#.to_owned()),
        "{:?}",
        received.last()
    );
    stage.advance(Duration::from_secs(1)).await;
    assert!(call(&stage, &bob, "sum", &json!(1)).await["error"]["code"] == "bad_payload");
    assert!(call(&stage, &bob, "add", &json!(0)).await.is_i64());
}
