//! Rooms that are actors of the user's own.

use std::time::Duration;

use actix::{Actor, Context, Handler};
use greenroom::prelude::*;
use greenroom::raw::{RawRoom, RoomBackend, RoomMessage, RoomSocket};
use greenroom::room::Options;
use greenroom::testing::Victim;
use serde_json::json;

use crate::party::CLOCK;
use crate::stage::Stage;

/// Says what it is told to everybody; `max` of them get in.
pub(crate) struct Echo {
    room: RawRoom,
    max: usize,
    inside: Vec<RoomSocket>,
}

impl Actor for Echo {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Context<Self>) {
        assert!(self.inside.len() < 3, "panics a second time, while the first panic is dealt with");
    }
}

impl RoomBackend for Echo {
    const MAX_PLAYERS: usize = 2;

    fn open(options: &Options, room: RawRoom) -> Result<Self, Reject> {
        if options.get("broken") == Some(true) {
            return Err(Reject::new("bad_options", "no such room can be made"));
        }
        let max = options.get("max").unwrap_or(Self::MAX_PLAYERS);
        room.set_max(max);
        room.label(options.json())?;
        room.private(options.get("private").unwrap_or(false));
        Ok(Self { room, max, inside: Vec::new() })
    }
}

impl Handler<RoomMessage> for Echo {
    type Result = ();

    fn handle(&mut self, message: RoomMessage, _: &mut Context<Self>) {
        match message {
            RoomMessage::Join(who) if who.options.get("silent") == Some(true) => {}
            RoomMessage::Join(who) if self.inside.len() >= self.max => {
                self.room.refuse(&who, Reject::new("full", "no place left"));
            }
            RoomMessage::Join(who) => {
                self.room.admit(&who);
                self.inside.push(who);
            }
            RoomMessage::Event { name, .. } if name == "panic" => panic!("asked to"),
            RoomMessage::Event { name, .. } if name == "hold" => CLOCK.with_borrow(|clock| {
                clock.as_ref().unwrap().advance(Duration::from_millis(60));
            }),
            RoomMessage::Event { name, args, ack, .. } => {
                drop(self.room.emit_all(&name, args));
                ack.send(Ok(self.inside.len()));
            }
            RoomMessage::Left { who, .. } => self.inside.retain(|other| other.key != who.key),
            RoomMessage::Closed => {}
        }
    }
}

fn echo(seed: u64) -> Stage {
    Stage::new(seed, |io| drop(io.raw_room::<Echo>("/echo")))
}

