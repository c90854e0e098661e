//! The socket's shell.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};
use greenroom_proto::rate::Limiter;
use greenroom_proto::socket::lane::Lane;
use greenroom_proto::socket::reason::DisconnectReason;

use super::limit::limiter;
use super::program::Taken;
use super::pushes::Pushes;
use super::token::Watch;
use super::{Inbound, Op, Packets, Socket, SocketCommand};
use crate::error::AckError;
use crate::namespaces::Lease;
use crate::runtime::post;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, is_death};
use crate::runtime::wheel::TimerKey;
use crate::runtime::worker::Worker;
use crate::session::ReadPermit;

pub(super) struct SocketActor {
    pub(super) socket: Socket,
    pub(super) worker: Rc<Worker>,
    pub(super) state: State,
    pub(super) lane: Lane<Op>,
    /// Operations that the lane has not seen: behind a full mailbox, or before the admission.
    pub(super) program: VecDeque<Op>,
    /// Packets that wait for the admission, the lane or an asynchronous handler.
    pub(super) inbox: VecDeque<(Inbound, ReadPermit)>,
    /// Packets for single clients of this worker, sent together at the end of the turn.
    pub(super) pushes: Pushes,
    /// A full mailbox has to take something before anything else is sent.
    pub(super) blocked: bool,
    /// What was to be sent behind that, in order.
    pub(super) refused: VecDeque<Taken>,
    /// Nothing where events are not limited.
    pub(super) limiter: Option<Box<Limiter>>,
    /// The token's times; nothing without one.
    pub(super) watch: Option<Box<Watch>>,
    pub(super) running_handlers: usize,
    /// Middleware decides about an event; later ones wait.
    pub(super) deciding: bool,
    /// Events dispatched since the last rest.
    pub(super) dispatched: u32,
    /// When the handlers began that are not timed yet.
    pub(super) timed_from: Option<Instant>,
    /// Handlers that are through since then.
    pub(super) untimed: u8,
    /// How many are timed together: one, since the last one took long, or more.
    pub(super) together: u8,
    /// Others run before the next event.
    resting: bool,
    timer: Option<TimerKey>,
    budget: Budget,
    /// Of a namespace that ends with its last socket.
    _lease: Option<Lease>,
}

/// ```text
///            middleware           namespace            End, or Op::Disconnect
/// Connecting ──────────▶ Joining ───────────▶ Open ───────────▶ Leaving ─▶ Left ─▶ (stopped)
///     │ refused, End        │ End                                ▲
///     └──────▶ (stopped)    └────────────────────────────────────┘ (no hooks)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The token and the middleware decide; asynchronous middleware until then.
    Connecting { until: Option<Instant> },
    /// The namespace was asked to take it in.
    Joining { until: Option<Instant> },
    /// Connected.
    Open,
    /// What it still has to send goes out, its leaving last.
    Leaving { since: Instant, reason: DisconnectReason, admitted: bool },
    /// Its namespace has forgotten it; asynchronous handlers come to their end.
    Left { since: Instant },
}

impl SocketActor {
    /// Starts the socket on this thread, its worker's.
    pub(super) fn start(socket: Socket, worker: Rc<Worker>, lease: Option<Lease>) {
        let ctx = Context::new();
        let addr = ctx.address();
        socket.attach(addr.clone());
        ctx.run(Self::new(socket, worker, lease, &addr));
    }

    fn new(socket: Socket, worker: Rc<Worker>, lease: Option<Lease>, addr: &Addr<Self>) -> Self {
        let runtime = socket.runtime().clone();
        runtime.metrics.socket_actors.add(1);
        let wake = {
            let (addr, runtime) = (addr.downgrade(), runtime.clone());
            move || {
                if let Some(addr) = addr.upgrade() {
                    post::lifecycle(&runtime.metrics, &addr, SocketCommand::LaneClear);
                }
            }
        };
        let lane = Lane::new(runtime.config.lane_limit, Arc::new(wake));
        let lane = if runtime.config.lanes { lane } else { lane.disabled() };
        let pushes = Pushes::new(socket.member().slot);
        Self {
            socket,
            worker,
            state: State::Connecting { until: None },
            lane,
            program: VecDeque::new(),
            inbox: VecDeque::new(),
            pushes,
            blocked: false,
            refused: VecDeque::new(),
            limiter: limiter(&runtime.config),
            watch: None,
            running_handlers: 0,
            deciding: false,
            dispatched: 0,
            timed_from: None,
            untimed: 0,
            together: 1,
            resting: false,
            timer: None,
            budget: Budget::default(),
            _lease: lease,
        }
    }

    fn packets(&mut self, packets: Packets, mut permit: ReadPermit, ctx: &mut Context<Self>) {
        self.pushes.expect(packets.len());
        for packet in packets {
            match packet {
                // At once: a handler that the inbox waits for may be waiting for this.
                Inbound::Ack { id, args } => self.acknowledged(id, args),
                Inbound::Event { .. } | Inbound::Disconnect => self.take_in(packet, &mut permit, ctx),
            }
        }
        self.work(ctx);
    }

