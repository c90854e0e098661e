//! A presence, its clients, and a network between them that may lose, delay, double and reorder.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise and starts its own time; not every suite uses all of it"
)]

pub(crate) mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use client::{Ask, Client};
use greenroom_proto::presence::{
    Effect, LeaveReason, MetaRef, Place, Presence, PresenceConfig, Report, Scope, UserId, Visibility,
};
use proptest::prelude::*;

pub(crate) const USERS: [&str; 6] = ["ann", "bob", "cy", "dee", "eve", "fay"];
pub(crate) const ROOMS: [&str; 2] = ["red", "blue"];

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Connect(usize),
    End(usize, LeaveReason),
    Join(usize, usize),
    Leave(usize, usize),
    Report(usize, Report),
    Watch(usize, Vec<usize>),
    Type(usize, usize, bool),
    Message(usize),
    Block(usize, usize),
    Unblock(usize, usize),
    Show(usize, Visibility),
    Wait(u64),
}

/// A network: how many of a hundred messages are lost or doubled, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) delay_ms: u64,
}

pub(crate) const PERFECT: Network = Network { lost: 0, doubled: 0, delay_ms: 0 };
pub(crate) const AWFUL: Network = Network { lost: 25, doubled: 20, delay_ms: 900 };

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) ms: u64,
    pub(crate) socket: MetaRef,
    pub(crate) event: &'static str,
    pub(crate) json: String,
}

/// A live socket, as the world knows it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) socket: MetaRef,
    pub(crate) user: usize,
    pub(crate) rooms: BTreeSet<usize>,
    pub(crate) reported: Option<Report>,
}

pub(crate) struct World {
    pub(crate) presence: Presence,
    pub(crate) network: Network,
    pub(crate) live: Vec<Live>,
    pub(crate) manual: BTreeMap<usize, Report>,
    pub(crate) blocks: BTreeSet<(usize, usize)>,
    pub(crate) shown: BTreeMap<usize, Visibility>,
    pub(crate) clients: BTreeMap<MetaRef, Client>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) ms: u64,
    start: Instant,
    reciprocal: bool,
    namespace: bool,
    seed: u64,
    /// On their way: by time and order of sending.
    flying: BTreeMap<(u64, u64), Flying>,
    sent: u64,
}

