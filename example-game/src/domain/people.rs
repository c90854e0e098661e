//! Which visit is in which room. A person may be here several times, with two tabs for example, and
//! leaves a room with the last of them.

use std::collections::{BTreeSet, HashMap};

use super::{Person, RoomId, Rule};

/// One connection of a person: the id of its socket.
pub(crate) type VisitId = String;

/// A visit and the rooms that it is in.
#[derive(Debug)]
struct Visit {
    person: Person,
    rooms: BTreeSet<RoomId>,
}

/// Everyone who is here.
#[derive(Debug, Default)]
pub(crate) struct People {
    visits: HashMap<VisitId, Visit>,
    /// With how many visits each person is in a room.
    rooms: HashMap<RoomId, HashMap<String, usize>>,
}

impl People {
    /// A visit begins.
    pub(crate) fn arrive(&mut self, visit: VisitId, person: Person) {
        self.visits.insert(visit, Visit { person, rooms: BTreeSet::new() });
    }

    /// A visit enters a room. Tells whether its person was not there before.
    pub(crate) fn enter(&mut self, visit: &str, room: &RoomId) -> Result<bool, Rule> {
        let visit = self.visits.get_mut(visit).ok_or(Rule::NotConnected)?;
        if !visit.rooms.insert(room.clone()) {
            return Ok(false);
        }
        let people = self.rooms.entry(room.clone()).or_default();
        let visits = people.entry(visit.person.id.clone()).or_default();
        *visits += 1;
        Ok(*visits == 1)
    }

    /// A visit leaves a room. Tells whether its person is not there any more.
    pub(crate) fn leave(&mut self, visit: &str, room: &RoomId) -> bool {
        let Some(visit) = self.visits.get_mut(visit) else { return false };
        visit.rooms.remove(room) && take_out(&mut self.rooms, &visit.person.id, room)
    }

    /// A visit ends. The rooms where its person is not any more.
    pub(crate) fn depart(&mut self, visit: &str) -> Vec<RoomId> {
        let Some(visit) = self.visits.remove(visit) else { return Vec::new() };
        let rooms = visit.rooms.into_iter();
        rooms.filter(|room| take_out(&mut self.rooms, &visit.person.id, room)).collect()
    }

    /// Whose visit this is.
    pub(crate) fn person(&self, visit: &str) -> Result<&Person, Rule> {
        self.visits.get(visit).map(|visit| &visit.person).ok_or(Rule::NotConnected)
    }

    /// Whose visit this is, if it is in the room.
    pub(crate) fn person_in(&self, visit: &str, room: &RoomId) -> Result<&Person, Rule> {
        let visit = self.visits.get(visit).ok_or(Rule::NotConnected)?;
        visit.rooms.contains(room).then_some(&visit.person).ok_or(Rule::NotInRoom)
    }
}

fn take_out(rooms: &mut HashMap<RoomId, HashMap<String, usize>>, person: &str, room: &RoomId) -> bool {
    let Some(people) = rooms.get_mut(room) else { return false };
    let Some(visits) = people.get_mut(person) else { return false };
    *visits -= 1;
    if *visits > 0 {
        return false;
    }
    people.remove(person);
    if people.is_empty() {
        rooms.remove(room);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomId {
        RoomId::try_from(name.to_owned()).unwrap()
    }

    /// Ada is here with two tabs, Grace with one.
    fn three_tabs() -> People {
        let mut people = People::default();
        for (visit, name) in [("a1", "Ada"), ("a2", "Ada"), ("g", "Grace")] {
            people.arrive(visit.to_owned(), Person::new(name.to_lowercase(), name).unwrap());
        }
        people
    }

    #[test]
    fn two_tabs_are_one_person_whichever_closes_first() {
        for (first, last) in [("a1", "a2"), ("a2", "a1")] {
            let (mut people, lounge) = (three_tabs(), room("lounge"));
            assert_eq!(people.enter("g", &lounge), Ok(true));
            assert_eq!(people.enter("a1", &lounge), Ok(true));
            assert_eq!(people.enter("a2", &lounge), Ok(false));
            assert!(people.depart(first).is_empty());
            assert_eq!(people.depart(last), std::slice::from_ref(&lounge));
            assert_eq!(people.rooms[&lounge].len(), 1);
        }
    }

    #[test]
    fn leaving_a_room_counts_by_tab_too() {
        let (mut people, lounge) = (three_tabs(), room("lounge"));
        people.enter("a1", &lounge).unwrap();
        people.enter("a2", &lounge).unwrap();
        assert!(!people.leave("a1", &lounge));
        assert!(!people.leave("a1", &lounge), "only once");
        assert_eq!(people.person_in("a1", &lounge), Err(Rule::NotInRoom));
        assert!(people.leave("a2", &lounge));
        assert!(people.rooms.is_empty());
    }

    #[test]
    fn entering_twice_is_entering_once() {
        let (mut people, lounge) = (three_tabs(), room("lounge"));
        assert_eq!(people.enter("a1", &lounge), Ok(true));
        assert_eq!(people.enter("a1", &lounge), Ok(false));
        assert_eq!(people.depart("a1"), [lounge]);
        assert!(people.rooms.is_empty());
    }

    #[test]
    fn a_visit_that_has_ended_enters_nothing() {
        let mut people = three_tabs();
        people.depart("a1");
        assert_eq!(people.enter("a1", &room("lounge")), Err(Rule::NotConnected));
        assert!(people.rooms.is_empty());
    }
}
