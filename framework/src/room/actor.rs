//! The shell of a plain room: who is in it, and one message per worker for each packet.
//!
//! * *Owns*: its members as dense lists per worker, an exact replica of the namespace's index at
//!   this point of its mailbox.
//! * *Takes*: `RoomCommand`s, from its namespace alone.
//! * *Emits*: one command per worker to the fanouts, with the packets of a turn; word to the namespace when it is
//!   empty.
//! * *Keeps*: a packet leaves its sender's lane when it stands in the mailboxes of all fanouts.

use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Skip};
use greenroom_proto::socket::lane::Ticket;

use super::{Packet, Progress, RoomCommand};
use crate::fanout::{Blocked, Recipients, SlotRef};
use crate::namespace::NamespaceLink;
use crate::runtime::Runtime;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, is_death};

pub(super) struct RoomActor {
    life: Life,
    members: Recipients,
    gathered: Gathered,
    budget: Budget,
}

/// Packets of this turn for all members, which no fanout has been told of.
#[derive(Default)]
struct Gathered {
    packets: Vec<Bytes>,
    tickets: Vec<Ticket>,
}

/// What a room is for its namespace, which hears of every end that it did not ask for: the actor died,
/// its thread ended, or had ended before the actor could start there.
pub(super) struct Life {
    pub(super) runtime: Arc<Runtime>,
    pub(super) name: RoomName,
    pub(super) namespace: NamespaceLink,
    /// The namespace compares it with what it sent.
    progress: Progress,
    /// The namespace asked for the end.
    stopped: bool,
}

impl Life {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        name: RoomName,
        namespace: NamespaceLink,
        progress: Progress,
    ) -> Self {
        Self { runtime, name, namespace, progress, stopped: false }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        if is_death() {
            self.runtime.metrics.actor_deaths.count();
            // Clients name rooms: the name is quoted, and cannot pass for a line of the log.
            let (room, of) = (self.name.as_str(), self.namespace.path());
            tracing::error!(?room, namespace = of, "a room died; its namespace makes it again");
        }
        self.namespace.room_lost(self.name.clone(), self.progress.report());
    }
}

impl RoomActor {
    pub(super) fn new(life: Life, first: SlotRef) -> Self {
        life.runtime.metrics.rooms.add(1);
        life.namespace.metrics().rooms.add(1);
        let mut room = Self {
            life,
            members: Recipients::default(),
            gathered: Gathered::default(),
            budget: Budget::default(),
        };
        room.join(first);
        room
    }

    fn join(&mut self, member: SlotRef) {
        if self.members.insert(&self.life.runtime, member) {
            self.life.runtime.metrics.members.add(1);
        }
    }

    fn leave(&mut self, member: SlotRef) {
        if self.members.remove(member) {
            self.life.runtime.metrics.members.add(-1);
        }
        self.life.progress.count();
        if self.members.is_empty() {
            self.life.namespace.room_empty(self.life.name.clone(), self.life.progress.report());
        }
    }

    fn broadcast(&self, packet: Packet, skip: &Skip<SlotRef>, ctx: &mut Context<Self>) {
        let blocked = self.members.deliver(&self.life.runtime, &packet.frames, packet.delivery, skip);
        if blocked.is_empty() {
            return self.life.progress.count();
        }
        let passed_on = pass_on(blocked, packet.ticket);
        ctx.wait(passed_on.into_actor(self).map(|(), actor, _| actor.life.progress.count()));
    }

    /// Keeps a packet to the end of the turn. The first one would wake the other workers, which then write
    /// to every member before the rest arrives, and once more after that.
    fn gather(&mut self, packet: Packet, ctx: &mut Context<Self>) {
        if self.gathered.packets.is_empty() {
            let end_of_turn = std::future::ready(()).into_actor(self);
            ctx.spawn(end_of_turn.map(|(), actor, ctx| actor.pass_on(None, ctx)));
        }
        self.gathered.packets.push(packet.frames);
        self.gathered.tickets.extend(packet.ticket);
    }

    /// Passes on what was gathered, then does what comes behind that.
    fn pass_on(&mut self, next: Option<RoomCommand>, ctx: &mut Context<Self>) {
        let Gathered { packets, tickets } = std::mem::take(&mut self.gathered);
        let count = packets.len();
        let blocked = self.members.deliver_all(&self.life.runtime, &packets);
        if blocked.is_empty() {
            drop(tickets);
            return self.passed_on(count, next, ctx);
        }
        let passed_on = pass_on(blocked, tickets).into_actor(self);
        ctx.wait(passed_on.map(move |(), actor, ctx| actor.passed_on(count, next, ctx)));
    }

    fn passed_on(&mut self, count: usize, next: Option<RoomCommand>, ctx: &mut Context<Self>) {
        (0..count).for_each(|_| self.life.progress.count());
        if let Some(next) = next {
            self.perform(next, ctx);
        }
    }

    fn perform(&mut self, command: RoomCommand, ctx: &mut Context<Self>) {
        let is_for_all = command.is_for_all();
        match command {
            RoomCommand::Join(member) => {
                self.join(member);
                self.life.progress.count();
            }
            RoomCommand::Leave(member) => self.leave(member),
            RoomCommand::Broadcast { packet, .. } if is_for_all => self.gather(packet, ctx),
            RoomCommand::Broadcast { packet, skip } => self.broadcast(packet, &skip, ctx),
            RoomCommand::Fence(passed) => {
                // Nobody waits any more: the namespace has ended.
                passed.send(()).ok();
                self.life.progress.count();
            }
            RoomCommand::Stop => {
                self.life.stopped = true;
                ctx.stop();
            }
            #[cfg(feature = "testing")]
            RoomCommand::Crash => crash(),
        }
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.life.runtime.config.mailbox_capacity);
    }
}

impl Drop for RoomActor {
    fn drop(&mut self) {
        self.life.runtime.metrics.rooms.add(-1);
        self.life.namespace.metrics().rooms.add(-1);
        self.life.runtime.metrics.members.add(-i64::try_from(self.members.len()).unwrap_or(i64::MAX));
    }
}

impl Handler<RoomCommand> for RoomActor {
    type Result = ();

    fn handle(&mut self, command: RoomCommand, ctx: &mut Self::Context) {
        if self.gathered.packets.is_empty() || command.is_for_all() {
            self.perform(command, ctx);
        } else {
            self.pass_on(Some(command), ctx);
        }
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// Waits until full mailboxes have taken what they refused; what is held goes then.
async fn pass_on<Held>(blocked: Vec<Blocked>, held: Held) {
    for blocked in blocked {
        blocked.fanout.wait(blocked.command).await;
    }
    drop(held);
}
