//! A session's outbox, as fanout, session and writer share it.
//!
//! Owns: the [`Outbox`] behind a lock that is held for copies only, never for I/O. Takes: packets of
//! the fanout, a few of the session. Emits: one wake-up for whoever writes, when there is something new
//! to do. Keeps: a writer that finds nothing to do and registers is woken by the next push.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use greenroom_proto::session::{Delivery, Outbox, Pushed, Receipt};
use greenroom_proto::socket::reason::DisconnectReason;

use super::form::Form;

/// A session's outbox, shared by its fanout, its session and the writer of its transport.
pub(crate) type SharedOutbox = Arc<OutboxCell>;

/// The outbox of one session.
pub(crate) struct OutboxCell {
    state: Mutex<State>,
    writer: AtomicWaker,
    /// Bits of a [`Form`].
    form: AtomicU8,
}

struct State {
    outbox: Outbox,
    /// Why the session has to end without flushing; the writer tells it.
    fate: Option<DisconnectReason>,
}

/// What a writer finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Packets.
    Packets,
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing more will come.
    Sealed,
    /// The session has to end.
    Doomed(DisconnectReason),
}

impl OutboxCell {
    pub(crate) fn new(limit: usize, form: Form) -> SharedOutbox {
        let state = Mutex::new(State { outbox: Outbox::new(limit), fate: None });
        Arc::new(Self { state, writer: AtomicWaker::new(), form: AtomicU8::new(form as u8) })
    }

    /// The form that packets have to be pushed in.
    pub(crate) fn form(&self) -> Form {
        Form::from_bits(self.form.load(Ordering::Relaxed))
    }

    /// Sets the form of the packets that are pushed from now on.
    pub(super) fn set_form(&self, form: Form) {
        self.form.store(form as u8, Ordering::Relaxed);
    }

    /// Queues a packet, given as ready server frames in the outbox's form, and wakes the writer if it has
    /// nothing else to do.
    ///
    /// On an overflow the session ends as a slow client; whoever pushed has nothing to do about it.
    pub(crate) fn push(&self, packet: Bytes, delivery: Delivery) -> Pushed {
        let (pushed, is_news) = self.queue(packet, delivery, None);
        if is_news {
            self.wake();
        }
        pushed
    }

    /// As [`push`](Self::push), and says whether there is news for the writer, instead of waking it.
    #[must_use = "the writer has to be woken soon"]
    pub(crate) fn queue(
        &self,
        packet: Bytes,
        delivery: Delivery,
        receipt: Option<Receipt>,
    ) -> (Pushed, bool) {
        self.queue_by(|outbox| outbox.push_with_receipt(packet, delivery, receipt))
    }

    /// As [`queue`](Self::queue), for reliable packets in a row, which `joined` holds behind each other.
    #[must_use = "the writer has to be woken soon"]
    pub(crate) fn queue_run(&self, packets: &[Bytes], joined: &Bytes) -> (Pushed, bool) {
        self.queue_by(|outbox| outbox.push_run(packets, joined))
    }

    fn queue_by(&self, push: impl FnOnce(&mut Outbox) -> Pushed) -> (Pushed, bool) {
        let mut state = self.lock();
        let idle = state.outbox.is_empty();
        let pushed = push(&mut state.outbox);
        if pushed == Pushed::Overflow {
            state.fate = Some(DisconnectReason::TransportError);
        }
        (pushed, (idle && pushed == Pushed::Queued) || pushed == Pushed::Overflow)
    }

    /// Wakes the writer.
    pub(crate) fn wake(&self) {
        self.writer.wake();
    }

    /// Ends the session without flushing: packets may be missing.
    pub(crate) fn abort(&self) {
        let mut state = self.lock();
        state.outbox.discard();
        state.fate.get_or_insert(DisconnectReason::TransportClose);
        drop(state);
        self.writer.wake();
    }

    /// Takes no more packets; those that wait still leave. Wakes the writer, which may be done now.
    pub(crate) fn seal(&self) {
        self.lock().outbox.seal();
        self.writer.wake();
    }

