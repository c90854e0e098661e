//! The session's shell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, Context, Handler};
use bytes::Bytes;
use greenroom_proto::engineio::{DecodeError, Message, Packet};
use greenroom_proto::session::{Effect, PollAnswer, Refusal, Session, SessionState, Source, WireId};
use greenroom_proto::socket::reason::DisconnectReason;
use tokio::sync::oneshot;

use super::app::{SessionApp, SessionCx};
use super::engine::Registration;
use super::outbox::Pending;
use super::permit::ReadPermit;
use super::protocol::{SessionCommand, WireFate};
use super::wire::{Order, WireLine};
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, is_death};

pub(crate) struct SessionActor {
    registration: Registration,
    machine: Session,
    /// Gone when the session has closed.
    app: Option<Box<dyn SessionApp>>,
    poll: Option<oneshot::Sender<Result<Bytes, Refusal>>>,
    wire: Option<(WireId, Arc<WireLine>)>,
    effects: Vec<Effect>,
    armed: Option<Instant>,
    budget: Budget,
}

impl SessionActor {
    pub(super) fn new(
        registration: Registration,
        machine: Session,
        app: Box<dyn SessionApp>,
        wire: Option<(WireId, Arc<WireLine>)>,
    ) -> Self {
        Self {
            registration,
            machine,
            app: Some(app),
            poll: None,
            wire,
            effects: Vec::new(),
            armed: None,
            budget: Budget::default(),
        }
    }

    fn now(&self) -> Instant {
        self.registration.session.runtime().clock.now()
    }

    /// The order of a poll: the writer is registered before the outbox is looked at, so that nothing that
    /// comes in between goes unnoticed.
    fn poll(&mut self, reply: oneshot::Sender<Result<Bytes, Refusal>>, now: Instant) {
        let session = &self.registration.session;
        if self.machine.is_polling() {
            session.outbox().register(&session.as_writer());
        }
        let pending = session.outbox().pending() == Pending::Packets;
        self.machine.handle_poll(pending, now, &mut self.effects);
        match self.verdict() {
            Ok(_) => {
                session_writable(&self.registration, true);
                self.poll = Some(reply);
            }
            Err(refusal) => answer(reply, Err(refusal)),
        }
    }

    fn post(&mut self, reply: oneshot::Sender<Result<(), Refusal>>) {
        self.machine.handle_post(&mut self.effects);
        answer(reply, self.verdict().map(|_| ()));
    }

    fn posted(&mut self, packets: Result<Vec<Packet>, DecodeError>, permit: ReadPermit, now: Instant) {
        match packets {
            Ok(packets) => self.read(Source::Post, packets, permit, now),
            Err(error) => {
                tracing::debug!(%error, "a POST that is no payload");
                self.machine.handle_bad_packet(Source::Post, &mut self.effects);
            }
        }
    }

    fn upgrade(
        &mut self,
        line: Arc<WireLine>,
        reply: oneshot::Sender<Result<WireId, Refusal>>,
        now: Instant,
    ) {
        self.machine.handle_upgrade(now, &mut self.effects);
        match self.verdict() {
            Ok(Some(wire)) => {
                self.wire = Some((wire, line));
                answer(reply, Ok(wire));
            }
            Ok(None) => answer(reply, Err(Refusal::Over)),
            Err(refusal) => answer(reply, Err(refusal)),
        }
    }

    /// Messages reach the app before the effects of the same read: they came first.
    fn read(&mut self, source: Source, packets: Vec<Packet>, permit: ReadPermit, now: Instant) {
        let Self { machine, effects, .. } = self;
        let accept = |packet| machine.handle_packet(source, packet, now, effects);
        let messages: Vec<Message> = packets.into_iter().filter_map(accept).collect();
        if !messages.is_empty() {
            self.call(now, |app, cx| app.receive(messages, permit, cx));
        }
    }

    fn wire_ended(&mut self, wire: WireId, fate: WireFate) {
        match fate {
            WireFate::Ended(end) => self.machine.handle_wire_ended(wire, end, &mut self.effects),
            WireFate::BadPacket => self.machine.handle_bad_packet(Source::Wire(wire), &mut self.effects),
        }
    }

