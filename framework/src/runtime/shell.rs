//! What every actor's shell does alike.
//!
//! Owns: the yield budget and the report of a death. Keeps: a flooded mailbox starves neither its
//! own timers nor its neighbours; the death of an actor by a panic is always noticed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::prelude::*;

/// After this many commands an actor lets others of its thread run: measured, a drained flood
/// otherwise stops every timer and neighbour of the arbiter.
const COMMANDS_PER_TURN: u32 = 64;

/// Counts the commands of a turn.
#[derive(Debug, Default)]
pub(crate) struct Budget(u32);

impl Budget {
    /// Counts one command; yields to the thread's other tasks when the turn is used up.
    pub(crate) fn spend<A>(actor: &mut A, ctx: &mut Context<A>, budget: impl Fn(&mut A) -> &mut Self)
    where
        A: Actor<Context = Context<A>>,
    {
        let spent = budget(actor);
        spent.0 += 1;
        if spent.0 >= COMMANDS_PER_TURN {
            spent.0 = 0;
            ctx.wait(tokio::task::yield_now().into_actor(actor));
        }
    }
}

/// Runs its report if the actor that holds it dies of a panic of its own.
///
/// actix neither restarts nor announces an actor whose handler panicked; dropping the actor while the
/// panic unwinds is all that happens.
pub(crate) struct DeathGuard(Option<Box<dyn FnOnce()>>);

impl DeathGuard {
    pub(crate) fn new(report: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(report)))
    }
}

impl Drop for DeathGuard {
    fn drop(&mut self) {
        if let Some(report) = self.0.take().filter(|_| is_death()) {
            report();
        }
    }
}

impl fmt::Debug for DeathGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeathGuard")
    }
}

/// Whether an actor that is dropped now dies of a panic: it was not stopped, and does not go with its
/// thread, where nobody is left to tell and no successor could start.
pub(crate) fn is_death() -> bool {
    std::thread::panicking() && !is_thread_ending()
}

/// A thread that ends drops all its tasks, and a new one at once.
fn is_thread_ending() -> bool {
    let probe = || actix_rt::spawn(std::future::ready(())).is_finished();
    System::try_current().is_none() || catch_unwind(AssertUnwindSafe(probe)).unwrap_or(true)
}

/// What a `Crash` command of a fault test does.
#[cfg(feature = "testing")]
#[expect(clippy::panic, reason = "fault injection: the death of an actor is what is tested")]
pub(crate) fn crash() {
    panic!("crashed by a fault test");
}
