//! How a socket ends: its hooks, its leaving of the namespace, and nothing left behind.

use std::sync::PoisonError;
use std::time::Instant;

use actix::{ActorContext, Context};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::encode;

use super::actor::{SocketActor, State};
use super::dispatch::caught;
use super::{Op, Socket, turn};
use crate::error::{Emitted, Reject};
use crate::fanout::FanoutCommand;
use crate::namespace::DisconnectHook;
use crate::session::Seal;

impl SocketActor {
    /// The session has ended.
    pub(super) fn end(&mut self, reason: DisconnectReason, seal: Option<Seal>, ctx: &mut Context<Self>) {
        match self.state {
            State::Connecting { .. } => return self.forget_everything(ctx),
            State::Joining { .. } => self.prepare_leaving_without_hooks(reason, ctx),
            State::Open => self.prepare_leaving(reason, ctx),
            State::Leaving { .. } | State::Left { .. } => {}
        }
        self.ask(seal.map(Op::Release), ctx);
        self.work(ctx);
    }

    /// Performs a disconnect that the server asked for.
    pub(super) fn disconnect(&mut self, socket: &Socket, close: bool, ctx: &mut Context<Self>) {
        if !socket.is(&self.socket) {
            // Another socket's: it goes on in that socket's own order.
            let op = Op::Disconnect { socket: socket.clone(), close };
            return drop(Emitted::new(socket.perform_from_outside(op)));
        }
        if self.state != State::Open {
            return;
        }
        self.prepare_leaving(DisconnectReason::ServerNamespaceDisconnect, ctx);
        self.ask(close.then_some(Op::CloseSession), ctx);
        self.work(ctx);
    }

    /// Closes the whole connection, behind the packets that this socket has sent.
    pub(super) fn close_session(&mut self, ctx: &mut Context<Self>) {
        let session = self.socket.session().clone();
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        self.send_behind_pushes(FanoutCommand::CloseSession { session, reason }, ctx);
    }

    pub(super) fn send_behind_pushes(&mut self, command: FanoutCommand, ctx: &mut Context<Self>) {
        self.flush(ctx);
        let fanout = self.worker.handle.fanout.clone();
        self.send_to_fanout(&fanout, command, ctx);
    }

    pub(super) fn begin_leaving(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        self.prepare_leaving(reason, ctx);
        self.work(ctx);
    }

    fn prepare_leaving(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        self.socket.runtime().metrics.disconnects.count(reason);
        self.leaving(reason, true);
        if reason == DisconnectReason::ClientNamespaceDisconnect {
            // The client may be on its way back: what the hooks say is not for its next socket.
            self.socket.set_leaving();
        }
        let namespace = self.socket.shared().namespace.clone();
        let shared = namespace.hooks.read().unwrap_or_else(PoisonError::into_inner).disconnecting.clone();
        let own = self.socket.local().hooks.as_mut().map(|hooks| std::mem::take(&mut hooks.disconnecting));
        self.call_hooks(shared.into_iter().chain(own.unwrap_or_default()), reason, ctx);
        self.socket.set_leaving();
        if reason == DisconnectReason::ServerNamespaceDisconnect {
            // Behind what the hooks say: a client listens to nothing that comes after it.
            let frames = encode::disconnect(self.socket.path());
            self.ask([Op::Own { frames, delivery: Delivery::Reliable }], ctx);
        }
        self.ask([Op::Gone], ctx);
    }

    /// It ends between its question to the namespace and the answer: no user code has seen it.
    pub(super) fn prepare_leaving_without_hooks(
        &mut self,
        reason: DisconnectReason,
        ctx: &mut Context<Self>,
    ) {
        self.forget_program();
        self.leaving(reason, false);
        self.socket.set_leaving();
        self.ask([Op::Gone], ctx);
    }

    fn leaving(&mut self, reason: DisconnectReason, admitted: bool) {
        let since = self.socket.runtime().clock.now();
        self.state = State::Leaving { since, reason, admitted };
        self.socket.set_ended_by(reason);
        self.inbox.clear();
        self.socket.end_acks();
        self.arm();
    }

    /// Everything before has been sent: the namespace forgets the socket, then its last hooks run.
    pub(super) fn gone(&mut self, ctx: &mut Context<Self>) {
        let State::Leaving { since, reason, admitted } = self.state else { return };
        self.state = State::Left { since };
        self.socket.leave_namespace(reason);
        self.socket.forget_rooms();
        if admitted {
            let namespace = self.socket.shared().namespace.clone();
            let shared = namespace.hooks.read().unwrap_or_else(PoisonError::into_inner).disconnect.clone();
            let own = self.socket.local().hooks.take().map(|hooks| hooks.disconnect);
            self.call_hooks(shared.into_iter().chain(own.unwrap_or_default()), reason, ctx);
        }
    }

    fn call_hooks(
        &mut self,
        hooks: impl Iterator<Item = DisconnectHook>,
        reason: DisconnectReason,
        ctx: &mut Context<Self>,
    ) {
        for hook in hooks {
            let (result, asked) = turn::run(&self.socket, || hook(self.socket.clone(), reason));
            self.ask(asked, ctx);
            if let Err(panicked) = result {
                caught(&self.socket, &*panicked);
            }
        }
    }

    /// Stops once nothing is left to send and no handler runs.
    pub(super) fn stop_if_done(&mut self, ctx: &mut Context<Self>) {
        let idle = !self.blocked && self.program.is_empty() && self.lane.is_empty() && self.pushes.is_empty();
        if matches!(self.state, State::Left { .. }) && idle && self.running_handlers == 0 {
            ctx.stop();
        }
    }

    /// The time at which a socket stops, whatever its middleware or its handlers do.
    pub(super) fn time_to_end(&self) -> Option<Instant> {
        match self.state {
            State::Leaving { since, .. } | State::Left { since } => {
                Some(since + self.socket.runtime().config.handler_grace)
            }
            State::Connecting { until } | State::Joining { until } => until,
            State::Open => None,
        }
    }

    /// The grace is over: what still runs is dropped.
    pub(super) fn give_up(&mut self, ctx: &mut Context<Self>) {
        if let State::Connecting { .. } = self.state {
            return self.refuse(&Reject::new("unavailable", "the server did not decide in time"), ctx);
        }
        if let State::Joining { .. } = self.state {
            return self.give_up_joining(ctx);
        }
        let span = &self.socket.shared().span;
        tracing::warn!(parent: span, "handlers were dropped: their socket ended long ago");
        // If something held its leaving up, too.
        self.gone(ctx);
        ctx.stop();
    }

    /// It was never a member: nothing has to be undone.
    pub(super) fn forget_everything(&mut self, ctx: &mut Context<Self>) {
        self.forget_program();
        self.inbox.clear();
        self.state = State::Left { since: self.socket.runtime().clock.now() };
        self.socket.set_leaving();
        self.socket.forget_rooms();
        self.socket.end_acks();
        // What asynchronous middleware is still doing goes with the actor.
        self.stop_if_done(ctx);
    }

    pub(super) fn is_past_admission(&self) -> bool {
        match self.state {
            State::Connecting { .. } | State::Joining { .. } => false,
            State::Open | State::Leaving { .. } | State::Left { .. } => true,
        }
    }

    fn forget_program(&mut self) {
        std::mem::take(&mut self.program).into_iter().rev().for_each(Op::undo);
    }
}
