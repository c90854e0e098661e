//! Engine.IO packets, payloads and queries, of both revisions: no input panics, and what is read is written and
//! read again to the same.
//!
//! Input: bytes, which are in turn a POST body, a query string and server frames.

#![no_main]

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::frame::{self, Opcode};
use greenroom_proto::engineio::handshake::{OpenPacket, Query};
use greenroom_proto::engineio::{Packet, payload, v3};
use libfuzzer_sys::fuzz_target;

const MAX_PACKETS: usize = 8;

fuzz_target!(|input: &[u8]| {
    match payload::decode(Bytes::copy_from_slice(input), MAX_PACKETS) {
        Ok(packets) => write_and_read(&packets),
        Err(error) => assert!(error.offset <= input.len()),
    }
    for read in [v3::decode_payload, v3::decode_bytes] {
        match read(Bytes::copy_from_slice(input), MAX_PACKETS) {
            Ok(packets) => write_and_read_v3(&packets),
            Err(error) => assert!(error.offset <= input.len()),
        }
    }
    if let Ok(text) = str::from_utf8(input) {
        read_query(text);
    }
    let framed: usize = frame::iter(input).map(|(_, data)| data.len()).sum();
    assert!(framed <= input.len());
});

fn write_and_read(packets: &[Packet]) {
    assert!(!packets.is_empty() && packets.len() <= MAX_PACKETS);
    let mut writer = payload::Writer::new(usize::MAX);
    for packet in packets {
        let framed = packet.encode();
        assert_eq!(unframe(&framed), *packet);
        assert!(writer.push(&framed));
    }
    assert_eq!(payload::decode(writer.finish(), MAX_PACKETS).as_deref(), Ok(packets));
}

fn write_and_read_v3(packets: &[Packet]) {
    assert!(packets.len() <= MAX_PACKETS);
    for base64 in [false, true] {
        let mut writer = v3::Writer::new(usize::MAX);
        for packet in packets {
            assert!(writer.push(&v3::reframe(packet.encode(), base64)));
        }
        let body = writer.finish();
        let read = if v3::is_binary(&body) { v3::decode_bytes } else { v3::decode_payload };
        // A payload of packets without content has none, which is no body to write.
        if !packets.is_empty() {
            assert_eq!(read(body, MAX_PACKETS).as_deref(), Ok(packets));
        }
    }
}

fn unframe(framed: &[u8]) -> Packet {
    let frames: Vec<_> = frame::iter(framed).collect();
    let [(opcode, data)] = frames[..] else { panic!("a packet is one frame") };
    let data = Bytes::copy_from_slice(data);
    match opcode {
        Opcode::Text => Packet::decode_text(ByteString::try_from(data).unwrap()).unwrap(),
        _ => Packet::decode_binary(data),
    }
}

fn read_query(text: &str) {
    let Ok(query) = Query::parse(text) else { return };
    let Some(sid) = &query.sid else { return };
    let open = OpenPacket {
        sid,
        upgrades: &[query.transport],
        ping_interval: Default::default(),
        ping_timeout: Default::default(),
        max_payload: text.len(),
    };
    let json: serde_json::Value = serde_json::from_str(&open.encode()[1..]).unwrap();
    assert_eq!(json["sid"], **sid);
}
