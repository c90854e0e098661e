use super::*;
use crate::room::{
    CloseReason, DismissReason, Effect, Input, Join, Moment, RoomCore, SeatChange, Setup, SocketKey,
};

fn log(room: &TestRoom<Table>) -> Vec<&str> {
    room.state().log.iter().map(String::as_str).collect()
}

#[test]
fn a_member_joins_drops_comes_back_and_leaves() {
    let mut room = with(&["ann", "bob"]);
    let seat = room.member("ann").unwrap().seat;
    room.drop("ann");
    assert!(!room.member("ann").unwrap().online);
    room.advance(Duration::from_secs(29));
    room.reconnect("ann").unwrap();
    assert_eq!(room.member("ann").unwrap().seat, seat);
    assert!(room.member("ann").unwrap().online);
    room.leave("ann");
    assert!(room.member("ann").is_none());
    assert_eq!(
        log(&room),
        [
            "join ann of ann",
            "leader ann",
            "join bob of ann+bob",
            "drop ann of ann+bob",
            "reconnect ann of ann+bob",
            "left ann of bob",
            "leader bob"
        ]
    );
}

#[test]
fn a_seat_is_given_up_when_the_grace_ends_and_not_before() {
    let mut room = with(&["ann", "bob"]);
    room.drop("ann");
    room.advance(Duration::from_millis(29_999));
    assert!(room.member("ann").is_some());
    room.advance(Duration::from_millis(1));
    assert!(room.member("ann").is_none());
    assert!(log(&room).contains(&"grace_expired ann of bob"));
    room.reconnect("ann").unwrap();
    assert_eq!(room.member("ann").unwrap().seat.0, 2, "a new seat");
}

