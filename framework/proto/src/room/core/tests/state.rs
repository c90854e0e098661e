use super::*;
use crate::room::testing::Fault;

#[test]
fn a_client_gets_the_state_and_then_what_changed() {
    let mut room = with(&["ann", "bob"]);
    assert_eq!(room.view("bob"), json!({ "seats": { "ann": 0, "bob": 0 } }));
    room.patch("ann");
    room.call("bob", "add", 7).unwrap();
    assert_eq!(room.patch("ann"), json!({ "seats": { "bob": 7 } }));
    room.leave("bob");
    assert_eq!(room.patch("ann"), json!({ "seats": { "bob": null } }));
    assert_eq!(room.view("ann"), json!({ "seats": { "ann": 0 } }));
}

#[test]
fn a_secret_reaches_its_member_alone() {
    let mut room = with(&["ann", "bob"]);
    room.call("ann", "add", 101).unwrap();
    assert_eq!(room.view("ann"), json!({ "seats": { "ann": 101, "bob": 0 }, "mine": 101 }));
    assert_eq!(room.view("bob"), json!({ "seats": { "ann": 101, "bob": 0 } }));
    room.call("ann", "add", -50).unwrap();
    assert_eq!(room.view("ann"), json!({ "seats": { "ann": 51, "bob": 0 } }));
}

#[test]
fn an_audience_that_a_member_enters_shows_itself_whole() {
    let mut room = with(&["ann", "bob"]);
    room.call("ann", "options", json!({ "own_views": true })).unwrap();
    room.call("ann", "add", 2).unwrap();
    assert_eq!(room.view("bob"), json!({ "seats": { "ann": 2, "bob": 0 } }));
}

#[test]
fn whoever_reads_slowly_gets_the_newest_state_and_no_backlog() {
    let mut room = arena(&["ann", "bob"]);
    room.fail("bob", Fault::Slow);
    for _ in 0..100 {
        room.call("ann", "move", 1).unwrap();
    }
    assert_eq!(room.view("ann"), json!({ "places": { "ann": 100, "bob": 0 } }));
    assert_eq!(room.view("bob"), json!({ "places": { "ann": 0, "bob": 0 } }));
    // One frame, and the events that are reliable.
    assert_eq!(room.unread("bob"), 101);
    room.heal("bob");
    room.advance(Duration::from_millis(50));
    assert_eq!(room.view("bob"), room.view("ann"));
}

#[test]
fn a_client_that_missed_something_asks_for_the_state() {
    for fault in [Fault::Drop, Fault::Duplicate, Fault::Reorder, Fault::Delay(Duration::from_millis(300))] {
        let mut room = with(&["ann", "bob"]);
        room.fail("bob", fault);
        for _ in 0..3 {
            room.call("ann", "add", 1).unwrap();
            room.advance(Duration::from_millis(10));
        }
        room.heal("bob");
        room.advance(Duration::from_secs(1));
        assert!(room.is_in_step("bob"), "{fault:?}");
        assert_eq!(room.view("bob"), room.view("ann"), "{fault:?}");
    }
}

#[test]
fn a_link_that_is_half_open_costs_nobody_else_anything() {
    let mut room = with(&["ann", "bob"]);
    room.fail("bob", Fault::HalfOpen);
    for _ in 0..100 {
        room.call("ann", "add", 1).unwrap();
    }
    assert_eq!(room.unread("bob"), 1);
    room.drop("bob");
    room.reconnect("bob").unwrap();
    assert_eq!(room.view("bob"), room.view("ann"));
}

#[test]
fn the_number_of_the_last_input_comes_with_the_state_that_knows_it() {
    let mut room = arena(&["ann", "bob"]);
    room.emit("ann", "move", &[json!(1), json!({ "$n": 16 })], None);
    room.emit("ann", "move", &[json!(1)], Some(17));
    room.emit("bob", "move", &[json!("x"), json!({ "$n": 3 })], None);
    assert!(room.applied("ann").is_empty());
    room.advance(Duration::from_millis(50));
    assert_eq!(room.applied("ann"), BTreeMap::from([(0, 17), (1, 3)]));
    assert_eq!(room.applied("bob"), room.applied("ann"));
    room.drop("ann");
    room.reconnect("ann").unwrap();
    room.advance(Duration::from_millis(50));
    assert_eq!(room.applied("ann"), BTreeMap::from([(0, 17), (1, 3)]));
}

#[test]
fn a_client_proves_by_a_hash_that_it_is_in_step() {
    let mut room = with(&["ann"]);
    room.call("ann", "add", 200).unwrap();
    let answer = room.call("ann", "hash", ()).unwrap();
    assert_eq!(answer["o"], json!(2));
    assert_eq!(answer["e"], json!(0));
    assert!(answer["h"].is_u64());
    assert!(room.is_in_step("ann"));
    assert_eq!(room.call("ann", "resync", ()).unwrap(), json!(null));
    assert!(room.is_in_step("ann"));
    let mut room = arena(&["ann"]);
    room.emit("ann", "resync", &[], None);
    assert_eq!(code(room.call("ann", "hash", ())), "no_state");
}

#[test]
fn who_joins_a_room_that_ticks_sees_it_at_once_and_the_others_see_that_with_the_next_patch() {
    let mut room = arena(&["ann"]);
    room.advance(Duration::from_millis(50));
    room.patch("ann");
    room.join("bob").unwrap();
    assert_eq!(room.view("bob"), json!({ "places": { "ann": 0, "bob": 0 } }));
    assert_eq!(room.patch("ann"), json!({}));
    room.join("cat").unwrap();
    assert_eq!(room.view("cat"), json!({ "places": { "ann": 0, "bob": 0, "cat": 0 } }));
    room.advance(Duration::from_millis(50));
    assert_eq!(room.patch("ann"), json!({ "places": { "bob": 0, "cat": 0 } }));
    assert_eq!(room.patch("bob"), json!({ "places": { "cat": 0 } }));
    assert_eq!(room.patch("cat"), json!({}));
    assert!(["ann", "bob", "cat"].iter().all(|who| room.is_in_step(who)));
}
