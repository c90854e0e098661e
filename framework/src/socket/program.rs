//! The operations of a socket, in the order in which user code asked for them.
//!
//! An operation goes from the program through the lane to whom it concerns. Packets for single
//! clients of this worker are gathered and sent together; they leave before anything that was asked
//! for later does.

use std::pin::Pin;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use bytes::Bytes;
use greenroom_proto::engineio::handshake::TransportName;
use greenroom_proto::rooms::Selection;
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::lane::{Class, Step, Ticket};

use super::actor::{SocketActor, State};
use super::{Op, Socket, SocketCommand};
use crate::directory::{DirectoryCommand, DirectoryHandle};
use crate::fanout::{FanoutCommand, FanoutHandle, Push, SlotRef};
use crate::namespace::{NamespaceCommand, NamespaceShared};
use crate::room::Packet;
use crate::runtime::post::Refused;

/// A message that waits for a full mailbox.
pub(super) type Taken = Pin<Box<dyn Future<Output = bool>>>;

impl SocketActor {
    /// Performs what user code asked for, as far as order allows it now.
    pub(super) fn perform_all(&mut self, ops: impl IntoIterator<Item = Op>, ctx: &mut Context<Self>) {
        self.ask(ops, ctx);
        self.work(ctx);
    }

    /// Takes operations; those that need not wait are performed at once.
    pub(super) fn ask(&mut self, ops: impl IntoIterator<Item = Op>, ctx: &mut Context<Self>) {
        for op in ops {
            if let Op::EmitWithAck { to, .. } = &op {
                // Its time runs from now on, also while it waits here.
                self.watch_acks(to);
            }
            if !self.is_past_admission() {
                self.ask_before_admission(op, ctx);
            } else if self.may_perform() && self.program.is_empty() {
                self.enter_lane(op, ctx);
            } else {
                self.program.push_back(op);
            }
        }
    }

    /// What middleware asks for waits until the socket is admitted, except for what the middleware
    /// itself waits for: a query is sent at once, and no client answers before it is connected.
    fn ask_before_admission(&mut self, op: Op, ctx: &mut Context<Self>) {
        match op {
            Op::Find { namespace, to, reply } => {
                self.send_to_namespace(&namespace, NamespaceCommand::Find { to, reply }, ctx);
            }
            Op::EmitWithAck { ref to, .. } if to.is(&self.socket) => op.undo(),
            Op::Own { .. }
            | Op::Emit { .. }
            | Op::EmitWithAck { .. }
            | Op::Broadcast { .. }
            | Op::Errand { .. }
            | Op::Publish(_)
            | Op::Join(..)
            | Op::Leave(..)
            | Op::Disconnect { .. }
            | Op::Gone
            | Op::CloseSession
            | Op::Release(_) => self.program.push_back(op),
        }
    }

    /// Performs what waits: first what the lane held back, then the rest of the program.
    pub(super) fn run_program(&mut self, ctx: &mut Context<Self>) {
        while self.may_perform()
            && let Some((op, ticket)) = self.lane.poll_ready()
        {
            self.perform(op, ticket, ctx);
        }
        while self.may_perform()
            && let Some(op) = self.program.pop_front()
        {
            if !self.enter_lane(op, ctx) {
                break;
            }
        }
        if self.program.is_empty() && self.program.capacity() > 0 {
            self.program = Default::default();
        }
        let waiting = self.program.len() + self.lane.parked();
        self.socket.shared().backlog.store(waiting, std::sync::atomic::Ordering::Relaxed);
    }

    /// Sends the gathered packets.
    pub(super) fn flush(&mut self, ctx: &mut Context<Self>) {
        if !self.pushes.is_empty() && !self.blocked {
            let (pushes, acknowledged) = self.pushes.take();
            if acknowledged > 0 {
                self.socket.runtime().metrics.packets_encoded.add(acknowledged);
            }
            let worker = self.worker.clone();
            self.send_to_fanout(&worker.handle.fanout, FanoutCommand::Push(pushes), ctx);
        }
    }

