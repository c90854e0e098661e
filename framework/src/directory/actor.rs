//! The directory's shell.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler};
use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::directory::{Delta, Directory, Newcomer, Place, RoomId, Unjoined};
use greenroom_proto::room::{Options, Setup, SocketKey};
use serde::Serialize;
use tokio::sync::oneshot;

use super::hosts::Present;
use super::protocol::{DirectoryCommand, OpenReply, Opened, Opening, Watcher};
use super::{DirectoryHandle, DirectoryLink};
use crate::auth::Revocation;
use crate::error::{EmitError, Reject};
use crate::host::{Arrival, Fact, HostCommand, HostHandle, Seed};
use crate::runtime::pile::Pile;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};
use crate::runtime::wheel::TimerKey;
use crate::runtime::worker::{Worker, WorkerHandle};

type Hosts = Rc<RefCell<HashMap<RoomId, HostHandle>>>;

pub(super) struct DirectoryActor {
    handle: DirectoryHandle,
    link: DirectoryLink,
    directory: Directory,
    present: Present,
    hosts: Hosts,
    unjoined: Unjoined,
    timers: Option<Timers>,
    /// Those who watch lists will be told.
    publishing: bool,
    /// The server ends: nobody is placed any more.
    closed: bool,
    /// Waiting for the last host.
    closing: Vec<oneshot::Sender<()>>,
    budget: Budget,
    _guard: DeathGuard,
}

struct Timers {
    worker: Rc<Worker>,
    publish: TimerKey,
    unjoined: TimerKey,
}

