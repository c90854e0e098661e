//! Engine.IO packets and payloads: whatever is written is read again, and nothing that comes panics.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking that it failed")]

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use greenroom_proto::engineio::frame::{self, Opcode};
use greenroom_proto::engineio::handshake::Query;
use greenroom_proto::engineio::payload::{self, MAX_PACKETS, SEPARATOR, Writer};
use greenroom_proto::engineio::{DecodeError, DecodeErrorKind, Message, Packet};
use proptest::prelude::*;

/// Reads a packet from the frame in which the server sends it.
fn unframe(framed: &[u8]) -> Result<Packet, DecodeError> {
    let frames: Vec<_> = frame::iter(framed).collect();
    let [(opcode, data)] = frames[..] else { panic!("one frame") };
    let data = Bytes::copy_from_slice(data);
    if opcode == Opcode::Binary {
        return Ok(Packet::decode_binary(data));
    }
    Packet::decode_text(ByteString::try_from(data).unwrap())
}

/// Text as it is on the wire: the separator never occurs in it.
fn wire_text() -> impl Strategy<Value = ByteString> {
    ".{0,60}".prop_map(|text| ByteString::from(text.replace(SEPARATOR, "_")))
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        wire_text().prop_map(Packet::Open),
        Just(Packet::Close),
        wire_text().prop_map(Packet::Ping),
        wire_text().prop_map(Packet::Pong),
        wire_text().prop_map(|text| Packet::Message(Message::Text(text.into()))),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|data| Packet::Message(Message::Binary(data.into()))),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
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
    if !writer.is_empty() {
        bodies.push(writer.finish());
    }
    bodies
}

#[test]
fn a_payload_of_the_specification_is_read() {
    let text = |text: &'static str| Packet::Message(Message::Text(text.into()));
    let body = Bytes::from_static(b"4hello\x1e2\x1ebAQIDBA==\x1e4world");
    let binary = Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3, 4])));
    let packets = vec![text("hello"), Packet::Ping("".into()), binary, text("world")];
    assert_eq!(payload::decode(body, 4), Ok(packets));
}

#[test]
fn a_payload_is_refused_where_it_goes_wrong() {
    let table: [(&[u8], DecodeErrorKind, usize); 7] = [
        (b"", DecodeErrorKind::Empty, 0),
        (b"4a\x1e", DecodeErrorKind::Empty, 3),
        (b"\x1e4a", DecodeErrorKind::Empty, 0),
        (b"4\xe2\x82\xac\x1e9", DecodeErrorKind::UnknownType, 5),
        (b"4a\x1eb*", DecodeErrorKind::Base64, 4),
        (b"4a\x1e4\xff", DecodeErrorKind::Utf8, 4),
        (b"4\x1e4\x1e4\x1e4\x1e4", DecodeErrorKind::TooManyPackets, 8),
    ];
    for (body, kind, offset) in table {
        let error = payload::decode(Bytes::copy_from_slice(body), 4).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset));
    }
}

#[test]
fn a_response_stops_at_its_limit_and_keeps_frames_together() {
    let mut event = BytesMut::new();
    frame::append_text(&mut event, &[b"451-[1]"]);
    frame::append_binary(&mut event, &[1, 2, 3, 4]);
    let event = event.freeze();
    let body = b"451-[1]\x1ebAQIDBA==".to_vec();
    assert_eq!(body.len(), 17);
    let packets = [Packet::Noop.encode(), event];
    assert_eq!(poll(&packets, 19), [[b"6\x1e", &body[..]].concat()]);
    assert_eq!(poll(&packets, 18), [b"6".to_vec(), body.clone()]);
    assert_eq!(poll(&packets, 1), [b"6".to_vec(), body]);
}

proptest! {
    #[test]
    fn an_encoded_packet_is_decoded_to_itself(packet in packet()) {
        prop_assert_eq!(unframe(&packet.encode()), Ok(packet));
    }

    #[test]
    fn polled_packets_arrive_complete_in_order_and_within_the_limit(
        packets in prop::collection::vec(packet(), 0..20),
        max_payload in 1..600_usize,
    ) {
        let framed: Vec<_> = packets.iter().map(Packet::encode).collect();
        let mut arrived = Vec::new();
        for body in poll(&framed, max_payload) {
            let size = body.len();
            let read = payload::decode(body, MAX_PACKETS).unwrap();
            prop_assert!(size <= max_payload || read.len() == 1);
            arrived.extend(read);
        }
        prop_assert_eq!(arrived, packets);
    }

    #[test]
    fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let len = body.len();
        match payload::decode(body.into(), 16) {
            Ok(packets) => prop_assert!(packets.len() <= 16),
            Err(error) => prop_assert!(error.offset <= len),
        }
    }

    #[test]
    fn no_text_frame_panics(text in ".{0,60}") {
        let len = text.len();
        if let Err(error) = Packet::decode_text(text.into()) {
            prop_assert!(error.offset <= len);
        }
    }

    #[test]
    fn any_query_reads_the_same_with_parameters_of_the_application(
        query in "[a-zA-Z0-9%&=+€]{0,60}",
        known in prop::sample::select(vec!["", "EIO=4&transport=polling&sid=s", "EIO=3&transport=websocket&b64=1"]),
    ) {
        prop_assume!(!["EIO", "transport", "sid", "b64", "%"].iter().any(|name| query.contains(name)));
        prop_assert_eq!(Query::parse(&format!("{query}&{known}")), Query::parse(known));
    }

    #[test]
    fn no_query_panics(query in "((EIO|transport|sid|b64|%[0-9a-f]{0,2}|[a-z+€])=?[4%a-z+]{0,8}&?){0,6}") {
        if let Ok(parsed) = Query::parse(&query) {
            prop_assert!(parsed.sid.is_none_or(|sid| sid.len() <= 3 * query.len()));
        }
    }
}
