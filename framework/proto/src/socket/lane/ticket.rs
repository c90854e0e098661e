//! What a lane shares with its packets in flight: the only lock-free code.

use std::{fmt, sync::Arc};

#[cfg(all(test, loom))]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(all(test, loom)))]
use std::sync::atomic::{AtomicU64, Ordering};

/// Called when the first parked operation of a lane may go: once per wait, from whatever thread
/// drops the last ticket that was waited for. It sends the owner a message and must not panic.
pub trait WakeLane: Send + Sync {
    /// Makes the owner poll its lane soon.
    fn wake(&self);
}

impl<F: Fn() + Send + Sync> WakeLane for F {
    fn wake(&self) {
        self();
    }
}

/// Travels with a packet until every room of it has put it into the fanouts' mailboxes.
///
/// Each room of a union gets a clone. The packet is passed on when the last clone is dropped.
pub struct Ticket {
    flight: Arc<Flight>,
    reaches_self: bool,
}

impl Ticket {
    pub(super) fn new(flight: &Arc<Flight>, reaches_self: bool) -> Self {
        flight.enter(reaches_self);
        Self { flight: Arc::clone(flight), reaches_self }
    }
}

impl Clone for Ticket {
    fn clone(&self) -> Self {
        Self::new(&self.flight, self.reaches_self)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.flight.pass_on(self.reaches_self);
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.flight, &other.flight) && self.reaches_self == other.reaches_self
    }
}

impl Eq for Ticket {}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("reaches_self", &self.reaches_self).finish_non_exhaustive()
    }
}

/// What a lane waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u64)]
pub(super) enum Until {
    /// No packet in flight can reach the emitter.
    NoneReachesSelf = 1 << 62,
    /// No packet is in flight.
    Clear = 2 << 62,
    /// Fewer packets than the limit are in flight. A lane that had to wait goes on at half of it,
    /// so that it is not woken for each packet.
    Room = 3 << 62,
}

/// The packets in flight and the wait of their lane, together in one word: nobody can see the one
/// without the other, so no wake-up is lost and none is sent twice.
///
/// ```text
/// 63..62  what the lane waits for (0: nothing), see `Until`
/// 61..31  tickets of packets that can reach the emitter
/// 30..0   tickets
/// ```
///
/// A wait is in the word exactly while what it waits for has not come true: the lane sets it in the
/// same step that finds it untrue, the ticket that makes it true removes it in the same step.
pub(super) struct Flight {
    word: AtomicU64,
    limit: u64,
    wake: Arc<dyn WakeLane>,
}

impl Flight {
    pub(super) fn new(limit: usize, wake: Arc<dyn WakeLane>) -> Self {
        let limit = u64::try_from(limit).unwrap_or(TICKETS).min(TICKETS);
        Self { word: AtomicU64::new(0), limit, wake }
    }

    /// Whether that has come true; if not, the wake-up is armed.
    ///
    /// Acquires what the rooms did before they dropped their tickets: what the emitter sends after
    /// `true` comes later in every mailbox.
    pub(super) fn reached_or_armed(&self, until: Until) -> bool {
        let arm = |word| (!self.is_reached(word, until)).then_some(word & !WAITS | until as u64);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, arm).is_err()
    }

    pub(super) fn tickets(&self) -> usize {
        let tickets = self.word.load(Ordering::Acquire) & TICKETS;
        usize::try_from(tickets).unwrap_or(usize::MAX)
    }

    /// Relaxed, since whoever makes a ticket is the lane, or holds another ticket.
    fn enter(&self, reaches_self: bool) {
        self.word.fetch_add(unit(reaches_self), Ordering::Relaxed);
    }

    fn pass_on(&self, reaches_self: bool) {
        let left = |word| {
            let word = word - unit(reaches_self);
            if self.wakes(word) { word & !WAITS } else { word }
        };
        let update = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| Some(left(word)));
        if update.is_ok_and(|word| word & WAITS != 0 && left(word) & WAITS == 0) {
            self.wake.wake();
        }
    }

    fn is_reached(&self, word: u64, until: Until) -> bool {
        match until {
            Until::NoneReachesSelf => word & REACHING_SELF == 0,
            Until::Clear => word & TICKETS == 0,
            Until::Room if word & WAITS == Until::Room as u64 => word & TICKETS <= self.limit / 2,
            Until::Room => word & TICKETS < self.limit,
        }
    }

    fn wakes(&self, word: u64) -> bool {
        let waits = [Until::NoneReachesSelf, Until::Clear, Until::Room];
        waits.into_iter().any(|until| word & WAITS == until as u64 && self.is_reached(word, until))
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        f.debug_struct("Flight")
            .field("tickets", &(word & TICKETS))
            .field("reaching_self", &((word & REACHING_SELF) >> REACHING_SELF.trailing_zeros()))
            .field("waits", &(word & WAITS != 0))
            .finish_non_exhaustive()
    }
}

const WAITS: u64 = 3 << 62;
const TICKETS: u64 = (1 << 31) - 1;
const REACHING_SELF: u64 = TICKETS << 31;

/// One ticket. There are never 2^31 of them: each holds memory.
const fn unit(reaches_self: bool) -> u64 {
    if reaches_self { 1 + (1 << 31) } else { 1 }
}
