//! Placing, as a property: whatever joins race, whatever rooms answer, and in whichever order.
//!
//! The rooms of this test are the truth: each refuses whom it has no place for. What the directory may
//! never do is to send somebody to a room that it could know to be full, to make a second room where one
//! was asked for, or to remember a seat that nobody has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that asks for what is not there fails"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use greenroom_proto::directory::{Directory, DirectoryLimits, Newcomer, Place, RoomId, Wish};
use greenroom_proto::room::{LeaveReason, Listing, MemberId, Moment, Options, Role, SeatChange, SocketKey};
use proptest::prelude::*;

const MAX: usize = 4;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// A member connects, with a wish.
    Join { member: u8, fresh: bool, mode: u8 },
    /// A room handles what it was sent first.
    Answer(u8),
    /// Somebody's last connection breaks, or it leaves.
    Leave { member: u8, keep: bool },
    /// A room ends.
    End(u8),
}

#[derive(Default)]
struct Room {
    mode: u8,
    mail: VecDeque<(SocketKey, MemberId)>,
    members: BTreeMap<MemberId, bool>,
}

#[derive(Default)]
struct World {
    directory: Directory,
    rooms: BTreeMap<RoomId, Room>,
    next: u64,
    /// How many may be in one room at most, by what the directory was told.
    refused: usize,
}

impl World {
    fn new() -> Self {
        let limits = DirectoryLimits { rooms: 1_000, seats_per_member: 1_000 };
        Self { directory: Directory::new(limits, MAX), ..Self::default() }
    }

    fn join(&mut self, member: &str, fresh: bool, mode: u8) -> RoomId {
        self.next += 1;
        let (socket, member) = (SocketKey(self.next), MemberId::from(member));
        let options = Options::from(serde_json::json!({ "mode": mode }));
        let wish = Wish { fresh, options, ..Wish::default() };
        let newcomer = Newcomer { socket, member: &member, wish: &wish, refused_by: &[] };
        let id = RoomId::from(format!("room-{}", self.next));
        let room = match self.directory.place(newcomer, &id).unwrap() {
            Place::Existing(room) => room,
            Place::New(room) => {
                assert!(
                    !self.has_place(&member, mode, fresh),
                    "a room was made although another one had a place"
                );
                self.rooms.insert(room.clone(), Room { mode, ..Room::default() });
                self.directory.listing(&room, listing(0));
                room
            }
        };
        self.rooms.get_mut(&room).unwrap().mail.push_back((socket, member));
        room
    }

    /// Whether a member that names no room could be given one of those that there are.
    fn has_place(&self, member: &MemberId, mode: u8, fresh: bool) -> bool {
        self.rooms.values().filter(|room| room.mode == mode).any(|room| {
            let coming: BTreeSet<_> = room.mail.iter().map(|(_, of)| of).chain(room.members.keys()).collect();
            if coming.contains(member) { !fresh } else { coming.len() < MAX }
        })
    }

    /// The room has the last word.
    fn answer(&mut self, id: &RoomId) {
        let room = self.rooms.get_mut(id).unwrap();
        let Some((socket, member)) = room.mail.pop_front() else { return };
        let change = match room.members.insert(member.clone(), true) {
            None if room.members.len() > MAX => {
                room.members.remove(&member);
                self.refused += 1;
                return self.directory.answered(socket);
            }
            None => Some(SeatChange::Taken),
            Some(false) => Some(SeatChange::Back),
            Some(true) => None,
        };
        let players = room.members.len();
        if let Some(change) = change {
            self.directory.seat(id, &member, Role::Player, change);
        }
        self.directory.listing(id, listing(players));
        self.directory.answered(socket);
    }

    fn leave(&mut self, member: &MemberId, keep: bool) {
        for (id, room) in &mut self.rooms {
            if !room.members.contains_key(member) {
                continue;
            }
            if keep {
                room.members.insert(member.clone(), false);
                self.directory.seat(id, member, Role::Player, SeatChange::Away);
            } else {
                room.members.remove(member);
                self.directory.seat(id, member, Role::Player, SeatChange::Left(LeaveReason::Left));
                self.directory.listing(id, listing(room.members.len()));
            }
        }
    }

    fn end(&mut self, id: &RoomId) {
        self.rooms.remove(id);
        self.directory.closed(id);
    }

    fn nth(&self, number: u8) -> Option<RoomId> {
        self.rooms.keys().nth(usize::from(number) % self.rooms.len().max(1)).cloned()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Join { member, fresh, mode } => drop(self.join(&format!("user-{member}"), *fresh, *mode)),
            Step::Answer(room) => {
                if let Some(id) = self.nth(*room) {
                    self.answer(&id);
                }
            }
            Step::Leave { member, keep } => self.leave(&MemberId::from(format!("user-{member}")), *keep),
            Step::End(room) => {
                if let Some(id) = self.nth(*room) {
                    self.end(&id);
                }
            }
        }
    }

    fn settle(&mut self) {
        while let Some(id) =
            self.rooms.iter().find(|(_, room)| !room.mail.is_empty()).map(|(id, _)| id.clone())
        {
            self.answer(&id);
        }
    }
}

