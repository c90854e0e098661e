//! Sequences of Socket.IO messages: no input panics, what is taken is JSON, and what is read is
//! written and read again to the same.
//!
//! Input: messages, separated by zero bytes; one that begins with 0x01 is binary.

#![no_main]

use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::frame::{self, Opcode};
use greenroom_proto::socketio::{Args, DecodeLimits, Decoder, Packet, PacketKind, encode, is_reserved};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

const MAX_ATTACHMENT_BYTES: usize = 64;

fuzz_target!(|input: &[u8]| {
    let now = start();
    let mut decoder = decoder();
    for message in input.split(|byte| *byte == 0) {
        let result = match message.split_first() {
            Some((1, data)) => decoder.binary(Bytes::copy_from_slice(data)),
            _ => match ByteString::try_from(message) {
                Ok(text) => decoder.text(text.into(), now),
                Err(_) => return,
            },
        };
        match result {
            Ok(Some(packet)) => {
                assert!(decoder.next_deadline().is_none());
                check(&packet);
                assert_eq!(send_back(&packet, now), packet);
            }
            Ok(None) => assert!(decoder.next_deadline().is_some()),
            Err(error) => {
                assert!(decoder.next_deadline().is_none());
                assert!(error.offset <= message.len().max(MAX_ATTACHMENT_BYTES));
            }
        }
    }
});

#[expect(clippy::disallowed_methods, reason = "the only way to make an instant; nothing waits for it")]
fn start() -> Instant {
    Instant::now()
}

fn decoder() -> Decoder {
    let limits = DecodeLimits {
        max_attachments: 3,
        max_attachment_bytes: MAX_ATTACHMENT_BYTES,
        ..DecodeLimits::default()
    };
    Decoder::new(limits)
}

fn check(packet: &Packet) {
    assert!(packet.namespace.starts_with('/') && !packet.namespace.contains([',', '?']));
    match &packet.kind {
        PacketKind::Connect { auth: Some(json) } | PacketKind::ConnectError { payload: json } => {
            json.parse::<IgnoredAny>().unwrap();
        }
        PacketKind::Event { name, args, .. } => {
            assert!(!is_reserved(name));
            check_args(args);
        }
        PacketKind::Ack { args, .. } => check_args(args),
        PacketKind::Connect { auth: None } | PacketKind::Disconnect => {}
    }
}

/// `serde_json` agrees on what is there, and never meets its own limit of nesting.
fn check_args(args: &Args) {
    let json = args.json();
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(&json).unwrap();
    assert_eq!(items.len(), args.len());
    assert_eq!(args.is_empty(), args.items().trim().is_empty());
    assert!(args.attachments().len() <= 3);
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&json) {
        assert!(!error.to_string().contains("recursion"));
    }
}

fn send_back(packet: &Packet, now: Instant) -> Packet {
    let ns = &packet.namespace;
    let framed = match &packet.kind {
        PacketKind::Connect { auth } => encode::connect(ns, auth.as_ref().map_or("", |json| json.as_str())),
        PacketKind::Disconnect => encode::disconnect(ns),
        PacketKind::Event { name, ack, args } => {
            encode::event(ns, name, args.items(), args.attachments(), *ack)
        }
        PacketKind::Ack { id, args } => encode::ack(ns, *id, args.items(), args.attachments()),
        PacketKind::ConnectError { payload } => encode::connect_error(ns, payload.as_str()),
    };
    receive(&framed, now)
}

fn receive(framed: &[u8], now: Instant) -> Packet {
    let (mut decoder, mut packet) = (decoder(), None);
    for (opcode, data) in frame::iter(framed) {
        assert!(packet.is_none());
        packet = match opcode {
            Opcode::Text => {
                let message = str::from_utf8(data).unwrap().strip_prefix('4').unwrap();
                decoder.text(message.into(), now).unwrap()
            }
            _ => decoder.binary(Bytes::copy_from_slice(data)).unwrap(),
        };
    }
    packet.expect("a packet is complete with its last frame")
}