    fn take_in(&mut self, packet: Inbound, permit: &mut ReadPermit, ctx: &mut Context<Self>) {
        match self.state {
            // Nobody will handle it: the wire must not wait for it.
            State::Leaving { .. } | State::Left { .. } => {}
            State::Open if self.inbox.is_empty() && self.may_dispatch() => self.dispatch(packet, ctx),
            State::Connecting { .. } | State::Joining { .. } | State::Open => {
                self.inbox.push_back((packet, permit.share()));
            }
        }
    }

    /// Does everything that can be done now, then sends what that produced.
    pub(super) fn work(&mut self, ctx: &mut Context<Self>) {
        self.run_program(ctx);
        while self.may_dispatch()
            && let Some((packet, _permit)) = self.inbox.pop_front()
        {
            self.dispatch(packet, ctx);
            self.run_program(ctx);
        }
        if self.inbox.is_empty() && self.inbox.capacity() > 0 {
            // An idle socket keeps no memory of its busiest moment.
            self.inbox = VecDeque::new();
        }
        self.end_timing();
        self.flush(ctx);
        self.rest_if_tired(ctx);
        self.stop_if_done(ctx);
    }

    /// A read may bring thousands of events: in between, others of this thread run.
    fn rest_if_tired(&mut self, ctx: &mut Context<Self>) {
        if self.dispatched < EVENTS_PER_TURN || self.resting {
            return;
        }
        self.resting = true;
        let resume = |(), actor: &mut Self, ctx: &mut Context<Self>| {
            (actor.resting, actor.dispatched) = (false, 0);
            actor.work(ctx);
        };
        ctx.wait(tokio::task::yield_now().into_actor(self).map(resume));
    }

    fn may_dispatch(&self) -> bool {
        self.state == State::Open
            && !self.blocked
            && !self.deciding
            && self.dispatched < EVENTS_PER_TURN
            && self.program.is_empty()
            && !self.lane.is_full()
            && self.running_handlers < self.socket.runtime().config.max_async_handlers
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    fn handle_deadline(&mut self, ctx: &mut Context<Self>) {
        let now = self.socket.runtime().clock.now();
        let overdue = self.socket.local().acks.expire(now);
        for reply in overdue {
            self.socket.runtime().metrics.acks_timed_out.count();
            // Nobody waits any more: the caller dropped its future.
            drop(reply.send(Err(AckError::Timeout)));
        }
        if self.time_to_end().is_some_and(|end| end <= now) {
            return self.give_up(ctx);
        }
        self.token_deadline(now, ctx);
        self.arm();
    }

    /// Sets the timer to the next deadline; most sockets never need one.
    pub(super) fn arm(&mut self) {
        let acks = self.socket.local().acks.next_deadline();
        let deadline = [acks, self.time_to_end(), self.token_due()].into_iter().flatten().min();
        if deadline.is_none() && self.timer.is_none() {
            return;
        }
        let wheel = &self.worker.wheel;
        let timer = *self.timer.get_or_insert_with(|| {
            // By its handle: an address of its own would be two allocations more for each socket.
            let socket = self.socket.clone();
            wheel.register(move || socket.tell(SocketCommand::Deadline))
        });
        wheel.arm(timer, deadline);
    }
}

impl Actor for SocketActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.socket.runtime().config.mailbox_capacity);
        self.connect(ctx);
    }
}

impl Drop for SocketActor {
    fn drop(&mut self) {
        self.socket.set_leaving();
        self.socket.end_acks();
        if let State::Joining { .. } | State::Open | State::Leaving { .. } = self.state {
            // It died, or its thread ends: nothing else would tell.
            self.socket.leave_namespace(DisconnectReason::TransportClose);
        }
        self.socket.runtime().metrics.socket_actors.add(-1);
        if let Some(timer) = self.timer {
            self.worker.wheel.remove(timer);
        }
        if is_death() {
            died(&self.socket);
        }
    }
}

impl Handler<SocketCommand> for SocketActor {
    type Result = ();

    fn handle(&mut self, command: SocketCommand, ctx: &mut Self::Context) {
        match command {
            SocketCommand::Packets(packets, permit) => self.packets(packets, permit, ctx),
            SocketCommand::End { reason, seal } => self.end(reason, seal, ctx),
            SocketCommand::Admitted => self.admitted(ctx),
            SocketCommand::Renewed(renewal) => self.renewed(&renewal, ctx),
            SocketCommand::Revoked(revocation) => self.revoked(&revocation, ctx),
            SocketCommand::Refused(reject) => self.refused_by_rooms(&reject, ctx),
            SocketCommand::Operation(op) => self.perform_all([op], ctx),
            SocketCommand::Outgoing(frames) => self.outgoing(&frames, ctx),
            SocketCommand::LaneClear => self.work(ctx),
            SocketCommand::Deadline => self.handle_deadline(ctx),
            #[cfg(feature = "testing")]
            SocketCommand::Crash => crash(),
        }
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// The actor died: the namespace forgets the socket, and the client comes back on a new connection.
fn died(socket: &Socket) {
    socket.runtime().metrics.actor_deaths.count();
    tracing::error!(parent: &socket.shared().span, "a socket died; its connection is closed");
    socket.session().close(DisconnectReason::TransportClose);
}

impl std::fmt::Debug for SocketActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketActor")
            .field("socket", &self.socket)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// As many events as the shell takes commands in a turn.
const EVENTS_PER_TURN: u32 = 64;
