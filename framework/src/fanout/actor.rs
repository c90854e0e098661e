//! The fanout's shell.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler};
use bytes::Bytes;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::{Delivery, Pushed};

use super::{FanoutCommand, FanoutHandle, Push, Slot, SlotRef, Slots};
use crate::runtime::Runtime;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};
use crate::runtime::worker::WorkerId;

pub(super) struct FanoutActor {
    runtime: Arc<Runtime>,
    slots: Rc<RefCell<Slots>>,
    worker: WorkerId,
    budget: Budget,
    _guard: DeathGuard,
}

impl FanoutActor {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        slots: Rc<RefCell<Slots>>,
        worker: WorkerId,
        handle: FanoutHandle,
    ) -> Self {
        let guard = DeathGuard::new({
            let (runtime, slots) = (runtime.clone(), slots.clone());
            move || handle.restart_after_death(&runtime, &slots, worker)
        });
        Self { runtime, slots, worker, budget: Budget::default(), _guard: guard }
    }

    fn push(&self, pushes: impl IntoIterator<Item = Push>) {
        let slots = self.slots.borrow();
        let mut tally = Tally::default();
        for Push { to, packet, delivery } in pushes {
            tally.count(&slots, to, packet, delivery);
        }
        tally.report(&self.runtime);
    }

    fn deliver(&self, packet: &Bytes, delivery: Delivery, to: &[Slot], skip: &Skip<SlotRef>) {
        let slots = self.slots.borrow();
        let mut tally = Tally::default();
        match skip {
            Skip::Nobody => to.iter().for_each(|slot| tally.count(&slots, *slot, packet.clone(), delivery)),
            Skip::One(_) | Skip::Many(_) => {
                let wanted = |slot: &&Slot| !skip.contains(SlotRef { worker: self.worker, slot: **slot });
                to.iter()
                    .filter(wanted)
                    .for_each(|slot| tally.count(&slots, *slot, packet.clone(), delivery));
            }
        }
        tally.report(&self.runtime);
    }
}

impl Actor for FanoutActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.runtime.config.mailbox_capacity);
    }
}

impl Handler<FanoutCommand> for FanoutActor {
    type Result = ();

    fn handle(&mut self, command: FanoutCommand, ctx: &mut Self::Context) {
        match command {
            FanoutCommand::Push(pushes) => self.push(pushes),
            FanoutCommand::Deliver { packet, delivery, to, skip } => {
                self.deliver(&packet, delivery, &to, &skip);
            }
            FanoutCommand::CloseSession { session, reason } => session.close(reason),
            FanoutCommand::Seal(slot) => {
                if let Some(outbox) = self.slots.borrow().find(slot) {
                    outbox.seal();
                }
            }
            #[cfg(feature = "testing")]
            FanoutCommand::Crash => crash(),
        }
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// What became of the packets of one command, counted once.
#[derive(Default)]
struct Tally {
    queued: u64,
    dropped: u64,
    overflowed: u64,
}

impl Tally {
    fn count(&mut self, slots: &Slots, to: Slot, packet: Bytes, delivery: Delivery) {
        // A session that has just ended: its slot is free, and the packet has no recipient.
        let Some(outbox) = slots.find(to) else { return };
        match outbox.push(packet, delivery) {
            Pushed::Queued => self.queued += 1,
            Pushed::Dropped => self.dropped += u64::from(delivery == Delivery::Volatile),
            // The outbox tells its session, which closes as a slow client.
            Pushed::Overflow => self.overflowed += 1,
        }
    }

    fn report(&self, runtime: &Runtime) {
        runtime.metrics.deliveries.add(self.queued);
        if self.dropped > 0 {
            runtime.metrics.volatile_dropped.add(self.dropped);
        }
        if self.overflowed > 0 {
            runtime.metrics.slow_clients_closed.add(self.overflowed);
        }
    }
}
