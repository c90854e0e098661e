//! Presence in custom rooms: one line, and the events of plain rooms.

use std::time::Duration;

use greenroom::auth::TokenIssuer;
use greenroom::prelude::*;
use greenroom::presence::PresenceConfig;
use greenroom::testing::Victim;
use serde_json::{Value, json};

use crate::party::Party;
use crate::stage::{Client, Stage};

const SECRET: &str = "a secret of at least thirty-two bytes";

fn stage(seed: u64) -> Stage {
    Stage::new(seed, |io| {
        let rooms = io.room::<Party>("/party");
        rooms.auth(JwtAuth::hs256(SECRET).unwrap());
        rooms.presence(PresenceConfig::default()).message_event("add");
    })
}

/// A user's `auth` for the rooms of a mode.
fn auth(stage: &Stage, user: &str, mode: &str) -> Value {
    let now = stage.io.clock().unix_now();
    let token = TokenIssuer::hs256(SECRET).unwrap().issue(user, now, Duration::from_secs(900), &()).unwrap();
    json!({ "token": token, "join": { "mode": mode } })
}

async fn pass(stage: &Stage, ms: u64) {
    for _ in 0..ms / 100 {
        stage.advance(Duration::from_millis(100)).await;
    }
}

/// What came about others: the events of presence and typing.
fn told(client: &Client) -> Vec<(String, Value)> {
    let events = client.received().into_iter().filter_map(|packet| {
        let (event, payload): (String, Value) = serde_json::from_str(packet.strip_prefix('2')?).ok()?;
        Some((event, payload))
    });
    let others =
        |event: &str| event.starts_with("presence:") && event != "presence:self" || event == "typing:state";
    events.filter(|(event, _)| others(event)).collect()
}

#[actix_rt::test]
async fn members_of_a_custom_room_are_told_of_each_other_and_of_nobody_else() {
    for seed in 0..20 {
        let stage = stage(seed);
        let ann = stage.ask(0, "/party", &auth(&stage, "ann", "fast")).await;
        stage.run().await;
        let state = told(&ann).remove(0);
        assert_eq!(
            (state.0.as_str(), &state.1["users"]),
            ("presence:state", &json!({ "ann": { "status": "online" } }))
        );
        let bob = stage.ask(1, "/party", &auth(&stage, "bob", "fast")).await;
        let cat = stage.ask(1, "/party", &auth(&stage, "cat", "slow")).await;
        pass(&stage, 3_000).await;
        let diffs = told(&ann);
        assert_eq!(diffs.len(), 1, "{diffs:?}");
        assert_eq!(diffs[0].1["joins"], json!({ "bob": { "status": "online" } }));
        assert_eq!(told(&bob)[0].1["users"].as_object().unwrap().len(), 2);
        assert_eq!(told(&cat)[0].1["users"].as_object().unwrap().len(), 1);
        bob.disconnect().await;
        pass(&stage, 3_000).await;
        let gone = told(&ann);
        assert_eq!((gone.len(), &gone[0].1["leaves"]["bob"]["reason"]), (1, &json!("left")));
        assert_eq!(told(&cat), []);
    }
}

#[actix_rt::test]
async fn a_reload_of_a_member_is_not_seen_and_a_lost_one_is_seen_late() {
    let stage = stage(1);
    let ann = stage.ask(0, "/party", &auth(&stage, "ann", "fast")).await;
    let mut bob = stage.ask(1, "/party", &auth(&stage, "bob", "fast")).await;
    pass(&stage, 3_000).await;
    told(&ann);
    for worker in [0, 1] {
        bob.wire.abort();
        pass(&stage, 1_500).await;
        bob = stage.ask(worker, "/party", &auth(&stage, "bob", "fast")).await;
        pass(&stage, 3_000).await;
        assert_eq!(told(&ann), []);
    }
    bob.wire.abort();
    pass(&stage, 20_000).await;
    let told: Vec<_> = told(&ann)
        .into_iter()
        .map(|(_, diff)| (diff["updates"]["bob"]["status"].clone(), diff["leaves"]["bob"]["reason"].clone()))
        .collect();
    assert_eq!(told, [(json!("away"), Value::Null), (Value::Null, json!("dropped"))]);
}

#[actix_rt::test]
async fn what_clients_say_of_presence_does_not_reach_the_room_and_its_message_ends_typing() {
    let stage = stage(2);
    let (ann, joined) = stage.join(0, "/party", &auth(&stage, "ann", "fast")).await;
    let bob = stage.ask(1, "/party", &auth(&stage, "bob", "fast")).await;
    pass(&stage, 1_000).await;
    told(&ann);
    bob.emit(Some(7), "presence:status", &json!("dnd")).await;
    bob.emit(None, "typing", &json!({ "room": joined["room"], "on": true })).await;
    pass(&stage, 3_000).await;
    assert!(bob.received().contains(&"37[]".to_owned()), "an answer of the presence's");
    let heard = told(&ann);
    let typing = heard.iter().find(|(event, _)| event == "typing:state").unwrap();
    assert_eq!(typing.1["count"], json!(1));
    let status = heard.iter().find(|(event, _)| event == "presence:diff").unwrap();
    assert_eq!(status.1["updates"]["bob"]["status"], json!("dnd"));
    bob.emit(Some(8), "add", &json!(1)).await;
    pass(&stage, 1_000).await;
    let heard = told(&ann);
    assert_eq!((heard.len(), &heard[0].1["count"]), (1, &json!(0)), "{heard:?}");
    assert!(bob.received().iter().any(|packet| packet.starts_with("38")), "an answer of the room's");
}

#[actix_rt::test]
async fn a_presence_of_custom_rooms_that_dies_is_made_again() {
    let stage = stage(3);
    let ann = stage.ask(0, "/party", &auth(&stage, "ann", "fast")).await;
    let _bob = stage.ask(1, "/party", &auth(&stage, "bob", "fast")).await;
    pass(&stage, 3_000).await;
    told(&ann);
    stage.crash(Victim::Presence("/party".to_owned())).await;
    pass(&stage, 1_000).await;
    let state = told(&ann).into_iter().rev().find(|(event, _)| event == "presence:state").unwrap().1;
    assert_eq!(state["users"].as_object().unwrap().len(), 2);
}