impl DirectoryActor {
    pub(super) fn new(handle: DirectoryHandle, link: DirectoryLink) -> Self {
        let hosts = Hosts::default();
        let guard = DeathGuard::new({
            let (handle, hosts) = (handle.clone(), hosts.clone());
            move || died(&handle, &hosts)
        });
        let directory = Directory::new(handle.settings().limits, handle.max_players());
        Self {
            handle,
            link,
            directory,
            present: Present::default(),
            hosts,
            unjoined: Unjoined::default(),
            timers: None,
            publishing: false,
            closed: false,
            closing: Vec::new(),
            budget: Budget::default(),
            _guard: guard,
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        if let Some(arrival) = self.present.admit(arrival) {
            self.place(arrival);
        }
    }

    /// Finds a room, and counts the arrival as a seat of it until the room has answered.
    fn place(&mut self, mut arrival: Arrival) {
        if self.closed {
            // The server ends: dropped, it closes its connection.
            return;
        }
        if arrival.is_given_up() {
            let next = self.present.refused(&arrival);
            arrival.forget();
            return next.into_iter().for_each(|next| self.place(next));
        }
        self.directory.set_limits(self.handle.settings().limits);
        let newcomer = Newcomer {
            socket: arrival.socket,
            member: &arrival.member,
            wish: &arrival.wish,
            refused_by: &arrival.refused_by,
        };
        let room = match self.directory.place(newcomer, &random_id()) {
            Ok(Place::Existing(room)) => room,
            Ok(Place::New(room)) => {
                arrival.is_founder = true;
                let home = arrival.worker().and_then(|at| self.handle.runtime().workers.find(at));
                self.start(room.clone(), arrival.wish.options.clone(), home, None);
                room
            }
            Err(reject) => return self.refuse(arrival, reject),
        };
        self.present.set_room(&arrival, room.clone());
        self.send(&room, HostCommand::Join(arrival));
    }

    fn refuse(&mut self, arrival: Arrival, reject: Reject) {
        let next = self.present.refused(&arrival);
        arrival.refuse(reject);
        next.into_iter().for_each(|next| self.place(next));
    }

    fn depart(&mut self, socket: SocketKey, on_purpose: bool) {
        match self.present.room(socket).cloned() {
            Some(room) => self.send(&room, HostCommand::Depart { socket, on_purpose }),
            None => self.present.give_up(socket),
        }
    }

    /// Starts a host on the worker of its first member, or on any.
    fn start(&mut self, id: RoomId, options: Options, home: Option<WorkerHandle>, reply: Option<OpenReply>) {
        let runtime = self.handle.runtime().clone();
        let here = || self.timers.as_ref().map(|timers| timers.worker.handle.clone());
        let Some(worker) = home.or_else(here) else { return };
        let setup = Setup {
            id: id.as_str().into(),
            options,
            seed: random_seed(),
            limits: self.handle.settings().room,
        };
        let (factory, directory) = (self.handle.factory(), self.link.clone());
        let facts = Arc::<Pile<Fact>>::default();
        let seed = Seed { runtime, id: id.clone(), setup, factory, directory, facts, reply };
        self.hosts.borrow_mut().insert(id, HostHandle::start(&worker, seed));
    }

    /// Finds or makes a room. Who asked for a new one is answered by its host, which knows whether it can
    /// be made.
    fn open(&mut self, opening: Opening, reply: OpenReply) {
        let Opening { options, find, create, by } = opening;
        let found = if find { self.directory.find(&options).cloned() } else { None };
        let answer = match found {
            Some(id) => Ok(Opened { id, created: false }),
            None if !create => Err(Reject::new("no_such_room", "there is no such room")),
            None => match self.open_new(&options, by) {
                Ok(id) => return self.start(id, options, None, Some(reply)),
                Err(reject) => Err(reject),
            },
        };
        // Nobody waits any more: the caller dropped its future.
        drop(reply.send(answer));
    }

    fn open_new(&mut self, options: &Options, by: Option<ByteString>) -> Result<RoomId, Reject> {
        let runtime = self.handle.runtime().clone();
        if self.closed {
            return Err(super::unavailable());
        }
        if let Some(by) = &by
            && self.unjoined.count(by, &self.directory) >= runtime.config.max_unjoined_rooms
        {
            return Err(Reject::new("too_many_rooms", "join the rooms that you have made first"));
        }
        let id = random_id();
        self.directory.set_limits(self.handle.settings().limits);
        self.directory.create(&id, options.clone())?;
        if let Some(by) = by {
            self.unjoined.add(id.clone(), by, runtime.clock.now() + runtime.config.unjoined_room_timeout);
            self.arm_unjoined();
        }
        Ok(id)
    }

    fn arm_unjoined(&self) {
        if let Some(Timers { worker, unjoined, .. }) = &self.timers {
            worker.wheel.arm(*unjoined, self.unjoined.next_deadline());
        }
    }

    /// Rooms that nobody has joined in time are closed.
    fn close_unjoined(&mut self) {
        let runtime = self.handle.runtime().clone();
        let now = runtime.clock.now();
        let again = now + runtime.config.unjoined_room_timeout;
        for room in self.unjoined.due(now, again, &self.directory) {
            self.send(&room, HostCommand::Close { server_ends: false });
        }
        self.arm_unjoined();
    }

    /// Tells a host something; one that is gone has no room any more.
    fn send(&mut self, room: &RoomId, command: HostCommand) {
        let host = self.hosts.borrow().get(room).cloned();
        if !host.is_some_and(|host| host.tell(command)) {
            self.room_gone(room);
        }
    }

    fn report(&mut self, room: &RoomId, facts: &Pile<Fact>) {
        for fact in facts.take() {
            self.learn(room, fact);
        }
    }

    fn learn(&mut self, room: &RoomId, fact: Fact) {
        match fact {
            Fact::Seat(member, role, change) => self.directory.seat(room, &member, role, change),
            Fact::Listing(listing) => {
                self.handle.board().set(room, &listing);
                self.directory.listing(room, listing);
            }
            Fact::Answered(socket) => self.directory.answered(socket),
            Fact::Refused(arrival, reject) => self.refused(room, *arrival, reject),
            Fact::Departed(socket) => {
                let next = self.present.depart(socket);
                next.into_iter().for_each(|next| self.place(next));
            }
            Fact::Closed => {
                let host = self.hosts.borrow_mut().remove(room);
                self.room_gone(room);
                if let Some(host) = host {
                    host.tell(HostCommand::Stop);
                }
            }
        }
    }

    /// A room has no place: another one may have, unless this one was meant.
    fn refused(&mut self, room: &RoomId, mut arrival: Arrival, reject: Reject) {
        self.directory.answered(arrival.socket);
        let any_room = arrival.wish.room.is_none() && !arrival.is_founder;
        if !any_room || !MOVES_ON.contains(&reject.code()) || arrival.refused_by.len() >= MOST_ATTEMPTS {
            return self.refuse(arrival, reject);
        }
        arrival.refused_by.push(room.clone());
        self.place(arrival);
    }

    fn room_gone(&mut self, room: &RoomId) {
        self.hosts.borrow_mut().remove(room);
        self.directory.closed(room);
        self.handle.board().remove(room);
        for next in self.present.forget_room(room) {
            self.place(next);
        }
        if self.hosts.borrow().is_empty() {
            self.closing.clear();
        }
    }

    fn revoke(&self, revocation: &Arc<Revocation>) {
        for host in self.hosts.borrow().values() {
            host.tell(HostCommand::Revoke(revocation.clone()));
        }
    }

    fn close(&mut self, reply: oneshot::Sender<()>) {
        self.closed = true;
        if self.hosts.borrow().is_empty() {
            return;
        }
        self.closing.push(reply);
        for host in self.hosts.borrow().values() {
            host.tell(HostCommand::Close { server_ends: true });
        }
    }

    /// Tells those who watch lists, a moment after the first change.
    fn publish_soon(&mut self) {
        if self.publishing || !self.handle.board().has_news() {
            return;
        }
        let Some(Timers { worker, publish, .. }) = &self.timers else { return };
        let runtime = self.handle.runtime();
        worker.wheel.arm(*publish, Some(runtime.clock.now() + runtime.config.room_list_interval));
        self.publishing = true;
    }

    fn publish(&mut self) {
        self.publishing = false;
        let deltas = self.handle.board().deltas();
        for (delta, watchers) in deltas {
            let missed = tell_watchers(self.handle.path(), &delta, watchers);
            let mut board = self.handle.board();
            missed.iter().for_each(|watcher| board.missed(watcher));
        }
    }
}

impl Actor for DirectoryActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let runtime = self.handle.runtime();
        ctx.set_mailbox_capacity(runtime.config.mailbox_capacity);
        self.timers = Worker::current(runtime).ok().map(|worker| {
            let (lists, rooms) = (self.handle.clone(), self.handle.clone());
            let publish = worker.wheel.register(move || lists.tell(DirectoryCommand::Publish));
            let unjoined = worker.wheel.register(move || rooms.tell(DirectoryCommand::Deadline));
            Timers { worker, publish, unjoined }
        });
    }
}