    /// Before its admission a socket emits nothing; what its middleware asked for waits.
    fn may_perform(&self) -> bool {
        !self.blocked && self.is_past_admission()
    }

    /// Whether an acknowledgement can be written into a run of them: it overtakes nothing if it leaves
    /// now, and its client has a WebSocket, which never becomes a poll again. (A run is one entry of the
    /// outbox, and a poll's payload is cut between entries.)
    pub(super) fn answers_in_runs(&self) -> bool {
        self.state == State::Open
            && !self.blocked
            && self.program.is_empty()
            && self.lane.lets_pass(&Class::Own)
            && self.socket.session().transport_name() == TransportName::WebSocket
    }

    /// Returns false if the lane takes no more.
    fn enter_lane(&mut self, op: Op, ctx: &mut Context<Self>) -> bool {
        let class = self.class_of(&op);
        match self.lane.push(op, class) {
            Step::Go(op, ticket) => self.perform(op, ticket, ctx),
            Step::Parked => {}
            Step::Refused(op) => {
                self.program.push_front(op);
                return false;
            }
        }
        true
    }

    fn class_of(&self, op: &Op) -> Class {
        match op {
            Op::Own { .. } | Op::CloseSession | Op::Release(_) => Class::Own,
            Op::Emit { to: socket, .. }
            | Op::EmitWithAck { to: socket, .. }
            | Op::Disconnect { socket, .. } => {
                if socket.is(&self.socket) {
                    Class::Own
                } else {
                    Class::Direct
                }
            }
            Op::Broadcast { namespace, to, .. } => self.class_of_broadcast(namespace, to),
            Op::Errand { namespace, to, errand } => errand.class(to, self.may_be_among(namespace, to)),
            Op::Publish(_) | Op::Join(..) | Op::Leave(..) | Op::Find { .. } | Op::Gone => Class::Membership,
        }
    }

    fn class_of_broadcast(&self, namespace: &NamespaceShared, to: &Selection<SlotRef>) -> Class {
        let own = self.is_own(namespace);
        let reaches_self = self.may_be_among(namespace, to);
        match to.rooms.as_slice() {
            [room] if own => Class::Room { room: room.clone(), reaches_self },
            _ => Class::Union { reaches_self },
        }
    }

    fn is_own(&self, namespace: &NamespaceShared) -> bool {
        std::ptr::eq(namespace, &raw const *self.socket.shared().namespace)
    }

    /// Whether the own client may be among the receivers.
    fn may_be_among(&self, namespace: &NamespaceShared, to: &Selection<SlotRef>) -> bool {
        !self.is_own(namespace) || to.skip != Some(self.socket.member())
    }

    fn perform(&mut self, op: Op, ticket: Option<Ticket>, ctx: &mut Context<Self>) {
        match op {
            Op::Own { frames, delivery } => self.push_own(frames, delivery, false),
            Op::Emit { to, frames, delivery } => self.emit(&to, frames, delivery, ctx),
            Op::EmitWithAck { to, frames, .. } => self.emit(&to, frames, Delivery::Reliable, ctx),
            Op::Broadcast { namespace, to, frames, delivery } => {
                let packet = Packet { frames, delivery, ticket };
                self.send_to_namespace(&namespace, NamespaceCommand::Broadcast { to, packet }, ctx);
            }
            Op::Errand { namespace, to, errand } => {
                self.send_to_namespace(&namespace, NamespaceCommand::Errand { to, errand, ticket }, ctx);
            }
            Op::Publish(message) => {
                if let Some(node) = self.socket.runtime().node.get() {
                    node.publish(*message);
                }
            }
            Op::Join(socket, room) => {
                let namespace = socket.shared().namespace.clone();
                self.send_to_namespace(&namespace, NamespaceCommand::Join { socket, room }, ctx);
            }
            Op::Leave(socket, room) => {
                let namespace = socket.shared().namespace.clone();
                self.send_to_namespace(&namespace, NamespaceCommand::Leave { socket, room }, ctx);
            }
            Op::Find { namespace, to, reply } => {
                self.send_to_namespace(&namespace, NamespaceCommand::Find { to, reply }, ctx);
            }
            Op::Disconnect { socket, close } => self.disconnect(&socket, close, ctx),
            Op::Gone => self.gone(ctx),
            Op::CloseSession => self.close_session(ctx),
            Op::Release(seal) => self.send_behind_pushes(FanoutCommand::Release(seal), ctx),
        }
    }

