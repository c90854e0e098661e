//! What waits leaves, in the order patch, events, answers.

use bytestring::ByteString;

use super::{Phase, RoomCore};
use crate::room::{Effect, Room, SocketKey, To};
use crate::session::Delivery;
use crate::socketio::AckId;

/// What waits for the next patch.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    events: Vec<Queued>,
    answers: Vec<Answer>,
}

/// An event that waits.
#[derive(Debug)]
struct Queued {
    to: To,
    event: ByteString,
    items: ByteString,
    /// How many connections had been admitted: one that came later was not meant.
    admissions: u64,
}

/// An acknowledgement that waits.
#[derive(Debug)]
struct Answer {
    socket: SocketKey,
    ack: Option<AckId>,
    items: ByteString,
}

impl Outbound {
    pub(super) fn push_event(&mut self, to: To, event: ByteString, items: ByteString, admissions: u64) {
        self.events.push(Queued { to, event, items, admissions });
    }

    pub(super) fn push_answer(&mut self, socket: SocketKey, ack: Option<AckId>, items: ByteString) {
        self.answers.push(Answer { socket, ack, items });
    }

    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.events.is_empty() || !self.answers.is_empty()
    }
}

impl<R: Room> RoomCore<R> {
    pub(super) fn flush_if_due(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        let waits = self.outbound.is_waiting() || self.frames.is_changed();
        if self.ticking.ticks() {
            if self.ticking.take_patch_due() {
                self.flush(false);
            }
        } else if waits && self.ticking.patch_from() <= self.cx.now {
            self.flush(false);
        } else if self.frames.owes() {
            // Whoever has just read is brought to where the others are.
            self.cut(false);
        }
        self.welcome();
    }

    /// Sends everything that waits. The last frames do not wait for those before them to have left:
    /// there is no later time.
    pub(super) fn flush(&mut self, last: bool) {
        self.cut(last);
        for Queued { to, event, items, admissions } in std::mem::take(&mut self.outbound.events) {
            if let Some(to) = self.frames.targets(&to, &self.cx.roster, Some(admissions)) {
                self.effects.push(Effect::Emit { to, event, items, delivery: Delivery::Reliable });
            }
        }
        for Answer { socket, ack, items } in self.outbound.answers.drain(..) {
            self.effects.push(Effect::Answer { socket, ack, result: Ok(items) });
        }
        self.cx.queued_events = 0;
        self.ticking.note_patch(self.cx.now);
        if !self.ticking.ticks() {
            self.traffic.begin_step();
        }
    }
}