impl Drop for DirectoryActor {
    fn drop(&mut self) {
        if let Some(Timers { worker, publish, unjoined }) = self.timers.take() {
            worker.wheel.remove(publish);
            worker.wheel.remove(unjoined);
        }
    }
}

impl Handler<DirectoryCommand> for DirectoryActor {
    type Result = ();

    fn handle(&mut self, command: DirectoryCommand, ctx: &mut Self::Context) {
        match command {
            DirectoryCommand::Arrive(arrival) => self.arrive(arrival),
            DirectoryCommand::Depart { socket, on_purpose } => self.depart(socket, on_purpose),
            DirectoryCommand::Report { room, facts } => self.report(&room, &facts),
            DirectoryCommand::HostDied { room, facts } => {
                self.report(&room, &facts);
                self.room_gone(&room);
            }
            DirectoryCommand::Open { opening, reply } => self.open(opening, reply),
            DirectoryCommand::Find { room, reply } => {
                // Nobody waits any more: the caller dropped its future.
                drop(reply.send(self.hosts.borrow().get(&room).cloned()));
            }
            DirectoryCommand::Revoke(revocation) => self.revoke(&revocation),
            DirectoryCommand::Publish => self.publish(),
            DirectoryCommand::Deadline => self.close_unjoined(),
            DirectoryCommand::Close(reply) => self.close(reply),
            #[cfg(feature = "testing")]
            DirectoryCommand::Crash(None) => crash(),
            #[cfg(feature = "testing")]
            DirectoryCommand::Crash(Some(room)) => self.send(&room, HostCommand::Crash),
        }
        self.publish_soon();
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// The actor died: what it knew of seats is lost, so its rooms end, and their clients come back on new
/// connections.
fn died(handle: &DirectoryHandle, hosts: &Hosts) {
    handle.runtime().metrics.actor_deaths.count();
    tracing::error!(rooms = handle.path(), "a directory died; its rooms end");
    for (id, host) in hosts.take() {
        handle.board().remove(&id);
        host.tell(HostCommand::Abandon);
    }
}

/// What those who watch a list are told.
#[derive(Serialize)]
struct Change<'a> {
    r#type: &'a str,
    #[serde(flatten)]
    delta: &'a Delta,
}

/// Tells those who watch a list, encoded once per namespace that they are in. Who cannot take it comes back.
fn tell_watchers(path: &str, delta: &Delta, watchers: Vec<Watcher>) -> Vec<Watcher> {
    let change = Change { r#type: path, delta };
    let mut encoded: HashMap<String, Bytes> = HashMap::new();
    let mut missed = Vec::new();
    for watcher in watchers {
        let socket = &watcher.0;
        let ready = match encoded.get(socket.path()) {
            Some(ready) => Ok(ready.clone()),
            None => socket.encode("room:delta", &change),
        };
        let told = ready.and_then(|frames| {
            encoded.entry(socket.path().to_owned()).or_insert_with(|| frames.clone());
            socket.emit_encoded(frames)
        });
        if let Err(EmitError::Full) = told {
            missed.push(watcher);
        }
    }
    missed
}

/// Sixteen hexadecimal digits: 60 bits, so that a private room cannot be guessed.
fn random_id() -> RoomId {
    let mut id = uuid::Uuid::new_v4().simple().to_string();
    id.truncate(16);
    RoomId::from(id)
}

fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let (first, second) = seed.split_at_mut(16);
    first.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    second.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed
}

/// Refusals that say nothing about who wants to join.
const MOVES_ON: [&str; 4] = ["full", "locked", "closed", "room_error"];
/// Rooms that may refuse one arrival before it is told so: each was open a moment ago.
const MOST_ATTEMPTS: usize = 8;
