//! The host's shell.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use greenroom_proto::room::{LeaveReason, Moment, SocketKey, TaskId};

use super::machine::{HostEffect, HostInput, Machine, Message};
use super::outgoing::{Connections, Outgoing};
use super::span::Spanned;
use super::{Arrival, Door, Fact, HostCommand, HostHandle, Seed};
use crate::directory::Opened;
use crate::error::Reject;
use crate::runtime::Runtime;
use crate::runtime::pile::Pile;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};
use crate::runtime::wheel::TimerKey;
use crate::runtime::worker::Worker;

pub(super) struct HostActor {
    pub(super) seed: Seed,
    pub(super) handle: HostHandle,
    pub(super) connections: Rc<RefCell<Connections>>,
    /// Joins that the machine has not answered.
    pub(super) arrivals: HashMap<SocketKey, Arrival>,
    pub(super) flushed: Arc<Pile<SocketKey>>,
    pub(super) turn: Turn,
    /// Clients come back by themselves: they are not disconnected from the namespace.
    pub(super) server_ends: bool,
    state: State,
    effects: Vec<HostEffect>,
    start: (Instant, Duration),
    timer: Option<(Rc<Worker>, TimerKey)>,
    armed: Option<Moment>,
    budget: Budget,
    _guard: DeathGuard,
}

enum State {
    /// Not started.
    New,
    Running(Box<dyn Machine>),
    /// The room is over, or was never made: why nobody gets in.
    Over(Reject),
}

/// What one turn leads to.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) outgoing: Outgoing,
    /// What is done when the packets stand in the fanouts' mailboxes.
    pub(super) then: Vec<Then>,
    /// For the directory, behind all that.
    pub(super) facts: Vec<Fact>,
    /// Asked for by the machine, and given up by their sockets.
    pub(super) orphans: Vec<SocketKey>,
    /// The machine has come to its end.
    pub(super) over: Option<Reject>,
}

/// What follows the packets of a turn.
pub(super) enum Then {
    Admitted(SocketKey, Door),
    Dismiss(Door),
}

impl HostActor {
    pub(super) fn new(seed: Seed, handle: HostHandle) -> Self {
        let connections = Rc::<RefCell<Connections>>::default();
        let guard = DeathGuard::new({
            let (runtime, directory) = (seed.runtime.clone(), seed.directory.clone());
            let (id, facts, connections) = (seed.id.clone(), seed.facts.clone(), connections.clone());
            move || {
                runtime.metrics.actor_deaths.count();
                tracing::error!(room = %id, "a custom room's host died; its connections are closed");
                directory.host_died(id, facts);
                let doors: Vec<_> = connections.borrow_mut().take_doors().collect();
                doors.iter().for_each(Door::cut_off);
            }
        });
        seed.runtime.metrics.custom_rooms.add(1);
        let unix = seed.runtime.clock.unix_now().duration_since(std::time::UNIX_EPOCH);
        let start = (seed.runtime.clock.now(), unix.unwrap_or_default());
        Self {
            seed,
            handle,
            connections,
            arrivals: HashMap::new(),
            flushed: Arc::default(),
            turn: Turn::default(),
            server_ends: false,
            state: State::New,
            effects: Vec::new(),
            start,
            timer: None,
            armed: None,
            budget: Budget::default(),
            _guard: guard,
        }
    }

    /// The time of the room: the calendar's when it began, and from then on the clock that never jumps.
    pub(super) fn now(&self) -> Moment {
        let passed = self.seed.runtime.clock.now().saturating_duration_since(self.start.0);
        let since_epoch = self.start.1.saturating_add(passed).as_millis();
        Moment::from_millis(u64::try_from(since_epoch).unwrap_or(u64::MAX))
    }

    fn create(&mut self) {
        let now = self.now();
        let made = Spanned::make(self.seed.id.as_str(), || {
            (self.seed.factory)(&self.seed.setup, &self.handle, now, &mut self.effects)
        });
        if let Some(reply) = self.seed.reply.take() {
            let opened = Opened { id: self.seed.id.clone(), created: true };
            // Nobody waits any more: the caller dropped its future.
            drop(reply.send(made.as_ref().map(|_| opened).map_err(Reject::clone)));
        }
        match made {
            Ok(machine) => self.state = State::Running(machine),
            Err(reject) => {
                self.state = State::Over(reject);
                self.turn.facts.push(Fact::Closed);
            }
        }
    }

    fn join(&mut self, arrival: Arrival) {
        if arrival.is_given_up() {
            self.turn.facts.push(Fact::Answered(arrival.socket));
            self.turn.facts.push(Fact::Departed(arrival.socket));
            return arrival.forget();
        }
        if let State::Over(reject) = &self.state {
            return self.turn.facts.push(Fact::Refused(Box::new(arrival), reject.clone()));
        }
        let join = arrival.as_join();
        self.arrivals.insert(arrival.socket, arrival);
        self.input(HostInput::Join(join));
    }

    fn depart(&mut self, socket: SocketKey, on_purpose: bool) {
        self.connections.borrow_mut().remove(socket);
        if let Some(arrival) = self.arrivals.remove(&socket) {
            arrival.forget();
            self.turn.facts.push(Fact::Answered(socket));
        }
        self.input(if on_purpose { HostInput::Leave(socket) } else { HostInput::SocketGone(socket) });
        self.turn.facts.push(Fact::Departed(socket));
    }

