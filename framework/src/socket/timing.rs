//! What handlers cost in time, for the operator.
//!
//! Keeps: a look at the clock costs as much as a small handler does, so quick handlers of one read are
//! timed together. What took no longer than the first range of the histogram together is in that range one
//! by one, too. When they were not so quick, each counts as their mean, and those that follow are timed one
//! by one until one is quick again.

use std::time::{Duration, Instant};

use super::actor::SocketActor;

impl SocketActor {
    /// When the handler that is called now begins. An asynchronous one may take its time: what it is timed
    /// by has none of the others in it.
    pub(super) fn begin_handler(&mut self, is_asynchronous: bool) -> Instant {
        if is_asynchronous {
            self.note_handlers();
        }
        match self.timed_from {
            Some(began) => began,
            None => *self.timed_from.insert(self.now()),
        }
    }

    /// A handler is through.
    pub(super) fn end_handler(&mut self) {
        self.untimed += 1;
        if self.untimed >= self.together || !self.pushes.expects_several() {
            self.note_handlers();
        }
    }

    /// Records the handlers that are through; what follows is timed from now on.
    pub(super) fn note_handlers(&mut self) {
        let (Some(began), 1..) = (self.timed_from, self.untimed) else { return };
        let now = self.now();
        let each = now.saturating_duration_since(began) / u32::from(self.untimed);
        self.worker.metrics.handlers.record(each, u64::from(self.untimed));
        self.together = if each > QUICK / u32::from(TOGETHER) { 1 } else { TOGETHER };
        self.untimed = 0;
        self.timed_from = Some(now);
    }

    /// The turn is over: what comes until the next one is no handler's time.
    pub(super) fn end_timing(&mut self) {
        self.note_handlers();
        self.timed_from = None;
    }

    pub(super) fn now(&self) -> Instant {
        self.socket.runtime().clock.now()
    }
}

/// Handlers that are timed together.
const TOGETHER: u8 = 8;
/// The first range of the histogram.
const QUICK: Duration = Duration::from_micros(10);
