use super::*;

const NOW: u64 = 1_000_000;

fn room(name: &str) -> RoomId {
    RoomId::try_from(name.to_owned()).unwrap()
}

/// Ada is here with two tabs, Grace and Edsger with one.
fn hall() -> Hall {
    let mut hall = Hall::new(NOW);
    for (visit, name) in [("a1", "Ada"), ("a2", "Ada"), ("g", "Grace"), ("e", "Edsger")] {
        hall.arrive(visit.to_owned(), Person::new(name.to_lowercase(), name).unwrap());
    }
    hall
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
fn a_visit_that_has_ended_talks_no_more() {
    let mut hall = hall();
    let lounge = room("lounge");
    hall.enter("g", lounge.clone()).unwrap();
    hall.depart("g");
    assert_eq!(hall.say("g", lounge.clone(), "hi", NOW), Err(Rule::NotConnected));
    assert_eq!(hall.enter("g", lounge), Err(Rule::NotConnected));
}
