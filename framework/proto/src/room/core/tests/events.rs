use super::*;
use crate::room::testing::TestSetup;
use crate::room::{CloseReason, RoomLimits};

#[test]
fn the_result_of_a_handler_is_the_answer() {
    let mut room = with(&["ann"]);
    assert_eq!(room.call("ann", "add", 5).unwrap(), json!(5));
    assert_eq!(room.call("ann", "say", json!({ "text": "hi" })).unwrap(), json!(null));
    assert_eq!(code(room.call("ann", "fail", 1)), "failed");
}

#[test]
fn what_does_not_fit_is_answered_and_changes_nothing() {
    let mut room = with(&["ann"]);
    let before = room.core().state_hash();
    for (event, arg) in [
        ("jump", json!(1)),
        ("add", json!("x")),
        ("say", json!({})),
        ("add", json!(null)),
        ("roll", json!(3)),
    ] {
        assert_eq!(code(room.call("ann", event, arg)), "bad_payload", "{event}");
    }
    assert_eq!(room.core().state_hash(), before);
}

#[test]
fn a_refused_event_leaves_no_trace() {
    let mut room = with(&["ann"]);
    room.call("ann", "add", 1).unwrap();
    let (before, listing) = (room.core().state_hash(), room.listing());
    assert_eq!(code(room.call("ann", "fail", 1)), "failed");
    assert_eq!(room.core().state_hash(), before);
    assert_eq!((room.listing(), room.closed()), (listing, None));
    assert!(room.emitted("ann", "flashed").is_empty());
    assert_eq!(room.work(), 0);
    room.advance(Duration::from_secs(2));
    assert!(room.state().log.iter().all(|line| !line.starts_with("never")));
}

#[test]
fn chance_goes_on_as_if_a_refused_event_had_not_been() {
    let (mut one, mut other) = (with(&["ann"]), with(&["ann"]));
    one.call("ann", "fail", 1).unwrap_err();
    assert_eq!(one.call("ann", "roll", ()).unwrap(), other.call("ann", "roll", ()).unwrap());
}

#[test]
fn whoever_sends_too_much_is_told_and_removed_only_after_a_while() {
    let mut room = with(&["ann", "bob"]);
    for _ in 0..120 {
        room.call("ann", "add", 1).unwrap();
    }
    assert_eq!(code(room.call("ann", "add", 1)), "rate_limited");
    room.call("bob", "add", 1).unwrap();
    room.advance(Duration::from_millis(17));
    room.call("ann", "add", 1).unwrap();
    for _ in 0..600 {
        room.emit("ann", "add", &[json!(1)], None);
    }
    assert!(room.member("ann").is_none());
    assert!(room.state().log.iter().any(|line| line.starts_with("rate_limited ann")));
}

#[test]
fn a_ticking_room_takes_so_many_events_between_two_ticks() {
    let limits = RoomLimits { inputs_per_tick: 3, ..RoomLimits::default() };
    let mut room = TestRoom::<Arena>::with(TestSetup { limits, ..TestSetup::default() }).unwrap();
    room.join("ann").unwrap();
    for _ in 0..3 {
        room.emit("ann", "move", &[json!(1)], None);
    }
    assert_eq!(code(room.call("ann", "move", 1)), "busy");
    room.advance(Duration::from_millis(50));
    assert_eq!(room.call("ann", "move", 1).unwrap(), json!(4));
}

#[test]
fn too_many_events_fail_the_hook_that_sends_them() {
    let mut room = with(&["ann"]);
    room.call("ann", "flood", 4_096).unwrap();
    assert_eq!(room.emitted("ann", "flashed").len(), 4_096);
    assert_eq!(code(room.call("ann", "flood", 4_097)), "internal");
    assert!(room.emitted("ann", "flashed").is_empty());
}

#[test]
fn asynchronous_work_comes_back_as_a_message() {
    let mut room = with(&["ann"]);
    room.call("ann", "work", ()).unwrap();
    assert_eq!(room.work(), 0);
    room.call("ann", "work", ()).unwrap();
    assert!(room.finish(Some("done".to_owned())));
    room.call("ann", "work", ()).unwrap();
    assert!(room.finish(None));
    room.tell("hello".to_owned());
    let log = &room.state().log;
    assert_eq!(log.iter().skip(2).collect::<Vec<_>>(), ["worked 7", "done", "hello"]);
}

#[test]
fn asynchronous_work_is_bounded() {
    let mut room = with(&["ann"]);
    for _ in 0..64 {
        room.call("ann", "work", ()).unwrap();
    }
    assert_eq!(code(room.call("ann", "work", ())), "internal");
    assert!(room.finish(None));
    room.call("ann", "work", ()).unwrap();
}

#[test]
fn a_room_says_of_itself_what_lists_show() {
    let mut room = with(&["ann"]);
    assert_eq!(*room.listing().label, json!({ "mode": "table" }));
    room.call("ann", "hide", true).unwrap();
    room.call("ann", "lock", true).unwrap();
    room.call("ann", "max", 9).unwrap();
    let listing = room.listing();
    assert_eq!((listing.private, listing.locked, listing.max_players), (true, true, 9));
}

#[test]
fn a_room_ends_itself_after_its_last_words() {
    let mut room = with(&["ann", "bob"]);
    room.call("ann", "finish", ()).unwrap();
    assert_eq!(room.closed(), Some(CloseReason::Finished));
    let mut room = with(&["ann"]);
    room.close();
    assert_eq!(room.closed(), Some(CloseReason::Server));
}
