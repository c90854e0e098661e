//! The bounded queue of packets towards one session.
//!
//! Owns: ready frames, and how much of the first one is already written.
//! Takes: packets of the session's members' rooms and of the session itself.
//! Emits: bytes for a WebSocket, or payloads for a poll.
//! Keeps: packets leave whole and in the order they came, on whichever transport; what waits stays under
//! the limit, see [`Outbox::new`].

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::engineio::{payload, v3};
use crate::recovery::Offset;

/// How much a packet matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// The packet is sent, or the session ends.
    #[default]
    Reliable,
    /// The packet is left out if the peer is not ready for it at this moment.
    Volatile,
    /// As reliable, and kept for a client that comes back.
    Kept(Offset),
    /// As volatile. Its client may name it as the last one that it saw.
    Passing(Offset),
}

impl Delivery {
    /// Whether the packet may be left out.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        match self {
            Self::Volatile | Self::Passing(_) => true,
            Self::Reliable | Self::Kept(_) => false,
        }
    }
}

/// What became of a pushed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an overflow has to end the session"]
pub enum Pushed {
    /// It waits in the outbox.
    Queued,
    /// It was left out: it was volatile and the peer not ready, or the outbox takes no more.
    Dropped,
    /// It did not fit: the peer reads too slowly. Reported once; from then on everything is dropped.
    Overflow,
}

/// Is told when a packet has left an outbox, or when it never will.
pub trait Flushed: Send + Sync {
    /// The packet has been taken by a writer, or was dropped.
    fn flushed(&self);
}

/// Goes with one packet; tells its [`Flushed`] when it is dropped, which is when the packet is gone.
///
/// A sender that has a newer version of the same thing, such as a state, waits for it: one version at a
/// time is all that a slow peer costs.
pub struct Receipt(Arc<dyn Flushed>);

impl Receipt {
    /// A receipt of one packet.
    #[must_use]
    pub fn new(of: Arc<dyn Flushed>) -> Self {
        Self(of)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.0.flushed();
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt")
    }
}

