//! Presence through the actors: what pages are told, on simulated workers and a manual clock.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

mod http;
mod stage;

use std::time::{Duration, UNIX_EPOCH};

use greenroom::prelude::*;
use greenroom::presence::{Manual, PresenceConfig, Status, Visibility};
use greenroom::testing::{Faults, Victim};
use serde_json::{Value, json};
use stage::Stage;

/// Enough seeds that messages overtake each other in every way that they can.
const SEEDS: std::ops::Range<u64> = 0..20;

fn entry(status: &str, name: &str) -> Value {
    json!({ "status": status, "data": { "name": name } })
}

#[actix_rt::test]
async fn who_comes_gets_the_state_and_the_others_get_a_diff() {
    for seed in SEEDS {
        let stage = Stage::new(seed);
        let ann = stage.open("ann", 0).await;
        let bob = stage.open("bob", 1).await;
        let told = ann.told();
        assert_eq!(
            told.iter().map(|(event, _)| event.as_str()).collect::<Vec<_>>(),
            ["presence:state", "presence:diff"]
        );
        assert_eq!(told[0].1["users"], json!({ "ann": entry("online", "ann") }));
        assert_eq!(told[1].1["joins"], json!({ "bob": entry("online", "bob") }));
        assert_eq!((&told[1].1["from"], &told[1].1["e"]), (&told[0].1["o"], &told[0].1["e"]));
        let state = &bob.told()[0].1;
        assert_eq!(state["users"], json!({ "ann": entry("online", "ann"), "bob": entry("online", "bob") }));
        assert_eq!(
            (&state["room"], &state["mode"], &state["o"]),
            (&json!("chat-1"), &json!("diff"), &told[1].1["o"])
        );
    }
}

#[actix_rt::test]
async fn a_reload_is_not_seen_and_a_closed_page_is_seen_late() {
    let stage = Stage::new(1);
    let bob = stage.open("bob", 1).await;
    let mut ann = stage.open("ann", 0).await;
    stage.pass(5_000).await;
    bob.told();
    for worker in [1, 0] {
        ann.0.abort();
        stage.pass(1_500).await;
        ann = stage.open("ann", worker).await;
        stage.pass(5_000).await;
        assert_eq!(bob.told(), []);
    }
    ann.0.close();
    stage.pass(20_000).await;
    let told: Vec<_> = bob
        .told()
        .into_iter()
        .map(|(_, diff)| (diff["updates"].clone(), diff["leaves"]["ann"]["reason"].clone()))
        .collect();
    assert_eq!(told, [(json!({ "ann": entry("away", "ann") }), json!(null)), (json!({}), json!("dropped"))]);
}

