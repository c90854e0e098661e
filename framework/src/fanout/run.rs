//! Broadcasts to the same members that come in one turn.
//!
//! Owns: their packets, in order, and the list of those members. Keeps: it is as short as an
//! acknowledgements' run, since a ping passes whole entries of an outbox. While it is held nobody
//! changes its list, so the same list means the same members.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::Slot;

/// Packets for the same members, not yet in their outboxes.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) to: Arc<Vec<Slot>>,
    pub(super) packets: SmallVec<[Bytes; 1]>,
    bytes: usize,
}

impl Run {
    pub(super) fn new(packet: Bytes, to: Arc<Vec<Slot>>) -> Self {
        Self { to, bytes: packet.len(), packets: smallvec::smallvec![packet] }
    }

    /// Adds a packet behind the others; gives it back if it is for others, or the run is long enough.
    pub(super) fn add(&mut self, packet: Bytes, to: Arc<Vec<Slot>>) -> Result<(), Self> {
        let bytes = self.bytes.saturating_add(packet.len());
        if !Arc::ptr_eq(&self.to, &to) || bytes > LONG_RUN {
            return Err(Self::new(packet, to));
        }
        self.bytes = bytes;
        self.packets.push(packet);
        Ok(())
    }

    /// The packets behind each other.
    pub(super) fn join(&self) -> Bytes {
        let mut joined = BytesMut::with_capacity(self.bytes);
        self.packets.iter().for_each(|packet| joined.extend_from_slice(packet));
        joined.freeze()
    }
}

/// 16 KiB.
const LONG_RUN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_what_is_for_the_same_list_until_it_is_long() {
        let (all, others) = (Arc::new(vec![Slot::default()]), Arc::new(vec![Slot::default()]));
        let mut run = Run::new(Bytes::from_static(b"one"), all.clone());
        assert!(run.add(Bytes::from_static(b"two"), all.clone()).is_ok());
        let refused = run.add(Bytes::from_static(b"three"), others.clone()).unwrap_err();
        assert!(Arc::ptr_eq(&refused.to, &others) && refused.join() == "three");
        assert!(run.add(vec![b'x'; LONG_RUN - 5].into(), all.clone()).is_err());
        assert!(run.add(vec![b'x'; LONG_RUN - 6].into(), all).is_ok());
        assert!(run.join().starts_with(b"onetwoxxx"));
    }
}
