//! What others see, and do not see, of what people do with their browsers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod presence_world;

use std::collections::BTreeMap;

use greenroom_proto::presence::{LeaveReason, MetaRef, PresenceConfig, Report, Visibility};
use presence_world::{Op, PERFECT, World};
use serde_json::{Value, json};

const ANN: usize = 0;
const BOB: usize = 1;
const RED: usize = 0;

/// Bob is in the room and has been told of all that was before.
fn world_with_bob(config: PresenceConfig) -> (World, MetaRef) {
    let mut world = World::new(config, false, PERFECT, 1);
    let bob = world.connect(BOB);
    world.join(bob, RED);
    (world, bob)
}

fn enter(world: &mut World, user: usize) -> MetaRef {
    let socket = world.connect(user);
    world.join(socket, RED);
    socket
}

/// What a socket was told of others since it was asked last: the event, and when.
fn told(world: &mut World, socket: MetaRef) -> Vec<(u64, &'static str, Value)> {
    let told = std::mem::take(&mut world.arrivals);
    let to_it = told.into_iter().filter(|arrival| arrival.socket == socket);
    to_it.map(|it| (it.ms, it.event, serde_json::from_str(&it.json).unwrap())).collect()
}

#[test]
fn a_page_reload_is_not_seen() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    world.run(60_000);
    told(&mut world, bob);
    // Some browsers say goodbye, others just go.
    for reason in [LeaveReason::Dropped, LeaveReason::Left] {
        let ann = if reason == LeaveReason::Dropped { ann } else { world.live[1].socket };
        world.end(ann, reason);
        world.run(1_900);
        enter(&mut world, ANN);
        world.run(60_000);
        assert_eq!(told(&mut world, bob), [], "{reason:?}");
    }
}

#[test]
fn three_tabs_that_close_in_any_order_are_one_person_who_goes_once() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut world, bob) = world_with_bob(PresenceConfig::default());
        let tabs = [(); 3].map(|()| enter(&mut world, ANN));
        world.report(tabs[1], Report::Idle);
        world.run(60_000);
        told(&mut world, bob);
        for tab in order {
            world.run(200);
            world.end(tabs[tab], LeaveReason::Dropped);
        }
        let closed = world.ms;
        world.run(2_900);
        assert_eq!(told(&mut world, bob), [], "within three seconds nobody knows");
        world.run(60_000);
        let seen: Vec<_> = told(&mut world, bob)
            .into_iter()
            .map(|(ms, _, diff)| {
                (
                    ms - closed,
                    diff["updates"]["ann"]["status"].clone(),
                    diff["leaves"]["ann"]["reason"].clone(),
                )
            })
            .collect();
        assert_eq!(seen, [(3_000, json!("away"), Value::Null), (15_000, Value::Null, json!("dropped"))]);
    }
}

#[test]
fn a_change_of_network_is_not_seen_and_a_sleeping_laptop_only_goes_late() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    enter(&mut world, ANN);
    world.run(60_000);
    told(&mut world, bob);
    // The new socket comes before the server notices that the old one is dead.
    let old = world.live[1].socket;
    let new = enter(&mut world, ANN);
    world.run(20_000);
    world.end(old, LeaveReason::Expired);
    world.run(60_000);
    assert_eq!(told(&mut world, bob), []);
    // The lid closes: the heartbeat fails, and after two minutes it opens again.
    world.end(new, LeaveReason::Expired);
    world.run(120_000);
    enter(&mut world, ANN);
    world.run(10_000);
    let kinds: Vec<_> = told(&mut world, bob)
        .iter()
        .map(|(_, _, diff)| {
            ["joins", "updates", "leaves"].map(|kind| !diff[kind].as_object().unwrap().is_empty())
        })
        .collect();
    assert_eq!(kinds, [[false, true, false], [false, false, true], [true, false, false]]);
}

#[test]
fn the_end_of_a_server_is_not_seen_while_its_clients_may_come_back() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    world.run(60_000);
    told(&mut world, bob);
    world.end(ann, LeaveReason::Server);
    world.run(14_900);
    assert_eq!(told(&mut world, bob), [], "not even that she is away");
    let ann = enter(&mut world, ANN);
    world.run(60_000);
    assert_eq!(told(&mut world, bob), []);
    world.end(ann, LeaveReason::Server);
    world.run(60_000);
    let told = told(&mut world, bob);
    assert_eq!((told.len(), &told[0].2["leaves"]["ann"]["reason"]), (1, &json!("server")));
}

