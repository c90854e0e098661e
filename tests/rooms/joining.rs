//! Seats: taken by a CONNECT, kept over a broken connection, given back by a disconnect.

use std::collections::BTreeSet;
use std::time::Duration;

use greenroom::auth::TokenIssuer;
use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::party::Party;
use crate::stage::{Client, Stage, call};

const SECRET: &str = "a secret of at least thirty-two bytes";

fn party(seed: u64) -> Stage {
    Stage::new(seed, |io| drop(io.room::<Party>("/party")))
}

/// With users: a client's `auth` for one of them.
fn members(seed: u64) -> (Stage, impl Fn(&str, Value) -> Value) {
    let stage = Stage::new(seed, |io| {
        io.room::<Party>("/party").auth(JwtAuth::hs256(SECRET).unwrap());
    });
    let now = stage.io.clock().unix_now();
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let auth = move |user: &str, join: Value| {
        let token = issuer.issue(user, now, Duration::from_secs(900), &()).unwrap();
        json!({ "token": token, "join": join })
    };
    (stage, auth)
}

#[actix_rt::test]
async fn a_connect_joins_or_makes_a_room_and_gets_its_state() {
    for seed in 0..20 {
        let stage = party(seed);
        let ann = stage.ask(0, "/party", &json!({ "join": { "mode": "fast" } })).await;
        stage.run().await;
        let received = ann.received();
        assert_eq!(received.len(), 3, "{received:?}");
        assert!(received[0].starts_with(r#"0{"sid":"#));
        let joined: Value = serde_json::from_str(&received[1][1..]).unwrap();
        let state: Value = serde_json::from_str(&received[2][1..]).unwrap();
        assert_eq!((&joined[0], &joined[1]["seat"]), (&json!("joined"), &json!(0)));
        assert_eq!((&state[0], &state[1]["full"]), (&json!("state"), &json!({ "count": 0, "players": 1 })));

        let (_bob, second) = stage.join(1, "/party", &json!({ "join": { "mode": "fast" } })).await;
        let (_cat, third) = stage.join(1, "/party", &json!({ "join": { "mode": "slow" } })).await;
        assert_eq!(second["room"], joined[1]["room"]);
        assert_ne!(third["room"], joined[1]["room"]);
        let patch = ann.events("patch");
        assert_eq!(patch.last().unwrap()["d"], json!({ "players": 2 }));
    }
}

#[actix_rt::test]
async fn a_client_of_engine_io_3_joins_too() {
    let stage = party(1);
    let old = stage.simulation.open_eio3(0);
    old.send("0/party,").await;
    stage.run().await;
    let received = old.received();
    assert_eq!(received.len(), 3, "{received:?}");
    assert_eq!(received[0], "0/party,");
    assert!(received[1].starts_with(r#"2/party,["joined",{"#));
    assert!(received[2].starts_with(r#"2/party,["state",{"#));
}

#[actix_rt::test]
async fn a_refusal_is_a_connect_error_with_code_and_data_and_leaves_nothing() {
    let (stage, auth) = members(1);
    let none = stage.ask(0, "/party", &json!({})).await;
    let broken = stage.ask(0, "/party", &auth("ann", json!({ "broken": true }))).await;
    let panics = stage.ask(0, "/party", &auth("ann", json!({ "panic": true }))).await;
    let lost = stage.ask(0, "/party/nowhere", &auth("ann", json!({}))).await;
    let odd = stage.ask(0, "/party", &auth("ann", json!({ "role": "judge" }))).await;
    stage.run().await;
    assert_eq!(none.refusal()["data"]["code"], "token_missing");
    let refusal = broken.refusal();
    assert_eq!((&refusal["message"], &refusal["data"]["hint"]), (&json!("no such party"), &json!(7)));
    assert_eq!(panics.refusal()["data"]["code"], "room_error");
    assert_eq!(lost.refusal()["data"]["code"], "no_such_room");
    assert_eq!(odd.refusal()["data"]["code"], "bad_join");
    assert_eq!((stage.io.stats().custom_rooms, stage.io.stats().socket_actors), (0, 0));
}

#[actix_rt::test]
async fn racing_joins_never_exceed_the_places_nor_make_a_room_too_many() {
    for seed in 0..8 {
        let stage = party(seed);
        let mut clients = Vec::new();
        for number in 0..100 {
            clients.push(stage.ask(number % 2, "/party", &json!({})).await);
        }
        stage.run().await;
        let joined: Vec<_> = clients.iter().map(Client::joined).collect();
        let seats: BTreeSet<_> =
            joined.iter().map(|who| (who["room"].to_string(), who["seat"].to_string())).collect();
        let rooms: BTreeSet<_> = joined.iter().map(|who| who["room"].to_string()).collect();
        assert_eq!((seats.len(), rooms.len()), (100, 25));
        for client in clients {
            client.disconnect().await;
        }
        stage.run().await;
        assert_eq!((stage.io.stats().custom_rooms, stage.io.stats().socket_actors), (0, 0));
    }
}

#[actix_rt::test]
async fn racing_joins_and_ends_leave_no_seat_behind() {
    for seed in 0..30 {
        let (stage, auth) = members(seed);
        let mut clients = Vec::new();
        for number in 0..24_u64 {
            let client = stage
                .ask((number % 2) as usize, "/party", &auth(&format!("user-{}", number % 8), json!({})))
                .await;
            for _ in 0..(seed * 7 + number * 13) % 11 {
                stage.simulation.step();
            }
            // Some give up while they are on the way, some come back at once.
            match (seed + number) % 4 {
                0 => client.disconnect().await,
                1 => client.wire.abort(),
                2 => {
                    client.disconnect().await;
                    client.connect(&auth(&format!("user-{}", number % 8), json!({}))).await;
                }
                _ => {}
            }
            clients.push(client);
        }
        stage.run().await;
        let list = stage.io.rooms::<Party>().unwrap().list(&greenroom::ListQuery::default());
        assert!(list.iter().all(|room| room.players <= 4), "{list:?}");
        for client in &clients {
            client.disconnect().await;
        }
        stage.run().await;
        stage.advance(Duration::from_secs(21)).await;
        assert_eq!(stage.io.stats().custom_rooms, 0, "seed {seed}");
    }
}

#[actix_rt::test]
async fn several_sockets_of_a_user_are_one_member() {
    for seed in 0..10 {
        let (stage, auth) = members(seed);
        let (tab, first) = stage.join(0, "/party", &auth("ann", json!({}))).await;
        let (phone, second) = stage.join(1, "/party", &auth("ann", json!({}))).await;
        assert_eq!(
            (&second["room"], &second["seat"], &second["resumed"]),
            (&first["room"], &first["seat"], &json!(true))
        );
        assert_eq!(first["id"], "ann");
        assert_eq!(call(&stage, &tab, "add", &json!(2)).await, 2);
        assert_eq!(phone.events("patch").last().unwrap()["d"], json!({ "count": 2 }));
        tab.disconnect().await;
        stage.run().await;
        assert_eq!(
            call(&stage, &phone, "log", &json!(null)).await,
            json!(["join 0"]),
            "nothing happened to the member"
        );
    }
}

#[actix_rt::test]
async fn a_broken_connection_takes_its_seat_again_and_nobody_sees_it_leave() {
    for seed in 0..10 {
        let (stage, auth) = members(seed);
        let (ann, first) = stage.join(0, "/party", &auth("ann", json!({}))).await;
        let (bob, _) = stage.join(1, "/party", &auth("bob", json!({}))).await;
        drop(bob.received());
        ann.wire.abort();
        stage.run().await;
        stage.advance(Duration::from_secs(15)).await;
        let (_back, second) = stage.join(1, "/party", &auth("ann", json!({}))).await;
        assert_eq!(
            (&second["room"], &second["seat"], &second["resumed"]),
            (&first["room"], &first["seat"], &json!(true))
        );
        stage.advance(Duration::from_secs(15)).await;
        assert_eq!(bob.received().iter().filter(|packet| packet.contains("players")).count(), 0);
        assert_eq!(
            call(&stage, &bob, "log", &json!(null)).await,
            json!(["join 0", "join 1", "drop 0", "back 0"])
        );
    }
}

#[actix_rt::test]
async fn a_seat_is_free_when_its_grace_has_passed_and_at_once_when_its_member_leaves() {
    let (stage, auth) = members(3);
    let (ann, _) = stage.join(0, "/party", &auth("ann", json!({}))).await;
    let (bob, _) = stage.join(0, "/party", &auth("bob", json!({}))).await;
    let (cat, first) = stage.join(1, "/party", &auth("cat", json!({}))).await;
    ann.wire.abort();
    stage.run().await;
    bob.disconnect().await;
    stage.run().await;
    stage.advance(Duration::from_secs(21)).await;
    assert_eq!(
        call(&stage, &cat, "log", &json!(null)).await,
        json!(["join 0", "join 1", "join 2", "drop 0", "leave 1 left", "leave 0 grace_expired"])
    );
    let (_ann, again) = stage.join(0, "/party", &auth("ann", json!({}))).await;
    assert_eq!((&again["room"], &again["seat"]), (&first["room"], &json!(3)));
}

#[actix_rt::test]
async fn who_has_a_seat_goes_back_to_it_unless_it_asks_for_another() {
    let (stage, auth) = members(4);
    let (_ann, first) = stage.join(0, "/party", &auth("ann", json!({ "mode": "fast" }))).await;
    let (_bob, other) =
        stage.join(0, "/party", &auth("bob", json!({ "mode": "fast", "create": true }))).await;
    let (_back, second) = stage.join(0, "/party", &auth("ann", json!({}))).await;
    assert_eq!(second["room"], first["room"]);
    let (_more, third) =
        stage.join(0, "/party", &auth("ann", json!({ "mode": "fast", "fresh": true }))).await;
    assert_eq!(third["room"], other["room"]);
    let (_last, fourth) = stage.join(0, "/party", &auth("ann", json!({ "mode": "slow" }))).await;
    assert!(fourth["room"] != first["room"] && fourth["room"] != other["room"]);
}

#[actix_rt::test]
async fn a_guest_is_known_again_by_its_key() {
    let stage = party(5);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    stage.join(0, "/party", &json!({})).await;
    ann.wire.abort();
    stage.run().await;
    let (_back, second) = stage.join(1, "/party", &json!({ "guest": first["guest"] })).await;
    assert_eq!(
        (&second["id"], &second["seat"], &second["resumed"]),
        (&first["id"], &first["seat"], &json!(true))
    );
    let (_thief, third) = stage.join(1, "/party", &json!({ "guest": first["id"] })).await;
    assert_ne!(third["id"], first["id"], "the id that others see is no key");
}

#[actix_rt::test]
async fn several_rooms_share_a_connection() {
    let stage = party(6);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    let path = format!("/party/{}", first["room"].as_str().unwrap());
    ann.wire.send(&format!("0{path},{{}}")).await;
    stage.run().await;
    let received = ann.wire.received();
    assert!(received.iter().any(|packet| packet.starts_with(&format!("0{path},{{\"sid\""))), "{received:?}");
    ann.wire.send(&format!(r#"2{path},1["add",1]"#)).await;
    stage.run().await;
    let received = ann.wire.received();
    assert!(received.contains(&format!("3{path},1[1]")), "{received:?}");
    assert!(received.iter().any(|packet| packet.starts_with("2/party,[\"patch\"")), "{received:?}");
}

#[actix_rt::test]
async fn spectators_look_on_from_places_of_their_own() {
    let stage = party(7);
    let (ann, first) = stage.join(0, "/party", &json!({})).await;
    let path: &'static str = format!("/party/{}", first["room"].as_str().unwrap()).leak();
    let watch = json!({ "join": { "role": "spectator" } });
    let (bob, joined) = stage.join(1, path, &watch).await;
    assert_eq!(joined["role"], "spectator");
    drop(bob.received());
    assert_eq!(call(&stage, &ann, "add", &json!(1)).await, 1);
    assert_eq!(bob.events("patch").last().unwrap()["d"], json!({ "count": 1 }));
    assert_eq!(call(&stage, &bob, "add", &json!(1)).await["error"]["code"], "spectator");
    stage.join(1, path, &watch).await;
    let late = stage.ask(1, path, &watch).await;
    stage.run().await;
    assert_eq!(late.refusal()["data"]["code"], "full");
}
