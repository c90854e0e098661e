//! Requests, and the outbox of a session that polls.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use greenroom_proto::engineio::{DecodeError, Packet, Revision, v3};
use greenroom_proto::session::{Effect, PollAnswer, Refusal, Source, WireId};
use tokio::sync::oneshot;

use super::actor::SessionActor;
use super::outbox::Pending;
use super::permit::ReadPermit;
use super::wire::WireLine;

impl SessionActor {
    /// The order of a poll: the writer is registered before the outbox is looked at, so that nothing that
    /// comes in between goes unnoticed.
    pub(super) fn poll(&mut self, reply: oneshot::Sender<Result<Bytes, Refusal>>, now: Instant) {
        let session = &self.registration.session;
        if self.machine.is_polling() {
            session.outbox().register(&session.as_writer());
        }
        let pending = session.outbox().pending() == Pending::Packets;
        self.machine.handle_poll(pending, now, &mut self.effects);
        match self.verdict() {
            Ok(_) => {
                self.set_writable(true);
                self.poll = Some(reply);
            }
            Err(refusal) => answer(reply, Err(refusal)),
        }
    }

    pub(super) fn post(&mut self, reply: oneshot::Sender<Result<(), Refusal>>) {
        self.machine.handle_post(&mut self.effects);
        answer(reply, self.verdict().map(|_| ()));
    }

    pub(super) fn posted(
        &mut self,
        packets: Result<Vec<Packet>, DecodeError>,
        permit: ReadPermit,
        now: Instant,
    ) {
        match packets {
            Ok(packets) => self.read(Source::Post, packets, permit, now),
            Err(error) => {
                let session = self.registration.session.slot();
                tracing::debug!(%session, %error, "a POST that is no payload");
                self.machine.handle_bad_packet(Source::Post, &mut self.effects);
            }
        }
    }

    pub(super) fn upgrade(
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

    /// The outbox of a session that polls has something new.
    pub(super) fn outbox(&mut self) {
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

    pub(super) fn answer_poll(&mut self, content: PollAnswer) {
        let Some(reply) = self.poll.take() else { return };
        self.set_writable(false);
        let body = match content {
            PollAnswer::Outbox => self.take_payload(),
            PollAnswer::Noop => self.one_packet("6"),
            PollAnswer::Close => self.one_packet("1"),
        };
        // What was taken between the wake-up and now leaves nothing to say.
        let body = if body.is_empty() { self.one_packet("6") } else { body };
        answer(reply, Ok(body));
    }

    fn take_payload(&self) -> Bytes {
        let session = &self.registration.session;
        let max_payload = session.runtime().config.max_payload;
        session.outbox().with(|outbox| match session.revision() {
            Revision::Three => outbox.take_payload_v3(max_payload),
            Revision::Four => outbox.take_payload(max_payload),
        })
    }

    /// A payload of one packet that is no message.
    fn one_packet(&self, packet: &'static str) -> Bytes {
        match self.registration.session.revision() {
            Revision::Three => v3::packet_payload(packet),
            Revision::Four => Bytes::from_static(packet.as_bytes()),
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

    fn set_writable(&self, writable: bool) {
        self.registration.session.outbox().with(|outbox| outbox.set_writable(writable));
    }
}

/// Whoever asked may be gone by now; a GET that is gone says so itself.
fn answer<T>(reply: oneshot::Sender<T>, content: T) {
    if reply.send(content).is_err() {
        tracing::trace!("a request was dropped before its answer");
    }
}