    /// Runs `act` on the outbox; for the session's own packets and for writers.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Outbox) -> R) -> R {
        act(&mut self.lock().outbox)
    }

    /// Queues a packet of the session itself ahead of data.
    pub(crate) fn push_ahead(&self, packet: Bytes) {
        self.with(|outbox| outbox.push_ahead(packet));
        self.writer.wake();
    }

    /// Queues the answer to a ping ahead of data, unless the peer does not read.
    pub(super) fn push_pong(&self, pong: Bytes) {
        self.with(|outbox| outbox.push_pong(pong));
        self.writer.wake();
    }

    /// Copies the next bytes for a WebSocket into `buffer`, and says how many, or what there is instead.
    ///
    /// Until the outbox advances, by none at least, nothing gets ahead of these bytes.
    pub(crate) fn copy_front(&self, buffer: &mut [u8]) -> Result<usize, Pending> {
        let mut state = self.lock();
        let mut copied = 0;
        for slice in state.outbox.front(buffer.len()) {
            let Some(place) = buffer.get_mut(copied..copied + slice.len()) else { break };
            place.copy_from_slice(slice);
            copied += slice.len();
        }
        if copied == 0 { Err(state.pending()) } else { Ok(copied) }
    }

    /// What there is for a writer.
    pub(crate) fn pending(&self) -> Pending {
        self.lock().pending()
    }

    /// Makes this task the writer: it is woken by the next push.
    pub(crate) fn register(&self, writer: &Waker) {
        self.writer.register(writer);
    }

    /// Lets go of the writer, which may hold this outbox itself.
    pub(crate) fn unregister(&self) {
        drop(self.writer.take());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pending(&self) -> Pending {
        match self.fate {
            Some(reason) => Pending::Doomed(reason),
            None if !self.outbox.is_empty() => Pending::Packets,
            None if self.outbox.is_sealed() => Pending::Sealed,
            None => Pending::Nothing,
        }
    }
}

impl fmt::Debug for OutboxCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("OutboxCell")
            .field("pending", &state.outbox.pending())
            .field("fate", &state.fate)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const PACKET: Bytes = Bytes::from_static(b"\x81\x014");

    #[test]
    fn a_writer_is_woken_once_for_many_packets() {
        let (cell, count) = (OutboxCell::new(10_000, Form::V4), Arc::new(Count::default()));
        cell.register(&count.clone().into());
        for _ in 0..10 {
            assert_eq!(cell.push(PACKET, Delivery::Reliable), Pushed::Queued);
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(cell.pending(), Pending::Packets);
    }

    #[test]
    fn pings_from_another_thread_never_cut_a_packet_in_two() {
        const PING: &[u8] = b"\x81\x012";
        let cell = OutboxCell::new(1_000_000, Form::V4);
        let data = Bytes::from_static(b"\x81\x054data");
        for _ in 0..1_000 {
            assert_eq!(cell.push(data.clone(), Delivery::Reliable), Pushed::Queued);
        }
        let pinger = std::thread::spawn({
            let cell = cell.clone();
            move || {
                for _ in 0..1_000 {
                    cell.push_ahead(Bytes::from_static(PING));
                    std::thread::yield_now();
                }
            }
        });
        let mut wire = Vec::new();
        let mut buffer = [0; 30];
        while let Ok(count) = cell.copy_front(&mut buffer) {
            std::thread::yield_now();
            wire.extend_from_slice(&buffer[..count]);
            drop(cell.with(|outbox| outbox.advance(count)));
        }
        pinger.join().unwrap();
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let after = rest.strip_prefix(PING).or_else(|| rest.strip_prefix(&data[..]));
            rest = after.expect("whole packets alone");
        }
    }

    #[test]
    fn an_overflow_wakes_the_writer_to_end_the_session() {
        let (cell, count) = (OutboxCell::new(4, Form::V4), Arc::new(Count::default()));
        assert_eq!(cell.push(PACKET, Delivery::Reliable), Pushed::Queued);
        cell.register(&count.clone().into());
        assert_eq!(cell.push(PACKET, Delivery::Reliable), Pushed::Overflow);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(cell.pending(), Pending::Doomed(DisconnectReason::TransportError));
    }

    #[test]
    fn a_sealed_outbox_says_when_it_is_flushed() {
        let cell = OutboxCell::new(1000, Form::V4);
        assert_eq!(cell.pending(), Pending::Nothing);
        assert_eq!(cell.push(PACKET, Delivery::Reliable), Pushed::Queued);
        cell.seal();
        assert_eq!(cell.pending(), Pending::Packets);
        drop(cell.with(|outbox| outbox.advance(3)));
        assert_eq!(cell.pending(), Pending::Sealed);
    }
}
