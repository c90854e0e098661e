//! The namespace's shell: the index decides, the rooms and fanouts deliver.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use foldhash::fast::FixedState;
use greenroom_proto::rooms::{self, Join, Leave, RoomIndex, RoomName, Selection, Skip, Target};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::lane::{Lane, Step, Ticket};
use smallvec::smallvec;

use super::errand::{class_of_packet, left};
use super::handle::OutsidePermit;
use super::protocol::{FindReply, NamespaceCommand};
use super::recovery::Away;
use super::{Admission, NamespaceLink, NamespaceShared, Outgoing, RoomEvent};
use crate::auth::Revocation;
use crate::fanout::{FanoutCommand, FanoutHandle, Push, Recipients, SlotRef};
use crate::room::{Packet, Report, RoomCommand, RoomHandle};
use crate::runtime::Runtime;
use crate::runtime::post::Refused;
use crate::runtime::shell::Budget;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::socket::Socket;

pub(super) struct NamespaceActor {
    pub(super) runtime: Arc<Runtime>,
    pub(super) link: NamespaceLink,
    pub(super) index: RoomIndex<SlotRef>,
    pub(super) everyone: Recipients,
    pub(super) sockets: HashMap<SlotRef, Socket, FixedState>,
    pub(super) rooms: HashMap<RoomName, Room>,
    /// Sockets of connections whose last socket here has not left yet.
    successors: Vec<Admission>,
    pub(super) blocked: Vec<Blocked>,
    pub(super) away: Away,
    /// The order of what is emitted outside of handlers.
    outside: Lane<Outside>,
    budget: Budget,
}

/// A room that lives: in the index, or on its way out of it.
pub(super) struct Room {
    pub(super) handle: RoomHandle,
    /// Commands sent so far, see [`NamespaceCommand::RoomEmpty`].
    pub(super) sent: u64,
}

/// An emit by no socket.
struct Outside {
    to: Selection<SlotRef>,
    what: Outgoing,
    _permit: OutsidePermit,
}

/// What a full mailbox refused; nothing else is sent before it.
pub(super) enum Blocked {
    Room(RoomHandle, RoomCommand),
    /// The packet's ticket, if it has one, is held until the fanout's mailbox has taken the command.
    Fanout(FanoutHandle, FanoutCommand, Option<Ticket>),
}

impl NamespaceActor {
    pub(super) fn new(shared: &Arc<NamespaceShared>, link: NamespaceLink) -> Self {
        let wake = link.clone();
        let outside = Lane::new(shared.runtime.config.mailbox_capacity, Arc::new(move || wake.lane_clear()));
        Self {
            runtime: shared.runtime.clone(),
            link,
            index: RoomIndex::new(),
            everyone: Recipients::default(),
            sockets: HashMap::default(),
            rooms: HashMap::new(),
            successors: Vec::new(),
            blocked: Vec::new(),
            away: Away::default(),
            outside,
            budget: Budget::default(),
        }
    }

    fn connect(&mut self, admission: Admission) {
        if let Some(predecessor) = admission.take_predecessor() {
            return self.comes_back(admission, predecessor);
        }
        let Some(member) = admission.member() else { return };
        if self.sockets.contains_key(&member) {
            // It comes in when the one before it has left.
            return self.successors.push(admission);
        }
        let Some((socket, answer)) = admission.take() else { return };
        self.index.insert(member);
        self.admit(&socket, member, Vec::new(), answer);
        socket.admitted();
        self.sockets.insert(member, socket);
    }

    /// What is the same for a new client and for one that is back.
    pub(super) fn admit(&mut self, socket: &Socket, member: SlotRef, missed: Vec<Bytes>, answer: Bytes) {
        self.index.set_own(member, socket.id().to_room());
        self.everyone.insert(&self.runtime, member);
        self.runtime.metrics.sockets.add(1);
        self.tell_room_hooks(|| {
            let own = socket.id().to_room();
            [Some(RoomEvent::Created(own.clone())), Some(RoomEvent::Joined(own, socket.clone()))]
        });
        self.link.metrics().sockets.add(1);
        self.link.metrics().count_connect();
        self.keep_history(socket);
        self.greet(member, missed, answer);
        if let Some(presence) = self.link.presence() {
            presence.connected(socket);
        }
    }

