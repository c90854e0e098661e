use super::*;
use crate::room::CloseReason;

#[test]
fn a_panic_leaves_no_trace_but_its_report() {
    let mut room = with(&["ann", "bob"]);
    room.call("ann", "add", 1).unwrap();
    let (before, listing) = (room.core().state_hash(), room.listing());
    assert_eq!(code(room.call("ann", "crash", 1)), "room_error");
    assert_eq!(room.core().state_hash(), before);
    assert_eq!((room.listing(), room.closed()), (listing, None));
    assert!(room.emitted("bob", "flashed").is_empty());
    let report = room.faults().first().unwrap();
    assert_eq!((report.hook, &*report.message), ("on_event", "crashed as asked for"));
    assert_eq!(report.member.as_deref(), Some("ann"));
    assert_eq!(room.call("ann", "add", 1).unwrap(), json!(2));
}

#[test]
fn one_member_cannot_close_the_room_by_crashing_it() {
    let mut room = with(&["ann", "bob"]);
    for wanted in ["room_error", "room_error", "room_error", "quarantined", "quarantined"] {
        assert_eq!(code(room.call("ann", "crash", 1)), wanted);
    }
    assert_eq!(code(room.call("ann", "add", 1)), "quarantined");
    assert_eq!(room.call("bob", "add", 1).unwrap(), json!(1));
    room.advance(Duration::from_secs(10));
    assert_eq!(room.call("ann", "add", 1).unwrap(), json!(1));
}

#[test]
fn an_event_that_crashes_for_everybody_is_not_run_again() {
    let mut room = with(&["ann", "bob", "cat"]);
    for (who, wanted) in
        [("ann", "room_error"), ("bob", "room_error"), ("cat", "room_error"), ("ann", "quarantined")]
    {
        assert_eq!(code(room.call(who, "crash", 1)), wanted);
    }
    assert_eq!(room.call("ann", "add", 1).unwrap(), json!(1));
    assert_eq!(room.closed(), None);
}

#[test]
fn five_panics_in_ten_seconds_close_the_room() {
    let mut room = with(&["ann"]);
    for _ in 0..4 {
        room.call("ann", "timer", json!(null)).unwrap_err();
        room.call_with("ann", "timer", &[json!("panic"), json!(1)]).unwrap();
        room.advance(Duration::from_millis(10));
    }
    assert_eq!((room.faults().len(), room.closed()), (4, None));
    room.call_with("ann", "timer", &[json!("panic"), json!(1)]).unwrap();
    room.advance(Duration::from_millis(10));
    assert_eq!(room.closed(), Some(CloseReason::Crashed));
}

#[test]
fn a_tick_that_always_panics_does_not_go_on_for_ever() {
    let mut room = arena(&["ann"]);
    room.emit("ann", "panic_at", &[json!(3)], None);
    room.advance(Duration::from_secs(10));
    assert_eq!(room.closed(), Some(CloseReason::Crashed));
    assert_eq!(room.faults().len(), 5);
    assert_eq!(room.state().steps, 2);
}

#[test]
fn a_join_that_panics_takes_no_seat() {
    let mut room = table(json!({ "join_panics": true }));
    let before = room.core().state_hash();
    assert_eq!(code(room.join("ann")), "room_error");
    assert_eq!((room.core().state_hash(), room.core().members().count()), (before, 0));
}

#[test]
fn a_leave_that_panics_twice_leaves_no_ghost() {
    let mut room = table(json!({ "leave_panics": true, "reconciles": true }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.leave("ann");
    assert_eq!(room.faults().iter().filter(|report| report.hook == "on_leave").count(), 2);
    assert!(room.member("ann").is_none());
    assert_eq!(room.view("bob"), json!({ "seats": { "bob": 0 } }));
    assert_eq!(room.closed(), None);
}

#[test]
fn a_ghost_that_cannot_be_removed_closes_the_room() {
    let mut room = table(json!({ "leave_panics": true }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.leave("ann");
    assert_eq!(room.closed(), Some(CloseReason::Crashed));
}

#[test]
fn a_leave_that_forgets_the_player_is_made_good() {
    let mut room = table(json!({ "forgets": true, "reconciles": true }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.leave("ann");
    assert_eq!(room.view("bob"), json!({ "seats": { "bob": 0 } }));
    assert!(room.faults().is_empty());
}

#[test]
fn one_broken_view_costs_its_audience_the_state_and_nobody_else() {
    let mut room = table(json!({ "own_views": true }));
    room.join("ann").unwrap();
    room.join("bob").unwrap();
    room.call("bob", "options", json!({ "own_views": true, "view_panics_for": "ann" })).unwrap();
    for number in 1..100 {
        room.advance(Duration::from_millis(500));
        assert_eq!(room.call("ann", "add", 1).unwrap(), json!(number));
    }
    assert_eq!(room.view("bob"), json!({ "seats": { "ann": 99, "bob": 0 } }));
    assert_ne!(room.view("ann"), room.view("bob"));
    assert!(room.faults().iter().all(|report| report.hook == "view"));
    assert_eq!(room.closed(), None);
    room.call("bob", "options", json!({ "own_views": true })).unwrap();
    room.advance(Duration::from_secs(3));
    room.call("bob", "add", 1).unwrap();
    assert_eq!(room.view("ann"), json!({ "seats": { "ann": 99, "bob": 1 } }));
}
