//! What every actor's shell does alike.
//!
//! Owns: the yield budget and the report of a death. Keeps: a flooded mailbox starves neither its
//! own timers nor its neighbours; the death of an actor by a panic is always noticed.

use std::fmt;

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

/// Runs its report if the actor that holds it is dropped without having stopped.
///
/// actix neither restarts nor announces an actor whose handler panicked; dropping the actor is all
/// that happens.
pub(crate) struct DeathGuard(Option<Box<dyn FnOnce()>>);

impl DeathGuard {
    pub(crate) fn new(report: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(report)))
    }

    /// For `Actor::stopped`, which actix calls while unwinding too.
    pub(crate) fn disarm_unless_panicking(&mut self) {
        if !std::thread::panicking() {
            self.0 = None;
        }
    }
}

impl Drop for DeathGuard {
    fn drop(&mut self) {
        // Without a System the thread is ending: nobody is left to tell.
        if let Some(report) = self.0.take().filter(|_| System::try_current().is_some()) {
            report();
        }
    }
}

impl fmt::Debug for DeathGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeathGuard").field(&self.0.is_some()).finish()
    }
}

/// What a `Crash` command of a fault test does.
#[cfg(feature = "testing")]
#[expect(clippy::panic, reason = "fault injection: the death of an actor is what is tested")]
pub(crate) fn crash() {
    panic!("crashed by a fault test");
}
