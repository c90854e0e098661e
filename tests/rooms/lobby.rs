//! A lobby: lists, deltas, rooms that clients make and find.

use std::time::Duration;

use greenroom::testing::Victim;
use serde_json::{Value, json};

use crate::raw::Echo;
use crate::stage::{Client, Stage, call};

const LOBBY: &str = "/lobby";

fn stage(seed: u64) -> Stage {
    Stage::new(seed, |io| drop(io.raw_room::<Echo>("/echo").lobby(&io.of(LOBBY)).clone()))
}

fn ids(rooms: &Value) -> Vec<&str> {
    rooms.as_array().unwrap().iter().map(|room| room["id"].as_str().or(room.as_str()).unwrap()).collect()
}

async fn deltas(stage: &Stage, client: &Client) -> Vec<Value> {
    stage.advance(Duration::from_millis(200)).await;
    client.events("room:delta")
}

#[actix_rt::test]
async fn a_list_is_a_snapshot_then_deltas_and_a_room_that_is_gone_is_gone_from_it() {
    for seed in 0..20 {
        let stage = stage(seed);
        let (ann, first) = stage.join(0, "/echo", &json!({ "join": { "mode": "fast" } })).await;
        // The first delta may repeat what the list shows, so nothing is left for it.
        stage.advance(Duration::from_millis(200)).await;
        let watcher = stage.ask(1, LOBBY, &json!({})).await;
        let list = call(&stage, &watcher, "room:watch", &json!({ "where": { "mode": "fast" } })).await;
        assert_eq!(ids(&list["rooms"]), [first["room"].as_str().unwrap()]);
        assert_eq!(list["rooms"][0]["players"], 1);
        assert_eq!(deltas(&stage, &watcher).await, Vec::<Value>::new());

        let (_bob, second) =
            stage.join(0, "/echo", &json!({ "join": { "mode": "fast", "create": true } })).await;
        stage.join(0, "/echo", &json!({ "join": { "mode": "slow" } })).await;
        let news = deltas(&stage, &watcher).await;
        assert_eq!(news.len(), 1, "{news:?}");
        assert_eq!(
            (&news[0]["type"], ids(&news[0]["set"])),
            (&json!("/echo"), vec![second["room"].as_str().unwrap()])
        );

        ann.disconnect().await;
        stage.run().await;
        let news = deltas(&stage, &watcher).await;
        assert_eq!(
            (ids(&news[0]["gone"]), ids(&news[0]["set"])),
            (vec![first["room"].as_str().unwrap()], vec![])
        );
        call(&stage, &watcher, "room:unwatch", &json!({})).await;
        stage.join(0, "/echo", &json!({ "join": { "mode": "fast", "create": true } })).await;
        assert_eq!(deltas(&stage, &watcher).await, Vec::<Value>::new());
    }
}

#[actix_rt::test]
async fn a_room_whose_host_died_disappears_in_the_same_flush() {
    let stage = stage(3);
    let (_ann, first) = stage.join(0, "/echo", &json!({})).await;
    let watcher = stage.ask(1, LOBBY, &json!({})).await;
    call(&stage, &watcher, "room:watch", &json!({})).await;
    let id = first["room"].as_str().unwrap();
    stage.crash(Victim::CustomRoom("/echo".to_owned(), id.into())).await;
    let news = deltas(&stage, &watcher).await;
    assert_eq!((news.len(), ids(&news[0]["gone"])), (1, vec![id]));
}

#[actix_rt::test]
async fn lists_are_filtered_sorted_and_cut_and_private_rooms_are_in_none() {
    let stage = stage(4);
    for (mode, stake) in [("fast", 5), ("fast", 20), ("slow", 10), ("fast", 10)] {
        let join = json!({ "join": { "mode": mode, "stake": stake, "create": true } });
        stage.join(0, "/echo", &join).await;
    }
    let hidden = json!({ "join": { "mode": "fast", "private": true, "create": true } });
    stage.join(0, "/echo", &hidden).await;
    let watcher = stage.ask(1, LOBBY, &json!({})).await;
    let asked = json!({ "where": { "mode": "fast" }, "sort": "-stake", "limit": 2 });
    let list = call(&stage, &watcher, "room:list", &asked).await;
    let stakes: Vec<_> =
        list["rooms"].as_array().unwrap().iter().map(|room| &room["label"]["stake"]).collect();
    assert_eq!(stakes, [20, 10]);
    let all = call(&stage, &watcher, "room:list", &json!({})).await;
    assert_eq!(all["rooms"].as_array().unwrap().len(), 4);
    let wrong = call(&stage, &watcher, "room:list", &json!({ "were": {} })).await;
    assert_eq!(wrong["error"]["code"], "bad_payload");
    let wrong = call(&stage, &watcher, "room:list", &json!({ "type": "/chess" })).await;
    assert_eq!(wrong["error"]["code"], "no_such_type");
}

#[actix_rt::test]
async fn a_room_is_made_or_found_and_joined_by_its_path() {
    let stage = stage(5);
    let ann = stage.ask(0, LOBBY, &json!({})).await;
    let made = call(&stage, &ann, "room:create", &json!({ "mode": "fast" })).await;
    assert_eq!(made["created"], true);
    let found = call(&stage, &ann, "room:find", &json!({ "mode": "fast" })).await;
    assert_eq!((&found["id"], &found["created"]), (&made["id"], &json!(false)));
    let none = call(&stage, &ann, "room:find", &json!({ "mode": "slow" })).await;
    assert_eq!(none["error"]["code"], "no_such_room");
    let other = call(&stage, &ann, "room:find", &json!({ "mode": "slow", "or_create": true })).await;
    assert_eq!(other["created"], true);
    let path: &'static str = made["path"].as_str().unwrap().to_owned().leak();
    let (_bob, joined) = stage.join(1, path, &json!({})).await;
    assert_eq!(joined["room"], made["id"]);
    let refused = call(&stage, &ann, "room:create", &json!({ "broken": true })).await;
    assert_eq!(refused["error"]["code"], "bad_options");
}

#[actix_rt::test]
async fn a_room_that_nobody_joins_closes_and_nobody_may_make_many_of_them() {
    let stage = stage(6);
    let ann = stage.ask(0, LOBBY, &json!({})).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(call(&stage, &ann, "room:create", &json!({})).await);
    }
    let refused = call(&stage, &ann, "room:create", &json!({})).await;
    assert_eq!(refused["error"]["code"], "too_many_rooms");
    let path: &'static str = made[0]["path"].as_str().unwrap().to_owned().leak();
    let (_bob, _) = stage.join(1, path, &json!({})).await;
    assert_eq!(call(&stage, &ann, "room:create", &json!({})).await["created"], true);
    stage.advance(Duration::from_secs(31)).await;
    let list = call(&stage, &ann, "room:list", &json!({})).await;
    assert_eq!(ids(&list["rooms"]), [made[0]["id"].as_str().unwrap()]);
    assert_eq!(stage.io.stats().custom_rooms, 1);
}