#[test]
fn a_goodbye_is_seen_once_it_cannot_be_a_reload() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    world.run(60_000);
    told(&mut world, bob);
    let left = world.ms;
    world.end(ann, LeaveReason::Left);
    world.run(60_000);
    let told = told(&mut world, bob);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0 - left, &told[0].2["leaves"]["ann"]["reason"]), (2_000, &json!("left")));
    assert_eq!(told[0].2["leaves"]["ann"]["lastSeen"], json!(1_764_000_060_000_u64), "to the minute");
}

#[test]
fn do_not_disturb_wins_over_idle_and_survives_a_reconnect() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    world.report(ann, Report::Dnd);
    world.report(ann, Report::Idle);
    world.run(5_000);
    world.end(ann, LeaveReason::Left);
    world.run(60_000);
    enter(&mut world, ANN);
    world.run(5_000);
    let client = &world.clients[&bob];
    assert_eq!(client.rooms["red"].users["ann"]["status"], json!("dnd"));
}

#[test]
fn a_claim_runs_out_by_the_servers_clock() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    world.report(ann, Report::Online);
    world.run(119_000);
    let status = |world: &World| world.clients[&bob].rooms["red"].users["ann"]["status"].clone();
    assert_eq!(status(&world), json!("online"));
    world.run(2_000);
    assert_eq!(status(&world), json!("idle"));
    world.run(600_000);
    assert_eq!(status(&world), json!("away"));
}

#[test]
fn typing_is_told_to_others_but_not_to_ones_own_tabs_and_ends_with_the_message() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let ann = enter(&mut world, ANN);
    let tab = enter(&mut world, ANN);
    world.type_in(ann, RED, true);
    world.run(500);
    let types = |world: &World, socket| world.clients[&socket].typists("red", world.unix_ms());
    assert_eq!(types(&world, bob), ["ann"]);
    assert!(types(&world, ann).is_empty() && types(&world, tab).is_empty());
    world.perform(&Op::Message(1));
    world.run(500);
    assert!(types(&world, bob).is_empty());
    // The page that types dies.
    world.type_in(ann, RED, true);
    world.run(500);
    world.end(ann, LeaveReason::Dropped);
    world.run(500);
    assert!(types(&world, bob).is_empty(), "typing has no grace");
}

#[test]
fn four_who_type_are_three_names_and_a_number_twice_a_second_at_most() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    for user in 2..6 {
        let socket = enter(&mut world, user);
        world.type_in(socket, RED, true);
    }
    world.run(500);
    let typing: Vec<_> =
        told(&mut world, bob).into_iter().filter(|(_, event, _)| *event == "typing:state").collect();
    assert!(typing.len() <= 2, "{typing:?}");
    let (_, _, last) = typing.last().unwrap();
    let names: BTreeMap<String, u64> = serde_json::from_value(last["users"].clone()).unwrap();
    assert_eq!((names.len(), &last["count"]), (3, &json!(4)));
    assert!(last["until"].as_u64().unwrap() > last["at"].as_u64().unwrap());
}

#[test]
fn nobody_is_told_who_types_in_a_crowd_and_nobody_may_report_without_end() {
    let config = PresenceConfig { typing_max_members: 2, typing_reports: 2, ..PresenceConfig::default() };
    let (mut world, bob) = world_with_bob(config);
    let ann = enter(&mut world, ANN);
    let scope = presence_world::scope(RED);
    let now = world.now();
    let answers = [true, true, true, false].map(|on| world.presence.type_in(ann, &scope, on, now).is_ok());
    assert_eq!(answers, [true, true, false, true], "the end of typing is always taken");
    enter(&mut world, 2);
    world.run(10_000);
    told(&mut world, bob);
    world.type_in(ann, RED, true);
    world.run(1_000);
    assert_eq!(told(&mut world, bob), []);
}