#[test]
fn without_grace_a_broken_connection_is_a_leave() {
    let mut room = table(json!({ "grace_ms": 0 }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.drop("ann");
    assert!(room.member("ann").is_none());
}

#[test]
fn several_connections_are_one_member() {
    let mut room = with(&["ann", "bob"]);
    room.join("ann").unwrap();
    assert_eq!(room.core().members().count(), 2);
    assert_eq!(room.listing().players, 2);
    room.call("bob", "say", json!({ "text": "hi" })).unwrap();
    assert_eq!(room.emitted("ann", "said").len(), 1);
    room.drop("ann");
    assert_eq!(log(&room).iter().filter(|line| line.starts_with("drop")).count(), 1);
}

#[test]
fn connections_of_one_member_are_bounded() {
    let mut room = with(&["ann"]);
    for _ in 1..8 {
        room.join("ann").unwrap();
    }
    assert_eq!(code(room.join("ann")), "too_many_connections");
}

#[test]
fn a_full_or_locked_room_takes_nobody_new_and_everybody_back() {
    let mut room = table(json!({ "max": 2 }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    assert_eq!(code(room.join("cat")), "full");
    room.call("ann", "max", 3).unwrap();
    room.call("ann", "lock", true).unwrap();
    assert_eq!(code(room.join("cat")), "locked");
    assert_eq!(code(room.spectate("eve")), "locked");
    room.drop("bob");
    room.reconnect("bob").unwrap();
    room.call("ann", "lock", false).unwrap();
    room.join("cat").unwrap();
}

#[test]
fn a_refused_join_leaves_no_trace() {
    let mut room = with(&["ann"]);
    let before = room.core().state_hash();
    assert_eq!(code(room.join_as("bob", Role::Player, json!({ "refuse": true }))), "no");
    assert_eq!(room.core().state_hash(), before);
    room.join("cat").unwrap();
    assert_eq!(room.member("cat").unwrap().seat.0, 1, "the number of the seat was not used up");
}

#[test]
fn spectators_are_counted_apart_and_only_look_on() {
    let mut room = with(&["ann"]);
    room.spectate("eve").unwrap();
    room.spectate("joe").unwrap();
    assert_eq!(code(room.spectate("max")), "full");
    assert_eq!((room.listing().players, room.listing().spectators), (1, 2));
    assert_eq!(code(room.call("eve", "add", 1)), "spectator");
    room.call("ann", "add", 1).unwrap();
    assert_eq!(room.view("eve"), json!({ "seats": { "ann": 1 } }));
    assert!(!log(&room).iter().any(|line| line.contains("join eve")));
    room.drop("eve");
    assert!(room.member("eve").is_none());
}

#[test]
fn who_is_kicked_is_out_and_everything_meant_for_it_came_before() {
    let mut room = with(&["ann", "bob"]);
    room.call("bob", "whisper", json!({ "to": "ann", "text": "bye" })).unwrap();
    room.call("bob", "kick", "ann").unwrap();
    assert!(room.member("ann").is_none());
    assert_eq!(room.emitted("ann", "said").len(), 1);
    assert!(log(&room).contains(&"kicked ann of bob"));
    room.kick("bob");
    assert_eq!(room.closed(), Some(CloseReason::Empty));
}

#[test]
fn in_a_ticking_room_what_was_said_to_the_kicked_arrives_first() {
    let mut room = arena(&["ann", "bob"]);
    room.emit("ann", "kick", &[json!("bob")], None);
    assert!(room.member("bob").is_none());
    assert_eq!(room.emitted("bob", "shouted").len(), 1);
}

#[test]
fn the_lead_moves_to_the_one_who_has_been_here_longest() {
    let mut room = with(&["ann", "bob"]);
    room.drop("ann");
    assert_eq!(room.core().leader().unwrap().id, "ann", "a broken connection does not cost it");
    room.advance(Duration::from_secs(30));
    assert_eq!(room.core().leader().unwrap().id, "bob");

    let mut room = arena(&["ann", "bob"]);
    room.drop("ann");
    assert_eq!(room.core().leader().unwrap().id, "bob", "among those who are online");
    room.drop("bob");
    assert_eq!(room.core().leader().unwrap().id, "bob", "if nobody is, it stays");
}

#[test]
fn a_room_that_nobody_joins_closes() {
    let mut room = table(json!({}));
    room.advance(Duration::from_millis(29_999));
    assert_eq!(room.closed(), None);
    room.advance(Duration::from_millis(1));
    assert_eq!(room.closed(), Some(CloseReason::Empty));
}

#[test]
fn a_room_closes_when_its_last_member_has_left() {
    let mut room = with(&["ann"]);
    room.leave("ann");
    assert_eq!(room.closed(), Some(CloseReason::Empty));
}

#[test]
fn every_change_of_a_seat_is_told() {
    let setup =
        Setup { id: "t".into(), options: json!({}).into(), seed: [0; 32], limits: std::sync::Arc::default() };
    let mut effects = Vec::new();
    let mut core = RoomCore::<Table>::create(&setup, Moment::default(), &mut effects).unwrap();
    let join = |socket| {
        Input::Join(Join {
            socket: SocketKey(socket),
            member: "ann".into(),
            claims: std::sync::Arc::default(),
            role: Role::Player,
            options: Options::default(),
        })
    };
    let now = Moment::default();
    for input in [
        join(1),
        join(2),
        Input::SocketGone(SocketKey(1)),
        Input::SocketGone(SocketKey(2)),
        join(3),
        Input::Kick("ann".into(), LeaveReason::Kicked),
    ] {
        core.handle(input, now, &mut effects);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are no seats")]
    let told: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Seat { change, .. } => Some(format!("{change:?}")),
            Effect::Admit { socket, resumed, .. } => Some(format!("{} {resumed}", socket.0)),
            Effect::Dismiss { socket, reason: DismissReason::Out(_) } => Some(format!("out {}", socket.0)),
            Effect::Closed(reason) => Some(reason.as_str().to_owned()),
            _ => None,
        })
        .collect();
    let left = format!("{:?}", SeatChange::Left(LeaveReason::Kicked));
    assert_eq!(told, ["1 false", "Taken", "2 true", "Away", "3 true", "Back", "out 3", &left, "empty"]);
    assert!(core.is_closed());
    effects.clear();
    core.handle(join(4), now, &mut effects);
    assert!(effects.is_empty(), "a closed core ignores every input");
}
