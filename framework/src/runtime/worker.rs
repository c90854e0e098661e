//! The actix threads that host sessions.
//!
//! Owns: per thread and server a [`Worker`] (its slots, wheel and fanout), made on first use; per
//! server the list of all of them as [`WorkerHandle`]s. Keeps: a [`WorkerId`] is never given to
//! another thread, so a slot reference of a thread that ended can reach nobody.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};

use actix_rt::{ArbiterHandle, System};

use super::Runtime;
use super::metrics::WorkerMetrics;
use super::wheel::Wheel;
use crate::fanout::{FanoutHandle, Slots};

/// A thread of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WorkerId(pub(crate) u16);

/// What other threads know of a worker.
#[derive(Debug, Clone)]
pub(crate) struct WorkerHandle {
    pub(crate) id: WorkerId,
    pub(crate) arbiter: ArbiterHandle,
    pub(crate) fanout: FanoutHandle,
}

/// The worker of this thread.
pub(crate) struct Worker {
    pub(crate) handle: WorkerHandle,
    pub(crate) wheel: Wheel,
    pub(crate) slots: Rc<RefCell<Slots>>,
    pub(crate) metrics: Arc<WorkerMetrics>,
}

/// All workers of a server, by id.
#[derive(Debug, Default)]
pub(crate) struct Workers(RwLock<Vec<(WorkerHandle, Arc<WorkerMetrics>)>>);

/// This thread has no actix `System`: the server was started under another runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no actix System on this thread: start with #[actix_web::main] or #[actix::main], not #[tokio::main]"
)]
pub struct NoSystem;

thread_local! {
    static HERE: RefCell<Vec<(u64, Rc<Worker>)>> = const { RefCell::new(Vec::new()) };
}

impl Worker {
    /// This thread's worker for the server, made if there is none yet.
    ///
    /// # Errors
    /// [`NoSystem`] on a thread that actix does not run.
    pub(crate) fn current(runtime: &Arc<Runtime>) -> Result<Rc<Self>, NoSystem> {
        let known = HERE.with_borrow(|here| {
            here.iter().find(|(server, _)| *server == runtime.id).map(|(_, worker)| worker.clone())
        });
        match known {
            Some(worker) => Ok(worker),
            None => {
                let worker = Self::start(runtime)?;
                worker.make_current(runtime);
                Ok(worker)
            }
        }
    }

    /// Makes a worker of this thread.
    pub(crate) fn start(runtime: &Arc<Runtime>) -> Result<Rc<Self>, NoSystem> {
        System::try_current().ok_or(NoSystem)?;
        let arbiter = actix_rt::Arbiter::try_current().ok_or(NoSystem)?;
        let slots = Rc::new(RefCell::new(Slots::default()));
        let metrics = Arc::<WorkerMetrics>::default();
        let start_fanout = |id| FanoutHandle::start(runtime.clone(), slots.clone(), id, metrics.clone());
        let handle = runtime.workers.add(arbiter, start_fanout, metrics.clone());
        let wheel = Wheel::start(runtime.clock.clone());
        Ok(Rc::new(Self { handle, wheel, slots, metrics }))
    }

    /// Makes this the thread's worker for the server.
    pub(crate) fn make_current(self: &Rc<Self>, runtime: &Runtime) {
        Self::forget(runtime);
        HERE.with_borrow_mut(|here| here.push((runtime.id, self.clone())));
    }

    /// Forgets this thread's worker for the server.
    pub(crate) fn forget(runtime: &Runtime) {
        HERE.with_borrow_mut(|here| here.retain(|(server, _)| *server != runtime.id));
    }
}

impl WorkerHandle {
    /// Whether this is the thread's own worker.
    pub(crate) fn is_here(&self, runtime: &Runtime) -> bool {
        HERE.with_borrow(|here| {
            here.iter().any(|(server, worker)| *server == runtime.id && worker.handle.id == self.id)
        })
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("id", &self.handle.id).finish_non_exhaustive()
    }
}

impl Workers {
    /// The worker's handle; `None` for an id of another server.
    pub(crate) fn find(&self, id: WorkerId) -> Option<WorkerHandle> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(usize::from(id.0)).map(|(worker, _)| worker.clone())
    }

    /// All workers so far, and what they count; those of threads that ended included.
    pub(crate) fn all(&self) -> Vec<(WorkerHandle, Arc<WorkerMetrics>)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(
        &self,
        arbiter: ArbiterHandle,
        start_fanout: impl FnOnce(WorkerId) -> FanoutHandle,
        metrics: Arc<WorkerMetrics>,
    ) -> WorkerHandle {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let id = WorkerId(u16::try_from(all.len()).unwrap_or(u16::MAX));
        let handle = WorkerHandle { id, arbiter, fanout: start_fanout(id) };
        all.push((handle.clone(), metrics));
        handle
    }
}