    fn disconnect(&mut self, socket: &Socket) {
        if !self.is_member(socket) {
            self.forget_return(socket);
            return self.successors.retain(|successor| !successor.asked_by(socket));
        }
        let member = socket.member();
        self.sockets.remove(&member);
        self.runtime.metrics.sockets.add(-1);
        self.link.metrics().sockets.add(-1);
        if Self::may_come_back(socket) {
            self.send_away(socket);
        } else {
            self.remove(socket, member);
        }
        if let Some(presence) = self.link.presence() {
            presence.ended(socket);
        }
        if let Some(next) = self.successors.iter().position(|successor| successor.member() == Some(member)) {
            let successor = self.successors.remove(next);
            self.connect(successor);
        }
    }

    fn remove(&mut self, socket: &Socket, member: SlotRef) {
        self.everyone.remove(member);
        for (room, room_empty) in self.index.remove(member) {
            self.tell_room_hooks(|| left(&room, socket, room_empty));
            self.take_out(&room, member, room_empty);
        }
        self.tell_room_hooks(|| left(&socket.id().to_room(), socket, true));
        self.forget_history(socket);
    }

    /// A slot is the connection's; whose socket it holds here changes when a client comes back.
    pub(super) fn is_member(&self, socket: &Socket) -> bool {
        self.sockets.get(&socket.member()).is_some_and(|member| member.is(socket))
    }

    pub(super) fn join(&mut self, socket: &Socket, room: &RoomName) {
        if !self.is_member(socket) {
            return;
        }
        let member = socket.member();
        match self.index.join(member, room) {
            Join::Joined { new_room } => {
                if socket.is_steered() {
                    socket.list(room.clone());
                }
                self.tell_room_hooks(|| {
                    [
                        new_room.then(|| RoomEvent::Created(room.clone())),
                        Some(RoomEvent::Joined(room.clone(), socket.clone())),
                    ]
                });
                self.enter(room, member);
                if let Some(presence) = self.link.presence() {
                    presence.joined(socket, room);
                }
            }
            // A join behind a disconnect comes too late.
            Join::AlreadyThere | Join::NoSuchMember => {}
        }
    }

    pub(super) fn leave(&mut self, socket: &Socket, room: &RoomName) {
        if !self.is_member(socket) {
            return;
        }
        let member = socket.member();
        match self.index.leave(member, room) {
            Leave::Left { room_empty } => {
                if socket.is_steered() {
                    socket.unlist(room);
                }
                self.tell_room_hooks(|| left(room, socket, room_empty));
                self.take_out(room, member, room_empty);
                if let Some(presence) = self.link.presence() {
                    presence.left(socket, room);
                }
            }
            Leave::NotThere => {}
        }
    }

    pub(super) fn broadcast(&mut self, to: &Selection<SlotRef>, packet: &Packet) {
        if self.link.hears_outgoing() {
            self.show_outgoing(to, &packet.frames);
        }
        for rooms::Delivery { to, skip } in self.index.select(to).deliveries {
            match to {
                Target::Everyone => self.deliver_to_everyone(packet, &skip),
                Target::Room(room) => {
                    self.tell(&room, RoomCommand::Broadcast { packet: packet.clone(), skip });
                }
                Target::Member(member) => self.push(member, packet.clone()),
            }
        }
    }

    fn find(&self, to: &Selection<SlotRef>, reply: FindReply) {
        let found = self.index.receivers(&self.index.select(to));
        let found = found.iter().filter_map(|member| self.sockets.get(member).cloned()).collect();
        // Nobody waits any more: the caller dropped its future.
        drop(reply.send(found));
    }

    /// Those who are not members yet look for themselves when they are.
    fn revoke(&self, revocation: &Arc<Revocation>) {
        let hit = self.sockets.values().filter(|socket| socket.is_hit_by(revocation));
        hit.for_each(|socket| socket.revoked(revocation.clone()));
    }