    fn flushed(&mut self) {
        let flushed = self.flushed.take();
        self.input(HostInput::Flushed(flushed));
    }

    /// Asks the machine, and does what it asks for.
    pub(super) fn input(&mut self, input: HostInput) {
        let now = self.now();
        let began = self.seed.runtime.clock.now();
        let State::Running(machine) = &mut self.state else { return };
        machine.handle(input, now, &mut self.effects);
        watch(&self.seed.runtime, self.seed.id.as_str(), began);
    }

    fn finish_turn(&mut self, ctx: &mut Context<Self>) {
        self.perform_all(ctx);
        let blocked = self.turn.outgoing.send(&self.seed.runtime);
        if let Some(reject) = self.turn.over.take() {
            self.state = State::Over(reject);
            self.turn.facts.push(Fact::Closed);
        }
        let (then, facts) = (std::mem::take(&mut self.turn.then), std::mem::take(&mut self.turn.facts));
        if blocked.is_empty() {
            return self.conclude(then, facts);
        }
        let wait = async move {
            for (fanout, command) in blocked {
                fanout.wait(command).await;
            }
        };
        ctx.wait(wait.into_actor(self).map(move |(), actor, _| actor.conclude(then, facts)));
    }

    /// The packets of a turn are on their way.
    fn conclude(&mut self, then: Vec<Then>, facts: Vec<Fact>) {
        for then in then {
            match then {
                Then::Admitted(key, door) => door.admitted(&self.seed.id, &self.handle, key),
                Then::Dismiss(door) => door.dismiss(),
            }
        }
        if self.seed.facts.add(facts) {
            self.seed.directory.report(self.seed.id.clone(), self.seed.facts.clone());
        }
    }

    pub(super) fn take_effects(&mut self) -> Vec<HostEffect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Nobody knows the room any more.
    fn abandon(&self, ctx: &mut Context<Self>) {
        let doors: Vec<_> = self.connections.borrow_mut().take_doors().collect();
        doors.iter().for_each(Door::cut_off);
        ctx.stop();
    }

    /// Sets the timer to the machine's next deadline.
    fn arm(&mut self) {
        let State::Running(machine) = &self.state else { return };
        let next = machine.next_deadline();
        if next == self.armed {
            return;
        }
        self.armed = next;
        let deadline = next
            .map(|next| self.start.0 + Duration::from_millis(next.as_millis()).saturating_sub(self.start.1));
        if let Some((worker, timer)) = &self.timer {
            worker.wheel.arm(*timer, deadline);
        }
    }

    pub(super) fn task_done(&mut self, task: TaskId, message: Option<Message>, ctx: &mut Context<Self>) {
        self.input(HostInput::TaskDone(task, message));
        self.finish_turn(ctx);
        self.arm();
    }

    fn deadline(&mut self) {
        self.armed = None;
        self.input(HostInput::Wake);
    }
}

/// Names a room that kept its thread from everybody else.
pub(super) fn watch(runtime: &Runtime, room: &str, began: Instant) {
    let held = runtime.clock.now().saturating_duration_since(began);
    if held > runtime.config.room_step_warning {
        runtime.metrics.slow_room_steps.count();
        tracing::warn!(room, ?held, "a room held its thread");
    }
}

impl Actor for HostActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.seed.runtime.config.room_mailbox);
        self.timer = Worker::current(&self.seed.runtime).ok().map(|worker| {
            let handle = self.handle.clone();
            let timer = worker.wheel.register(move || {
                handle.tell(HostCommand::Deadline);
            });
            (worker, timer)
        });
        self.create();
        self.finish_turn(ctx);
        self.arm();
    }
}

impl Drop for HostActor {
    fn drop(&mut self) {
        if let Some((worker, timer)) = self.timer.take() {
            worker.wheel.remove(timer);
        }
        self.seed.runtime.metrics.custom_rooms.add(-1);
    }
}

impl Handler<HostCommand> for HostActor {
    type Result = ();

    fn handle(&mut self, command: HostCommand, ctx: &mut Self::Context) {
        match command {
            HostCommand::Join(arrival) => self.join(arrival),
            HostCommand::Depart { socket, on_purpose } => self.depart(socket, on_purpose),
            HostCommand::Event(event) => self.input(HostInput::Event(event)),
            HostCommand::Internal(message) => self.input(HostInput::Internal(message)),
            HostCommand::Kick(member) => self.input(HostInput::Kick(member, LeaveReason::Kicked)),
            HostCommand::Revoke(revocation) => self.connections.borrow().revoke(&revocation),
            HostCommand::Close { server_ends } => {
                self.server_ends = server_ends;
                self.input(HostInput::Close);
            }
            HostCommand::Flushed => self.flushed(),
            HostCommand::Deadline => self.deadline(),
            HostCommand::Stop => ctx.stop(),
            HostCommand::Abandon => self.abandon(ctx),
            #[cfg(feature = "testing")]
            HostCommand::Crash => crash(),
        }
        self.finish_turn(ctx);
        self.arm();
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}
