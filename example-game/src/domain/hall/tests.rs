use super::super::board::Side;
use super::super::table::Outcome;
use super::*;

const NOW: u64 = 1_000_000;

fn room(name: &str) -> RoomId {
    RoomId::try_from(name.to_owned()).unwrap()
}

/// Ada is here with two tabs, Grace and Edsger with one; all news so far are read.
fn hall() -> Hall {
    let mut hall = Hall::new(NOW);
    for (visit, name) in [("a1", "Ada"), ("a2", "Ada"), ("g", "Grace"), ("e", "Edsger")] {
        hall.arrive(visit.to_owned(), Person::new(name.to_lowercase(), name).unwrap());
    }
    hall
}

fn open_table(hall: &mut Hall, visit: &str) -> RoomId {
    let room = hall.reserve_table().unwrap();
    hall.open_table(visit, room).unwrap().room
}

/// Ada and Grace play, Edsger watches.
fn playing() -> (Hall, RoomId) {
    let mut hall = hall();
    let table = open_table(&mut hall, "a1");
    hall.enter_to_play("g", table.clone()).unwrap();
    hall.enter("e", table.clone()).unwrap();
    for visit in ["a1", "g"] {
        hall.act(visit, &table, Action::Ready { ready: true }).unwrap();
    }
    hall.take_news();
    (hall, table)
}

fn phase(hall: &Hall, room: &RoomId) -> Phase {
    hall.tables.get(room).unwrap().phase.clone()
}

#[test]
fn only_who_is_in_a_room_talks_there() {
    let mut hall = hall();
    let lounge = room("lounge");
    assert_eq!(hall.say("g", lounge.clone(), "hi", NOW), Err(Rule::NotInRoom));
    hall.enter("g", lounge.clone()).unwrap();
    let said = hall.say("g", lounge.clone(), " hi ", NOW).unwrap();
    assert_eq!(hall.enter("a1", lounge.clone()).unwrap().history, [said]);
    hall.leave("g", &lounge).unwrap();
    assert_eq!(hall.say("g", lounge, "hi", NOW), Err(Rule::NotInRoom));
}

#[test]
fn who_opens_a_table_sits_at_it_and_is_found() {
    let mut hall = hall();
    let table = open_table(&mut hall, "a1");
    assert_eq!(hall.find_table("a2"), None, "nobody plays against themselves");
    assert_eq!(hall.find_table("g"), Some(table.clone()));
    hall.enter_to_play("g", table).unwrap();
    assert_eq!(hall.find_table("e"), None);
    let [entry] = &*hall.tables() else { panic!("there is one table") };
    assert_eq!((&*entry.title, entry.players.len(), entry.playing), ("Ada’s table", 2, false));
}

#[test]
fn a_third_person_watches() {
    let (mut hall, table) = playing();
    let entered = hall.enter("e", table.clone()).unwrap();
    assert_eq!(entered.table.unwrap().table.watching.len(), 1);
    assert_eq!(hall.act("e", &table, Action::Drop { column: 0 }), Err(Rule::NotSeated));
    assert_eq!(hall.take_news(), []);
}

#[test]
fn a_disc_is_told_to_the_table_and_is_no_news_to_the_list() {
    let (mut hall, table) = playing();
    hall.act("a1", &table, Action::Drop { column: 3 }).unwrap();
    assert!(matches!(&*hall.take_news(), [News::Table(state)] if state.room == table));
}

#[test]
fn revisions_grow() {
    let (mut hall, table) = playing();
    let mut last = hall.rev;
    for (visit, column) in [("a1", 3), ("g", 3), ("a1", 4)] {
        hall.act(visit, &table, Action::Drop { column }).unwrap();
        let [News::Table(state)] = &*hall.take_news() else { panic!("one change") };
        assert!(state.rev > last);
        last = state.rev;
    }
    assert_eq!(hall.enter("e", table).unwrap().table.unwrap().rev, last);
}

#[test]
fn a_reload_keeps_the_seat_and_a_long_absence_does_not() {
    let (mut hall, table) = playing();
    hall.depart("a1", NOW);
    hall.arrive("a3".into(), Person::new("ada".into(), "Ada").unwrap());
    hall.enter("a3", table.clone()).unwrap();
    hall.expire(NOW + SEAT_KEPT_MS);
    assert_eq!(phase(&hall, &table), Phase::Playing { turn: Side::Red });

    hall.depart("a3", NOW);
    hall.expire(NOW + SEAT_KEPT_MS - 1);
    assert_eq!(phase(&hall, &table), Phase::Playing { turn: Side::Red });
    hall.expire(NOW + SEAT_KEPT_MS);
    assert_eq!(phase(&hall, &table), Phase::Over { outcome: Outcome::GaveUp { winner: Side::Yellow } });
}

#[test]
fn the_second_tab_holds_the_seat() {
    let (mut hall, table) = playing();
    hall.enter("a2", table.clone()).unwrap();
    hall.depart("a1", NOW);
    assert!(!hall.tables.get(&table).unwrap().red.as_ref().unwrap().away);
    hall.act("a2", &table, Action::Drop { column: 0 }).unwrap();
}

#[test]
fn an_empty_table_is_taken_away() {
    let (mut hall, table) = playing();
    for visit in ["a1", "g"] {
        hall.leave(visit, &table).unwrap();
    }
    hall.take_news();
    hall.depart("e", NOW);
    assert!(matches!(&*hall.take_news(), [News::Closed(closed)] if closed.room == table));
    assert_eq!(hall.tables(), []);
    assert_eq!(hall.enter("g", table), Err(Rule::NoTable));
}

#[test]
fn a_table_whose_people_are_all_away_waits_for_them() {
    let mut hall = hall();
    let table = open_table(&mut hall, "g");
    hall.depart("g", NOW);
    assert_eq!(hall.find_table("e"), None, "nobody is there to play with");
    assert_eq!(hall.tables().len(), 1);
    hall.expire(NOW + SEAT_KEPT_MS);
    assert_eq!(hall.tables(), []);
    assert_eq!(hall.enter("e", table), Err(Rule::NoTable));
}

#[test]
fn there_are_so_many_tables_and_no_more() {
    let mut hall = hall();
    for _ in 0..TABLES {
        open_table(&mut hall, "a1");
    }
    assert_eq!(hall.reserve_table(), Err(Rule::TooManyTables));
}

#[test]
fn a_visit_that_has_ended_opens_no_table() {
    let mut hall = hall();
    let table = hall.reserve_table().unwrap();
    hall.depart("g", NOW);
    assert_eq!(hall.open_table("g", table), Err(Rule::NotConnected));
    assert_eq!(hall.tables(), []);
}