/// Packets that wait for one peer, each held as the WebSocket frames that carry it.
///
/// An entry is one packet: a text frame, followed by its attachments as binary frames. For a WebSocket
/// it may be several packets. The same `Bytes` is shared by all receivers of a broadcast. A poll turns
/// the frames back into packets.
///
/// An empty outbox holds no heap memory.
#[derive(Debug)]
pub struct Outbox {
    /// The packet that leaves next; kept outside of `rest`, so that one packet at a time costs no allocation.
    first: Option<Bytes>,
    rest: VecDeque<Bytes>,
    /// Packets that have left so far.
    left: u64,
    /// Receipts by the number of their packet: the first packet has the number one.
    receipts: Vec<(u64, Receipt)>,
    /// Bytes of `first` that a WebSocket has already taken.
    written: usize,
    /// Bytes behind these that a WebSocket has been shown, and may be taking at this moment.
    shown: usize,
    /// Bytes of all entries that are not yet written.
    pending: usize,
    /// What the largest packet weighs that came since the outbox was last empty.
    largest: usize,
    limit: usize,
    dropped: u32,
    writable: bool,
    streams: bool,
    intake: Intake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intake {
    Open,
    /// Nothing more comes; what waits may still leave.
    Sealed,
    /// The limit was passed, or the transport is gone.
    Discarding,
}

impl Outbox {
    /// An empty outbox that holds at most `limit` bytes and, besides, one packet of any size.
    ///
    /// The limit is about a peer that does not keep up, and one large packet says nothing about that. So
    /// the largest packet since the outbox was last empty does not count. Each other one counts
    /// [`PACKET_OVERHEAD`] more than its bytes.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use greenroom_proto::session::{Delivery, Outbox, Pushed};
    ///
    /// let mut outbox = Outbox::new(1_000);
    /// let large = Bytes::from(vec![b'x'; 50_000]);
    /// let small = Bytes::from_static(b"small");
    /// assert_eq!(outbox.push(large.clone(), Delivery::Reliable), Pushed::Queued);
    /// assert_eq!(outbox.push(small, Delivery::Reliable), Pushed::Queued);
    /// assert_eq!(outbox.push(large, Delivery::Reliable), Pushed::Overflow);
    /// ```
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            first: None,
            rest: VecDeque::new(),
            left: 0,
            receipts: Vec::new(),
            written: 0,
            shown: 0,
            pending: 0,
            largest: 0,
            limit,
            dropped: 0,
            writable: false,
            streams: false,
            intake: Intake::Open,
        }
    }

    /// Queues a packet, given as ready server frames.
    pub fn push(&mut self, packet: Bytes, delivery: Delivery) -> Pushed {
        self.push_with_receipt(packet, delivery, None)
    }

    /// As [`push`](Self::push); the receipt is dropped when the packet has left, at once if it was not taken.
    pub fn push_with_receipt(
        &mut self,
        packet: Bytes,
        delivery: Delivery,
        receipt: Option<Receipt>,
    ) -> Pushed {
        if self.intake != Intake::Open || (delivery.is_volatile() && !self.writable) {
            self.dropped = self.dropped.saturating_add(1);
            return Pushed::Dropped;
        }
        let weight = packet.len().saturating_add(PACKET_OVERHEAD);
        let largest = self.largest.max(weight);
        if self.weight().saturating_add(weight).saturating_sub(largest) > self.limit {
            self.discard();
            return Pushed::Overflow;
        }
        self.largest = largest;
        self.append(packet);
        if let Some(receipt) = receipt {
            let number = self.left.saturating_add(self.len());
            self.receipts.push((number, receipt));
        }
        Pushed::Queued
    }

    /// Queues reliable packets in a row, which `joined` holds behind each other. A WebSocket gets them as
    /// one entry; a poll has to be able to end between two of them.
    pub fn push_run(&mut self, packets: &[Bytes], joined: &Bytes) -> Pushed {
        if self.streams {
            return self.push(joined.clone(), Delivery::Reliable);
        }
        let pushed = packets.iter().map(|packet| self.push(packet.clone(), Delivery::Reliable));
        let fault = pushed.fold(None, |fault, pushed| fault.or((pushed != Pushed::Queued).then_some(pushed)));
        fault.unwrap_or(Pushed::Queued)
    }

    /// Queues a packet of the session itself ahead of all packets of which nothing is written yet, nor
    /// being written.
    ///
    /// A ping must not wait behind megabytes of data, or a slow peer looks like a dead one. The limit
    /// does not apply: there is at most one such packet at a time, of a few bytes.
    pub fn push_ahead(&mut self, packet: Bytes) {
        if self.intake == Intake::Discarding {
            return;
        }
        self.pending = self.pending.saturating_add(packet.len());
        let begun = self.begun();
        let before = self.left.saturating_add(u64::try_from(begun).unwrap_or(u64::MAX));
        for (number, _) in self.receipts.iter_mut().filter(|(number, _)| *number > before) {
            *number = number.saturating_add(1);
        }
        match begun {
            0 => {
                if let Some(second) = self.first.replace(packet) {
                    self.rest.push_front(second);
                }
            }
            begun => self.rest.insert(begun - 1, packet),
        }
    }

    /// Queues the answer to a ping ahead of data, as [`push_ahead`](Self::push_ahead) does, or leaves it out: a
    /// peer may ping without reading, so the limit applies.
    pub fn push_pong(&mut self, pong: Bytes) {
        if self.weight() <= self.limit {
            self.push_ahead(pong);
        }
    }

    /// The next bytes for a WebSocket, as slices of at most `budget` bytes together.
    ///
    /// They stay the next ones until [`advance`](Self::advance) says what became of them: a writer may
    /// let go of the outbox in between.
    pub fn front(&mut self, budget: usize) -> impl Iterator<Item = &[u8]> {
        self.shown = budget.min(self.pending);
        let mut left = budget;
        let mut skip = self.written;
        self.first.iter().chain(&self.rest).map_while(move |packet| {
            let fresh = packet.get(skip..)?;
            skip = 0;
            let slice = fresh.get(..left.min(fresh.len()))?;
            left -= slice.len();
            (!slice.is_empty()).then_some(slice)
        })
    }

    /// Takes note that a WebSocket has written the first `count` pending bytes, and none of the others.
    /// Returns the receipts of what has left, for a writer that knows better when that has gone further.
    pub fn advance(&mut self, count: usize) -> Vec<Receipt> {
        self.shown = 0;
        let mut count = count.min(self.pending);
        self.pending -= count;
        while let Some(first) = &self.first {
            let fresh = first.len().saturating_sub(self.written);
            if count < fresh {
                self.written += count;
                break;
            }
            count -= fresh;
            self.written = 0;
            self.next_packet();
        }
        let gone = self.take_receipts();
        self.release_if_empty();
        gone
    }

    /// Takes whole packets for the answer of a poll: at most `max_payload` bytes, but at least one packet.
    ///
    /// A packet larger than `max_payload` is sent alone, as the reference does: the limit is the
    /// client's promise, and refusing would lose the packet.
    #[must_use]
    pub fn take_payload(&mut self, max_payload: usize) -> Bytes {
        let mut payload = payload::Writer::new(max_payload);
        self.take_while(|packet| payload.push(packet));
        payload.finish()
    }

    /// As [`take_payload`](Self::take_payload), for a client of revision 3. The packets were pushed in its form.
    #[must_use]
    pub fn take_payload_v3(&mut self, max_payload: usize) -> Bytes {
        let mut payload = v3::Writer::new(max_payload);
        self.take_while(|packet| payload.push(packet));
        payload.finish()
    }

    /// Says whether the peer is ready: the last flush did not block, or a poll is waiting.
    pub fn set_writable(&mut self, writable: bool) {
        self.writable = writable;
    }

    /// A WebSocket takes the packets from now on, and never a poll again.
    pub fn set_streaming(&mut self) {
        self.streams = true;
        self.writable = true;
    }

    /// Takes no more packets; what waits may still leave.
    pub fn seal(&mut self) {
        if self.intake == Intake::Open {
            self.intake = Intake::Sealed;
        }
    }

    /// Drops everything and takes no more: the transport is gone.
    pub fn discard(&mut self) {
        self.intake = Intake::Discarding;
        self.first = None;
        self.written = 0;
        self.shown = 0;
        self.pending = 0;
        self.largest = 0;
        self.rest = VecDeque::new();
        self.receipts = Vec::new();
    }

    /// Bytes that wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Whether no packet is half written, so that something else can be written in between.
    #[must_use]
    pub fn is_between_packets(&self) -> bool {
        self.written == 0
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether nothing more can come.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.intake != Intake::Open
    }

    /// Packets left out so far.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Takes packets off the front while `take` has room for them.
    fn take_while(&mut self, mut take: impl FnMut(&[u8]) -> bool) {
        while let Some(packet) = self.first.take_if(|packet| take(packet)) {
            self.pending = self.pending.saturating_sub(packet.len());
            self.next_packet();
        }
        drop(self.take_receipts());
        self.release_if_empty();
    }

    /// The first packet has left.
    fn next_packet(&mut self) {
        self.first = self.rest.pop_front();
        self.left = self.left.saturating_add(1);
    }

    /// Those of packets that have left.
    fn take_receipts(&mut self) -> Vec<Receipt> {
        let gone = self.receipts.iter().take_while(|(number, _)| *number <= self.left).count();
        self.receipts.drain(..gone).map(|(_, receipt)| receipt).collect()
    }

    fn len(&self) -> u64 {
        let first = usize::from(self.first.is_some());
        u64::try_from(self.rest.len().saturating_add(first)).unwrap_or(u64::MAX)
    }

    /// How many packets are written in part, or may be at this moment.
    fn begun(&self) -> usize {
        let mut taken = self.written.saturating_add(self.shown);
        let packets = self.first.iter().chain(&self.rest);
        let is_begun = |packet: &&Bytes| {
            let begun = taken > 0;
            taken = taken.saturating_sub(packet.len());
            begun
        };
        packets.take_while(is_begun).count()
    }

    fn append(&mut self, packet: Bytes) {
        self.pending = self.pending.saturating_add(packet.len());
        if self.first.is_none() {
            self.first = Some(packet);
        } else {
            self.rest.push_back(packet);
        }
    }

    fn release_if_empty(&mut self) {
        if self.first.is_none() {
            self.largest = 0;
            self.rest = VecDeque::new();
            self.receipts = Vec::new();
        }
    }

    /// What all that waits costs.
    fn weight(&self) -> usize {
        let packets = self.rest.len().saturating_add(usize::from(self.first.is_some()));
        self.pending.saturating_add(packets.saturating_mul(PACKET_OVERHEAD))
    }
}