    fn emit_from_outside(&mut self, emit: Outside) {
        let class = match &emit.what {
            Outgoing::Errand(errand) => errand.class(&emit.to, false),
            Outgoing::Packet { .. } => class_of_packet(&emit.to, false),
        };
        match self.outside.push(emit, class) {
            Step::Go(emit, ticket) => self.broadcast_from_outside(emit, ticket),
            // The permits bound what is here far below what the lane refuses.
            Step::Parked | Step::Refused(_) => {}
        }
    }

    fn continue_from_outside(&mut self) {
        while self.blocked.is_empty()
            && let Some((emit, ticket)) = self.outside.poll_ready()
        {
            self.broadcast_from_outside(emit, ticket);
        }
    }

    fn broadcast_from_outside(&mut self, emit: Outside, ticket: Option<Ticket>) {
        let Outside { to, what, _permit } = emit;
        match what {
            Outgoing::Packet { frames, delivery } => {
                self.broadcast(&to, &Packet { frames, delivery, ticket });
            }
            Outgoing::Errand(errand) => self.run(&to, *errand, ticket),
        }
    }

    fn deliver_to_everyone(&mut self, packet: &Packet, skip: &Skip<SlotRef>) {
        let blocked = self.everyone.deliver(&self.runtime, &packet.frames, packet.delivery, skip);
        let blocked =
            blocked.into_iter().map(|it| Blocked::Fanout(it.fanout, it.command, packet.ticket.clone()));
        self.blocked.extend(blocked);
    }

    /// One packet for one session.
    fn push(&mut self, member: SlotRef, packet: Packet) {
        let Some(worker) = self.runtime.workers.find(member.worker) else { return };
        match worker.fanout.send(&self.runtime, push(member, packet.frames, packet.delivery, true)) {
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(command)) => {
                self.blocked.push(Blocked::Fanout(worker.fanout, command, packet.ticket));
            }
        }
    }

    /// Tells a room of a new member; the first one's worker becomes its home.
    pub(super) fn enter(&mut self, name: &RoomName, member: SlotRef) {
        match self.rooms.entry(name.clone()) {
            Entry::Occupied(_) => self.tell(name, RoomCommand::Join(member)),
            Entry::Vacant(vacant) => {
                let Some(home) = self.runtime.workers.find(member.worker) else { return };
                let link = self.link.clone();
                let handle = RoomHandle::start(self.runtime.clone(), &home, name.clone(), link, member);
                vacant.insert(Room { handle, sent: 0 });
            }
        }
    }

    /// Tells a room of a member that left it. The last one ends it, here and now if nothing is on its
    /// way to it.
    pub(super) fn take_out(&mut self, name: &RoomName, member: SlotRef, room_empty: bool) {
        if !(room_empty && self.end_room(name, |room| room.handle.has_handled(room.sent))) {
            self.tell(name, RoomCommand::Leave(member));
        }
    }

    /// Sends to a room that lives.
    fn tell(&mut self, name: &RoomName, command: RoomCommand) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.sent += 1;
        match room.handle.send(&self.runtime, command) {
            // A room that is no more is made again from the index, this command's join included.
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(command)) => self.blocked.push(Blocked::Room(room.handle.clone(), command)),
        }
    }

    /// A room name has one incarnation: a room ends only if nothing is on its way to it.
    fn end_room(&mut self, name: &RoomName, may_end: impl FnOnce(&Room) -> bool) -> bool {
        let Entry::Occupied(room) = self.rooms.entry(name.clone()) else { return false };
        let may_end = may_end(room.get());
        if may_end {
            room.remove().handle.stop(&self.runtime);
        }
        may_end
    }

    fn room_empty(&mut self, name: &RoomName, report: &Report) {
        self.end_room(name, |room| room.handle.reports(report) && room.sent == report.handled());
    }

    /// Makes the room again, at home where one of its members still has a thread. Those without one
    /// are about to leave.
    fn room_lost(&mut self, name: &RoomName, report: &Report) {
        let Some(room) = self.rooms.get(name).filter(|room| room.handle.reports(report)) else { return };
        self.runtime.metrics.packets_lost.add(room.sent.saturating_sub(report.handled()));
        self.rooms.remove(name);
        let mut members: Vec<_> = self.index.members(name).collect();
        let is_reachable = |member: &SlotRef| {
            self.runtime.workers.find(member.worker).is_some_and(|worker| worker.fanout.is_running())
        };
        let Some(home) = members.iter().position(is_reachable) else { return };
        members.swap(0, home);
        for member in members {
            self.enter(name, member);
        }
    }

    /// It has no sockets any more, and comes back as another one.
    fn stop(&mut self, ctx: &mut Context<Self>) {
        if self.sockets.is_empty() && self.successors.is_empty() {
            self.rooms.drain().for_each(|(_, room)| room.handle.stop(&self.runtime));
            ctx.stop();
        }
    }

    /// What a command leaves to be done before the next one.
    pub(super) fn settle(&mut self, ctx: &mut Context<Self>) {
        if self.away.is_anybody_back() {
            self.let_back_in(ctx);
        }
        self.wait_for_blocked(ctx);
    }

    /// Stops this mailbox until what was refused has been taken.
    pub(super) fn wait_for_blocked(&mut self, ctx: &mut Context<Self>) {
        if self.blocked.is_empty() {
            return;
        }
        let blocked = std::mem::take(&mut self.blocked);
        let wait = async move {
            for blocked in blocked {
                match blocked {
                    Blocked::Room(room, command) => room.wait(command).await,
                    Blocked::Fanout(fanout, command, _ticket) => fanout.wait(command).await,
                };
            }
        };
        let resume = |(), actor: &mut Self, ctx: &mut Context<Self>| {
            actor.continue_from_outside();
            actor.settle(ctx);
        };
        ctx.wait(wait.into_actor(self).map(resume));
    }
}