#[test]
fn a_block_looks_like_an_ordinary_leave_to_both_and_to_nobody_else() {
    let (mut world, bob) = world_with_bob(PresenceConfig::default());
    let (ann, cy) = (enter(&mut world, ANN), enter(&mut world, 2));
    world.run(10_000);
    world.arrivals.clear();
    world.perform(&Op::Block(ANN, BOB));
    world.run(1);
    let arrivals = std::mem::take(&mut world.arrivals);
    let leaves = |socket, user: &str| {
        let to_it: Vec<_> = arrivals.iter().filter(|arrival| arrival.socket == socket).collect();
        assert_eq!((to_it.len(), to_it[0].event), (1, "presence:diff"));
        let diff: Value = serde_json::from_str(&to_it[0].json).unwrap();
        assert_eq!(diff["leaves"][user]["reason"], json!("left"));
    };
    leaves(bob, "ann");
    leaves(ann, "bob");
    assert!(arrivals.iter().all(|arrival| arrival.socket != cy));
    // What the other does is no longer told, not even that something happened.
    world.report(ann, Report::Idle);
    world.run(5_000);
    assert_eq!(told(&mut world, bob), []);
}

#[test]
fn who_shows_the_day_only_sees_the_day_only() {
    let config = PresenceConfig { reciprocal: true, ..PresenceConfig::default() };
    let (mut world, bob) = world_with_bob(config);
    enter(&mut world, ANN);
    world.perform(&Op::Show(BOB, Visibility::Coarse));
    world.report(world.live[1].socket, Report::Dnd);
    world.run(5_000);
    assert_eq!(world.clients[&bob].rooms["red"].users["ann"]["status"], json!("online"), "that is all of it");
    world.perform(&Op::Watch(0, vec![ANN, 5]));
    world.run(1_000);
    let watched = &world.clients[&bob].watched;
    assert_eq!((&watched["ann"]["status"], &watched["fay"]["status"]), (&json!("online"), &json!("offline")));
}

#[test]
fn two_hundred_who_come_at_once_cost_at_most_two_messages_each_per_digest() {
    let config = PresenceConfig::default();
    let mut presence = World::new(config, false, PERFECT, 1).presence;
    let world = World::new(PresenceConfig::default(), false, PERFECT, 1);
    let mut messages = BTreeMap::<u64, usize>::new();
    let mut joined = 0_usize;
    for ms in 0..2_000_u64 {
        let now = world.now() + std::time::Duration::from_millis(ms);
        if ms % 10 == 0 {
            let socket = presence.connect(&format!("user {ms}").as_str().into(), None, None, now);
            presence.join(socket, presence_world::scope(RED), now);
            joined += 1;
        }
        presence.handle_deadline(now);
        while let Some(effect) = presence.poll_effect() {
            let sent = match effect {
                greenroom_proto::presence::Effect::Everyone { except, .. } => joined - except.len(),
                greenroom_proto::presence::Effect::Sockets { to, .. } => to.len(),
            };
            *messages.entry(ms / 500).or_default() += sent;
        }
    }
    // In the first second the room grows past the size in which each change is told.
    let digests: Vec<_> = messages.into_iter().skip(2).collect();
    assert_eq!(digests.len(), 2);
    assert!(digests.iter().all(|(_, sent)| *sent <= 2 * joined), "{digests:?}");
}

#[test]
fn a_digest_comes_at_the_same_time_whether_or_not_somebody_unseen_came_before_it() {
    const FAY: usize = 5;
    let told_with = |fay_comes: bool, wait_ms: u64| {
        let config = PresenceConfig { diff_limit: 1, ..PresenceConfig::default() };
        let (mut world, bob) = world_with_bob(config);
        let ann = enter(&mut world, ANN);
        let fay = world.connect(FAY);
        world.report(fay, Report::Invisible);
        world.run(60_000 + wait_ms);
        told(&mut world, bob);
        if fay_comes {
            world.join(fay, RED);
        }
        world.run(180);
        world.report(ann, Report::Dnd);
        world.run(60_000);
        told(&mut world, bob)
    };
    for wait_ms in (0..500).step_by(20) {
        let seen = told_with(false, wait_ms);
        assert_eq!((seen.len(), &seen[0].2["mode"]), (1, &json!("digest")));
        assert_eq!(told_with(true, wait_ms), seen, "{wait_ms} ms after a minute");
    }
}