#[actix_rt::test]
async fn each_end_has_its_reason() {
    for (packet, reason) in [("1", "left"), (r#"2["kick me"]"#, "kicked"), (r#"2["leave","chat-1"]"#, "left")]
    {
        let stage = Stage::new(2);
        let bob = stage.open("bob", 1).await;
        let ann = stage.open("ann", 0).await;
        stage.pass(5_000).await;
        bob.told();
        ann.0.send(packet).await;
        stage.pass(3_000).await;
        let told = bob.told();
        assert_eq!((told.len(), &told[0].1["leaves"]["ann"]["reason"]), (1, &json!(reason)), "{packet}");
    }
}

#[actix_rt::test]
async fn typing_reaches_the_others_until_the_message_or_the_end() {
    let stage = Stage::new(3);
    let bob = stage.open("bob", 1).await;
    let ann = stage.open("ann", 0).await;
    let tab = stage.open("ann", 1).await;
    stage.pass(1_000).await;
    let typists = |page: &stage::Page| -> Vec<Vec<String>> {
        let told = page.told().into_iter().filter(|(event, _)| event == "typing:state");
        told.map(|(_, typing)| typing["users"].as_object().unwrap().keys().cloned().collect()).collect()
    };
    typists(&bob);
    ann.says("typing", json!({ "room": "chat-1", "on": true })).await;
    stage.pass(600).await;
    assert_eq!(typists(&bob), [["ann"]]);
    ann.0.send(r#"2["say","chat-1","hello"]"#).await;
    stage.pass(600).await;
    assert_eq!(typists(&bob), [Vec::<String>::new()]);
    ann.says("typing", json!({ "room": "chat-1", "on": true })).await;
    stage.pass(600).await;
    ann.0.abort();
    stage.pass(600).await;
    assert_eq!(typists(&bob), [vec!["ann".to_owned()], vec![]]);
    assert_eq!(typists(&tab).concat(), Vec::<String>::new(), "one's own tabs are not somebody else");
}

#[actix_rt::test]
async fn who_is_watched_is_told_wherever_they_are() {
    let stage = Stage::new(4);
    let bob = stage.open("bob", 1).await;
    bob.told();
    bob.0.send(r#"27["presence:watch",["ann","cy"]]"#).await;
    stage.simulation.run().await;
    let packets = bob.0.received();
    assert!(packets.contains(&"37[]".to_owned()), "{packets:?}");
    let ann = stage.simulation.open(0);
    ann.send(r#"0{"user":"ann"}"#).await;
    stage.simulation.run().await;
    let told = bob.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1["users"], json!({ "ann": entry("online", "ann") }));
    let many: Vec<String> = (0..201).map(|number| number.to_string()).collect();
    bob.0.send(&format!("28{}", json!(["presence:watch", many]))).await;
    stage.simulation.run().await;
    assert!(bob.0.received()[0].starts_with(r#"38[{"error""#));
}

#[actix_rt::test]
async fn who_missed_nothing_is_told_nothing_and_who_missed_something_the_state() {
    let stage = Stage::new(5);
    let bob = stage.open("bob", 1).await;
    let state = bob.told().remove(0).1;
    let known = json!({ "room": "chat-1", "e": state["e"], "o": state["o"] });
    bob.says("presence:resync", known.clone()).await;
    stage.simulation.run().await;
    assert_eq!(bob.told(), []);
    stage.open("ann", 0).await;
    bob.told();
    bob.says("presence:resync", known).await;
    stage.simulation.run().await;
    let told = bob.told();
    assert_eq!((told.len(), told[0].0.as_str()), (1, "presence:state"));
    assert_eq!(told[0].1["users"].as_object().unwrap().len(), 2);
}

#[actix_rt::test]
async fn server_code_asks_and_changes() {
    let stage = Stage::new(6);
    let bob = stage.open("bob", 1).await;
    let ann = stage.open("ann", 0).await;
    stage.open("ann", 1).await;
    stage.pass(3_000).await;
    bob.told();
    let presence = stage.presence.clone();
    let (user, room, counts) = stage
        .ask(async move {
            let user = presence.user("ann").await.unwrap();
            let room = presence.room("chat-1").await.unwrap();
            let counts = presence.counts("chat-1").await.unwrap();
            presence.set_manual("ann", Some(Manual::Invisible)).await.unwrap();
            (user, room, counts)
        })
        .await;
    assert_eq!((user.public.status, user.sockets.len(), user.rooms.len()), (Status::Online, 2, 2));
    assert_eq!((room.users.len(), counts.total, counts.online), (2, 2, 2));
    let to_ann = ann.0.received();
    assert!(to_ann.iter().any(|packet| packet.contains(r#""manual":"invisible""#)), "{to_ann:?}");
    stage.pass(3_000).await;
    assert_eq!(bob.told()[0].1["leaves"]["ann"]["reason"], json!("left"));
    let presence = stage.presence.clone();
    stage
        .ask(async move {
            presence.set_manual("ann", None).await.unwrap();
            presence.block("bob", "ann").await.unwrap();
            presence.show("cy", Visibility::Hidden).await.unwrap();
            assert_eq!(presence.user("nobody at all").await.unwrap().public.status, Status::Offline);
        })
        .await;
    stage.pass(3_000).await;
    assert_eq!(bob.told(), [], "a blocked user comes unseen");
}

/// All packets to Bob, and when, in a world where Ann is invisible from some time on and does what she
/// likes, and in one where she has left by then.
async fn told_to_bob(seed: u64, invisible: bool) -> Vec<(u64, String)> {
    let stage = Stage::new(seed);
    let bob = stage.open("bob", 1).await;
    let ann = stage.open("ann", 0).await;
    bob.0.send(r#"27["presence:watch",["ann","cy"]]"#).await;
    ann.says("typing", json!({ "room": "chat-1", "on": true })).await;
    stage.pass(3_000).await;
    bob.told();
    let began = stage.io.clock().unix_now().duration_since(UNIX_EPOCH).unwrap();
    if invisible {
        ann.says("presence:status", json!("invisible")).await;
    } else {
        ann.0.send("1").await;
    }
    let mut told = Vec::new();
    for step in 0..300 {
        if invisible && step % 7 == 0 {
            match step % 5 {
                0 => ann.says("presence:status", json!("idle")).await,
                1 => ann.says("typing", json!({ "room": "chat-1", "on": true })).await,
                2 => ann.0.send(r#"2["leave","chat-1"]"#).await,
                3 => ann.0.send(r#"2["join","chat-1"]"#).await,
                _ => ann.says("presence:resync", json!({ "room": "chat-1", "e": 0, "o": 0 })).await,
            }
        }
        if step == 100 || step == 200 {
            stage.open(if step == 100 { "cy" } else { "dan" }, 0).await;
        }
        stage.pass(100).await;
        told.extend(bob.0.received().into_iter().map(|packet| (step, counted_from(began, &packet))));
    }
    told
}

/// The packet with its times counted from this one: the two worlds do not begin at the same. When somebody
/// was seen last is a whole minute, and which one depends on the beginning.
fn counted_from(began: Duration, packet: &str) -> String {
    let [micros, millis] = [began.as_micros(), began.as_millis()].map(|time| i128::try_from(time).unwrap());
    let mut counted = String::new();
    let mut rest = packet;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let digits = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
        let number: i128 = rest[at..at + digits].parse().unwrap();
        counted += &rest[..at];
        counted += &match digits {
            16 => (number - micros).to_string(),
            13 if number % 60_000 == 0 => "a minute".to_owned(),
            13 => (number - millis).to_string(),
            _ => number.to_string(),
        };
        rest = &rest[at + digits..];
    }
    counted + rest
}

#[actix_rt::test]
async fn who_is_invisible_is_on_the_wire_as_who_left() {
    for seed in SEEDS {
        let (invisible, left) = (told_to_bob(seed, true).await, told_to_bob(seed, false).await);
        let leave = r#""leaves":{"ann":{"reason":"left""#;
        assert!(left.iter().any(|(_, packet)| packet.contains(leave)), "{left:?}");
        assert_eq!(invisible, left, "seed {seed}");
    }
}

#[actix_rt::test]
async fn a_presence_that_dies_is_made_again_from_who_is_connected() {
    let stage = Stage::new(7);
    let bob = stage.open("bob", 1).await;
    stage.open("ann", 0).await;
    bob.told();
    Faults::new(&stage.io).crash(&Victim::Presence("/".to_owned()));
    stage.simulation.run().await;
    stage.pass(1_000).await;
    assert_eq!(stage.io.stats().actor_deaths, 1);
    let (_, state) = bob.told().into_iter().rev().find(|(event, _)| event == "presence:state").unwrap();
    assert_eq!(state["users"].as_object().unwrap().len(), 2);
    stage.open("cy", 0).await;
    assert_eq!(bob.told()[0].1["joins"], json!({ "cy": entry("online", "cy") }));
}

#[actix_rt::test]
async fn a_panic_in_a_rule_costs_that_answer_only() {
    let io = Server::builder().clock(greenroom::Clock::manual()).build();
    let presence = io.of("/").presence(PresenceConfig::default());
    presence.identify(|_| panic!("a rule was asked to panic"));
    let simulation = greenroom::testing::Simulation::new(&io, 1, 1);
    let client = simulation.open(0);
    client.send("0").await;
    simulation.run().await;
    assert!(client.received().iter().any(|packet| packet.starts_with(r#"2["presence:state""#)));
    assert_eq!((io.stats().panics, io.stats().actor_deaths), (1, 0));
}

#[actix_rt::test]
async fn a_full_namespace_is_waited_for_and_nothing_is_lost() {
    let config = Config { mailbox_capacity: 2, ..Config::default() };
    let stage = Stage::with(config, PresenceConfig::default(), 8);
    let bob = stage.open("bob", 1).await;
    let mut pages = Vec::new();
    for number in 0..30 {
        let client = stage.simulation.open(number % 2);
        client.send(&format!(r#"0{{"user":"user {number}"}}"#)).await;
        client.send(r#"2["join","chat-1"]"#).await;
        pages.push(client);
    }
    stage.simulation.run().await;
    stage.pass(1_000).await;
    let mut known = 0;
    for (event, payload) in bob.told() {
        known = match event.as_str() {
            "presence:state" => payload["users"].as_object().unwrap().len(),
            _ => known + payload["joins"].as_object().unwrap().len(),
        };
    }
    assert_eq!(known, 31);
}