    fn push_own(&mut self, packet: Bytes, delivery: Delivery, is_event: bool) {
        // A client that has been told that it left may have a new socket by now.
        if !matches!(self.state, State::Left { .. }) {
            self.pushes.push_own(packet, delivery, is_event);
        }
    }

    fn emit(&mut self, to: &Socket, packet: Bytes, delivery: Delivery, ctx: &mut Context<Self>) {
        if to.hears_outgoing() {
            to.show_outgoing(packet.clone());
        }
        self.push(to, packet, delivery, ctx);
    }

    fn push(&mut self, to: &Socket, packet: Bytes, delivery: Delivery, ctx: &mut Context<Self>) {
        if to.is(&self.socket) {
            return self.push_own(packet, delivery, true);
        }
        if to.is_leaving() {
            // Its client may have a new socket by now, behind the same slot.
            return;
        }
        let to = to.member();
        let push = Push { to: to.slot, packet, delivery, is_event: true };
        if to.worker == self.worker.handle.id {
            return self.pushes.push(push);
        }
        self.flush(ctx);
        if let Some(worker) = self.socket.runtime().workers.find(to.worker) {
            self.send_to_fanout(&worker.fanout, FanoutCommand::Push(smallvec::smallvec![push]), ctx);
        }
    }

    /// Another socket's acknowledgements are that socket's to watch.
    fn watch_acks(&mut self, of: &Socket) {
        if of.is(&self.socket) { self.arm() } else { of.tell(SocketCommand::Deadline) }
    }

    pub(super) fn send_to_namespace(
        &mut self,
        namespace: &NamespaceShared,
        command: NamespaceCommand,
        ctx: &mut Context<Self>,
    ) {
        self.flush(ctx);
        if self.blocked {
            // The gathered packets found a full mailbox: this one comes behind them.
            return self.wait_for(namespace.wait(command), ctx);
        }
        match namespace.send(command) {
            // A namespace that is no more has closed this connection.
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(command)) => self.wait_for(namespace.wait(command), ctx),
        }
    }

    pub(super) fn send_to_directory(
        &mut self,
        directory: &DirectoryHandle,
        command: DirectoryCommand,
        ctx: &mut Context<Self>,
    ) {
        self.flush(ctx);
        if self.blocked {
            return self.wait_for(directory.wait(command), ctx);
        }
        match directory.send(command) {
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(command)) => self.wait_for(directory.wait(command), ctx),
        }
    }

    pub(super) fn send_to_fanout(
        &mut self,
        fanout: &FanoutHandle,
        command: FanoutCommand,
        ctx: &mut Context<Self>,
    ) {
        if self.blocked {
            return self.wait_for(fanout.wait(command), ctx);
        }
        match fanout.send(self.socket.runtime(), command) {
            // With its thread all its clients have gone.
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(command)) => self.wait_for(fanout.wait(command), ctx),
        }
    }

    /// Stops this mailbox until a full one has taken what it refused. Waits queue in order here, since
    /// actix polls the newest of several waits first.
    fn wait_for(&mut self, taken: impl Future<Output = bool> + 'static, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.blocked, true) {
            self.refused.push_back(Box::pin(taken));
        } else {
            self.wait_until(Box::pin(taken), ctx);
        }
    }

    fn wait_until(&self, taken: Taken, ctx: &mut Context<Self>) {
        let resume = taken.into_actor(self).map(|_, actor: &mut Self, ctx: &mut Context<Self>| {
            if let Some(next) = actor.refused.pop_front() {
                return actor.wait_until(next, ctx);
            }
            actor.blocked = false;
            actor.work(ctx);
        });
        ctx.wait(resume);
    }
}
