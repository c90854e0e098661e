//! Presence under a network that loses, delays, doubles and reorders, on a simulated clock.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise, and picks the few things that matter to it"
)]

mod presence_world;

use std::collections::BTreeMap;

use greenroom_proto::presence::{LeaveReason, MetaRef, PresenceConfig, Report, Visibility};
use presence_world::client::Room;
use presence_world::{AWFUL, Arrival, Live, Op, PERFECT, ROOMS, USERS, World, ops};
use proptest::prelude::*;
use serde_json::{Value, json};

/// All graces are over, no claim has run out.
const QUIET_MS: u64 = 60_000;

/// Rooms of one to six users go through all modes.
fn small_tiers(diff_limit: usize, digest_limit: usize, reciprocal: bool) -> PresenceConfig {
    PresenceConfig { diff_limit, digest_limit, reciprocal, ..PresenceConfig::default() }
}

/// The truth about a user: the status that everyone may see, from what the world knows.
fn truth(world: &World, user: usize) -> Option<&'static str> {
    let sockets = world.live.iter().filter(|live| live.user == user);
    let activity = sockets
        .map(|live| match live.reported {
            None | Some(Report::Online) => 2,
            Some(Report::Idle) => 1,
            Some(_) => 0,
        })
        .max()?;
    match world.manual.get(&user) {
        Some(Report::Invisible) => None,
        Some(_) => Some("dnd"),
        None => Some(["away", "idle", "online"][activity]),
    }
}

/// What one viewer may see of a user.
fn seen(world: &World, viewer: usize, target: usize) -> Option<&'static str> {
    let status = truth(world, target)?;
    match world.may_see(viewer, target) {
        Visibility::Full => Some(status),
        Visibility::Coarse => Some("online"),
        Visibility::Hidden => None,
    }
}

/// Everyone says once more what they do, so that no claim runs out, and then it is quiet.
fn fall_quiet(world: &mut World) {
    world.run(QUIET_MS);
    for Live { socket, reported, .. } in world.live.clone() {
        reported.into_iter().for_each(|report| world.report(socket, report));
    }
    world.run(QUIET_MS);
    world.wake_all();
}

fn assert_table(world: &World, viewer: &Live, room: &Room, members: &[usize]) {
    if room.mode == "counts" {
        assert!(room.users.is_empty(), "no names in a room of that size");
        let total = members.iter().filter(|user| truth(world, **user).is_some()).count();
        assert_eq!(room.counts.as_ref().unwrap()["total"], json!(total));
        return;
    }
    let believed: BTreeMap<&str, &str> =
        room.users.iter().map(|(user, entry)| (user.as_str(), entry["status"].as_str().unwrap())).collect();
    let visible = members.iter().filter_map(|user| Some((USERS[*user], seen(world, viewer.user, *user)?)));
    assert_eq!(
        believed,
        visible.collect(),
        "what {} sees in a room of mode {}",
        USERS[viewer.user],
        room.mode
    );
}