fn listing(players: usize) -> Listing {
    Listing {
        label: Arc::default(),
        locked: false,
        private: false,
        players,
        max_players: MAX,
        spectators: 0,
        created: Moment::from_millis(0),
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8, any::<bool>(), 0..2_u8).prop_map(|(member, fresh, mode)| Step::Join { member, fresh, mode }),
        4 => any::<u8>().prop_map(Step::Answer),
        2 => (0..12_u8, any::<bool>()).prop_map(|(member, keep)| Step::Leave { member, keep }),
        1 => any::<u8>().prop_map(Step::End),
    ]
}

proptest! {
    #[test]
    fn racing_joins_find_the_places_that_there_are_and_leave_no_seat_behind(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(world.refused, 0, "somebody was sent to a room that was known to be full");
        for room in world.rooms.values() {
            prop_assert!(room.members.len() <= MAX);
        }
        let seated: BTreeSet<_> = world.rooms.values().flat_map(|room| room.members.keys()).collect();
        prop_assert_eq!(world.directory.members(), seated.len());
        for id in world.rooms.keys().cloned().collect::<Vec<_>>() {
            world.end(&id);
        }
        prop_assert!(world.directory.is_empty() && world.directory.members() == 0);
    }

}

proptest! {
    // Each case is a thousand joins.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_thousand_racing_joins_make_as_many_rooms_as_they_need(
        order in prop::collection::vec(any::<u8>(), 2_000),
    ) {
        let mut world = World::new();
        for (number, answer) in order.iter().enumerate().take(1_000) {
            world.join(&format!("user-{number}"), false, 0);
            if answer % 3 == 0 {
                world.step(&Step::Answer(*answer));
            }
        }
        world.settle();
        prop_assert_eq!((world.refused, world.rooms.len()), (0, 1_000 / MAX));
        prop_assert!(world.rooms.values().all(|room| room.members.len() == MAX));
    }
}

#[test]
fn two_sockets_of_one_user_race_to_one_seat() {
    let mut world = World::new();
    let first = world.join("ann", false, 0);
    let second = world.join("ann", false, 0);
    world.settle();
    assert_eq!((first, world.directory.members()), (second, 1));
}

#[test]
fn who_was_away_goes_back_before_who_is_there_a_second_time() {
    let mut world = World::new();
    let first = world.join("ann", false, 0);
    let second = world.join("ann", true, 0);
    world.settle();
    world.directory.seat(&second, &MemberId::from("ann"), Role::Player, SeatChange::Away);
    assert_eq!(world.join("ann", false, 0), second);
    world.directory.seat(&second, &MemberId::from("ann"), Role::Player, SeatChange::Back);
    assert_eq!(world.join("ann", false, 0), first);
    assert!(![first, second].contains(&world.join("ann", true, 0)));
}

#[test]
fn who_came_for_what_a_label_said_goes_back_when_it_says_something_else() {
    let mut directory = Directory::new(DirectoryLimits::default(), MAX);
    let labelled = |phase| Listing { label: Arc::new(serde_json::json!({ "phase": phase })), ..listing(1) };
    let room = RoomId::from("room");
    directory.create(&room, Options::default()).unwrap();
    directory.listing(&room, labelled("waiting"));

    let ann = MemberId::from("ann");
    let mut socket = 0;
    let mut place = |directory: &mut Directory, member: &MemberId, phase: &str| {
        socket += 1;
        let options = Options::from(serde_json::json!({ "phase": phase }));
        let wish = Wish { options, ..Wish::default() };
        let newcomer = Newcomer { socket: SocketKey(socket), member, wish: &wish, refused_by: &[] };
        directory.place(newcomer, &RoomId::from(format!("new-{socket}"))).unwrap()
    };
    assert_eq!(place(&mut directory, &ann, "waiting"), Place::Existing(room.clone()));
    directory.seat(&room, &ann, Role::Player, SeatChange::Taken);
    directory.answered(SocketKey(1));
    directory.listing(&room, labelled("playing"));
    directory.seat(&room, &ann, Role::Player, SeatChange::Away);

    assert_eq!(place(&mut directory, &ann, "waiting"), Place::Existing(room.clone()), "the same wish");
    assert_ne!(place(&mut directory, &MemberId::from("bob"), "waiting"), Place::Existing(room.clone()));
    assert_ne!(place(&mut directory, &ann, "over"), Place::Existing(room), "another wish");
}
