use super::*;
use crate::room::{Input, Moment, RoomCore, RoomLimits, Setup};

#[test]
fn a_timer_rings_at_its_time_and_an_equal_one_replaces_it() {
    let mut room = with(&["ann"]);
    room.call_with("ann", "timer", &[json!("tea"), json!(3_000)]).unwrap();
    room.advance(Duration::from_secs(1));
    room.call_with("ann", "timer", &[json!("tea"), json!(3_000)]).unwrap();
    room.call_with("ann", "timer", &[json!("egg"), json!(5_000)]).unwrap();
    room.call("ann", "cancel", "egg").unwrap();
    room.advance(Duration::from_secs(60));
    assert_eq!(room.emitted("ann", "rang"), [json!("tea")]);
    assert_eq!(room.state().log.last().unwrap(), "tea at 4000 ms");
}

#[test]
fn timers_are_bounded() {
    let limits = RoomLimits { timers: 2, ..RoomLimits::default() };
    let setup = crate::room::testing::TestSetup { limits, ..Default::default() };
    let mut room = TestRoom::<Table>::with(setup).unwrap();
    room.join("ann").unwrap();
    for name in ["a", "b"] {
        room.call_with("ann", "timer", &[json!(name), json!(1_000)]).unwrap();
    }
    assert_eq!(code(room.call_with("ann", "timer", &[json!("c"), json!(1_000)])), "internal");
    room.advance(Duration::from_secs(2));
    room.call_with("ann", "timer", &[json!("c"), json!(1_000)]).unwrap();
}

fn core() -> RoomCore<Arena> {
    let (options, limits) = (json!({}).into(), std::sync::Arc::default());
    let setup = Setup { id: "t".into(), options, seed: [0; 32], limits };
    RoomCore::create(&setup, Moment::from_millis(1_000), &mut Vec::new()).unwrap()
}

#[test]
fn a_short_pause_is_made_up_for_and_a_long_one_is_skipped() {
    let mut core = core();
    let at = |millis, core: &mut RoomCore<Arena>| {
        core.handle(Input::Wake, Moment::from_millis(millis), &mut Vec::new());
        core.room().steps
    };
    assert_eq!(at(1_049, &mut core), 0);
    assert_eq!(at(1_050, &mut core), 1);
    assert_eq!(at(1_299, &mut core), 5);
    assert_eq!(at(11_300, &mut core), 10, "five steps of two hundred");
    assert_eq!(core.next_deadline(), Some(Moment::from_millis(11_350)), "on the beat again");
}

#[test]
fn a_room_that_wakes_late_is_where_it_would_be_if_it_had_woken_in_time() {
    let (mut early, mut late) = (core(), core());
    while let Some(due) = early.next_deadline().filter(|due| *due <= Moment::from_millis(1_250)) {
        early.handle(Input::Wake, due, &mut Vec::new());
    }
    late.handle(Input::Wake, Moment::from_millis(1_250), &mut Vec::new());
    assert_eq!(early.state_hash(), late.state_hash());
}

#[test]
fn time_does_not_go_back() {
    let mut core = core();
    core.handle(Input::Wake, Moment::from_millis(2_000), &mut Vec::new());
    core.handle(Input::Wake, Moment::from_millis(500), &mut Vec::new());
    assert_eq!(core.now(), Moment::from_millis(2_000));
}
