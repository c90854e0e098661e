//! The fanout's shell.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use greenroom_proto::rooms::Skip;
use greenroom_proto::session::{Delivery, Pushed};

use super::run::{Joined, Run};
use super::{FanoutCommand, FanoutHandle, Push, RoomPush, Slot, SlotRef, Slots};
use crate::parser::translated;
use crate::runtime::Runtime;
use crate::runtime::metrics::WorkerMetrics;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::shell::{Budget, DeathGuard};
use crate::runtime::worker::WorkerId;
use crate::session::Forms;

pub(super) struct FanoutActor {
    runtime: Arc<Runtime>,
    slots: Rc<RefCell<Slots>>,
    worker: WorkerId,
    handle: FanoutHandle,
    /// Broadcasts of this turn that are not yet in outboxes.
    run: Option<Run>,
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
        let (run, dirty, budget) = (None, Vec::new(), Budget::default());
        Self { runtime, slots, worker, handle, run, dirty, budget, _guard: guard }
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
            let pushed = outbox.push(outbox.form().adapt(translated(&self.runtime, packet)), delivery);
            tally.count(pushed, delivery, is_event);
            if let (Delivery::Passing(offset), Pushed::Queued) = (delivery, pushed) {
                slots.pass(to, offset, self.runtime.clock.now());
            }
        }
        tally.report(&self.runtime, self.handle.metrics());
    }

    /// Takes a broadcast that all members get. Those that follow each other are put into outboxes
    /// together: a member is visited once for all of them.
    fn gather(&mut self, packet: Bytes, to: &Arc<Vec<Slot>>) {
        let next = match &mut self.run {
            Some(run) => run.add(packet, to).err(),
            None => Some(Run::new(packet, to.clone())),
        };
        if let Some(next) = next {
            self.deliver_run();
            self.run = Some(next);
        }
    }

    /// Puts the broadcasts of this turn into outboxes.
    fn deliver_run(&mut self) {
        let Some(mut run) = self.run.take() else { return };
        if let [packet] = run.packets.as_slice() {
            return self.deliver(packet, Delivery::Reliable, &run.to, &Skip::Nobody);
        }
        run.packets.iter_mut().for_each(|packet| {
            *packet = translated(&self.runtime, std::mem::take(packet));
        });
        let slots = self.slots.borrow();
        let packets = u64::try_from(run.packets.len()).unwrap_or(u64::MAX);
        let mut tally = Tally::default();
        let (to, mut on_the_wire) = run.join();
        for slot in to.iter().copied() {
            let Some(outbox) = slots.find(slot) else { continue };
            let Joined { packets: each, all } = on_the_wire.of(outbox.form());
            let (pushed, is_news) = outbox.queue_run(each, all);
            tally.count_run(pushed, packets);
            if is_news {
                self.dirty.push(slot);
            }
        }
        tally.report(&self.runtime, self.handle.metrics());
    }

    fn deliver(&mut self, packet: &Bytes, delivery: Delivery, to: &[Slot], skip: &Skip<SlotRef>) {
        let Self { runtime, slots, worker, handle, dirty, .. } = self;
        let mut on_the_wire = Forms::new(translated(runtime, packet.clone()));
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
            let (pushed, is_news) = outbox.queue(on_the_wire.of(outbox.form()).clone(), delivery, None);
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
            let packet = outbox.form().adapt(translated(&self.runtime, packet));
            let (pushed, is_news) = outbox.queue(packet, delivery, receipt);
            tally.count(pushed, delivery, is_event);
            if is_news {
                self.dirty.push(to);
            }
        }
        tally.report(&self.runtime, self.handle.metrics());
    }

    fn perform(&mut self, command: FanoutCommand) {
        let is_for_all = command.is_for_all();
        if !is_for_all {
            // Nothing overtakes what came before.
            self.deliver_run();
        }
        match command {
            FanoutCommand::Push(pushes) => self.push(pushes),
            FanoutCommand::Refuse { pushes, permit } => {
                self.push(pushes);
                drop(permit);
            }
            FanoutCommand::Deliver { packet, to, .. } if is_for_all => self.gather(packet, &to),
            FanoutCommand::Deliver { packet, delivery, to, skip } => {
                self.deliver(&packet, delivery, &to, &skip);
            }
            FanoutCommand::DeliverAll { packets, to } => {
                packets.into_iter().for_each(|packet| self.gather(packet, &to));
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
    }

    fn is_idle(&self) -> bool {
        self.run.is_none() && self.dirty.is_empty()
    }

    /// Broadcasts that are on their way through this thread share one write to each member: the first
    /// pause lets what is readable be read, the second lets it come here.
    fn wake_at_end_of_turn(&self, ctx: &mut Context<Self>) {
        let pause = async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        ctx.spawn(pause.into_actor(self).map(|(), actor, _| actor.end_turn()));
    }

    fn end_turn(&mut self) {
        self.deliver_run();
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
        let was_idle = self.is_idle();
        self.perform(command);
        if was_idle && !self.is_idle() {
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

    /// Counts so many reliable events.
    fn count_run(&mut self, pushed: Pushed, events: u64) {
        match pushed {
            Pushed::Queued => {
                self.queued += events;
                self.events += events;
            }
            Pushed::Dropped => {}
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
