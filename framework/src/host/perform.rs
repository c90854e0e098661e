//! From what a machine asks for to packets, facts and futures.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use bytestring::ByteString;
use greenroom_proto::room::{CloseReason, DismissReason, FaultReport, SocketKey, Targets, TaskId};
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::AckId;
use serde_json::json;

use super::actor::{HostActor, Then};
use super::journal;
use super::machine::{HostEffect, HostInput, Message, Seated};
use super::outgoing::{EventPacket, FlushMark, Kind};
use super::{Door, Fact, PlainEnd, PlainNews};
use crate::error::Reject;
use crate::runtime::guarded::{Guarded, Panicked, panic_text};

impl HostActor {
    /// Performs all effects, those included that performing brings.
    pub(super) fn perform_all(&mut self, ctx: &mut Context<Self>) {
        while self.has_effects() {
            for effect in self.take_effects() {
                self.perform(effect, ctx);
            }
            for orphan in std::mem::take(&mut self.turn.orphans) {
                self.input(HostInput::Leave(orphan));
            }
        }
    }

    fn perform(&mut self, effect: HostEffect, ctx: &mut Context<Self>) {
        match effect {
            HostEffect::Admit { socket, seated, resumed } => self.admit(socket, &seated, resumed),
            HostEffect::Refuse { socket, reject } => self.refuse(socket, reject),
            HostEffect::Answer { socket, ack, result } => self.answer(socket, ack, result),
            HostEffect::Emit { to, event, items, delivery } => {
                self.emit(&to, &EventPacket { name: &event, items: &items, delivery, kind: Kind::Event });
            }
            HostEffect::Frame { to, event, items } => {
                let delivery = Delivery::Reliable;
                let packet = EventPacket { name: event, items: &items, delivery, kind: Kind::State };
                self.emit(&Targets::Only(to), &packet);
            }
            HostEffect::Dismiss { socket, reason } => self.dismiss(socket, reason),
            HostEffect::Seat { member, role, change } => {
                self.turn.facts.push(Fact::Seat(member, role, change));
            }
            HostEffect::Listing(listing) => self.turn.facts.push(Fact::Listing(listing)),
            HostEffect::Spawn { task, work } => self.spawn(task, work, ctx),
            HostEffect::Fault(report) => self.fault(report),
            HostEffect::Closed(reason) => self.closed(reason),
        }
    }

    fn emit(&mut self, to: &Targets, packet: &EventPacket<'_>) {
        self.connections.borrow().emit(&mut self.turn.outgoing, to, packet);
    }

    /// The answer to the client's CONNECT, then who it is here; its state follows.
    fn admit(&mut self, socket: SocketKey, seated: &Seated, resumed: bool) {
        let Some(arrival) = self.arrivals.remove(&socket) else { return };
        self.turn.facts.push(Fact::Answered(socket));
        let mut joined = json!({
            "room": self.seed.id,
            "id": seated.member,
            "seat": seated.seat,
            "role": seated.role,
            "resumed": resumed,
        });
        if let (Some(guest), Some(joined)) = (&arrival.guest, joined.as_object_mut()) {
            joined.insert("guest".to_owned(), guest.key().into());
        }
        let Some(door) = arrival.admit() else {
            // Its socket gave up waiting.
            return self.turn.orphans.push(socket);
        };
        let answer = door.answer();
        if let Door::Plain(line) = &door {
            line.tell(PlainNews::Admitted(self.handle.clone()));
        }
        let mark = FlushMark::new(socket, self.flushed.clone(), self.handle.clone());
        let mut connections = self.connections.borrow_mut();
        if !connections.insert(socket, door.clone(), &self.seed.runtime, mark) {
            return self.turn.orphans.push(socket);
        }
        if let Some(answer) = answer {
            connections.push(&mut self.turn.outgoing, socket, answer);
        }
        let items = joined.to_string();
        let packet =
            EventPacket { name: "joined", items: &items, delivery: Delivery::Reliable, kind: Kind::Event };
        connections.emit(&mut self.turn.outgoing, &Targets::Only(vec![socket]), &packet);
        self.turn.then.push(Then::Admitted(socket, door));
    }

