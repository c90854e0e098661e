//! In which form a client takes packets.
//!
//! Owns: nothing; one packet in several forms while it is put into outboxes. Keeps: a packet is made once
//! for each form that somebody takes, and a packet without binary data is the same bytes in all of them.

use bytes::Bytes;
use greenroom_proto::engineio::handshake::Query;
use greenroom_proto::engineio::{Revision, v3};

/// How a session's transport takes packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// Engine.IO 4.
    #[default]
    V4,
    /// Engine.IO 3.
    V3,
    /// Engine.IO 3, of a transport without binary data.
    V3Base64,
}

/// What all recipients get, for those of any form.
#[derive(Debug)]
pub(crate) struct Forms<T> {
    v4: T,
    v3: Option<T>,
    v3_base64: Option<T>,
}

/// Packets, encoded for Engine.IO 4.
pub(crate) trait Adapt {
    /// The same in this form.
    fn adapt(&self, form: Form) -> Self;
}

impl Adapt for Bytes {
    fn adapt(&self, form: Form) -> Self {
        form.adapt(self.clone())
    }
}

impl Form {
    pub(crate) fn new(revision: Revision, query: &Query) -> Self {
        match revision {
            Revision::Three => Self::of_v3(query.base64),
            Revision::Four => Self::V4,
        }
    }

    /// Of a transport that a session of Engine.IO 3 moves to.
    pub(super) fn of_v3(base64: bool) -> Self {
        if base64 { Self::V3Base64 } else { Self::V3 }
    }

    pub(crate) fn revision(self) -> Revision {
        match self {
            Self::V4 => Revision::Four,
            Self::V3 | Self::V3Base64 => Revision::Three,
        }
    }

    /// A packet, encoded for Engine.IO 4, in this form.
    pub(crate) fn adapt(self, packet: Bytes) -> Bytes {
        match self {
            Self::V4 => packet,
            Self::V3 => v3::reframe(packet, false),
            Self::V3Base64 => v3::reframe(packet, true),
        }
    }

    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::V4,
            1 => Self::V3,
            _ => Self::V3Base64,
        }
    }
}

impl<T: Adapt> Forms<T> {
    pub(crate) fn new(v4: T) -> Self {
        Self { v4, v3: None, v3_base64: None }
    }

    /// The same in this form, made at the first call.
    pub(crate) fn of(&mut self, form: Form) -> &T {
        let made = match form {
            Form::V4 => return &self.v4,
            Form::V3 => &mut self.v3,
            Form::V3Base64 => &mut self.v3_base64,
        };
        made.get_or_insert_with(|| self.v4.adapt(form))
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::engineio::Packet;

    use super::*;

    const ALL: [Form; 3] = [Form::V4, Form::V3, Form::V3Base64];

    #[test]
    fn a_packet_is_made_once_for_each_form() {
        let mut forms = Forms::new(Packet::decode_binary(Bytes::from_static(b"\x07")).encode());
        let wires: [&[u8]; 3] = [b"\x82\x01\x07", b"\x82\x02\x04\x07", b"\x81\x06b4Bw=="];
        for (form, wire) in ALL.into_iter().zip(wires) {
            let (one, other) = (forms.of(form).clone(), forms.of(form).clone());
            assert_eq!(one, wire);
            assert_eq!(one.as_ptr(), other.as_ptr());
        }
    }

    #[test]
    fn text_is_the_same_bytes_in_all_forms() {
        let packet = Packet::Noop.encode();
        let mut forms = Forms::new(packet.clone());
        for form in ALL {
            assert_eq!(forms.of(form).as_ptr(), packet.as_ptr());
            assert_eq!(Form::from_bits(form as u8), form);
        }
    }
}
