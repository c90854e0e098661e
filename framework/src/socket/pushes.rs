//! Packets for single clients of this worker, sent to the fanout together at the end of the turn.
//!
//! Owns: the packets in order. Acknowledgements that follow each other are written behind each other
//! into one buffer: for a client that sends many events at a time that saves an allocation, and a place
//! in the outbox, for each. Keeps: no heap memory while there is nothing to send.

use bytes::{Bytes, BytesMut};
use greenroom_proto::session::Delivery;
use smallvec::SmallVec;

use crate::fanout::{Push, Slot};

/// What a socket has for the fanout of its worker.
#[derive(Debug)]
pub(super) struct Pushes {
    /// The socket's own client.
    own: Slot,
    packets: SmallVec<[Push; 1]>,
    /// Acknowledgements for the own client, behind all packets.
    run: BytesMut,
    /// Acknowledgements since the last time that everything was taken.
    acknowledged: u64,
    /// How many of them are likely in this turn.
    expected: usize,
}

impl Pushes {
    pub(super) fn new(own: Slot) -> Self {
        Self { own, packets: SmallVec::new(), run: BytesMut::new(), acknowledged: 0, expected: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty() && self.run.is_empty()
    }

    /// Adds a packet.
    pub(super) fn push(&mut self, push: Push) {
        self.end_run();
        self.packets.push(push);
    }

    /// Adds a packet for the own client.
    pub(super) fn push_own(&mut self, packet: Bytes, delivery: Delivery, is_event: bool) {
        self.push(Push { to: self.own, packet, delivery, is_event });
    }

    /// Says how many events are to be handled now: most are acknowledged.
    pub(super) fn expect(&mut self, events: usize) {
        self.expected = events;
    }

    /// Whether several events are handled in this turn.
    pub(super) fn expects_several(&self) -> bool {
        self.expected > 1
    }

    /// Where an acknowledgement for the own client is appended, whose arguments have `len` bytes.
    pub(super) fn run(&mut self, len: usize) -> &mut BytesMut {
        self.acknowledged += 1;
        if self.run.len() >= LONG_RUN {
            self.end_run();
        }
        if self.run.is_empty() && self.expected > 1 {
            // The others are about as long, if they are like this one.
            let each = len.saturating_add(FRONT);
            self.run.reserve(self.expected.saturating_mul(each).min(LONG_RUN));
        }
        &mut self.run
    }

    /// Everything, in order, and how many acknowledgements were appended to runs.
    pub(super) fn take(&mut self) -> (SmallVec<[Push; 1]>, u64) {
        self.end_run();
        self.expected = 0;
        (std::mem::take(&mut self.packets), std::mem::take(&mut self.acknowledged))
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            let packet = std::mem::take(&mut self.run).freeze();
            self.packets.push(Push { to: self.own, packet, delivery: Delivery::Reliable, is_event: false });
        }
    }
}

/// What an acknowledgement mostly has beside its arguments; more is found by growing.
const FRONT: usize = 16;
/// 16 KiB. A ping passes whole entries of the outbox, and must not wait for long.
const LONG_RUN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pushes: &mut Pushes) -> Vec<String> {
        pushes.take().0.iter().map(|push| String::from_utf8(push.packet.to_vec()).unwrap()).collect()
    }

    #[test]
    fn acknowledgements_in_a_row_leave_as_one_and_overtake_nothing() {
        let mut pushes = Pushes::new(Slot::default());
        pushes.expect(2);
        pushes.run(2).extend_from_slice(b"a1");
        pushes.run(2).extend_from_slice(b"a2");
        pushes.push_own(Bytes::from_static(b"event"), Delivery::Reliable, true);
        pushes.run(2).extend_from_slice(b"a3");
        assert!(!pushes.is_empty());
        assert_eq!(sent(&mut pushes), ["a1a2", "event", "a3"]);
        assert!(pushes.is_empty() && pushes.run.capacity() == 0);
    }

    #[test]
    fn a_long_run_is_cut() {
        let mut pushes = Pushes::new(Slot::default());
        for _ in 0..3 {
            pushes.run(LONG_RUN).extend_from_slice(&[b'x'; LONG_RUN - 1]);
        }
        let lens: Vec<_> = sent(&mut pushes).iter().map(String::len).collect();
        assert_eq!(lens, [2 * (LONG_RUN - 1), LONG_RUN - 1]);
    }
}
