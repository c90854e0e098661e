//! Hooks as transactions: all of what one did, or nothing.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::{Phase, RoomCore};
use crate::reject::Reject;
use crate::room::cx::Asked;
use crate::room::{CloseReason, Cx, Effect, FaultReport, MemberId, Options, Room};

/// Whose event runs, and what it is called: whom a panic is blamed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sender {
    pub(super) member: MemberId,
    pub(super) event: String,
}

/// A hook that asked for something impossible; its text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Impossible(String);

/// Where chance and counters stood before a hook.
struct Mark {
    rng: u64,
    next_task: u64,
    tasks: usize,
}

impl<R: Room> RoomCore<R> {
    /// Runs a hook that may refuse. After `Ok`, what it asked for waits to be
    /// [settled](RoomCore::settle); after `Err`, nothing has happened. A panic is reported, and is
    /// the refusal `room_error`.
    pub(super) fn attempt<T>(
        &mut self,
        hook: &'static str,
        sender: Option<&Sender>,
        body: impl FnOnce(&mut R, &mut Cx<R>) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        let before = match catch(|| self.room.clone()) {
            Ok(before) => before,
            Err(message) => return Err(self.fault("clone", sender, message)),
        };
        let mark = Mark { rng: self.cx.rng.place(), next_task: self.cx.next_task, tasks: self.cx.tasks };
        let (room, cx) = (&mut self.room, &mut self.cx);
        let outcome = catch(|| body(room, cx));
        let outcome = match (outcome, self.cx.asked.failure.take()) {
            (Ok(Ok(value)), None) => return Ok(value),
            (Ok(Ok(_)), Some(impossible)) => Ok(Impossible(impossible).into()),
            (Ok(Err(reject)), _) => Ok(reject),
            (Err(message), _) => Err(message),
        };
        self.roll_back(before, &mark);
        Err(outcome.unwrap_or_else(|message| self.fault(hook, sender, message)))
    }

    /// Runs a hook that cannot refuse, and settles what it asked for. `None` if it failed: a failure
    /// counts as a panic, because there is nobody to be told.
    pub(super) fn run<T>(
        &mut self,
        hook: &'static str,
        sender: Option<&Sender>,
        body: impl FnOnce(&mut R, &mut Cx<R>) -> Result<T, Reject>,
    ) -> Option<T> {
        let faults = self.faults.total();
        match self.attempt(hook, sender, body) {
            Ok(value) => {
                self.settle();
                Some(value)
            }
            Err(reject) => {
                if self.faults.total() == faults {
                    let why = reject.cause().unwrap_or_else(|| reject.message()).to_owned();
                    self.fault(hook, sender, why);
                }
                None
            }
        }
    }

    /// Looks at the state; a panic is reported.
    pub(super) fn look<T>(&mut self, hook: &'static str, body: impl FnOnce(&R, &Cx<R>) -> T) -> Option<T> {
        match catch(|| body(&self.room, &self.cx)) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(hook, None, message);
                None
            }
        }
    }

    fn roll_back(&mut self, before: R, mark: &Mark) {
        let broken = std::mem::replace(&mut self.room, before);
        let asked = std::mem::take(&mut self.cx.asked);
        self.cx.rng.move_to(mark.rng);
        self.cx.next_task = mark.next_task;
        self.cx.tasks = mark.tasks;
        discard(broken);
        discard(asked);
    }

    /// Reports a panic, and ends a room that panics too often. Returns what a client is told.
    pub(super) fn fault(&mut self, hook: &'static str, sender: Option<&Sender>, message: String) -> Reject {
        self.report(hook, sender, message);
        if self.faults.note(self.cx.now, sender.cloned(), &self.cx.limits) {
            self.end(CloseReason::Crashed);
        }
        room_error()
    }

    pub(super) fn report(&mut self, hook: &'static str, sender: Option<&Sender>, message: String) {
        if self.phase == Phase::Open {
            let member = sender.map(|sender| sender.member.clone());
            let journal = self.panic_journal(hook, &message);
            self.effects.push(Effect::Fault(FaultReport { hook, message, member, journal }));
        }
    }
}

/// Runs [`Room::create`].
pub(super) fn make<R: Room>(
    options: &Options,
    cx: &mut Cx<R>,
    effects: &mut Vec<Effect<R>>,
) -> Result<R, Reject> {
    match (catch(|| R::create(options, cx)), cx.asked.failure.take()) {
        (Ok(Ok(room)), None) => Ok(room),
        (Ok(Ok(_)), Some(impossible)) => Err(Impossible(impossible).into()),
        (Ok(Err(reject)), _) => Err(reject),
        (Err(message), _) => {
            discard(std::mem::take::<Asked<R>>(&mut cx.asked));
            effects.push(Effect::Fault(FaultReport { hook: "create", message, member: None, journal: None }));
            Err(room_error())
        }
    }
}

/// What a client is told of a panic.
pub(super) fn room_error() -> Reject {
    Reject::new("room_error", "the room failed to handle this")
}

/// Runs user code; a panic becomes its message.
///
/// What it left half done is thrown away by whoever calls this, so no broken invariant is seen.
pub(in crate::room) fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| message(&*payload))
}

/// Drops a value of the user, whose `Drop` may panic too.
pub(super) fn discard<T>(value: T) {
    // The panic that made this necessary has been reported; another one adds nothing.
    drop(catch(|| drop(value)));
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