    /// The outbox of a session that polls has something new.
    fn outbox(&mut self) {
        if !self.machine.is_polling() {
            return;
        }
        let session = &self.registration.session;
        session.outbox().register(&session.as_writer());
        let (pending, sealed) =
            (session.outbox().pending(), session.outbox().with(|outbox| outbox.is_sealed()));
        if let Pending::Doomed(reason) = pending {
            return self.abort(reason);
        }
        if sealed {
            self.machine.handle_sealed(pending == Pending::Packets, &mut self.effects);
        }
        if pending == Pending::Packets {
            self.machine.handle_pending(&mut self.effects);
        }
    }

    fn end(&mut self, reason: DisconnectReason, flush: bool, now: Instant) {
        if flush {
            self.machine.handle_close(reason, now, &mut self.effects);
        } else {
            self.abort(reason);
        }
    }

    fn abort(&mut self, reason: DisconnectReason) {
        self.machine.handle_abort(reason, &mut self.effects);
    }

    fn deadline(&mut self, now: Instant) {
        self.armed = None;
        self.call_if_due(now);
    }

    /// Runs the machine's deadlines before its next input, as it demands.
    fn machine_deadline(&mut self, now: Instant) {
        if self.machine.next_deadline().is_some_and(|deadline| deadline <= now) {
            // A pong may wait where nobody reads, behind handlers that take their time.
            if self.wire.as_ref().is_some_and(|(_, line)| line.take_paused()) {
                self.machine.excuse(now);
            }
            self.machine.handle_deadline(now, &mut self.effects);
        }
    }

    fn call_if_due(&mut self, now: Instant) {
        let due =
            self.app.as_ref().and_then(|app| app.next_deadline()).is_some_and(|deadline| deadline <= now);
        if due {
            self.call(now, |app, cx| app.handle_deadline(now, cx));
        }
    }

    /// Calls the app, and does what it asked for.
    fn call(&mut self, now: Instant, act: impl FnOnce(&mut dyn SessionApp, &mut SessionCx<'_>)) {
        let Some(app) = &mut self.app else { return };
        let mut cx = SessionCx { session: &self.registration.session, now, close: None };
        act(app.as_mut(), &mut cx);
        if let Some(reason) = cx.close {
            self.machine.handle_close(reason, now, &mut self.effects);
        }
    }

    /// What the machine said to the request in hand.
    fn verdict(&self) -> Result<Option<WireId>, Refusal> {
        let first = self.effects.first();
        if let Some(Effect::Refuse(refusal)) = first {
            return Err(*refusal);
        }
        Ok(if let Some(Effect::AcceptUpgrade(wire)) = first { Some(*wire) } else { None })
    }

    /// Performs all effects, those included that performing brings.
    fn perform_all(&mut self, now: Instant, ctx: &mut Context<Self>) {
        let mut next = 0;
        while let Some(effect) = self.effects.get(next).copied() {
            next += 1;
            self.perform(effect, now, ctx);
        }
        self.effects.clear();
    }

    fn perform(&mut self, effect: Effect, now: Instant, ctx: &mut Context<Self>) {
        match effect {
            // The request in hand was answered with the verdict.
            Effect::Accept | Effect::AcceptUpgrade(_) | Effect::Refuse(_) => {}
            Effect::AnswerPoll(content) => self.answer_poll(content),
            Effect::SendProbe(_) => self.order(Order::Probe),
            Effect::Attach(_) => {
                self.registration.session.set_websocket();
                self.order(Order::Attach);
            }
            Effect::FinishWire(_) => self.order(Order::Finish),
            Effect::DropWire(_) => {
                self.order(Order::Drop);
                self.wire = None;
            }
            Effect::Ping => self.registration.session.outbox().push_ahead(PING),
            Effect::Closed(reason) => self.closed(reason, now),
            Effect::Finished => ctx.stop(),
        }
    }

    fn order(&self, order: Order) {
        if let Some((_, line)) = &self.wire {
            line.give(order);
        }
    }

    fn answer_poll(&mut self, content: PollAnswer) {
        let Some(reply) = self.poll.take() else { return };
        session_writable(&self.registration, false);
        let session = &self.registration.session;
        let body = match content {
            PollAnswer::Outbox => {
                let max_payload = session.runtime().config.max_payload;
                session.outbox().with(|outbox| outbox.take_payload(max_payload))
            }
            PollAnswer::Noop => Bytes::from_static(b"6"),
            PollAnswer::Close => Bytes::from_static(b"1"),
        };
        // What was taken between the wake-up and now leaves nothing to say.
        let body = if body.is_empty() { Bytes::from_static(b"6") } else { body };
        answer(reply, Ok(body));
    }

    /// Tells the app; what it has sent to the fanout by then still leaves, since the seal travels behind it.
    fn closed(&mut self, reason: DisconnectReason, now: Instant) {
        self.call(now, |app, cx| app.closed(reason, cx));
        self.app = None;
        if self.machine.state() == SessionState::Closing {
            let Registration { worker, session, .. } = &self.registration;
            worker.handle.fanout.seal(session.runtime(), session.slot().slot);
        }
    }

    /// Arms the timer for the next deadline. A deadline that moved away is left to fire for nothing: that
    /// is rarer than a packet.
    fn arm(&mut self) {
        let app = self.app.as_ref().and_then(|app| app.next_deadline());
        let next = [self.machine.next_deadline(), app].into_iter().flatten().min();
        if let Some(next) = next
            && self.armed.is_none_or(|armed| next < armed)
        {
            self.armed = Some(next);
            self.registration.worker.wheel.arm(self.registration.timer, Some(next));
        }
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let session = &self.registration.session;
        if self.machine.is_polling() {
            session.outbox().register(&session.as_writer());
        } else {
            self.order(Order::Attach);
        }
        self.arm();
    }
}

impl Handler<SessionCommand> for SessionActor {
    type Result = ();

