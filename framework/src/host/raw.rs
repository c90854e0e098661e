//! Rooms that are actors of the user's own.
//!
//! Owns: which connections and members a raw room has. Takes: the inputs of its host, and what the actor
//! asks for. Keeps: a panic of the actor, in its `stopped` too, ends that room and nothing else; the actor
//! is told everything in the order in which it happened.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use actix::{Addr, AsyncContext, Context};
use bytestring::ByteString;
use greenroom_proto::room::{
    CloseReason, DismissReason, Event, LeaveReason, Listing, MemberId, Moment, Role, Seat, SeatChange, Setup,
    SocketKey, Targets,
};
use greenroom_proto::session::Delivery;

use super::HostHandle;
use super::actor::watch;
use super::machine::{Factory, HostEffect, HostInput, Machine, Seated};
use super::raw_room::{RawAck, RawEffect, RawRoom, RoomBackend, RoomMessage, RoomSocket};
use crate::error::Reject;
use crate::event::Args;
use crate::runtime::guarded::{Guarded, panic_text};
use crate::runtime::post::Refused;

/// Makes the actors of a type of raw rooms.
pub(crate) fn raw_machine<A: RoomBackend>() -> Factory {
    Arc::new(|setup, host, now, effects| {
        let room = RawRoom::new(host.clone());
        let made = catch_unwind(AssertUnwindSafe(|| A::open(&setup.options, room)));
        let actor = made.unwrap_or_else(|panicked| {
            tracing::error!(panic = panic_text(&*panicked), "the actor of a room panicked when it was made");
            Err(Reject::internal())
        })?;
        let machine = RawMachine::start(actor, setup, host.clone(), now);
        effects.push(HostEffect::Listing(machine.listing.clone()));
        Ok(Box::new(machine))
    })
}

struct RawMachine<A: RoomBackend> {
    actor: Addr<A>,
    host: HostHandle,
    sockets: BTreeMap<SocketKey, RoomSocket>,
    /// Those of them that the actor has let in.
    admitted: BTreeMap<SocketKey, MemberId>,
    members: BTreeMap<MemberId, Place>,
    next_seat: u32,
    listing: Listing,
    closed: bool,
}

struct Place {
    seat: Seat,
    role: Role,
    sockets: usize,
}

impl<A: RoomBackend> RawMachine<A> {
    fn start(actor: A, setup: &Setup, host: HostHandle, now: Moment) -> Self {
        let ctx = Context::new();
        let addr = ctx.address();
        let (running, name, told) = (ctx.into_future(actor), setup.id.clone(), host.clone());
        actix_rt::spawn(async move {
            let mut running = Guarded::new(running);
            let steps = std::future::poll_fn(|cx| {
                let began = told.runtime().clock.now();
                let polled = Pin::new(&mut running).poll(cx);
                watch(told.runtime(), &name, began);
                polled
            });
            let ended = steps.await;
            if let Err(panicked) = &ended {
                told.runtime().metrics.panics.count();
                tracing::error!(room = %name, panic = panic_text(&**panicked), "the actor of a room panicked");
            }
            RawRoom::new(told).ask(RawEffect::Ended { crashed: ended.is_err() });
        });
        let listing = Listing {
            label: Arc::default(),
            locked: false,
            private: false,
            players: 0,
            max_players: A::MAX_PLAYERS,
            spectators: 0,
            created: now,
        };
        let (sockets, admitted, members) = Default::default();
        Self { actor: addr, host, sockets, admitted, members, next_seat: 0, listing, closed: false }
    }

    /// Lifecycle: bounded by the connections of the room.
    fn tell(&self, message: RoomMessage) {
        self.host.tell_actor(&self.actor, message);
    }

    fn event(&self, event: Event, effects: &mut Vec<HostEffect>) {
        let Event { socket, name, args, ack, .. } = event;
        let Some(from) = self.sockets.get(&socket).filter(|_| self.admitted.contains_key(&socket)) else {
            return;
        };
        let answer = RawAck::new(RawRoom::new(self.host.clone()), socket, ack);
        let message = RoomMessage::Event {
            from: from.clone(),
            name: name.to_string(),
            args: Args::new(args),
            ack: answer,
        };
        if let Err(Refused::Full(RoomMessage::Event { ack: answer, .. })) =
            self.host.send_to_actor(&self.actor, message)
        {
            answer.forget();
            let result = Err(Reject::new("busy", "the room has too much to do"));
            effects.push(HostEffect::Answer { socket, ack, result });
        }
    }

    fn admit(&mut self, socket: SocketKey, effects: &mut Vec<HostEffect>) {
        let Some(who) = self.sockets.get(&socket).filter(|_| !self.admitted.contains_key(&socket)) else {
            return;
        };
        let (member, role) = (who.member.clone(), who.role);
        let is_new = !self.members.contains_key(&member);
        let next = &mut self.next_seat;
        let place = self.members.entry(member.clone()).or_insert_with(|| {
            *next += 1;
            Place { seat: Seat(*next - 1), role, sockets: 0 }
        });
        place.sockets += 1;
        self.admitted.insert(socket, member.clone());
        let seated = Seated { member: member.clone(), seat: place.seat, role: place.role };
        let role = place.role;
        effects.push(HostEffect::Admit { socket, seated, resumed: !is_new });
        if is_new {
            effects.push(HostEffect::Seat { member, role, change: SeatChange::Taken });
            self.count(effects);
        }
    }

