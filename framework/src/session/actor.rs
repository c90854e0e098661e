//! The session's shell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, Context, Handler};
use bytes::Bytes;
use greenroom_proto::engineio::{Packet, Revision};
use greenroom_proto::session::{Effect, Refusal, Session, SessionState, Source, WireId};
use greenroom_proto::socket::reason::DisconnectReason;
use tokio::sync::oneshot;

use super::app::{Messages, SessionApp, SessionCx};
use super::engine::Registration;
use super::form::Form;
use super::permit::ReadPermit;
use super::protocol::{SessionCommand, WireFate};
use super::seal::Seal;
use super::wire::{Order, WireLine};
use crate::fanout::FanoutCommand;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, is_death};

pub(crate) struct SessionActor {
    pub(super) registration: Registration,
    pub(super) machine: Session,
    /// Gone when the session has closed.
    app: Option<Box<dyn SessionApp>>,
    /// A GET that waits.
    pub(super) poll: Option<oneshot::Sender<Result<Bytes, Refusal>>>,
    pub(super) wire: Option<(WireId, Arc<WireLine>)>,
    pub(super) effects: Vec<Effect>,
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

    /// Messages reach the app before the effects of the same read: they came first.
    pub(super) fn read(
        &mut self,
        source: Source,
        packets: impl IntoIterator<Item = Packet>,
        permit: ReadPermit,
        now: Instant,
    ) {
        let Self { machine, effects, .. } = self;
        let accept = |packet| machine.handle_packet(source, packet, now, effects);
        let packets = packets.into_iter();
        let mut messages = Messages::with_capacity(packets.size_hint().1.unwrap_or_default());
        messages.extend(packets.filter_map(accept));
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

    fn end(&mut self, reason: DisconnectReason, flush: bool, now: Instant) {
        if flush {
            self.machine.handle_close(reason, now, &mut self.effects);
        } else {
            self.abort(reason);
        }
    }

    pub(super) fn abort(&mut self, reason: DisconnectReason) {
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
        let mut cx = SessionCx { session: &self.registration.session, now, close: None, seal: None };
        act(app.as_mut(), &mut cx);
        if let Some(reason) = cx.close {
            self.machine.handle_close(reason, now, &mut self.effects);
        }
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
                self.adapt_outbox();
                self.order(Order::Attach);
            }
            Effect::FinishWire(_) => self.order(Order::Finish),
            Effect::DropWire(_) => {
                self.order(Order::Drop);
                self.wire = None;
            }
            Effect::Ping => self.registration.session.outbox().push_ahead(PING),
            Effect::Pong => self.registration.session.outbox().push_pong(PONG),
            Effect::Closed(reason) => self.closed(reason, now),
            Effect::Finished => ctx.stop(),
        }
    }

    /// A WebSocket may take binary data where polling did not.
    fn adapt_outbox(&self) {
        let session = &self.registration.session;
        if let (Revision::Three, Some((_, line))) = (session.revision(), &self.wire) {
            session.outbox().set_form(Form::of_v3(line.wants_base64()));
        }
    }

    fn order(&self, order: Order) {
        if let Some((_, line)) = &self.wire {
            line.give(order);
        }
    }

    /// Tells the app. What it and its sockets still send leaves, since each of them holds the seal.
    fn closed(&mut self, reason: DisconnectReason, now: Instant) {
        self.registration.session.runtime().metrics.session_closes.count(reason);
        let Registration { worker, session, .. } = &self.registration;
        let closing = self.machine.state() == SessionState::Closing;
        let seal = closing.then(|| Seal::new(session.outbox().clone()));
        if let Some(mut app) = self.app.take() {
            app.closed(reason, &mut SessionCx { session, now, close: None, seal: seal.clone() });
        }
        if let Some(seal) = seal {
            worker.handle.fanout.send_anyway(session.runtime(), FanoutCommand::Release(seal));
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

    fn started(&mut self, ctx: &mut Self::Context) {
        let now = self.now();
        self.call(now, |app, cx| app.opened(cx));
        self.perform_all(now, ctx);
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
            SessionCommand::Renewed(renewal) => self.call(now, |app, _| app.renewed(&renewal)),
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
        tracing::error!(session = %session.slot(), "a session died; its client is sent away");
        let mut cx = SessionCx { session, now: session.runtime().clock.now(), close: None, seal: None };
        let told = catch_unwind(AssertUnwindSafe(|| app.closed(DisconnectReason::TransportClose, &mut cx)));
        if told.is_err() {
            session.runtime().metrics.panics.count();
        }
    }
}

/// `2` in a frame of its own.
const PING: Bytes = Bytes::from_static(b"\x81\x012");
/// `3` in a frame of its own.
const PONG: Bytes = Bytes::from_static(b"\x81\x013");