impl Actor for NamespaceActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.runtime.config.mailbox_capacity);
    }
}

/// It stops with its last socket if it is a child; else it died, or its thread ended.
impl Drop for NamespaceActor {
    fn drop(&mut self) {
        self.forget_away();
        let left = i64::try_from(self.sockets.len()).unwrap_or(i64::MAX);
        self.runtime.metrics.sockets.add(-left);
        self.link.metrics().sockets.add(-left);
        self.link.lost(std::mem::take(&mut self.sockets).into_values());
    }
}

impl Handler<NamespaceCommand> for NamespaceActor {
    type Result = ();

    fn handle(&mut self, command: NamespaceCommand, ctx: &mut Self::Context) {
        self.link.metrics().mailbox.handle();
        match command {
            NamespaceCommand::Connect(admission) => self.connect(admission),
            NamespaceCommand::Join { socket, room } => self.join(&socket, &room),
            NamespaceCommand::Leave { socket, room } => self.leave(&socket, &room),
            NamespaceCommand::Broadcast { to, packet } => self.broadcast(&to, &packet),
            NamespaceCommand::Find { to, reply } => self.find(&to, reply),
            NamespaceCommand::Errand { to, errand, ticket } => self.run(&to, *errand, ticket),
            NamespaceCommand::Outside { to, what, permit } => {
                self.emit_from_outside(Outside { to, what, _permit: permit });
            }
            NamespaceCommand::RecoveryDeadline => self.expire_away(),
            NamespaceCommand::Stop => self.stop(ctx),
            NamespaceCommand::LaneClear => self.continue_from_outside(),
            NamespaceCommand::Disconnect(socket) => self.disconnect(&socket),
            NamespaceCommand::Revoke(revocation) => self.revoke(&revocation),
            NamespaceCommand::RoomEmpty { room, report } => self.room_empty(&room, &report),
            NamespaceCommand::RoomLost { room, report } => self.room_lost(&room, &report),
            #[cfg(feature = "testing")]
            NamespaceCommand::Crash(None) => crash(),
            #[cfg(feature = "testing")]
            NamespaceCommand::Crash(Some(room)) => {
                if let Some(room) = self.rooms.get(&room) {
                    room.handle.crash(&self.runtime);
                }
            }
        }
        self.settle(ctx);
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// A command with one packet for one session.
fn push(to: SlotRef, packet: Bytes, delivery: Delivery, is_event: bool) -> FanoutCommand {
    FanoutCommand::Push(smallvec![Push { to: to.slot, packet, delivery, is_event }])
}