#[actix_rt::test]
async fn a_client_joins_is_heard_by_all_and_gets_its_acknowledgement_last() {
    for seed in 0..20 {
        let stage = echo(seed);
        let (ann, joined) = stage.join(0, "/echo", &json!({})).await;
        assert_eq!(
            (&joined["seat"], &joined["role"], &joined["resumed"]),
            (&json!(0), &json!("player"), &json!(false))
        );
        let (bob, other) = stage.join(1, "/echo", &json!({})).await;
        assert_eq!((&other["room"], &other["seat"]), (&joined["room"], &json!(1)));
        ann.emit(Some(7), "say", &json!("hello")).await;
        stage.run().await;
        assert_eq!(ann.received(), [r#"2["say","hello"]"#, "37[2]"]);
        assert_eq!(bob.received(), [r#"2["say","hello"]"#]);
    }
}

#[actix_rt::test]
async fn a_full_room_is_passed_over_and_a_certain_one_refuses() {
    let stage = echo(1);
    let (_ann, first) = stage.join(0, "/echo", &json!({})).await;
    let (_bob, _) = stage.join(0, "/echo", &json!({})).await;
    let (_cat, third) = stage.join(0, "/echo", &json!({})).await;
    assert_ne!(third["room"], first["room"]);
    let path: &'static str = format!("/echo/{}", first["room"].as_str().unwrap()).leak();
    let dan = stage.ask(0, path, &json!({})).await;
    stage.run().await;
    assert_eq!(dan.refusal()["data"]["code"], "full");
    let eve = stage.ask(0, "/echo/nowhere", &json!({})).await;
    stage.run().await;
    assert_eq!(eve.refusal()["data"]["code"], "no_such_room");
    let fay = stage.ask(0, "/echo", &json!({ "join": { "broken": true } })).await;
    stage.run().await;
    assert_eq!(fay.refusal()["data"]["code"], "bad_options");
    assert_eq!(stage.io.stats().custom_rooms, 2);
}

#[actix_rt::test]
async fn a_room_that_does_not_answer_is_unavailable_in_ten_seconds_and_its_place_is_free() {
    let stage = echo(2);
    let (_ann, first) = stage.join(0, "/echo", &json!({})).await;
    let path: &'static str = format!("/echo/{}", first["room"].as_str().unwrap()).leak();
    let bob = stage.ask(1, path, &json!({ "join": { "silent": true } })).await;
    stage.run().await;
    assert!(bob.received().is_empty());
    stage.advance(Duration::from_secs(11)).await;
    let refusal = bob.refusal();
    assert_eq!(
        (&refusal["data"]["code"], &refusal["data"]["retry_after"]),
        (&json!("unavailable"), &json!(5))
    );
    let (_cat, third) = stage.join(1, "/echo", &json!({})).await;
    assert_eq!(third["room"], first["room"]);
}

#[actix_rt::test]
async fn a_panic_of_the_actor_ends_its_room_alone() {
    let stage = echo(3);
    let (ann, first) = stage.join(0, "/echo", &json!({ "join": { "max": 3 } })).await;
    let (bob, _) = stage.join(0, "/echo", &json!({})).await;
    let (_cat, third) = stage.join(1, "/echo", &json!({})).await;
    assert_eq!(third["room"], first["room"]);
    let (dan, _) = stage.join(1, "/echo", &json!({ "join": { "fresh": true, "create": true } })).await;
    drop(bob.received());
    ann.emit(None, "panic", &json!(null)).await;
    stage.run().await;
    assert_eq!(bob.received(), [r#"2["dismissed",{"reason":"crashed"}]"#, "1"]);
    dan.emit(Some(1), "say", &json!(1)).await;
    stage.run().await;
    assert_eq!(dan.received(), [r#"2["say",1]"#, "31[1]"]);
    assert_eq!((stage.io.stats().custom_rooms, stage.io.stats().actor_deaths), (1, 0));
}

#[actix_rt::test]
async fn an_actor_that_holds_its_thread_is_named() {
    let stage = echo(7);
    CLOCK.set(Some(stage.io.clock().clone()));
    let (ann, _) = stage.join(0, "/echo", &json!({})).await;
    assert_eq!(stage.io.stats().slow_room_steps, 0);
    ann.emit(None, "hold", &json!(null)).await;
    stage.run().await;
    assert_eq!(stage.io.stats().slow_room_steps, 1);
}

#[actix_rt::test]
async fn the_last_to_leave_closes_the_room_and_nothing_is_left() {
    let stage = echo(4);
    let (ann, _) = stage.join(0, "/echo", &json!({})).await;
    let (bob, _) = stage.join(1, "/echo", &json!({})).await;
    ann.disconnect().await;
    bob.wire.abort();
    stage.run().await;
    assert_eq!((stage.io.stats().custom_rooms, stage.io.stats().socket_actors), (0, 0));
}

#[actix_rt::test]
async fn who_leaves_and_comes_back_on_one_connection_gets_nothing_of_its_old_socket() {
    for seed in 0..50 {
        let stage = echo(seed);
        let (ann, first) = stage.join(0, "/echo", &json!({})).await;
        let (bob, _) = stage.join(1, "/echo", &json!({})).await;
        drop(ann.received());
        for number in 0..5 {
            bob.emit(None, "say", &json!(number)).await;
        }
        ann.disconnect().await;
        let back = json!({ "join": { "create": true }, "guest": first["guest"] });
        ann.connect(&back).await;
        for number in 5..10 {
            bob.emit(None, "say", &json!(number)).await;
        }
        stage.run().await;
        let received = ann.received();
        let answer = received.iter().position(|packet| packet.starts_with('0')).unwrap();
        assert!(received[answer..].iter().all(|packet| !packet.contains("say")), "{seed}: {received:?}");
    }
}

#[actix_rt::test]
async fn a_host_that_dies_is_forgotten_and_its_clients_come_back_to_a_new_room() {
    let stage = echo(5);
    let (ann, first) = stage.join(0, "/echo", &json!({})).await;
    let (bob, _) = stage.join(1, "/echo", &json!({ "join": { "create": true } })).await;
    let id = first["room"].as_str().unwrap();
    stage.crash(Victim::CustomRoom("/echo".to_owned(), id.into())).await;
    assert!(ann.wire.is_closed() && !bob.wire.is_closed());
    assert_eq!((stage.io.stats().custom_rooms, stage.io.stats().actor_deaths), (1, 1));
    let (_again, second) =
        stage.join(0, "/echo", &json!({ "guest": first["guest"], "join": { "fresh": true } })).await;
    assert_ne!(second["room"], first["room"]);
    assert_eq!(second["id"], first["id"]);
}

#[actix_rt::test]
async fn a_directory_that_dies_takes_its_rooms_along_and_a_new_one_serves() {
    let stage = echo(6);
    let (ann, _) = stage.join(0, "/echo", &json!({})).await;
    stage.crash(Victim::Directory("/echo".to_owned())).await;
    assert!(ann.wire.is_closed());
    assert_eq!(stage.io.stats().custom_rooms, 0);
    stage.join(1, "/echo", &json!({})).await;
    assert_eq!(stage.io.stats().custom_rooms, 1);
}
