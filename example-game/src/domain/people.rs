//! Who is where: visits, and the rooms that each is in.

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
pub(crate) struct People(HashMap<VisitId, Visit>);

impl People {
    /// A visit begins.
    pub(crate) fn arrive(&mut self, visit: VisitId, person: Person) {
        self.0.insert(visit, Visit { person, rooms: BTreeSet::new() });
    }

    /// A visit enters a room.
    pub(crate) fn enter(&mut self, visit: &str, room: &RoomId) -> Result<(), Rule> {
        let visit = self.0.get_mut(visit).ok_or(Rule::NotConnected)?;
        visit.rooms.insert(room.clone());
        Ok(())
    }

    /// A visit leaves a room.
    pub(crate) fn leave(&mut self, visit: &str, room: &RoomId) -> Result<(), Rule> {
        let visit = self.0.get_mut(visit).ok_or(Rule::NotConnected)?;
        visit.rooms.remove(room).then_some(()).ok_or(Rule::NotInRoom)
    }

    /// A visit ends.
    pub(crate) fn depart(&mut self, visit: &str) {
        self.0.remove(visit);
    }

    /// Whose visit this is, if it is in the room.
    pub(crate) fn person_in(&self, visit: &str, room: &RoomId) -> Result<&Person, Rule> {
        let visit = self.0.get(visit).ok_or(Rule::NotConnected)?;
        visit.rooms.contains(room).then_some(&visit.person).ok_or(Rule::NotInRoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visit_enters_and_leaves_for_itself() {
        let (mut people, lounge) = (People::default(), RoomId::try_from("lounge".to_owned()).unwrap());
        let ada = Person::new("ada".into(), "Ada").unwrap();
        for visit in ["a1", "a2"] {
            people.arrive(visit.to_owned(), ada.clone());
            people.enter(visit, &lounge).unwrap();
        }
        people.leave("a1", &lounge).unwrap();
        assert_eq!(people.leave("a1", &lounge), Err(Rule::NotInRoom));
        assert_eq!(people.person_in("a1", &lounge), Err(Rule::NotInRoom));
        assert_eq!(people.person_in("a2", &lounge), Ok(&ada));
        people.depart("a2");
        assert_eq!(people.person_in("a2", &lounge), Err(Rule::NotConnected));
        assert_eq!(people.enter("a2", &lounge), Err(Rule::NotConnected));
    }
}
