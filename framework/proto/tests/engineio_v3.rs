//! Engine.IO protocol 3: whatever is written is read again, and nothing that comes panics.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking that it failed")]

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::frame::{self, Opcode};
use greenroom_proto::engineio::v3::{self, Writer, decode_bytes, decode_payload, is_binary};
use greenroom_proto::engineio::{DecodeError, Message, Packet};
use proptest::prelude::*;

const MANY: usize = 100;

/// Reads a packet from the frame in which a client of revision 3 gets it.
fn unframe(framed: &[u8]) -> Result<Packet, DecodeError> {
    let frames: Vec<_> = frame::iter(framed).collect();
    let [(opcode, data)] = frames[..] else { panic!("one frame") };
    let data = Bytes::copy_from_slice(data);
    if opcode == Opcode::Binary {
        return v3::decode_binary(data);
    }
    v3::decode_text(ByteString::try_from(data).unwrap())
}

fn read(body: Bytes) -> Result<Vec<Packet>, DecodeError> {
    if is_binary(&body) { decode_bytes(body, MANY) } else { decode_payload(body, MANY) }
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        ".{0,60}".prop_map(|text| Packet::Ping(text.into())),
        Just(Packet::Close),
        Just(Packet::Noop),
        // All planes: a length counts two for some of these characters.
        "[a-z€🎲\u{10ffff}:0-9]{0,60}".prop_map(|text| Packet::Message(Message::Text(text.as_str().into()))),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|data| Packet::Message(Message::Binary(data.into()))),
    ]
}

/// Fills poll responses until all packets are written.
fn poll(packets: &[Bytes], max_payload: usize) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    let mut writer = Writer::new(max_payload);
    for packet in packets {
        if !writer.push(packet) {
            bodies.push(writer.finish());
            writer = Writer::new(max_payload);
            assert!(writer.push(packet), "an empty response takes any packet");
        }
    }
    bodies.push(writer.finish());
    bodies
}

proptest! {
    #[test]
    fn a_packet_of_revision_4_is_the_same_packet_in_revision_3(packet in packet(), base64: bool) {
        let framed = packet.encode();
        let reframed = v3::reframe(framed.clone(), base64);
        let is_binary = matches!(packet, Packet::Message(Message::Binary(_)));
        prop_assert_eq!(reframed.as_ptr() == framed.as_ptr(), !is_binary, "text is not copied");
        prop_assert_eq!(unframe(&reframed), Ok(packet));
    }

    #[test]
    fn polled_packets_arrive_complete_in_order_and_within_the_limit(
        packets in prop::collection::vec(packet(), 1..20),
        base64: bool,
        max_payload in 1..600_usize,
    ) {
        let framed: Vec<_> = packets.iter().map(|packet| v3::reframe(packet.encode(), base64)).collect();
        let mut arrived = Vec::new();
        for body in poll(&framed, max_payload) {
            let size = body.len();
            prop_assert!(!(base64 && is_binary(&body)));
            let read = read(body).unwrap();
            prop_assert!(size <= max_payload || read.len() == 1);
            arrived.extend(read);
        }
        prop_assert_eq!(arrived, packets);
    }

    #[test]
    fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let len = body.len();
        for read in [decode_payload, decode_bytes] {
            match read(body.clone().into(), 16) {
                Ok(packets) => prop_assert!(packets.len() <= 16),
                Err(error) => prop_assert!(error.offset <= len),
            }
        }
    }

    #[test]
    fn nothing_like_a_payload_panics(
        text in "([0-9]{0,3}:?[0-9b]?[a-z€🎲=]{0,4}){0,8}",
        bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 4, 9, 10, 0x34, 0xff]), 0..40),
    ) {
        for body in [Bytes::from(text), Bytes::from(bytes)] {
            let len = body.len();
            for read in [decode_payload, decode_bytes] {
                prop_assert!(read(body.clone(), 16).map_or_else(|error| error.offset, |_| 0) <= len);
            }
        }
    }

    #[test]
    fn no_frame_panics(text in ".{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let len = text.len();
        prop_assert!(v3::decode_text(text.into()).map_or_else(|error| error.offset, |_| 0) <= len);
        prop_assert!(v3::decode_binary(bytes.into()).map_or_else(|error| error.offset, |_| 0) == 0);
    }
}
