//! What a session tells one of its WebSockets.
//!
//! Owns: orders that are not taken yet. Keeps: an order is never lost, and given twice is one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// The line from a session to the task of a WebSocket.
#[derive(Debug, Default)]
pub(crate) struct WireLine {
    /// Whether the peer asked for base64 in place of binary data.
    base64: bool,
    orders: AtomicU8,
    paused: AtomicBool,
    was_paused: AtomicBool,
    task: AtomicWaker,
}

/// Orders for a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Order {
    /// Write `3probe`.
    Probe = 1,
    /// Write what the outbox has, from now on.
    Attach = 2,
    /// Close when the outbox is sealed and empty.
    Finish = 4,
    /// Close at once.
    Drop = 8,
}

/// A set of orders.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders(u8);

impl WireLine {
    pub(crate) fn new(base64: bool) -> Arc<Self> {
        Arc::new(Self { base64, ..Self::default() })
    }

    pub(super) fn wants_base64(&self) -> bool {
        self.base64
    }

    pub(crate) fn give(&self, order: Order) {
        self.orders.fetch_or(order as u8, Ordering::AcqRel);
        self.task.wake();
    }

    /// Notes that the task stops reading, or goes on.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        if paused {
            self.was_paused.store(true, Ordering::Release);
        }
    }

    /// Whether the task did not read at some time since this was last asked.
    pub(crate) fn take_paused(&self) -> bool {
        let paused = self.paused.load(Ordering::Acquire);
        self.was_paused.swap(paused, Ordering::AcqRel)
    }

    /// Takes all orders; the task is woken by the next one.
    pub(crate) fn take(&self, task: &Waker) -> Orders {
        self.task.register(task);
        Orders(self.orders.swap(0, Ordering::AcqRel))
    }
}

impl Orders {
    pub(crate) fn contains(self, order: Order) -> bool {
        self.0 & order as u8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_remembered_until_it_was_asked_for() {
        let line = WireLine::new(false);
        assert!(!line.take_paused());
        line.set_paused(true);
        assert!(line.take_paused() && line.take_paused());
        line.set_paused(false);
        assert!(line.take_paused());
        assert!(!line.take_paused());
    }

    #[test]
    fn orders_given_before_the_task_looks_are_all_found() {
        let line = WireLine::new(false);
        line.give(Order::Probe);
        line.give(Order::Drop);
        let orders = line.take(Waker::noop());
        assert!(orders.contains(Order::Probe) && orders.contains(Order::Drop));
        assert!(!orders.contains(Order::Attach) && !orders.contains(Order::Finish));
        assert!(!line.take(Waker::noop()).contains(Order::Probe));
    }
}
