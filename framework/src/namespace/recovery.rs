//! Sockets that are away: their clients may come back and get what they missed.
//!
//! A socket whose transport was lost keeps its place in the index and in its rooms, and its slot in the
//! fanout keeps its history: so the history has what its client would have got, in that order. When the
//! client is back, the namespace waits until all that is on its way to the old slot has come there; it is
//! the only sender, so nothing new comes meanwhile. Then the new slot takes the old one's places.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use bytes::Bytes;
use greenroom_proto::rooms::RoomName;
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use tokio::sync::oneshot;

use super::actor::{Blocked, NamespaceActor};
use super::errand::left;
use super::{Admission, RoomEvent};
use crate::fanout::{FanoutCommand, Push, SlotRef};
use crate::room::RoomCommand;
use crate::runtime::wheel::TimerKey;
use crate::runtime::worker::Worker;
use crate::socket::{Predecessor, Socket};

/// The sockets of a namespace that are away.
#[derive(Default)]
pub(super) struct Away {
    by_pid: HashMap<Box<str>, Socket>,
    /// Until when, the earliest first.
    ends: VecDeque<(Instant, Box<str>)>,
    /// Clients that are back, whose old connections may still have to end.
    back: Vec<Return>,
    timer: Option<TimerKey>,
}

/// A client that is back.
struct Return {
    admission: Admission,
    predecessor: Predecessor,
}

impl NamespaceActor {
    /// Whether the socket's client may come back.
    pub(super) fn may_come_back(socket: &Socket) -> bool {
        socket.pid().is_some() && socket.ended_by().is_some_and(DisconnectReason::is_recoverable)
    }

    /// From now on the socket's slot keeps what is sent to it.
    pub(super) fn keep_history(&self, socket: &Socket) {
        let (Some(pid), Some(history)) = (socket.pid(), socket.history()) else { return };
        self.link.recoverable().insert(pid.into(), socket.clone());
        let command = FanoutCommand::Keep {
            slot: socket.member().slot,
            namespace: self.link.number(),
            history: history.clone(),
        };
        self.tell_fanout(socket.member(), command);
    }

    /// Nobody comes back to this slot.
    pub(super) fn forget_history(&self, socket: &Socket) {
        if let Some(pid) = socket.pid() {
            let mut recoverable = self.link.recoverable();
            if recoverable.get(pid).is_some_and(|known| known.is(socket)) {
                recoverable.remove(pid);
            }
            drop(recoverable);
            let namespace = self.link.number();
            let command = FanoutCommand::Forget { slot: socket.member().slot, namespace };
            self.tell_fanout(socket.member(), command);
        }
    }

    /// The socket has left for all others, but stays in the index.
    pub(super) fn send_away(&mut self, socket: &Socket) {
        let Some(pid) = socket.pid() else { return };
        for room in self.index.rooms_of(socket.member()) {
            self.tell_room_hooks(|| left(room, socket, false));
        }
        self.tell_room_hooks(|| left(&socket.id().to_room(), socket, true));
        let (most, window) = (self.runtime.config.max_recoverable, self.runtime.config.recovery_window);
        if self.away.by_pid.len() >= most
            && let Some((_, oldest)) = self.away.ends.pop_front()
        {
            self.give_up(&oldest);
        }
        self.away.ends.push_back((self.runtime.clock.now() + window, pid.into()));
        self.away.by_pid.insert(pid.into(), socket.clone());
        self.arm();
    }

    /// The time of those who have been away for so long is over.
    pub(super) fn expire_away(&mut self) {
        let now = self.runtime.clock.now();
        while self.away.ends.front().is_some_and(|(end, _)| *end <= now)
            && let Some((_, pid)) = self.away.ends.pop_front()
        {
            self.give_up(&pid);
        }
        self.arm();
    }

    /// Nobody is away any more: this actor ends.
    pub(super) fn forget_away(&mut self) {
        for socket in std::mem::take(&mut self.away.by_pid).into_values() {
            self.forget_history(&socket);
        }
        if let Some(timer) = self.away.timer.take()
            && let Ok(worker) = Worker::current(&self.runtime)
        {
            worker.wheel.remove(timer);
        }
    }

    /// A client is back. Its old connection, if it has not ended yet, ends now.
    pub(super) fn comes_back(&mut self, admission: Admission, predecessor: Predecessor) {
        if self.is_member(&predecessor.socket) {
            predecessor.socket.session().abort(DisconnectReason::TransportClose);
        }
        self.away.back.push(Return { admission, predecessor });
    }

    /// A socket has ended that had asked to be let in.
    pub(super) fn forget_return(&mut self, socket: &Socket) {
        self.away.back.retain(|back| !back.admission.asked_by(socket));
    }

