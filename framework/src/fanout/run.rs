//! Broadcasts to the same members that come in one turn.
//!
//! Owns: their packets, in order, and the list of those members. Keeps: it is as short as an
//! acknowledgements' run, since a ping passes whole entries of an outbox. While it is held nobody
//! changes its list, so the same list means the same members.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::Slot;
use crate::session::{Adapt, Form, Forms};

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
    pub(super) fn add(&mut self, packet: Bytes, to: &Arc<Vec<Slot>>) -> Result<(), Self> {
        let bytes = self.bytes.saturating_add(packet.len());
        if !Arc::ptr_eq(&self.to, to) || bytes > LONG_RUN {
            return Err(Self::new(packet, to.clone()));
        }
        self.bytes = bytes;
        self.packets.push(packet);
        Ok(())
    }

    /// The members, and the packets behind each other.
    pub(super) fn join(self) -> (Arc<Vec<Slot>>, Forms<Joined>) {
        (self.to, Forms::new(Joined::new(self.packets)))
    }
}

/// Packets, one by one and behind each other.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) packets: SmallVec<[Bytes; 1]>,
    pub(super) all: Bytes,
}

impl Joined {
    fn new(packets: SmallVec<[Bytes; 1]>) -> Self {
        let mut all = BytesMut::with_capacity(packets.iter().map(Bytes::len).sum());
        packets.iter().for_each(|packet| all.extend_from_slice(packet));
        Self { packets, all: all.freeze() }
    }
}

impl Adapt for Joined {
    fn adapt(&self, form: Form) -> Self {
        Self::new(self.packets.iter().map(|packet| packet.adapt(form)).collect())
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
        assert!(run.add(Bytes::from_static(b"two"), &all).is_ok());
        let refused = run.add(Bytes::from_static(b"three"), &others).unwrap_err();
        assert!(Arc::ptr_eq(&refused.to, &others) && refused.join().1.of(Form::V4).all == "three");
        assert!(run.add(vec![b'x'; LONG_RUN - 5].into(), &all).is_err());
        assert!(run.add(vec![b'x'; LONG_RUN - 6].into(), &all).is_ok());
        assert!(run.join().1.of(Form::V4).all.starts_with(b"onetwoxxx"));
    }

    #[test]
    fn a_run_is_made_for_members_of_each_form() {
        let to = Arc::new(vec![Slot::default()]);
        let mut run = Run::new(Bytes::from_static(b"\x81\x014"), to.clone());
        assert!(run.add(Bytes::from_static(b"\x82\x01\x07"), &to).is_ok());
        let (_, mut forms) = run.join();
        assert_eq!(forms.of(Form::V4).all, &b"\x81\x014\x82\x01\x07"[..]);
        let Joined { packets, all } = forms.of(Form::V3);
        assert_eq!(*all, &b"\x81\x014\x82\x02\x04\x07"[..]);
        assert_eq!(packets.concat(), all[..]);
    }
}
