//! How others reach a fanout.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};

use actix::{Addr, AsyncContext, Context};

use super::actor::FanoutActor;
use super::{FanoutCommand, Slots};
use crate::runtime::Runtime;
use crate::runtime::metrics::WorkerMetrics;
use crate::runtime::post::{self, Refused};
use crate::runtime::worker::WorkerId;

/// The fanout of one worker; survives the death of the actor.
#[derive(Clone)]
pub(crate) struct FanoutHandle(Arc<Mailbox>);

struct Mailbox {
    addr: RwLock<Addr<FanoutActor>>,
    metrics: Arc<WorkerMetrics>,
}

impl FanoutHandle {
    /// Starts the fanout of this thread.
    pub(crate) fn start(
        runtime: Arc<Runtime>,
        slots: Rc<RefCell<Slots>>,
        worker: WorkerId,
        metrics: Arc<WorkerMetrics>,
    ) -> Self {
        // The actor needs its handle and the handle the actor's address: the mailbox comes first.
        let ctx = Context::new();
        let mailbox = Mailbox { addr: RwLock::new(ctx.address()), metrics };
        let handle = Self(Arc::new(mailbox));
        ctx.run(FanoutActor::new(runtime, slots, worker, handle.clone()));
        handle
    }

    /// What its worker counts.
    pub(super) fn metrics(&self) -> &WorkerMetrics {
        &self.0.metrics
    }

    /// Traffic.
    pub(crate) fn send(
        &self,
        runtime: &Runtime,
        command: FanoutCommand,
    ) -> Result<(), Refused<FanoutCommand>> {
        let addr = self.0.addr.read().unwrap_or_else(PoisonError::into_inner);
        let sent = post::traffic(&runtime.metrics, &addr, command);
        if sent.is_ok() {
            self.0.metrics.fanout_messages.enter();
        }
        sent
    }

    /// Lifecycle: bounded by the permit of a read, or by the number of sockets and sessions.
    pub(crate) fn send_anyway(&self, runtime: &Runtime, command: FanoutCommand) {
        let addr = self.0.addr.read().unwrap_or_else(PoisonError::into_inner);
        if post::lifecycle(&runtime.metrics, &addr, command) {
            self.0.metrics.fanout_messages.enter();
        }
    }

    /// Waits for room in the mailbox.
    pub(crate) fn wait(&self, command: FanoutCommand) -> impl Future<Output = bool> + use<> {
        let (addr, mailbox) = (self.addr(), self.0.clone());
        async move {
            mailbox.metrics.fanout_messages.enter();
            post::wait(addr, command).await
        }
    }

    /// Whether its thread has not ended.
    pub(crate) fn is_running(&self) -> bool {
        self.addr().connected()
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self, runtime: &Runtime) {
        self.send_anyway(runtime, FanoutCommand::Crash);
    }

    /// A fanout died: the sessions of its worker may miss packets, so they end and come back to a
    /// new one.
    pub(super) fn restart_after_death(
        self,
        runtime: &Arc<Runtime>,
        slots: &Rc<RefCell<Slots>>,
        worker: WorkerId,
    ) {
        runtime.metrics.actor_deaths.count();
        tracing::error!(worker = worker.0, "a fanout died; its sessions are closed");
        let ctx = Context::new();
        let mut addr = self.0.addr.write().unwrap_or_else(PoisonError::into_inner);
        *addr = ctx.address();
        self.0.metrics.fanout_messages.reset();
        drop(addr);
        let outboxes: Vec<_> = slots.borrow().iter().cloned().collect();
        outboxes.iter().for_each(|outbox| outbox.abort());
        ctx.run(FanoutActor::new(runtime.clone(), slots.clone(), worker, self));
    }

    fn addr(&self) -> Addr<FanoutActor> {
        self.0.addr.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for FanoutHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanoutHandle").field("connected", &self.addr().connected()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::runtime::clock::Clock;
    use crate::runtime::worker::Worker;

    #[actix_rt::test]
    async fn a_full_mailbox_refuses_whoever_holds_a_handle() {
        let config = Config { mailbox_capacity: 2, ..Config::default() };
        let runtime = Runtime::new(config, Clock::system());
        let worker = Worker::start(&runtime).unwrap();
        tokio::task::yield_now().await;
        let send = || worker.handle.clone().fanout.send(&runtime, FanoutCommand::Push(Default::default()));
        assert!(send().is_ok() && send().is_ok());
        assert!(matches!(send(), Err(Refused::Full(_))));
        tokio::task::yield_now().await;
        assert!(send().is_ok());
    }
}
