//! The fanout's shell.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::{Delivery, Pushed};

use super::{FanoutCommand, FanoutHandle, Push, RoomPush, Slot, SlotRef, Slots};
use crate::parser::translated;
use crate::runtime::Runtime;
use crate::runtime::metrics::WorkerMetrics;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};
use crate::runtime::worker::WorkerId;

pub(super) struct FanoutActor {
    runtime: Arc<Runtime>,
    slots: Rc<RefCell<Slots>>,
    worker: WorkerId,
    handle: FanoutHandle,
    /// Sessions with news of a broadcast, whose writers are woken at the end of the turn.
    dirty: Vec<Slot>,
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
            let handle = handle.clone();
            move || handle.restart_after_death(&runtime, &slots, worker)
        });
        let (dirty, budget) = (Vec::new(), Budget::default());
        Self { runtime, slots, worker, handle, dirty, budget, _guard: guard }
    }

    fn push(&self, pushes: impl IntoIterator<Item = Push>) {
        let slots = self.slots.borrow();
        let mut tally = Tally::default();
        for Push { to, packet, delivery, is_event } in pushes {
            if let Delivery::Kept(offset) = delivery {
                slots.keep(to, offset, &packet, self.runtime.clock.now());
            }
            // A session that has just ended: its slot is free, and the packet has no recipient.
            let Some(outbox) = slots.find(to) else { continue };
            let pushed = outbox.push(translated(&self.runtime, packet), delivery);
            tally.count(pushed, delivery, is_event);
            if let (Delivery::Passing(offset), Pushed::Queued) = (delivery, pushed) {
                slots.pass(to, offset, self.runtime.clock.now());
            }
        }
        tally.report(&self.runtime, self.handle.metrics());
    }

    fn deliver(&mut self, packet: &Bytes, delivery: Delivery, to: &[Slot], skip: &Skip<SlotRef>) {
        let Self { runtime, slots, worker, handle, dirty, .. } = self;
        let on_the_wire = translated(runtime, packet.clone());
        let slots = slots.borrow();
        let mut tally = Tally::default();
        let nobody = matches!(skip, Skip::Nobody);
        for slot in to.iter().copied() {
            if !nobody && skip.contains(SlotRef { worker: *worker, slot }) {
                continue;
            }
            if let Delivery::Kept(offset) = delivery {
                slots.keep(slot, offset, packet, runtime.clock.now());
            }
            let Some(outbox) = slots.find(slot) else { continue };
            let (pushed, is_news) = outbox.queue(on_the_wire.clone(), delivery, None);
            tally.count(pushed, delivery, true);
            if let (Delivery::Passing(offset), Pushed::Queued) = (delivery, pushed) {
                slots.pass(slot, offset, runtime.clock.now());
            }
            if is_news {
                dirty.push(slot);
            }
        }
        tally.report(runtime, handle.metrics());
    }

    fn push_for_room(&mut self, pushes: Vec<RoomPush>) {
        let slots = self.slots.borrow();
        let mut tally = Tally::default();
        for RoomPush { to, packet, delivery, receipt, is_event } in pushes {
            let Some(outbox) = slots.find(to) else { continue };
            let (pushed, is_news) = outbox.queue(translated(&self.runtime, packet), delivery, receipt);
            tally.count(pushed, delivery, is_event);
            if is_news {
                self.dirty.push(to);
            }
        }
        tally.report(&self.runtime, self.handle.metrics());
    }

    /// Broadcasts that are on their way through this thread share one write to each member: the first
    /// pause lets what is readable be read, the second lets it come here.
    fn wake_at_end_of_turn(&self, ctx: &mut Context<Self>) {
        let pause = async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        ctx.spawn(pause.into_actor(self).map(|(), actor, _| actor.wake_dirty()));
    }

    fn wake_dirty(&mut self) {
        let slots = self.slots.borrow();
        // One that is not there any more has been told by its end.
        std::mem::take(&mut self.dirty)
            .into_iter()
            .filter_map(|slot| slots.find(slot))
            .for_each(|outbox| outbox.wake());
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
        self.handle.metrics().fanout_messages.handle();
        let was_clean = self.dirty.is_empty();
        match command {
            FanoutCommand::Push(pushes) => self.push(pushes),
            FanoutCommand::Refuse { pushes, permit } => {
                self.push(pushes);
                drop(permit);
            }
            FanoutCommand::Deliver { packet, delivery, to, skip } => {
                self.deliver(&packet, delivery, &to, &skip);
            }
            FanoutCommand::Room(pushes) => self.push_for_room(pushes),
            FanoutCommand::CloseSession { session, reason } => session.close(reason),
            FanoutCommand::Release(seal) => drop(seal),
            FanoutCommand::Keep { slot, namespace, history } => {
                self.slots.borrow_mut().keep_history(slot, namespace, history);
            }
            FanoutCommand::Forget { slot, namespace } => {
                self.slots.borrow_mut().forget_history(slot, namespace);
            }
            // Nobody waits any more: the namespace has ended.
            FanoutCommand::Fence(passed) => {
                passed.send(()).ok();
            }
            #[cfg(feature = "testing")]
            FanoutCommand::Crash => crash(),
        }
        if was_clean && !self.dirty.is_empty() {
            self.wake_at_end_of_turn(ctx);
        }
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}

/// What became of the packets of one command, counted once.
#[derive(Default)]
struct Tally {
    queued: u64,
    events: u64,
    dropped: u64,
    overflowed: u64,
}

impl Tally {
    fn count(&mut self, pushed: Pushed, delivery: Delivery, is_event: bool) {
        match pushed {
            Pushed::Queued => {
                self.queued += 1;
                self.events += u64::from(is_event);
            }
            Pushed::Dropped => self.dropped += u64::from(delivery.is_volatile()),
            // The outbox tells its session, which closes as a slow client.
            Pushed::Overflow => self.overflowed += 1,
        }
    }

    fn report(&self, runtime: &Runtime, worker: &WorkerMetrics) {
        runtime.metrics.deliveries.add(self.queued);
        worker.events_out.add(self.events);
        if self.dropped > 0 {
            runtime.metrics.volatile_dropped.add(self.dropped);
        }
        if self.overflowed > 0 {
            runtime.metrics.slow_clients_closed.add(self.overflowed);
        }
    }
}