    fn refuse(&mut self, socket: SocketKey, reject: Reject) {
        if let Some(arrival) = self.arrivals.remove(&socket) {
            self.turn.facts.push(Fact::Refused(Box::new(arrival), reject));
        }
    }

    fn answer(&mut self, socket: SocketKey, ack: Option<AckId>, result: Result<ByteString, Reject>) {
        if let Some(cause) = result.as_ref().err().and_then(Reject::cause) {
            tracing::warn!(room = %self.seed.id, %cause, "a handler failed");
        }
        let connections = self.connections.borrow();
        match (ack, result) {
            (Some(id), Ok(items)) => connections.acknowledge(&mut self.turn.outgoing, socket, id, &items),
            (Some(id), Err(reject)) => {
                let items = json!({ "error": reject }).to_string();
                connections.acknowledge(&mut self.turn.outgoing, socket, id, &items);
            }
            (None, Err(reject)) => {
                let items = json!(reject).to_string();
                let delivery = Delivery::Reliable;
                let packet = EventPacket { name: "error", items: &items, delivery, kind: Kind::Event };
                connections.emit(&mut self.turn.outgoing, &Targets::Only(vec![socket]), &packet);
            }
            (None, Ok(_)) => {}
        }
    }

    /// A client is told why, then that its namespace has ended. A server that ends closes the whole
    /// connection instead, so that the client comes back by itself.
    fn dismiss(&mut self, socket: SocketKey, reason: DismissReason) {
        let name = match reason {
            DismissReason::Out(reason) => reason.as_str(),
            DismissReason::Closed(reason) => reason.as_str(),
        };
        let items = json!({ "reason": name }).to_string();
        let packet =
            EventPacket { name: "dismissed", items: &items, delivery: Delivery::Reliable, kind: Kind::Event };
        self.emit(&Targets::Only(vec![socket]), &packet);
        let door = self.connections.borrow_mut().remove(socket);
        match door {
            Some(Door::Plain(line)) if self.server_ends => line.tell(PlainNews::Close(PlainEnd::ComeBack)),
            Some(door) if !self.server_ends => self.turn.then.push(Then::Dismiss(door)),
            Some(_) | None => {}
        }
    }

    /// Runs on this thread; its end comes back as an input.
    fn spawn(
        &mut self,
        task: TaskId,
        work: impl Future<Output = Message> + 'static,
        ctx: &mut Context<Self>,
    ) {
        let done = move |result: Result<Message, Panicked>, actor: &mut Self, ctx: &mut Context<Self>| {
            if let Err(panicked) = &result {
                actor.seed.runtime.metrics.panics.count();
                let text = panic_text(&**panicked);
                tracing::error!(room = %actor.seed.id, panic = text, "asynchronous work panicked");
            }
            actor.task_done(task, result.ok(), ctx);
        };
        ctx.spawn(Guarded::new(work).into_actor(self).map(done));
    }

    fn fault(&mut self, report: FaultReport) {
        self.seed.runtime.metrics.panics.count();
        let FaultReport { hook, message, member, journal } = report;
        tracing::error!(room = %self.seed.id, hook, panic = message, ?member, "user code panicked");
        let config = &self.seed.runtime.config;
        if let (Some(directory), Some(journal)) = (config.room_journals.clone(), journal) {
            let name = journal::file_name(self.seed.directory.path(), &self.seed.id, self.now());
            let file = journal::File { directory, name, most: config.max_room_journals };
            // Disks are slow: the room's thread does not wait.
            drop(actix_rt::task::spawn_blocking(move || file.keep(&journal)));
        }
    }

    fn closed(&mut self, reason: CloseReason) {
        for arrival in std::mem::take(&mut self.arrivals).into_values() {
            self.turn.facts.push(Fact::Refused(Box::new(arrival), over()));
        }
        tracing::debug!(room = %self.seed.id, reason = reason.as_str(), "a room is over");
        self.turn.over = Some(over());
    }
}

/// Who comes too late for one room may find another.
fn over() -> Reject {
    Reject::new("closed", "the room is over")
}