/// What a packet that waits costs beside its bytes: its place in a queue that doubles when it grows, and
/// what the allocator and the reference count of the bytes take.
pub const PACKET_OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engineio::Packet;

    fn text(content: &str) -> Bytes {
        Packet::decode_text(content.into()).unwrap().encode()
    }

    fn with_attachment(content: &str, attachment: &'static [u8]) -> Bytes {
        [text(content), Packet::decode_binary(Bytes::from_static(attachment)).encode()].concat().into()
    }

    fn write(outbox: &mut Outbox, budget: usize) -> Vec<u8> {
        let bytes: Vec<u8> = outbox.front(budget).flatten().copied().collect();
        drop(outbox.advance(bytes.len()));
        bytes
    }

    fn filled(packets: &[Bytes]) -> Outbox {
        let mut outbox = Outbox::new(1000);
        for packet in packets {
            assert_eq!(outbox.push(packet.clone(), Delivery::Reliable), Pushed::Queued);
        }
        outbox
    }

    #[test]
    fn websocket_bytes_leave_in_order_whatever_the_size_of_a_write() {
        let packets = [text("4one"), with_attachment("4two", b"\x01\x02"), text("4three")];
        for budget in 1..40 {
            let mut outbox = filled(&packets);
            let mut all = Vec::new();
            while !outbox.is_empty() {
                all.extend(write(&mut outbox, budget));
            }
            assert_eq!(all, packets.concat());
            assert_eq!(outbox.pending(), 0);
        }
    }

    #[test]
    fn a_run_is_one_entry_for_a_websocket_and_several_for_polls() {
        let packets = [text("4one"), text("4two")];
        let joined = Bytes::from(packets.concat());
        let mut outbox = Outbox::new(1000);
        assert_eq!(outbox.push_run(&packets, &joined), Pushed::Queued);
        assert_eq!(outbox.take_payload(4), &b"4one"[..]);
        assert_eq!(outbox.take_payload(4), &b"4two"[..]);
        outbox.set_streaming();
        assert_eq!(outbox.push_run(&packets, &joined), Pushed::Queued);
        assert_eq!((outbox.len(), write(&mut outbox, 1000)), (1, joined.to_vec()));
    }

    #[test]
    fn a_run_that_does_not_fit_is_an_overflow_on_any_transport() {
        let packets = [text("4one"), text(&"4".repeat(400)), text(&"4".repeat(400)), text("4four")];
        let joined = Bytes::from(packets.concat());
        let mut polled = Outbox::new(500);
        assert_eq!(polled.push_run(&packets, &joined), Pushed::Overflow);
        assert!(polled.is_empty() && polled.is_sealed());
        let mut streamed = Outbox::new(500);
        streamed.set_streaming();
        assert_eq!(streamed.push_run(&packets, &joined), Pushed::Queued, "the largest one does not count");
        assert_eq!(streamed.push_run(&packets, &joined), Pushed::Overflow);
    }

    #[test]
    fn a_poll_takes_what_a_websocket_would_have_sent() {
        let mut outbox =
            filled(&[text("4one"), with_attachment("4two", b"\x01\x02\x03\x04"), text("4three")]);
        assert_eq!(outbox.take_payload(1000), &b"4one\x1e4two\x1ebAQIDBA==\x1e4three"[..]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_payload_ends_at_its_limit_between_packets() {
        let mut outbox = filled(&[text("4one"), with_attachment("4two", b"\x01"), text("4three")]);
        assert_eq!(outbox.take_payload(5), &b"4one"[..]);
        assert_eq!(outbox.take_payload(17), &b"4two\x1ebAQ==\x1e4three"[..]);
    }

    #[test]
    fn a_packet_larger_than_a_payload_is_sent_alone() {
        let mut outbox = filled(&[text("4very long"), text("4x")]);
        assert_eq!(outbox.take_payload(3), &b"4very long"[..]);
        assert_eq!(outbox.take_payload(3), &b"4x"[..]);
    }

    #[test]
    fn a_ping_passes_data_but_not_a_packet_that_is_half_written() {
        let mut outbox = filled(&[text("4one"), text("4two")]);
        outbox.push_ahead(text("2"));
        assert_eq!(outbox.take_payload(1000), &b"2\x1e4one\x1e4two"[..]);

        let mut outbox = filled(&[text("4one"), text("4two")]);
        let mut all = write(&mut outbox, 3);
        outbox.push_ahead(text("2"));
        all.extend(write(&mut outbox, 1000));
        assert_eq!(all, [text("4one"), text("2"), text("4two")].concat());
    }

    #[test]
    fn pings_of_a_peer_that_does_not_read_are_answered_up_to_the_limit() {
        let mut outbox = Outbox::new(10_000);
        for _ in 0..1_000 {
            outbox.push_pong(text("3"));
        }
        assert!(outbox.len() <= 10_000 / PACKET_OVERHEAD as u64 + 1, "{}", outbox.len());
        assert!(outbox.take_payload_v3(1_000).starts_with(b"1:31:3"));
    }

    #[test]
    fn a_payload_of_revision_3_has_lengths() {
        let mut outbox = filled(&[text("4one"), v3::reframe(with_attachment("4two", b"\x01"), true)]);
        assert_eq!(outbox.take_payload_v3(10), &b"4:4one"[..]);
        assert_eq!(outbox.take_payload_v3(10), &b"4:4two6:b4AQ=="[..]);
    }

    #[test]
    fn a_ping_does_not_pass_what_is_being_written() {
        let packets = [text("4one"), text("4two"), text("4three")];
        let places = [
            (0, [text("2"), text("4one"), text("4two"), text("4three")]),
            (1, [text("4one"), text("2"), text("4two"), text("4three")]),
            (6, [text("4one"), text("2"), text("4two"), text("4three")]),
            (7, [text("4one"), text("4two"), text("2"), text("4three")]),
            (99, [text("4one"), text("4two"), text("4three"), text("2")]),
        ];
        for (budget, expected) in places {
            for taken in 0..=budget.min(packets.concat().len()) {
                let mut outbox = filled(&packets);
                let mut all: Vec<u8> = outbox.front(budget).flatten().copied().collect();
                outbox.push_ahead(text("2"));
                all.truncate(taken);
                drop(outbox.advance(taken));
                all.extend(write(&mut outbox, 1000));
                assert_eq!(all, expected.concat(), "{taken} bytes of {budget} were taken");
            }
        }
    }

    #[test]
    fn a_ping_passes_what_a_writer_was_shown_and_did_not_take() {
        let mut outbox = filled(&[text("4one")]);
        assert_eq!(outbox.front(1000).count(), 1);
        drop(outbox.advance(0));
        outbox.push_ahead(text("2"));
        assert_eq!(write(&mut outbox, 1000), [text("2"), text("4one")].concat());
    }

    #[test]
    fn the_limit_is_reported_once_and_drops_the_rest() {
        let packet = text("4abcdefgh");
        let mut outbox = Outbox::new(PACKET_OVERHEAD + packet.len());
        // One that does not count, and one that just fits.
        assert_eq!(outbox.push(packet.clone(), Delivery::Reliable), Pushed::Queued);
        assert_eq!(outbox.push(packet.clone(), Delivery::Reliable), Pushed::Queued);
        assert_eq!(outbox.push(text("4"), Delivery::Reliable), Pushed::Overflow);
        assert_eq!(outbox.push(packet, Delivery::Reliable), Pushed::Dropped);
        assert_eq!(outbox.pending(), 0);
    }

    #[test]
    fn many_tiny_packets_count_for_what_they_cost() {
        let mut outbox = Outbox::new(100_000);
        let tiny = text("4");
        let queued =
            (0..100_000).take_while(|_| outbox.push(tiny.clone(), Delivery::Reliable) == Pushed::Queued);
        assert_eq!(queued.count(), 1 + 100_000 / (PACKET_OVERHEAD + tiny.len()));
        // The name says what an entry costs; this is what it costs at least.
        assert!(PACKET_OVERHEAD >= 2 * size_of::<Bytes>());
    }

    #[test]
    fn one_packet_of_any_size_fits_wherever_it_comes_and_dooms_nobody() {
        let (small, large) = (text("4small"), Bytes::from(vec![b'x'; 50_000]));
        for before in 0..4 {
            let mut outbox = Outbox::new(1_000);
            for number in 0..6 {
                let packet = if number == before { &large } else { &small };
                assert_eq!(outbox.push(packet.clone(), Delivery::Reliable), Pushed::Queued);
            }
            outbox.push_ahead(text("2"));
            assert_eq!(outbox.push(small.clone(), Delivery::Reliable), Pushed::Queued);
            assert_eq!(outbox.push(large.clone(), Delivery::Reliable), Pushed::Overflow);
        }
    }

    #[test]
    fn a_large_packet_that_has_left_makes_room_for_the_next_one() {
        let large = Bytes::from(vec![b'x'; 50_000]);
        let mut outbox = Outbox::new(1_000);
        for _ in 0..3 {
            assert_eq!(outbox.push(large.clone(), Delivery::Reliable), Pushed::Queued);
            assert_eq!(write(&mut outbox, usize::MAX).len(), 50_000);
        }
        // What it left behind does not count for the others: they are as bounded as before.
        let queued = (0..100).take_while(|_| outbox.push(text("4x"), Delivery::Reliable) == Pushed::Queued);
        assert!(queued.count() < 10);
    }

    #[test]
    fn volatile_needs_a_peer_that_is_ready() {
        let mut outbox = Outbox::new(1000);
        assert_eq!(outbox.push(text("4a"), Delivery::Volatile), Pushed::Dropped);
        outbox.set_writable(true);
        assert_eq!(outbox.push(text("4b"), Delivery::Volatile), Pushed::Queued);
        outbox.set_writable(false);
        assert_eq!(outbox.push(text("4c"), Delivery::Volatile), Pushed::Dropped);
        assert_eq!((&outbox.take_payload(10)[..], outbox.dropped()), (&b"4b"[..], 2));
    }

    #[test]
    fn a_sealed_outbox_still_gives_what_it_has() {
        let mut outbox = filled(&[text("4one")]);
        outbox.seal();
        assert_eq!(outbox.push(text("4two"), Delivery::Reliable), Pushed::Dropped);
        assert_eq!(outbox.take_payload(100), &b"4one"[..]);
    }

    #[test]
    fn an_empty_outbox_holds_no_heap() {
        let mut outbox = filled(&[text("4one"), text("4two"), text("4three")]);
        write(&mut outbox, 1000);
        assert_eq!(outbox.rest.capacity(), 0);
    }

    /// Counts what has left.
    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicU32);

    impl Count {
        fn now(&self) -> u32 {
            self.0.load(std::sync::atomic::Ordering::Relaxed)
        }
    }

    impl Flushed for Count {
        fn flushed(&self) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn push_counted(outbox: &mut Outbox, packet: &str, count: &Arc<Count>) -> Pushed {
        outbox.push_with_receipt(text(packet), Delivery::Reliable, Some(Receipt::new(count.clone())))
    }

    #[test]
    fn a_receipt_is_dropped_when_the_last_byte_of_its_packet_has_left() {
        let (mut outbox, count) = (filled(&[text("4one")]), Arc::new(Count::default()));
        assert_eq!(push_counted(&mut outbox, "4two", &count), Pushed::Queued);
        assert_eq!(outbox.push(text("4three"), Delivery::Reliable), Pushed::Queued);
        let two = text("4one").len() + text("4two").len();
        write(&mut outbox, two - 1);
        assert_eq!(count.now(), 0);
        write(&mut outbox, 1);
        assert_eq!((count.now(), outbox.is_empty()), (1, false));
    }

    #[test]
    fn a_ping_that_gets_ahead_does_not_flush_what_is_behind_it() {
        let (mut outbox, count) = (filled(&[text("4one")]), Arc::new(Count::default()));
        assert_eq!(push_counted(&mut outbox, "4two", &count), Pushed::Queued);
        outbox.push_ahead(text("2"));
        assert_eq!(outbox.take_payload(7), &b"2\x1e4one"[..]);
        assert_eq!(count.now(), 0);
        assert_eq!(outbox.take_payload(7), &b"4two"[..]);
        assert_eq!(count.now(), 1);
    }

    #[test]
    fn a_receipt_goes_with_a_packet_that_is_not_taken_or_is_discarded() {
        let (mut outbox, count) = (Outbox::new(1000), Arc::new(Count::default()));
        let receipt = Some(Receipt::new(count.clone()));
        assert_eq!(outbox.push_with_receipt(text("4a"), Delivery::Volatile, receipt), Pushed::Dropped);
        assert_eq!(count.now(), 1);
        assert_eq!(push_counted(&mut outbox, "4b", &count), Pushed::Queued);
        outbox.discard();
        assert_eq!(push_counted(&mut outbox, "4c", &count), Pushed::Dropped);
        assert_eq!(count.now(), 3);
    }

    #[test]
    fn switching_from_polling_to_websocket_keeps_order() {
        let mut outbox = filled(&[text("4one"), text("4two"), text("4three")]);
        assert_eq!(outbox.take_payload(1), &b"4one"[..]);
        assert_eq!(write(&mut outbox, 1000), [text("4two"), text("4three")].concat());
    }
}