    fn refuse(&mut self, socket: SocketKey, reject: Reject, effects: &mut Vec<HostEffect>) {
        if !self.admitted.contains_key(&socket) && self.sockets.remove(&socket).is_some() {
            effects.push(HostEffect::Refuse { socket, reject });
        }
    }

    /// A connection is over; the actor is told.
    fn depart(&mut self, socket: SocketKey, reason: LeaveReason, effects: &mut Vec<HostEffect>) {
        let Some(who) = self.sockets.remove(&socket) else { return };
        let Some(member) = self.admitted.remove(&socket) else {
            return self.tell(RoomMessage::Left { who, last: true });
        };
        let mut last = false;
        if let Some(place) = self.members.get_mut(&member) {
            place.sockets -= 1;
            last = place.sockets == 0;
        }
        self.tell(RoomMessage::Left { who, last });
        if let Some(place) = self.members.remove(&member).filter(|_| last) {
            effects.push(HostEffect::Seat { member, role: place.role, change: SeatChange::Left(reason) });
            self.count(effects);
            if self.members.is_empty() && A::CLOSES_WHEN_EMPTY {
                self.close(CloseReason::Empty, effects);
            }
        }
    }

    fn dismiss(&mut self, socket: SocketKey, reason: LeaveReason, effects: &mut Vec<HostEffect>) {
        if self.admitted.contains_key(&socket) {
            effects.push(HostEffect::Dismiss { socket, reason: DismissReason::Out(reason) });
        }
        self.depart(socket, reason, effects);
    }

    fn kick(&mut self, member: &MemberId, reason: LeaveReason, effects: &mut Vec<HostEffect>) {
        let theirs: Vec<_> =
            self.admitted.iter().filter(|(_, of)| *of == member).map(|(socket, _)| *socket).collect();
        theirs.into_iter().for_each(|socket| self.dismiss(socket, reason, effects));
    }

    fn count(&mut self, effects: &mut Vec<HostEffect>) {
        let players = self.members.values().filter(|place| place.role == Role::Player).count();
        self.listing.players = players;
        self.listing.spectators = self.members.len() - players;
        effects.push(HostEffect::Listing(self.listing.clone()));
    }

    fn close(&mut self, reason: CloseReason, effects: &mut Vec<HostEffect>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        for socket in std::mem::take(&mut self.admitted).into_keys() {
            effects.push(HostEffect::Dismiss { socket, reason: DismissReason::Closed(reason) });
        }
        self.tell(RoomMessage::Closed);
        effects.push(HostEffect::Closed(reason));
    }

    fn perform(&mut self, asked: RawEffect, effects: &mut Vec<HostEffect>) {
        match asked {
            RawEffect::Admit(socket) => self.admit(socket, effects),
            RawEffect::Refuse(socket, reject) => self.refuse(socket, reject, effects),
            RawEffect::Answer { socket, ack, result } => {
                effects.push(HostEffect::Answer { socket, ack, result });
            }
            RawEffect::Emit { to, event, items, delivery } => {
                effects.push(HostEffect::Emit { to, event, items, delivery });
            }
            RawEffect::Dismiss(socket) => self.dismiss(socket, LeaveReason::Kicked, effects),
            RawEffect::List(change) => {
                change(&mut self.listing);
                effects.push(HostEffect::Listing(self.listing.clone()));
            }
            RawEffect::Close => self.close(CloseReason::Finished, effects),
            RawEffect::Ended { crashed: true } => self.close(CloseReason::Crashed, effects),
            RawEffect::Ended { crashed: false } => self.close(CloseReason::Finished, effects),
        }
    }
}

impl<A: RoomBackend> Machine for RawMachine<A> {
    fn handle(&mut self, input: HostInput, _: Moment, effects: &mut Vec<HostEffect>) {
        if self.closed {
            return;
        }
        match input {
            HostInput::Join(join) => {
                let who = RoomSocket {
                    key: join.socket,
                    member: join.member,
                    role: join.role,
                    claims: join.claims,
                    options: join.options,
                };
                self.sockets.insert(join.socket, who.clone());
                self.tell(RoomMessage::Join(who));
            }
            HostInput::Event(event) => self.event(event, effects),
            HostInput::Leave(socket) => self.depart(socket, LeaveReason::Left, effects),
            HostInput::SocketGone(socket) => self.depart(socket, LeaveReason::GraceExpired, effects),
            HostInput::Kick(member, reason) => self.kick(&member, reason, effects),
            HostInput::Internal(message) => {
                if let Ok(asked) = (message as Box<dyn Any>).downcast::<RawEffect>() {
                    self.perform(*asked, effects);
                }
            }
            HostInput::Close => self.close(CloseReason::Server, effects),
            // A raw room has no state of ours, no tasks and no deadlines.
            HostInput::TaskDone(..) | HostInput::Flushed(_) | HostInput::Wake => {}
        }
    }

    fn next_deadline(&self) -> Option<Moment> {
        None
    }
}

/// For a packet to everybody.
pub(super) fn emit(to: Targets, event: &str, items: ByteString, delivery: Delivery) -> RawEffect {
    RawEffect::Emit { to, event: event.into(), items, delivery }
}