enum Flying {
    ToClient(MetaRef, &'static str, String),
    ToServer(MetaRef, Ask),
}

impl Flying {
    fn is_to(&self, to: MetaRef, room: &str) -> bool {
        matches!(self, Self::ToClient(socket, _, json) if *socket == to && json.contains(&format!(r#""room":"{room}""#)))
    }
}

impl World {
    pub(crate) fn new(config: PresenceConfig, namespace: bool, network: Network, seed: u64) -> Self {
        let start = Instant::now();
        let reciprocal = config.reciprocal;
        let presence = Presence::new(config, start, Duration::from_secs(1_764_000_000));
        let presence = if namespace { presence.announce_namespace() } else { presence };
        let (live, manual, blocks, shown, clients) = Default::default();
        let (arrivals, flying) = Default::default();
        Self {
            presence,
            network,
            live,
            manual,
            blocks,
            shown,
            clients,
            arrivals,
            ms: 0,
            start,
            reciprocal,
            namespace,
            seed,
            flying,
            sent: 0,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.ms)
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        1_764_000_000_000 + self.ms
    }

    pub(crate) fn connect(&mut self, user: usize) -> MetaRef {
        let socket = self.presence.connect(&id(user), None, None, self.now());
        self.live.push(Live { socket, user, rooms: BTreeSet::new(), reported: None });
        self.clients.insert(socket, Client::default());
        self.settle();
        socket
    }

    pub(crate) fn end(&mut self, socket: MetaRef, reason: LeaveReason) {
        self.live.retain(|live| live.socket != socket);
        self.clients.remove(&socket);
        self.presence.disconnect(socket, reason, self.now());
        self.settle();
    }

    pub(crate) fn join(&mut self, socket: MetaRef, room: usize) {
        self.presence.join(socket, scope(room), self.now());
        self.of(socket).rooms.insert(room);
        self.settle();
    }

    pub(crate) fn leave(&mut self, socket: MetaRef, room: usize) {
        self.presence.leave(socket, &scope(room), LeaveReason::Left, self.now());
        self.of(socket).rooms.remove(&room);
        // Nothing that was sent before arrives after the server's answer: connections keep the order.
        let name = ROOMS[room];
        self.flying.retain(|_, flying| !flying.is_to(socket, name));
        self.clients.get_mut(&socket).unwrap().leave(name);
        self.settle();
    }

    pub(crate) fn report(&mut self, socket: MetaRef, report: Report) {
        self.presence.report(socket, report, self.now());
        let user = self.of(socket).user;
        match report {
            Report::Dnd | Report::Invisible => drop(self.manual.insert(user, report)),
            Report::Auto => drop(self.manual.remove(&user)),
            Report::Online | Report::Idle | Report::Away => self.of(socket).reported = Some(report),
        }
        self.settle();
    }

    pub(crate) fn type_in(&mut self, socket: MetaRef, room: usize, on: bool) {
        // Refused in a room that is too large, or for a socket that is not there: no one is told.
        self.presence.type_in(socket, &scope(room), on, self.now()).ok();
        self.settle();
    }

    /// Does what is asked, as far as it can be done. Every step takes some time.
    pub(crate) fn perform(&mut self, op: &Op) {
        self.run(3);
        let socket = |at: usize| self.live.get(at % self.live.len().max(1)).map(|live| live.socket);
        match op {
            Op::Connect(user) => drop(self.connect(*user)),
            Op::Wait(ms) => self.run(*ms),
            Op::End(at, reason) => drop(socket(*at).map(|socket| self.end(socket, *reason))),
            Op::Join(at, room) => drop(socket(*at).map(|socket| self.join(socket, *room))),
            Op::Leave(at, room) => drop(socket(*at).map(|socket| self.leave(socket, *room))),
            Op::Report(at, report) => drop(socket(*at).map(|socket| self.report(socket, *report))),
            Op::Type(at, room, on) => drop(socket(*at).map(|socket| self.type_in(socket, *room, *on))),
            Op::Watch(at, users) => {
                if let Some(socket) = socket(*at) {
                    let users = users.iter().map(|user| id(*user)).collect();
                    self.presence.watch(socket, users, self.now()).unwrap();
                }
            }
            Op::Message(at) => {
                if let Some(socket) = socket(*at) {
                    self.presence.message_sent(socket, None, self.now());
                }
            }
            Op::Block(one, other) if one != other => {
                self.blocks.insert((*one, *other));
                self.presence.block(&id(*one), &id(*other), self.now()).unwrap();
            }
            Op::Unblock(one, other) => {
                self.blocks.remove(&(*one, *other));
                self.presence.unblock(&id(*one), &id(*other), self.now());
            }
            Op::Show(user, visibility) => {
                self.shown.insert(*user, *visibility);
                self.presence.show(&id(*user), *visibility, self.now()).unwrap();
            }
            Op::Block(..) => {}
        }
        self.settle();
    }

    /// Lets time pass: deadlines on the server, arrivals on both sides.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.ms + ms;
        loop {
            let due = self.presence.next_deadline().map(|due| {
                u64::try_from((due.saturating_duration_since(self.start)).as_nanos().div_ceil(1_000_000))
                    .unwrap()
            });
            let arrives = self.flying.first_key_value().map(|((at, _), _)| *at);
            let next = [due, arrives].into_iter().flatten().min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.ms = self.ms.max(next);
            self.settle();
            while let Some(first) = self.flying.first_entry().filter(|first| first.key().0 <= self.ms) {
                let flying = first.remove();
                self.arrive(flying);
            }
        }
        self.ms = end;
    }

    /// All pages wake up on a network that works, and ask what they missed.
    pub(crate) fn wake_all(&mut self) {
        self.network = PERFECT;
        self.run(5_000);
        for live in self.live.clone() {
            let rooms = live.rooms.iter().map(|room| ROOMS[*room].to_owned());
            let namespace = self.namespace.then(String::new);
            let client = self.clients.get_mut(&live.socket).unwrap();
            client.wake(rooms.chain(namespace));
            self.send_asks(live.socket);
        }
        self.run(5_000);
    }

    /// What a user may see of another, by the rules as written.
    pub(crate) fn may_see(&self, viewer: usize, target: usize) -> Visibility {
        if viewer == target {
            return Visibility::Full;
        }
        if self.blocks.contains(&(viewer, target)) || self.blocks.contains(&(target, viewer)) {
            return Visibility::Hidden;
        }
        let shown = |user| self.shown.get(user).copied().unwrap_or_default();
        if self.reciprocal { shown(&target).min(shown(&viewer)) } else { shown(&target) }
    }

    fn settle(&mut self) {
        self.presence.handle_deadline(self.now());
        while let Some(effect) = self.presence.poll_effect() {
            match effect {
                Effect::Sockets { to, message } => {
                    to.iter().for_each(|to| self.fly(*to, message.event, &message.json));
                }
                Effect::Everyone { scope, except, message } => {
                    let is_in = |live: &&Live| match &scope {
                        Scope::Namespace => true,
                        Scope::Room(name) => live.rooms.iter().any(|room| ROOMS[*room] == name.as_str()),
                    };
                    let to: Vec<_> = self.live.iter().filter(is_in).map(|live| live.socket).collect();
                    for to in to.into_iter().filter(|to| !except.contains(to)) {
                        self.fly(to, message.event, &message.json);
                    }
                }
            }
        }
    }

    fn fly(&mut self, to: MetaRef, event: &'static str, json: &str) {
        for at in self.fates() {
            self.sent += 1;
            self.flying.insert((at, self.sent), Flying::ToClient(to, event, json.to_owned()));
        }
    }

    fn send_asks(&mut self, socket: MetaRef) {
        let asks = self.clients.get_mut(&socket).map(|client| std::mem::take(&mut client.asks));
        for ask in asks.unwrap_or_default() {
            for at in self.fates() {
                self.sent += 1;
                self.flying.insert((at, self.sent), Flying::ToServer(socket, ask.clone()));
            }
        }
    }

    fn arrive(&mut self, flying: Flying) {
        match flying {
            Flying::ToClient(socket, event, json) => {
                let Some(client) = self.clients.get_mut(&socket) else { return };
                client.receive(event, &serde_json::from_str(&json).unwrap());
                self.arrivals.push(Arrival { ms: self.ms, socket, event, json });
                self.send_asks(socket);
            }
            Flying::ToServer(socket, ask) => {
                let place = |known: Option<(u64, u64)>| known.map(|(e, o)| Place { e, o });
                let now = self.now();
                match ask {
                    Ask::Room(room, known) => {
                        let scope = if room.is_empty() {
                            Scope::Namespace
                        } else {
                            Scope::Room(room.as_str().into())
                        };
                        self.presence.resync(socket, &scope, place(known), now);
                    }
                    Ask::Watched(known) => self.presence.resync_watched(socket, place(known), now),
                }
                self.settle();
            }
        }
    }

    /// When copies of a message arrive; none if it is lost.
    fn fates(&mut self) -> Vec<u64> {
        let Network { lost, doubled, delay_ms } = self.network;
        let copies = match self.random() % 100 {
            chance if chance < lost => 0,
            chance if chance < lost + doubled => 2,
            _ => 1,
        };
        (0..copies).map(|_| self.ms + self.random() % (delay_ms + 1)).collect()
    }

    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    fn of(&mut self, socket: MetaRef) -> &mut Live {
        self.live.iter_mut().find(|live| live.socket == socket).unwrap()
    }
}

pub(crate) fn id(user: usize) -> UserId {
    USERS[user].into()
}

pub(crate) fn scope(room: usize) -> Scope {
    Scope::Room(ROOMS[room].into())
}

/// A program of things that happen.
pub(crate) fn ops(length: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..length)
}

fn op() -> impl Strategy<Value = Op> {
    let (user, room, socket) = (0..USERS.len(), 0..ROOMS.len(), 0..12_usize);
    let reason = prop_oneof![
        3 => Just(LeaveReason::Dropped),
        2 => Just(LeaveReason::Left),
        1 => Just(LeaveReason::Kicked),
        1 => Just(LeaveReason::Expired),
        1 => Just(LeaveReason::Server),
    ];
    let report = prop_oneof![
        2 => Just(Report::Online),
        2 => Just(Report::Idle),
        1 => Just(Report::Away),
        1 => Just(Report::Dnd),
        2 => Just(Report::Invisible),
        2 => Just(Report::Auto),
    ];
    let visibility = prop_oneof![
        2 => Just(Visibility::Full),
        1 => Just(Visibility::Coarse),
        1 => Just(Visibility::Hidden),
    ];
    let wait = prop_oneof![0..400_u64, 1_000..4_000_u64, 10_000..40_000_u64];
    prop_oneof![
        6 => user.clone().prop_map(Op::Connect),
        4 => (socket.clone(), reason).prop_map(|(at, reason)| Op::End(at, reason)),
        8 => (socket.clone(), room.clone()).prop_map(|(at, room)| Op::Join(at, room)),
        2 => (socket.clone(), room.clone()).prop_map(|(at, room)| Op::Leave(at, room)),
        4 => (socket.clone(), report).prop_map(|(at, report)| Op::Report(at, report)),
        2 => (socket.clone(), prop::collection::vec(user.clone(), 0..4))
            .prop_map(|(at, users)| Op::Watch(at, users)),
        3 => (socket.clone(), room, any::<bool>()).prop_map(|(at, room, on)| Op::Type(at, room, on)),
        1 => socket.prop_map(Op::Message),
        1 => (user.clone(), user.clone()).prop_map(|(one, other)| Op::Block(one, other)),
        1 => (user.clone(), user.clone()).prop_map(|(one, other)| Op::Unblock(one, other)),
        1 => (user, visibility).prop_map(|(user, visibility)| Op::Show(user, visibility)),
        8 => wait.prop_map(Op::Wait),
    ]
}