    /// Lets the next one in who is back, when all that was on its way to its old slot is there.
    pub(super) fn let_back_in(&mut self, ctx: &mut Context<Self>) {
        let next = self.away.back.iter().position(|back| !self.is_member(&back.predecessor.socket));
        let Some(next) = next else { return };
        let Return { admission, predecessor } = self.away.back.remove(next);
        let pid = predecessor.socket.pid().unwrap_or_default();
        if self.away.by_pid.remove(pid).is_none() {
            // Too late. The admission that is dropped here closes the connection, and the client comes back
            // as a new one.
            return;
        }
        self.away.ends.retain(|(_, other)| **other != *pid);
        let old = predecessor.socket.member();
        let mut rooms = Vec::new();
        for room in self.index.rooms_of(old) {
            if let Some(room) = self.rooms.get_mut(room) {
                room.sent += 1;
                rooms.push(room.handle.clone());
            }
        }
        let blocked = std::mem::take(&mut self.blocked);
        let fanout = self.runtime.workers.find(old.worker).map(|worker| worker.fanout);
        let settled = async move {
            for blocked in blocked {
                blocked.send().await;
            }
            for room in rooms {
                let (passed, all_passed) = oneshot::channel();
                room.wait(RoomCommand::Fence(passed)).await;
                // A room that died has lost what was in it.
                all_passed.await.ok();
            }
            if let Some(fanout) = fanout {
                let (passed, all_passed) = oneshot::channel();
                fanout.wait(FanoutCommand::Fence(passed)).await;
                all_passed.await.ok();
            }
        };
        let resume = move |(), actor: &mut Self, ctx: &mut Context<Self>| {
            actor.restore(admission, &predecessor);
            actor.settle(ctx);
        };
        ctx.wait(settled.into_actor(self).map(resume));
    }

    /// The new slot takes the places of the old one; what was missed precedes the answer to CONNECT.
    fn restore(&mut self, admission: Admission, predecessor: &Predecessor) {
        let (old, now) = (&predecessor.socket, self.runtime.clock.now());
        let missed = old.history().and_then(|history| {
            let mut history = history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            history.missed(predecessor.seen, now).ok()
        });
        let (Some(missed), Some(member)) = (missed, admission.member()) else {
            return self.take_away(old);
        };
        let Some((socket, answer)) = admission.take() else { return self.take_away(old) };
        let rooms: Vec<RoomName> = self.index.rooms_of(old.member()).cloned().collect();
        self.index.insert(member);
        for room in &rooms {
            self.index.join(member, room);
            self.enter(room, member);
            socket.list(room.clone());
        }
        self.take_away(old);
        self.admit(&socket, member, missed, answer);
        for room in &rooms {
            self.tell_room_hooks(|| [Some(RoomEvent::Joined(room.clone(), socket.clone())), None]);
            if let Some(presence) = self.link.presence() {
                presence.joined(&socket, room);
            }
        }
        self.runtime.metrics.recovered.count();
        socket.admitted();
        self.sockets.insert(member, socket);
    }

    fn give_up(&mut self, pid: &str) {
        if let Some(socket) = self.away.by_pid.remove(pid) {
            self.take_away(&socket);
        }
    }

    /// Takes what is left of a socket out of the index and its rooms.
    fn take_away(&mut self, socket: &Socket) {
        let member = socket.member();
        self.everyone.remove(member);
        for (room, room_empty) in self.index.remove(member) {
            self.tell_room_hooks(|| [room_empty.then(|| RoomEvent::Deleted(room.clone())), None]);
            self.take_out(&room, member, room_empty);
        }
        self.forget_history(socket);
    }

    fn arm(&mut self) {
        let Ok(worker) = Worker::current(&self.runtime) else { return };
        let link = self.link.clone();
        let timer =
            *self.away.timer.get_or_insert_with(|| worker.wheel.register(move || link.recovery_deadline()));
        worker.wheel.arm(timer, self.away.ends.front().map(|(end, _)| *end));
    }

    fn tell_fanout(&self, member: SlotRef, command: FanoutCommand) {
        if let Some(worker) = self.runtime.workers.find(member.worker) {
            worker.fanout.send_anyway(&self.runtime, command);
        }
    }

    /// What precedes every broadcast to a new member: what it missed, and the answer to its CONNECT.
    pub(super) fn greet(&self, member: SlotRef, missed: Vec<Bytes>, answer: Bytes) {
        // Not traffic: what the socket sends, once admitted, comes behind it.
        let push =
            |packet, is_event| Push { to: member.slot, packet, delivery: Delivery::Reliable, is_event };
        let missed = missed.into_iter().map(|packet| push(packet, true));
        let packets = missed.chain([push(answer, false)]).collect();
        self.tell_fanout(member, FanoutCommand::Push(packets));
    }
}

impl Away {
    pub(super) fn is_anybody_back(&self) -> bool {
        !self.back.is_empty()
    }
}

impl Blocked {
    async fn send(self) {
        match self {
            Self::Room(room, command) => room.wait(command).await,
            Self::Fanout(fanout, command, _ticket) => fanout.wait(command).await,
        };
    }
}