    fn handle(&mut self, command: SessionCommand, ctx: &mut Self::Context) {
        let now = self.now();
        self.machine_deadline(now);
        self.perform_all(now, ctx);
        match command {
            SessionCommand::Poll(reply) => self.poll(reply, now),
            SessionCommand::PollAborted => self.machine.handle_poll_aborted(&mut self.effects),
            SessionCommand::Post(reply) => self.post(reply),
            SessionCommand::Posted { packets, permit } => self.posted(packets, permit, now),
            SessionCommand::PostEnded { aborted } => {
                self.machine.handle_post_ended(aborted, &mut self.effects);
            }
            SessionCommand::Upgrade { line, reply } => self.upgrade(line, reply, now),
            SessionCommand::Read { wire, packets, permit } => {
                self.read(Source::Wire(wire), packets, permit, now);
            }
            SessionCommand::WireEnded { wire, fate } => self.wire_ended(wire, fate),
            SessionCommand::Outbox => self.outbox(),
            SessionCommand::End { reason, flush } => self.end(reason, flush, now),
            SessionCommand::Deadline => self.deadline(now),
            #[cfg(feature = "testing")]
            SessionCommand::Crash => crash(),
        }
        self.perform_all(now, ctx);
        self.arm();
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// However the actor ends: its transport goes with it, and an app that was not told is told now.
impl Drop for SessionActor {
    fn drop(&mut self) {
        self.order(Order::Drop);
        let Some(mut app) = self.app.take().filter(|_| is_death()) else { return };
        let session = &self.registration.session;
        session.runtime().metrics.actor_deaths.count();
        tracing::error!("a session died; its client is sent away");
        let mut cx = SessionCx { session, now: session.runtime().clock.now(), close: None };
        let told = catch_unwind(AssertUnwindSafe(|| app.closed(DisconnectReason::TransportClose, &mut cx)));
        if told.is_err() {
            session.runtime().metrics.panics.count();
        }
    }
}

fn session_writable(registration: &Registration, writable: bool) {
    registration.session.outbox().with(|outbox| outbox.set_writable(writable));
}

/// Whoever asked may be gone by now; a GET that is gone says so itself.
fn answer<T>(reply: oneshot::Sender<T>, content: T) {
    if reply.send(content).is_err() {
        tracing::trace!("a request was dropped before its answer");
    }
}

/// `2` in a frame of its own.
const PING: Bytes = Bytes::from_static(b"\x81\x012");
