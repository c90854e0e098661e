//! Events, acknowledgements and state on their way to clients.

use std::time::Duration;

use greenroom::Config;
use greenroom::testing::Victim;
use serde_json::json;

use crate::party::{Internal, Party, Ticker};
use crate::stage::Stage;

fn party(seed: u64) -> Stage {
    Stage::new(seed, |io| drop(io.room::<Party>("/party")))
}

#[actix_rt::test]
async fn a_turn_leaves_as_patch_events_acknowledgement() {
    for seed in 0..20 {
        let stage = party(seed);
        let (ann, joined) = stage.join(0, "/party", &json!({})).await;
        let (bob, _) = stage.join(1, "/party", &json!({})).await;
        drop(ann.received());
        drop(bob.received());
        ann.emit(Some(1), "add", &json!(5)).await;
        ann.emit(Some(2), "say", &json!("five")).await;
        stage.run().await;
        let id = joined["id"].as_str().unwrap();
        let said = format!(r#"2["said",{{"by":"{id}","text":"five"}}]"#);
        let received = ann.received();
        assert!(
            received[0].starts_with(r#"2["patch","#) && received[0].contains(r#""d":{"count":5}"#),
            "{received:?}"
        );
        assert_eq!(received[1..], ["31[5]".to_owned(), said.clone(), "32[5]".to_owned()]);
        assert_eq!(bob.received()[1..], [said]);
    }
}

#[actix_rt::test]
async fn what_does_not_fit_is_an_error_in_the_acknowledgement() {
    let stage = party(2);
    let (ann, _) = stage.join(0, "/party", &json!({})).await;
    for (event, arg, code) in
        [("fly", json!(1), "bad_payload"), ("add", json!("one"), "bad_payload"), ("fail", json!(null), "no")]
    {
        ann.emit(Some(3), event, &arg).await;
        stage.run().await;
        let received = ann.received();
        assert!(received.last().unwrap().contains(&format!(r#""code":"{code}""#)), "{received:?}");
        assert!(
            !received.iter().any(|packet| packet.contains("never") || packet.contains("-1")),
            "{received:?}"
        );
    }
    ann.emit(None, "fail", &json!(null)).await;
    stage.run().await;
    assert_eq!(ann.received(), [r#"2["error",{"code":"no","message":"not like this"}]"#]);
}

#[actix_rt::test]
async fn a_frame_is_encoded_once_for_all_who_see_the_same() {
    let stage = party(3);
    let mut clients = Vec::new();
    for number in 0..4 {
        clients.push(stage.join(number % 2, "/party", &json!({})).await.0);
    }
    let before = stage.io.stats().packets_encoded;
    clients[0].emit(None, "add", &json!(1)).await;
    stage.run().await;
    assert_eq!(stage.io.stats().packets_encoded - before, 1);
    assert!(
        clients.iter().all(|client| client.events("patch").last().unwrap()["d"] == json!({ "count": 1 }))
    );
}

#[actix_rt::test]
async fn a_member_that_does_not_read_gets_the_newest_state_and_no_backlog() {
    for seed in 0..10 {
        let stage = party(seed);
        let (ann, _) = stage.join(0, "/party", &json!({})).await;
        let (bob, _) = stage.join(1, "/party", &json!({})).await;
        drop(ann.received());
        drop(bob.received());
        bob.wire.stall(true);
        stage.run().await;
        for _ in 0..50 {
            ann.emit(None, "add", &json!(1)).await;
            stage.run().await;
        }
        assert_eq!(ann.events("patch").len(), 50);
        assert!(bob.wire.waiting_bytes() < 400, "{}", bob.wire.waiting_bytes());
        bob.wire.stall(false);
        stage.run().await;
        let patches = bob.events("patch");
        assert!((1..=2).contains(&patches.len()), "{patches:?}");
        assert_eq!(patches.last().unwrap()["d"]["count"], 50);
        // Each patch begins where the one before it ended.
        assert!(patches.windows(2).all(|two| two[0]["o"] == two[1]["from"]), "{patches:?}");
    }
}

#[actix_rt::test]
async fn a_client_that_lost_its_state_gets_it_again_and_can_prove_that_it_is_in_step() {
    let stage = party(4);
    let (ann, _) = stage.join(0, "/party", &json!({ "join": { "secret": true } })).await;
    ann.emit(None, "add", &json!(3)).await;
    ann.emit(Some(1), "hash", &json!(null)).await;
    stage.run().await;
    let received = ann.received();
    let hash = received.iter().find(|packet| packet.starts_with("31")).unwrap().clone();
    assert!(hash.contains(r#""h":"#), "{received:?}");
    ann.emit(None, "resync", &json!(null)).await;
    stage.run().await;
    let states = ann.events("state");
    assert_eq!(states[0]["full"], json!({ "count": 3, "players": 1, "mine": 0 }));
}

#[actix_rt::test]
async fn a_ticking_room_sends_its_patches_and_answers_with_its_steps() {
    for seed in 0..10 {
        let stage = Stage::new(seed, |io| drop(io.room::<Ticker>("/ticker")));
        let ann = stage.ask(0, "/ticker", &json!({})).await;
        stage.run().await;
        let states = ann.events("state");
        assert_eq!(states[0]["full"], json!({ "ticks": 0, "moves": 0 }), "who joins waits for no step");
        ann.emit(Some(1), "go", &json!(2)).await;
        stage.run().await;
        assert_eq!(ann.received(), Vec::<String>::new(), "what is reliable waits for the step");
        stage.advance(Duration::from_millis(60)).await;
        let received = ann.received();
        assert!(received[0].contains(r#""d":{"ticks":1,"moves":2}"#), "{received:?}");
        assert_eq!(received.last().unwrap(), "31[2]");
        for _ in 0..20 {
            stage.advance(Duration::from_millis(50)).await;
        }
        let patches = ann.events("patch");
        assert!((19..=21).contains(&patches.len()), "{}", patches.len());
    }
}

#[actix_rt::test]
async fn server_code_and_asynchronous_work_reach_the_room_and_no_client_can() {
    let stage = party(5);
    let (ann, joined) = stage.join(0, "/party", &json!({})).await;
    let rooms = stage.io.rooms::<Party>().unwrap();
    let id = joined["room"].as_str().unwrap();
    let find = actix_rt::spawn({
        let (rooms, id) = (rooms.clone(), id.to_owned());
        async move { rooms.find(id).await }
    });
    stage.run().await;
    let room = find.await.unwrap().unwrap();
    room.send(Internal::Add(40)).unwrap();
    ann.emit(Some(1), "later", &json!(2)).await;
    stage.run().await;
    assert_eq!(ann.events("patch").last().unwrap()["d"], json!({ "count": 42 }));
    ann.emit(Some(2), "Add", &json!(1)).await;
    stage.run().await;
    assert!(ann.received()[0].contains("there is no event `Add`"));
    room.kick(joined["id"].as_str().unwrap());
    stage.run().await;
    assert_eq!(ann.received(), [r#"2["dismissed",{"reason":"kicked"}]"#, "1"]);
    assert_eq!(stage.io.stats().custom_rooms, 0, "nobody is left in it");
    assert!(!ann.wire.is_closed(), "only the namespace has ended");
}

#[actix_rt::test]
async fn a_room_that_closes_says_why_and_its_clients_keep_their_connection() {
    let stage = party(6);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    let (bob, _) = stage.join(1, "/party", &json!({})).await;
    drop(ann.received());
    drop(bob.received());
    ann.emit(Some(1), "close", &json!(null)).await;
    stage.run().await;
    assert_eq!(ann.received(), ["31[0]", r#"2["dismissed",{"reason":"finished"}]"#, "1"]);
    assert_eq!(bob.received(), [r#"2["dismissed",{"reason":"finished"}]"#, "1"]);
    assert_eq!(stage.io.stats().custom_rooms, 0);
    ann.connect(&json!({ "guest": first["guest"] })).await;
    stage.run().await;
    assert_ne!(ann.joined()["room"], first["room"]);
}

#[actix_rt::test]
async fn a_server_that_ends_closes_its_rooms_first_and_clients_may_come_back() {
    let stage =
        Stage::with(Config { shutdown_timeout: Duration::from_secs(1), ..Config::default() }, 7, |io| {
            io.room::<Party>("/party");
        });
    let (ann, _) = stage.join(0, "/party", &json!({})).await;
    drop(ann.received());
    let closing = actix_rt::spawn({
        let io = stage.io.clone();
        async move { io.close().await }
    });
    for _ in 0..40 {
        stage.run().await;
        stage.advance(Duration::from_millis(50)).await;
    }
    closing.await.unwrap();
    assert_eq!(ann.received(), [r#"2["dismissed",{"reason":"server"}]"#], "no DISCONNECT: it would be final");
    assert!(ann.wire.is_closed());
    assert_eq!(stage.io.stats().custom_rooms, 0);
}

#[actix_rt::test]
async fn a_room_whose_host_dies_closes_its_connections_and_is_gone() {
    let stage = party(8);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    let room = first["room"].as_str().unwrap().into();
    stage.crash(Victim::CustomRoom("/party".to_owned(), room)).await;
    assert!(ann.wire.is_closed());
    let (_ann, second) = stage.join(0, "/party", &json!({ "guest": first["guest"] })).await;
    assert_eq!((&second["id"], &second["resumed"]), (&first["id"], &json!(false)));
}
