//! The room's shell.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use greenroom_proto::rooms::{RoomName, Skip};

use super::{Packet, RoomCommand};
use crate::fanout::{Recipients, SlotRef};
use crate::namespace::NamespaceLink;
use crate::runtime::Runtime;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};

pub(super) struct RoomActor {
    runtime: Arc<Runtime>,
    name: RoomName,
    namespace: NamespaceLink,
    members: Recipients,
    /// Commands handled so far: the namespace compares it with what it sent.
    handled: Rc<Cell<u64>>,
    budget: Budget,
    _guard: DeathGuard,
}

impl RoomActor {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        name: RoomName,
        namespace: NamespaceLink,
        first: SlotRef,
    ) -> Self {
        runtime.metrics.rooms.add(1);
        let handled = Rc::new(Cell::new(0_u64));
        let guard = DeathGuard::new({
            let (name, namespace, handled) = (name.clone(), namespace.clone(), handled.clone());
            let runtime = runtime.clone();
            move || {
                runtime.metrics.actor_deaths.count();
                tracing::error!(room = %name, "a room died; its namespace makes it again");
                // The last one was only begun.
                namespace.room_died(name, handled.get().saturating_sub(1));
            }
        });
        let (members, budget) = (Recipients::default(), Budget::default());
        let mut room = Self { runtime, name, namespace, members, handled, budget, _guard: guard };
        room.join(first);
        room
    }

    fn join(&mut self, member: SlotRef) {
        if self.members.insert(&self.runtime, member) {
            self.runtime.metrics.members.add(1);
        }
    }

    fn leave(&mut self, member: SlotRef) {
        if self.members.remove(member) {
            self.runtime.metrics.members.add(-1);
        }
        if self.members.is_empty() {
            self.namespace.room_empty(self.name.clone(), self.handled.get());
        }
    }

    fn broadcast(&self, packet: Packet, skip: &Skip<SlotRef>, ctx: &mut Context<Self>) {
        let blocked = self.members.deliver(&self.runtime, &packet.frames, packet.delivery, skip);
        if blocked.is_empty() {
            return;
        }
        let ticket = packet.ticket;
        let wait = async move {
            for blocked in blocked {
                blocked.fanout.wait(blocked.command).await;
            }
            drop(ticket);
        };
        ctx.wait(wait.into_actor(self).map(|(), _, _| ()));
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.runtime.config.mailbox_capacity);
    }
}

impl Drop for RoomActor {
    fn drop(&mut self) {
        self.runtime.metrics.rooms.add(-1);
        self.runtime.metrics.members.add(-i64::try_from(self.members.len()).unwrap_or(i64::MAX));
    }
}

impl Handler<RoomCommand> for RoomActor {
    type Result = ();

    fn handle(&mut self, command: RoomCommand, ctx: &mut Self::Context) {
        self.handled.set(self.handled.get() + 1);
        match command {
            RoomCommand::Join(member) => self.join(member),
            RoomCommand::Leave(member) => self.leave(member),
            RoomCommand::Broadcast { packet, skip } => self.broadcast(packet, &skip, ctx),
            RoomCommand::Stop => ctx.stop(),
            #[cfg(feature = "testing")]
            RoomCommand::Crash => crash(),
        }
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}
