//! What one emitter sends reaches every recipient in program order, on any schedule.
//!
//! A simulation of one emitter, its namespace, two rooms and the fanouts of two workers, each with a
//! mailbox, run by an arbitrary schedule. Every outbox is compared with what plain sets say. The
//! rules that the order rests on can be switched off one by one; each one is needed.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's own simulation: a panic is a failed test"
)]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use greenroom_proto::{
    rooms::{Join, Leave, RoomIndex, RoomName, Selection, Skip, Target},
    socket::lane::{Class, Lane, Step, Ticket},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

const EMITTER: u8 = 0;
const USERS: [u8; 3] = [EMITTER, 1, 2];
const ROOMS: [&str; 2] = ["a", "b"];
const WORKERS: usize = 2;
const LIMIT: usize = 3;

/// What the order rests on.
#[derive(Clone, Copy, Debug)]
struct Rules {
    lanes: bool,
    own_replies_pass_the_fanout: bool,
    a_room_name_has_one_incarnation: bool,
}

const ALL_RULES: Rules =
    Rules { lanes: true, own_replies_pass_the_fanout: true, a_room_name_has_one_incarnation: true };

/// One statement of the emitter's program.
#[derive(Clone, Debug)]
enum Op {
    /// `io.to(rooms).emit` if `within`, else `socket.to(rooms).emit`; no room means everyone.
    Emit {
        rooms: Vec<&'static str>,
        within: bool,
    },
    Own,
    Direct(u8),
    Join(u8, &'static str),
    Leave(u8, &'static str),
}

#[derive(Clone, Debug)]
struct Scenario {
    workers: [usize; USERS.len()],
    program: Vec<Op>,
    /// Which of the ready actors runs next, modulo their number; the first one at the end.
    schedule: Vec<u8>,
}

type Sequence = usize;

#[derive(Debug)]
enum ToNamespace {
    Packet(Selection<u8>, Sequence, Option<Ticket>),
    Join(u8, &'static str),
    Leave(u8, &'static str),
    Ended(&'static str),
}

#[derive(Debug)]
enum ToRoom {
    Packet(Skip<u8>, Sequence, Option<Ticket>),
    Join(u8),
    Leave(u8),
    Stop,
}

#[derive(Debug, Default)]
struct RoomActor {
    name: &'static str,
    mailbox: VecDeque<ToRoom>,
    roster: BTreeSet<u8>,
}

/// What the namespace knows about a name: its actor, and what waits while that one ends.
#[derive(Debug, Default)]
struct Name {
    actor: Option<usize>,
    ending: bool,
    held: VecDeque<ToRoom>,
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Program,
    Wake,
    Namespace,
    Room(usize),
    Fanout(usize),
}

struct World {
    rules: Rules,
    workers: [usize; USERS.len()],
    program: VecDeque<(Sequence, Op)>,
    lane: Lane<(Sequence, Op), &'static str>,
    wakes: Arc<AtomicUsize>,
    namespace: VecDeque<ToNamespace>,
    index: RoomIndex<u8>,
    names: BTreeMap<&'static str, Name>,
    rooms: Vec<RoomActor>,
    fanouts: [VecDeque<(u8, Sequence)>; WORKERS],
    outboxes: [Vec<Sequence>; USERS.len()],
}

impl World {
    fn new(rules: Rules, scenario: &Scenario) -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let mailbox = Arc::clone(&wakes);
        let wake = move || {
            mailbox.fetch_add(1, Ordering::SeqCst);
        };
        let lane = Lane::new(LIMIT, Arc::new(wake));
        let mut index = RoomIndex::new();
        for user in USERS {
            index.insert(user);
        }
        Self {
            rules,
            workers: scenario.workers,
            program: scenario.program.iter().cloned().enumerate().collect(),
            lane: if rules.lanes { lane } else { lane.disabled() },
            wakes,
            namespace: VecDeque::new(),
            index,
            names: ROOMS.map(|room| (room, Name::default())).into(),
            rooms: Vec::new(),
            fanouts: Default::default(),
            outboxes: Default::default(),
        }
    }

    /// Runs to the end and tells what each user got, or that something is stuck.
    fn run(mut self, schedule: &[u8]) -> Result<[Vec<Sequence>; USERS.len()], &'static str> {
        let mut schedule = schedule.iter().copied();
        loop {
            let ready = self.ready();
            let choice = usize::from(schedule.next().unwrap_or(0)) % ready.len().max(1);
            match ready.get(choice) {
                Some(turn) => self.take(*turn),
                None if self.program.is_empty() && self.lane.is_empty() => return Ok(self.outboxes),
                None => return Err("the lane is stuck"),
            }
        }
    }

    fn ready(&self) -> Vec<Turn> {
        let mut ready = Vec::new();
        ready.extend((!self.program.is_empty() && !self.lane.is_full()).then_some(Turn::Program));
        ready.extend((self.wakes.load(Ordering::SeqCst) > 0).then_some(Turn::Wake));
        ready.extend((!self.namespace.is_empty()).then_some(Turn::Namespace));
        let rooms = self.rooms.iter().enumerate().filter(|(_, room)| !room.mailbox.is_empty());
        ready.extend(rooms.map(|(actor, _)| Turn::Room(actor)));
        let fanouts = self.fanouts.iter().enumerate().filter(|(_, mailbox)| !mailbox.is_empty());
        ready.extend(fanouts.map(|(worker, _)| Turn::Fanout(worker)));
        ready
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Program => self.run_program(),
            Turn::Wake => self.poll_lane(),
            Turn::Namespace => self.run_namespace(),
            Turn::Room(actor) => self.run_room(actor),
            Turn::Fanout(worker) => {
                let (user, sequence) = self.fanouts[worker].pop_front().unwrap();
                self.outboxes[usize::from(user)].push(sequence);
            }
        }
    }

    fn run_program(&mut self) {
        let (sequence, op) = self.program.pop_front().unwrap();
        let class = class(&op);
        match self.lane.push((sequence, op), class) {
            Step::Go((sequence, op), ticket) => self.perform(sequence, op, ticket),
            Step::Parked => {}
            Step::Refused(op) => unreachable!("{op:?} refused, although the program stops at a full lane"),
        }
    }

    fn poll_lane(&mut self) {
        self.wakes.fetch_sub(1, Ordering::SeqCst);
        while let Some(((sequence, op), ticket)) = self.lane.poll_ready() {
            self.perform(sequence, op, ticket);
        }
    }

    fn perform(&mut self, sequence: Sequence, op: Op, ticket: Option<Ticket>) {
        match op {
            Op::Emit { rooms, within } => {
                let selection = Selection { skip: (!within).then_some(EMITTER), ..Selection::to(rooms) };
                self.namespace.push_back(ToNamespace::Packet(selection, sequence, ticket));
            }
            Op::Own if !self.rules.own_replies_pass_the_fanout => {
                self.outboxes[usize::from(EMITTER)].push(sequence);
            }
            Op::Own => self.send_to_fanout(EMITTER, sequence),
            Op::Direct(user) => self.send_to_fanout(user, sequence),
            Op::Join(user, room) => self.namespace.push_back(ToNamespace::Join(user, room)),
            Op::Leave(user, room) => self.namespace.push_back(ToNamespace::Leave(user, room)),
        }
    }

    fn run_namespace(&mut self) {
        match self.namespace.pop_front().unwrap() {
            ToNamespace::Packet(selection, sequence, ticket) => self.broadcast(&selection, sequence, &ticket),
            ToNamespace::Join(user, room) => {
                if let Join::Joined { .. } = self.index.join(user, &RoomName::from(room)) {
                    self.send_to_room(room, ToRoom::Join(user));
                }
            }
            ToNamespace::Leave(user, room) => {
                let left = self.index.leave(user, &RoomName::from(room));
                if left != Leave::NotThere {
                    self.send_to_room(room, ToRoom::Leave(user));
                }
                if left == (Leave::Left { room_empty: true }) {
                    self.send_to_room(room, ToRoom::Stop);
                }
            }
            ToNamespace::Ended(room) => {
                let name = self.names.get_mut(room).unwrap();
                (name.actor, name.ending) = (None, false);
                std::mem::take(&mut name.held)
                    .into_iter()
                    .for_each(|message| self.send_to_room(room, message));
            }
        }
    }

    fn broadcast(&mut self, selection: &Selection<u8>, sequence: Sequence, ticket: &Option<Ticket>) {
        for delivery in self.index.select(selection).deliveries {
            let skip = delivery.skip;
            match delivery.to {
                Target::Room(room) => {
                    let room = ROOMS.into_iter().find(|name| *name == room.as_str()).unwrap();
                    self.send_to_room(room, ToRoom::Packet(skip, sequence, ticket.clone()));
                }
                Target::Everyone => {
                    let users: Vec<u8> = self.index.everyone().filter(|user| !skip.contains(*user)).collect();
                    users.into_iter().for_each(|user| self.send_to_fanout(user, sequence));
                }
                Target::Member(user) => self.send_to_fanout(user, sequence),
            }
        }
    }

    /// Everything for a room that is about to end waits until it has ended.
    fn send_to_room(&mut self, room: &'static str, message: ToRoom) {
        let name = self.names.get_mut(room).unwrap();
        if name.ending {
            name.held.push_back(message);
            return;
        }
        let actor = *name.actor.get_or_insert_with(|| {
            self.rooms.push(RoomActor { name: room, ..RoomActor::default() });
            self.rooms.len() - 1
        });
        if matches!(message, ToRoom::Stop) {
            match self.rules.a_room_name_has_one_incarnation {
                true => name.ending = true,
                false => name.actor = None,
            }
        }
        self.rooms[actor].mailbox.push_back(message);
    }

    fn run_room(&mut self, actor: usize) {
        let room = &mut self.rooms[actor];
        match room.mailbox.pop_front().unwrap() {
            ToRoom::Join(user) => assert!(room.roster.insert(user), "the roster replicates the index"),
            ToRoom::Leave(user) => assert!(room.roster.remove(&user), "the roster replicates the index"),
            ToRoom::Stop if self.rules.a_room_name_has_one_incarnation => {
                self.namespace.push_back(ToNamespace::Ended(room.name));
            }
            ToRoom::Stop => {}
            ToRoom::Packet(skip, sequence, ticket) => {
                let users: Vec<u8> =
                    room.roster.iter().copied().filter(|user| !skip.contains(*user)).collect();
                users.into_iter().for_each(|user| self.send_to_fanout(user, sequence));
                drop(ticket);
            }
        }
    }

    fn send_to_fanout(&mut self, user: u8, sequence: Sequence) {
        self.fanouts[self.workers[usize::from(user)]].push_back((user, sequence));
    }
}

fn class(op: &Op) -> Class<&'static str> {
    match op {
        Op::Emit { rooms, within } => match rooms.as_slice() {
            [room] => Class::Room { room, reaches_self: *within },
            _ => Class::Union { reaches_self: *within },
        },
        Op::Own => Class::Own,
        Op::Direct(_) => Class::Direct,
        Op::Join(..) | Op::Leave(..) => Class::Membership,
    }
}

/// What each user has to get, and in which order: the program run on plain sets.
fn expected(program: &[Op]) -> [Vec<Sequence>; USERS.len()] {
    let mut members: BTreeMap<&str, BTreeSet<u8>> = BTreeMap::new();
    let mut outboxes: [Vec<Sequence>; USERS.len()] = Default::default();
    for (sequence, op) in program.iter().enumerate() {
        let recipients: BTreeSet<u8> = match op {
            Op::Emit { rooms, within } => {
                let users = USERS.into_iter().filter(|user| *within || *user != EMITTER);
                let is_in = |user, room: &&str| members.get(room).is_some_and(|users| users.contains(&user));
                users.filter(|user| rooms.is_empty() || rooms.iter().any(|room| is_in(*user, room))).collect()
            }
            Op::Own => [EMITTER].into(),
            Op::Direct(user) => [*user].into(),
            Op::Join(user, room) => {
                members.entry(room).or_default().insert(*user);
                BTreeSet::new()
            }
            Op::Leave(user, room) => {
                members.entry(room).or_default().remove(user);
                BTreeSet::new()
            }
        };
        recipients.into_iter().for_each(|user| outboxes[usize::from(user)].push(sequence));
    }
    outboxes
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let user = prop::sample::select(&USERS[..]);
    let room = prop::sample::select(&ROOMS[..]);
    let join = (user.clone(), room.clone()).prop_map(|(user, room)| Op::Join(user, room));
    let rooms = prop::sample::select(vec![vec!["a"], vec!["a"], vec!["b"], vec!["a", "b"], vec![]]);
    let op = prop_oneof![
        6 => (rooms, any::<bool>()).prop_map(|(rooms, within)| Op::Emit { rooms, within }),
        2 => Just(Op::Own),
        1 => prop::sample::select(&USERS[1..]).prop_map(Op::Direct),
        1 => join.clone(),
        2 => (user, room).prop_map(|(user, room)| Op::Leave(user, room)),
    ];
    let workers = prop::array::uniform3(0..WORKERS);
    let program = (prop::collection::vec(join, 1..6), prop::collection::vec(op, 2..14));
    let program = program.prop_map(|(joins, ops)| joins.into_iter().chain(ops).collect());
    let schedule = prop::collection::vec(any::<u8>(), 0..160);
    (workers, program, schedule).prop_map(|(workers, program, schedule)| Scenario {
        workers,
        program,
        schedule,
    })
}

/// A room that loses its last member and comes back between two packets.
fn reincarnations() -> impl Strategy<Value = Scenario> {
    let emit = || Op::Emit { rooms: vec!["a"], within: false };
    let program = vec![Op::Join(1, "a"), emit(), Op::Leave(1, "a"), Op::Join(1, "a"), emit()];
    let schedule = prop::collection::vec(any::<u8>(), 0..40);
    schedule.prop_map(move |schedule| Scenario { workers: [0, 1, 1], program: program.clone(), schedule })
}

/// How many of so many schedules end with an outbox that is not as the program says.
fn violations(rules: Rules, scenarios: &impl Strategy<Value = Scenario>, schedules: usize) -> usize {
    let mut runner = TestRunner::deterministic();
    let violated = |scenario: &Scenario| {
        let outboxes = World::new(rules, scenario).run(&scenario.schedule);
        outboxes.as_ref() != Ok(&expected(&scenario.program))
    };
    (0..schedules).map(|_| scenarios.new_tree(&mut runner).unwrap().current()).filter(violated).count()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn with_lanes_every_outbox_is_in_program_order(scenario in scenarios()) {
        let outboxes = World::new(ALL_RULES, &scenario).run(&scenario.schedule);
        prop_assert_eq!(outboxes, Ok(expected(&scenario.program)));
    }
}

#[test]
fn without_lanes_the_order_is_lost() {
    let violations = violations(Rules { lanes: false, ..ALL_RULES }, &scenarios(), 2_000);
    assert!(violations > 200, "only {violations}");
}

#[test]
fn with_own_replies_past_the_fanout_the_order_is_lost() {
    let rules = Rules { own_replies_pass_the_fanout: false, ..ALL_RULES };
    let violations = violations(rules, &scenarios(), 2_000);
    assert!(violations > 100, "only {violations}");
}

#[test]
fn with_two_incarnations_of_a_room_the_order_is_lost() {
    let rules = Rules { a_room_name_has_one_incarnation: false, ..ALL_RULES };
    assert_eq!(violations(ALL_RULES, &reincarnations(), 2_000), 0);
    let violations = violations(rules, &reincarnations(), 2_000);
    assert!(violations > 0, "only {violations}");
}
