//! The room index against a model of plain sets.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_proto::rooms::{Delivery, Join, Leave, RoomIndex, RoomName, Selection, Skip, Target};
use proptest::prelude::*;

const MEMBERS: u8 = 6;
// The last two are also own names.
const ROOMS: [&str; 6] = ["red", "green", "blue", "grey", "id-0", "id-1"];

#[derive(Clone, Debug)]
enum Call {
    Insert(u8),
    SetOwn(u8),
    Join(u8, &'static str),
    Leave(u8, &'static str),
    Remove(u8),
}

/// Both directions of the truth, the slow way.
#[derive(Debug, Default)]
struct Model {
    members: BTreeSet<u8>,
    own: BTreeMap<String, u8>,
    rooms: BTreeMap<String, BTreeSet<u8>>,
}

impl Model {
    fn insert(&mut self, member: u8) -> bool {
        self.members.insert(member)
    }

    fn set_own(&mut self, member: u8) -> bool {
        let name = own_name(member);
        let joined_by_name = self.rooms_of(member).contains(&name);
        self.members.contains(&member) && !joined_by_name && {
            self.own.insert(name, member);
            true
        }
    }

    fn join(&mut self, member: u8, room: &str) -> Join {
        if !self.members.contains(&member) {
            return Join::NoSuchMember;
        }
        if self.own.get(room) == Some(&member) {
            return Join::AlreadyThere;
        }
        let new_room = !self.rooms.contains_key(room);
        match self.rooms.entry(room.to_owned()).or_default().insert(member) {
            true => Join::Joined { new_room },
            false => Join::AlreadyThere,
        }
    }

    fn leave(&mut self, member: u8, room: &str) -> Leave {
        if !self.rooms.get_mut(room).is_some_and(|members| members.remove(&member)) {
            return Leave::NotThere;
        }
        let room_empty = self.rooms.get(room).is_some_and(BTreeSet::is_empty);
        if room_empty {
            self.rooms.remove(room);
        }
        Leave::Left { room_empty }
    }

    fn remove(&mut self, member: u8) -> BTreeMap<String, bool> {
        self.members.remove(&member);
        self.own.remove(&own_name(member));
        let rooms: Vec<String> = self.rooms_of(member).into_iter().collect();
        rooms
            .into_iter()
            .map(|room| (room.clone(), self.leave(member, &room) == Leave::Left { room_empty: true }))
            .collect()
    }

    fn rooms_of(&self, member: u8) -> BTreeSet<String> {
        let of = self.rooms.iter().filter(|(_, members)| members.contains(&member));
        of.map(|(room, _)| room.clone()).collect()
    }

    fn named(&self, names: &[RoomName]) -> BTreeSet<u8> {
        let own = names.iter().filter_map(|name| self.own.get(name.as_str())).copied();
        let rooms = names.iter().filter_map(|name| self.rooms.get(name.as_str())).flatten().copied();
        own.chain(rooms).collect()
    }

    fn receivers(&self, selection: &Selection<u8>) -> Vec<u8> {
        let meant = match selection.rooms.is_empty() {
            true => self.members.clone(),
            false => self.named(&selection.rooms),
        };
        let except = self.named(&selection.except);
        meant.into_iter().filter(|m| !except.contains(m) && selection.skip != Some(*m)).collect()
    }
}

fn own_name(member: u8) -> String {
    format!("id-{member}")
}

fn apply(call: &Call, index: &mut RoomIndex<u8>, model: &mut Model) {
    match call {
        Call::Insert(member) => assert_eq!(index.insert(*member), model.insert(*member)),
        Call::SetOwn(member) => {
            assert_eq!(index.set_own(*member, own_name(*member).into()), model.set_own(*member));
        }
        Call::Join(member, room) => {
            assert_eq!(index.join(*member, &RoomName::from(*room)), model.join(*member, room));
        }
        Call::Leave(member, room) => {
            assert_eq!(index.leave(*member, &RoomName::from(*room)), model.leave(*member, room));
        }
        Call::Remove(member) => {
            let left = index.remove(*member).into_iter().map(|(room, empty)| (room.to_string(), empty));
            assert_eq!(left.collect::<BTreeMap<_, _>>(), model.remove(*member));
        }
    }
}

fn assert_same(index: &RoomIndex<u8>, model: &Model) {
    assert_eq!(index.everyone().collect::<BTreeSet<_>>(), model.members);
    assert_eq!(index.everyone().len(), model.members.len());
    assert_eq!(index.rooms(), model.rooms.len());
    for room in ROOMS {
        let members: Vec<u8> = index.members(room).collect();
        let expected = model.rooms.get(room).cloned().unwrap_or_default();
        assert_eq!(members.len(), expected.len(), "nobody sits twice in {room}");
        assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), expected);
    }
    for member in 0..MEMBERS {
        let rooms: BTreeSet<String> = index.rooms_of(member).map(ToString::to_string).collect();
        assert_eq!(rooms.len(), index.room_count(member));
        assert_eq!(rooms, model.rooms_of(member));
        assert_eq!(index.owner(&own_name(member)), model.own.get(&own_name(member)).copied());
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let member = 0..MEMBERS;
    let room = prop::sample::select(&ROOMS[..]);
    let call = prop_oneof![
        3 => member.clone().prop_map(Call::Insert),
        2 => member.clone().prop_map(Call::SetOwn),
        8 => (member.clone(), room.clone()).prop_map(|(member, room)| Call::Join(member, room)),
        3 => (member.clone(), room).prop_map(|(member, room)| Call::Leave(member, room)),
        1 => member.prop_map(Call::Remove),
    ];
    prop::collection::vec(call, 0..80)
}

fn selection() -> impl Strategy<Value = Selection<u8>> {
    let mut names: Vec<String> = ROOMS.iter().map(ToString::to_string).collect();
    names.extend((0..MEMBERS).map(own_name));
    names.push("nobody".to_owned());
    let names = prop::sample::select(names);
    let to = prop::collection::vec(names.clone(), 0..5);
    let except = prop::collection::vec(names, 0..3);
    (to, except, prop::option::of(0..MEMBERS)).prop_map(|(to, except, skip)| {
        let selection = Selection::to(to).except(except);
        Selection { skip, ..selection }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn both_directions_agree_with_the_model_after_every_call(calls in calls()) {
        let (mut index, mut model) = (RoomIndex::new(), Model::default());
        for call in &calls {
            apply(call, &mut index, &mut model);
            assert_same(&index, &model);
        }
    }

    #[test]
    fn a_plan_reaches_exactly_whom_the_sets_say_each_once(
        calls in calls(),
        selections in prop::collection::vec(selection(), 1..20),
    ) {
        let (mut index, mut model) = (RoomIndex::new(), Model::default());
        calls.iter().for_each(|call| apply(call, &mut index, &mut model));
        for selection in &selections {
            let plan = index.select(selection);
            let mut reached = index.receivers(&plan);
            reached.sort_unstable();
            prop_assert_eq!(reached, model.receivers(selection), "{:?}", selection);
            assert_skips_are_members(&index, &plan.deliveries);
        }
    }

    #[test]
    fn removing_everyone_leaves_nothing(calls in calls()) {
        let (mut index, mut model) = (RoomIndex::new(), Model::default());
        calls.iter().for_each(|call| apply(call, &mut index, &mut model));
        (0..MEMBERS).for_each(|member| drop(index.remove(member)));
        assert_same(&index, &Model::default());
    }
}

fn assert_skips_are_members(index: &RoomIndex<u8>, deliveries: &[Delivery<u8>]) {
    for delivery in deliveries {
        let members: Vec<u8> = match &delivery.to {
            Target::Everyone => index.everyone().collect(),
            Target::Room(room) => index.members(room).collect(),
            Target::Member(member) => vec![*member],
        };
        let skipped = members.iter().filter(|member| delivery.skip.contains(**member)).count();
        assert_eq!(skipped, delivery.skip.len(), "a skip names only members of its target");
        assert!(skipped < members.len(), "a delivery reaches somebody");
    }
}

fn index_of(rooms: &[(&str, &[u32])]) -> RoomIndex<u32> {
    let mut index = RoomIndex::new();
    for (room, members) in rooms {
        for member in *members {
            index.insert(*member);
            index.join(*member, &RoomName::from(*room));
        }
    }
    index
}

fn delivery(room: &str, skip: Skip<u32>) -> Delivery<u32> {
    Delivery { to: Target::Room(room.into()), skip }
}

#[test]
fn a_room_without_the_sender_is_one_delivery_that_skips_one() {
    let index = index_of(&[("red", &[1, 2, 3])]);
    let plan = index.select(&Selection::to(["red"]).skip(2));
    assert_eq!(plan.deliveries.as_slice(), [delivery("red", Skip::One(2))]);
    assert!(!plan.deliveries.spilled(), "one delivery needs no allocation");
}

#[test]
fn a_sender_outside_the_room_is_not_skipped() {
    let index = index_of(&[("red", &[1, 2]), ("blue", &[3])]);
    let plan = index.select(&Selection::to(["red"]).skip(3));
    assert_eq!(plan.deliveries.as_slice(), [delivery("red", Skip::Nobody)]);
}

#[test]
fn the_second_room_of_a_union_skips_whom_the_first_serves() {
    let index = index_of(&[("red", &[1, 2, 3, 4]), ("blue", &[3, 4, 5])]);
    let plan = index.select(&Selection::to(["blue", "red"]));
    let skip = Skip::Many([3, 4].into());
    assert_eq!(plan.deliveries.as_slice(), [delivery("red", Skip::Nobody), delivery("blue", skip)]);
}

#[test]
fn a_room_whose_members_are_all_served_elsewhere_gets_nothing() {
    let index = index_of(&[("red", &[1, 2, 3]), ("blue", &[1, 2])]);
    let plan = index.select(&Selection::to(["red", "blue", "red"]));
    assert_eq!(plan.deliveries.as_slice(), [delivery("red", Skip::Nobody)]);
}

#[test]
fn rooms_that_do_not_exist_mean_nobody_and_not_everyone() {
    let index = index_of(&[("red", &[1])]);
    assert!(index.select(&Selection::to(["blue"])).is_empty());
    assert!(!index.select(&Selection::everyone()).is_empty());
}

#[test]
fn a_name_that_is_a_room_and_a_members_own_reaches_both() {
    let mut index = index_of(&[("red", &[1, 2]), ("blue", &[3])]);
    assert!(index.set_own(3, RoomName::from("red")));
    let plan = index.select(&Selection::to(["red"]));
    assert_eq!(index.receivers(&plan), [1, 2, 3]);
}

#[test]
fn an_own_name_belongs_to_one_member_until_it_changes_it() {
    let mut index = index_of(&[("red", &[1, 2])]);
    assert!(index.set_own(1, RoomName::from("a")));
    assert!(!index.set_own(2, RoomName::from("a")), "taken");
    assert!(!index.set_own(9, RoomName::from("b")), "no such member");
    assert!(index.set_own(1, RoomName::from("b")));
    assert_eq!((index.owner("a"), index.owner("b")), (None, Some(1)));
    assert!(index.set_own(2, RoomName::from("a")));
}

#[test]
fn a_member_is_in_the_room_of_its_own_name_already() {
    let mut index = index_of(&[("red", &[1])]);
    let (own, red) = (RoomName::from("own"), RoomName::from("red"));
    assert!(index.set_own(1, own.clone()));
    assert_eq!(index.join(1, &own), Join::AlreadyThere);
    assert!(!index.set_own(1, red), "it would be in that room twice");
    assert_eq!(index.room_count(1), 1);
}

#[test]
fn a_join_after_the_removal_leaves_no_trace() {
    let mut index = index_of(&[("red", &[1])]);
    assert_eq!(index.remove(1), [(RoomName::from("red"), true)]);
    assert_eq!(index.join(1, &RoomName::from("red")), Join::NoSuchMember);
    assert!(index.is_empty());
    assert_eq!(index.rooms(), 0);
}