fn assert_everyone_knows_the_truth(world: &World) {
    for viewer in &world.live {
        let client = &world.clients[&viewer.socket];
        for at in &viewer.rooms {
            let members: Vec<usize> = (0..USERS.len())
                .filter(|user| world.live.iter().any(|live| live.user == *user && live.rooms.contains(at)))
                .collect();
            assert_table(world, viewer, &client.rooms[ROOMS[*at]], &members);
            assert!(client.typists(ROOMS[*at], world.unix_ms()).is_empty(), "nobody types any more");
        }
        for (user, watched) in &client.watched {
            let user = USERS.iter().position(|name| name == user).unwrap();
            let status = seen(world, viewer.user, user).unwrap_or("offline");
            assert_eq!(watched["status"], json!(status), "{} watched by {}", USERS[user], USERS[viewer.user]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn after_quiet_every_table_is_the_truth_that_its_viewer_may_see(
        program in ops(60),
        seed in any::<u64>(),
        limits in prop_oneof![Just((64, 1_000)), Just((2, 4)), Just((1, 2)), Just((0, 3))],
        reciprocal in any::<bool>(),
    ) {
        let config = small_tiers(limits.0, limits.1, reciprocal);
        let mut world = World::new(config, false, AWFUL, seed);
        program.iter().for_each(|op| world.perform(op));
        fall_quiet(&mut world);
        assert_everyone_knows_the_truth(&world);
    }

    #[test]
    fn without_losses_nobody_has_to_wake_up_to_know_the_truth(
        program in ops(60),
        limits in prop_oneof![Just((64, 1_000)), Just((2, 4))],
    ) {
        let mut world = World::new(small_tiers(limits.0, limits.1, false), true, PERFECT, 1);
        program.iter().for_each(|op| world.perform(op));
        world.run(QUIET_MS);
        for Live { socket, reported, .. } in world.live.clone() {
            reported.into_iter().for_each(|report| world.report(socket, report));
        }
        world.run(QUIET_MS);
        assert_everyone_knows_the_truth(&world);
        let client_of = |live: &Live| &world.clients[&live.socket];
        let everyone: Vec<usize> =
            (0..USERS.len()).filter(|user| world.live.iter().any(|live| live.user == *user)).collect();
        for viewer in &world.live {
            assert_table(&world, viewer, &client_of(viewer).rooms[""], &everyone);
        }
    }

    #[test]
    fn nobody_sees_a_user_change_twice_within_the_flap_window(program in ops(60)) {
        let relations = |op: &Op| matches!(op, Op::Block(..) | Op::Unblock(..) | Op::Show(..));
        let mut world = World::new(PresenceConfig::default(), true, PERFECT, 1);
        // Watches, and changes nothing.
        let viewer = world.connect(5);
        program.iter().filter(|op| !relations(op)).for_each(|op| world.perform(op));
        world.run(QUIET_MS);
        let mut last: BTreeMap<(String, String), u64> = BTreeMap::new();
        for Arrival { ms, json, .. } in world.arrivals.iter().filter(|it| it.socket == viewer && it.event == "presence:diff") {
            let diff: Value = serde_json::from_str(json).unwrap();
            let changes = ["joins", "updates", "leaves"].map(|kind| diff[kind].as_object().unwrap().clone());
            for user in changes.iter().flat_map(|change| change.keys()) {
                let key = (diff["room"].to_string(), user.clone());
                let before = last.insert(key, *ms);
                prop_assert!(before.is_none_or(|before| ms - before >= 2_000), "{user} at {before:?} and {ms}");
            }
        }
    }

    #[test]
    fn whoever_is_shown_as_typing_reported_it_within_a_lease(program in ops(60), seed in any::<u64>()) {
        let mut world = World::new(PresenceConfig::default(), false, AWFUL, seed);
        let mut reported: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for op in &program {
            if let Op::Type(at, room, true) = op
                && let Some(live) = world.live.get(at % world.live.len().max(1))
            {
                reported.insert((live.user, *room), world.ms + 3);
            }
            world.perform(op);
            for client in world.clients.values() {
                for (room, user) in (0..ROOMS.len()).flat_map(|room| {
                    client.typists(ROOMS[room], world.unix_ms()).into_iter().map(move |user| (room, user))
                }) {
                    let user = USERS.iter().position(|name| *name == user).unwrap();
                    let ago = reported.get(&(user, room)).map(|at| world.ms - at);
                    prop_assert!(ago.is_some_and(|ago| ago <= 6_000), "{} types in {room}: {ago:?}", USERS[user]);
                }
            }
        }
    }

    #[test]
    fn who_is_invisible_is_to_others_the_same_bytes_at_the_same_times_as_who_left(
        before in ops(20),
        secret in prop::collection::vec(secret(), 0..8),
        after in ops(20),
        tiers in prop_oneof![Just((64, 1_000)), Just((1, 3)), Just((0, 1))],
    ) {
        let play = |invisible: bool| disappear(&before, &secret, &after, tiers, invisible);
        prop_assert_eq!(play(true), play(false));
    }
}

#[test]
fn a_place_of_ones_own_is_not_taken_for_one_of_the_stream_that_all_share() {
    let mut world = World::new(small_tiers(1, 2, false), false, PERFECT, 1);
    let sockets = [3, 4].map(|user| world.connect(user));
    sockets.iter().for_each(|socket| world.join(*socket, 0));
    world.run(QUIET_MS);
    world.perform(&Op::Block(3, 4));
    world.run(QUIET_MS);
    // All that follows is lost.
    world.network = presence_world::Network { lost: 100, doubled: 0, delay_ms: 0 };
    let ann = world.connect(0);
    world.join(ann, 0);
    fall_quiet(&mut world);
    assert_everyone_knows_the_truth(&world);
}

#[test]
fn who_joins_again_while_invisible_is_told_of_to_nobody() {
    let before = [Op::Connect(0), Op::Report(0, Report::Invisible), Op::Join(0, 0)];
    let secret = [Op::Wait(1_994), Op::Join(0, 0)];
    let play = |invisible| disappear(&before, &secret, &[Op::Report(0, Report::Dnd)], (64, 1_000), invisible);
    assert_eq!(play(true), play(false));
}

/// What somebody does who is invisible, and not seen.
fn secret() -> impl Strategy<Value = Op> {
    let room = 0..ROOMS.len();
    prop_oneof![
        Just(Op::Report(0, Report::Idle)),
        Just(Op::Report(0, Report::Online)),
        room.clone().prop_map(|room| Op::Join(0, room)),
        room.clone().prop_map(|room| Op::Leave(0, room)),
        (room, any::<bool>()).prop_map(|(room, on)| Op::Type(0, room, on)),
        Just(Op::Watch(0, vec![0, 1, 2])),
        Just(Op::Message(0)),
        (0..9_000_u64).prop_map(Op::Wait),
    ]
}

/// Fay joins, and at some time disappears: by becoming invisible, after which she goes on, or by
/// leaving. Returns all that others were told, and when.
fn disappear(
    before: &[Op],
    secret: &[Op],
    after: &[Op],
    tiers: (usize, usize),
    invisible: bool,
) -> Vec<Arrival> {
    const FAY: usize = 5;
    // The others know nothing of her and she is not among them.
    let by_others = |op: &&Op| match op {
        Op::Connect(user) => *user != FAY,
        Op::Show(..) | Op::Block(..) | Op::Unblock(..) => false,
        _ => true,
    };
    let mut world = World::new(small_tiers(tiers.0, tiers.1, false), false, PERFECT, 1);
    before.iter().filter(by_others).for_each(|op| world.perform(op));
    let fay = world.connect(FAY);
    ROOMS.iter().enumerate().for_each(|(room, _)| world.join(fay, room));
    world.type_in(fay, 0, true);
    world.run(7_000);
    if invisible {
        world.report(fay, Report::Invisible);
    } else {
        world.end(fay, LeaveReason::Left);
    }
    for op in secret {
        world.run(3);
        match op {
            Op::Wait(ms) => world.run(*ms),
            op if invisible => world.secretly(fay, op),
            _ => {}
        }
    }
    // The others' positions do not count her.
    world.live.retain(|live| live.user != FAY);
    after.iter().filter(by_others).for_each(|op| world.perform(op));
    world.run(QUIET_MS);
    let mut told = world.arrivals;
    told.retain(|arrival| arrival.socket != fay);
    told
}

/// What she sees herself is not what others are told.
impl World {
    fn secretly(&mut self, fay: MetaRef, op: &Op) {
        match op {
            Op::Report(_, report) => self.report(fay, *report),
            Op::Join(_, room) => self.join(fay, *room),
            Op::Leave(_, room) => self.leave(fay, *room),
            Op::Type(_, room, on) => self.type_in(fay, *room, *on),
            Op::Watch(_, users) => {
                let users = users.iter().map(|user| presence_world::id(*user)).collect();
                let now = self.now();
                self.presence.watch(fay, users, now).unwrap();
            }
            Op::Message(_) => {
                let now = self.now();
                self.presence.message_sent(fay, None, now);
            }
            _ => {}
        }
    }
}
