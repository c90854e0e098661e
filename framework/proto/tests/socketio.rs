//! Socket.IO packets: whatever is written is read again, text stays what it was, and nothing that
//! comes panics.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking that it failed")]

use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::frame::{self, Opcode};
use greenroom_proto::engineio::{Message, Packet as EnginePacket};
use greenroom_proto::socketio::{
    AckId, Args, DecodeError, DecodeErrorKind, DecodeLimits, Decoder, Packet, PacketKind, encode, is_reserved,
};
use proptest::prelude::*;
use serde::de::IgnoredAny;

#[expect(clippy::disallowed_methods, reason = "the only way to make an instant; nothing waits for it")]
fn now() -> Instant {
    Instant::now()
}

/// Reads the frames in which a packet is sent.
fn receive(framed: &[u8]) -> Result<Option<Packet>, DecodeError> {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut packet = None;
    for (opcode, data) in frame::iter(framed) {
        assert!(packet.is_none(), "a packet is complete with its last frame");
        let data = Bytes::copy_from_slice(data);
        packet = if opcode == Opcode::Text {
            let text = EnginePacket::decode_text(ByteString::try_from(data).unwrap());
            let Ok(EnginePacket::Message(Message::Text(text))) = text else { panic!("a message") };
            decoder.text(text, now())?
        } else {
            decoder.binary(data)?
        };
    }
    Ok(packet)
}

fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
    Decoder::new(DecodeLimits::default()).text(text.into(), now())
}

#[test]
fn ten_thousand_levels_are_refused_and_not_recursed_into() {
    for text in [
        format!("2[\"e\",{}{}]", "[".repeat(10_000), "]".repeat(10_000)),
        format!("2[\"e\",{}1{}]", r#"{"a":"#.repeat(10_000), "}".repeat(10_000)),
        format!("0{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000)),
        format!("37{}", "[".repeat(10_000)),
    ] {
        assert_eq!(decode(&text).unwrap_err().kind, DecodeErrorKind::TooDeep);
    }
}

#[test]
fn numbers_pass_as_they_were_written() {
    let numbers = "1.0,18446744073709551616,-0,1E400,0.1000,3.141592653589793238462643383279";
    let framed = encode::event("/", "n", numbers, &[], None);
    let Ok(Some(Packet { kind: PacketKind::Event { args, .. }, .. })) = receive(&framed) else { panic!() };
    assert_eq!(args.items(), numbers);
    assert_eq!(encode::event("/", "n", args.items(), &[], None), framed);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-z_\"\\\\]{0,6}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,?\u{0}-\u{1f}]{0,10}"]
}

fn attachments() -> impl Strategy<Value = Vec<Bytes>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200).prop_map(Into::into), 0..=10)
}

/// Joins arguments, with a placeholder for each attachment in reverse order.
fn items(args: &[serde_json::Value], attachments: &[Bytes]) -> String {
    let placeholders =
        (0..attachments.len()).rev().map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#));
    let args = args.iter().map(ToString::to_string);
    args.chain(placeholders).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn an_encoded_event_is_decoded_to_itself(
        namespace in namespace(),
        name in ".{0,12}".prop_filter("reserved names are refused", |name| !is_reserved(name)),
        args in prop::collection::vec(json(), 0..4),
        attachments in attachments(),
        ack in prop::option::of(any::<u64>().prop_map(AckId)),
    ) {
        let items = items(&args, &attachments);
        let packet = receive(&encode::event(&namespace, &name, &items, &attachments, ack)).unwrap().unwrap();
        let expected = Args::new(format!("[{items}]").into(), attachments);
        prop_assert_eq!(expected.len(), args.len() + expected.attachments().len());
        let kind = PacketKind::Event { name: name.into(), ack, args: expected };
        prop_assert_eq!(packet, Packet { namespace: namespace.into(), kind });
    }

    #[test]
    fn an_encoded_acknowledgement_is_decoded_to_itself(
        namespace in namespace(),
        args in prop::collection::vec(json(), 0..4),
        attachments in attachments(),
        id in any::<u64>().prop_map(AckId),
    ) {
        let items = items(&args, &attachments);
        let packet = receive(&encode::ack(&namespace, id, &items, &attachments)).unwrap().unwrap();
        let kind = PacketKind::Ack { id, args: Args::new(format!("[{items}]").into(), attachments) };
        prop_assert_eq!(packet, Packet { namespace: namespace.into(), kind });
    }

    #[test]
    fn the_other_packets_are_decoded_to_themselves(
        namespace in namespace(),
        payload in prop::collection::btree_map(".{0,6}", json(), 0..4),
    ) {
        let payload = serde_json::Value::Object(payload.into_iter().collect()).to_string();
        let packet = receive(&encode::connect(&namespace, &payload)).unwrap().unwrap();
        let PacketKind::Connect { auth: Some(auth) } = packet.kind else { panic!() };
        prop_assert_eq!(auth.as_str(), &payload);
        let packet = receive(&encode::connect_error(&namespace, &payload)).unwrap().unwrap();
        let PacketKind::ConnectError { payload: refusal } = packet.kind else { panic!() };
        prop_assert_eq!(refusal.as_str(), &payload);
        let packet = receive(&encode::disconnect(&namespace)).unwrap().unwrap();
        prop_assert_eq!(packet, Packet { namespace: namespace.into(), kind: PacketKind::Disconnect });
    }

    /// `serde_json` is the judge of what is JSON. Its own limit of nesting does not count here: a
    /// value that is ignored has none.
    #[test]
    fn a_payload_is_taken_exactly_if_it_is_json(
        args in prop::collection::vec(json(), 0..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}\",:0-9eE+\\-.tfn\\\\u a]{0,2}"), 0..3),
    ) {
        let mut text = serde_json::Value::from(args).to_string();
        for (place, replacement) in damage {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[place.index(places.len())];
            let end = text[at..].chars().next().map_or(at, |character| at + character.len_utf8());
            text.replace_range(at..end, &replacement);
            if text.is_empty() {
                text.push('[');
            }
        }
        let is_array = serde_json::from_str::<Vec<IgnoredAny>>(&text).is_ok();
        // Digits at the front belong to the id, and whitespace separates them from it.
        prop_assert_eq!(decode(&format!("37 {text}")).is_ok(), is_array, "{}", text);
    }

    #[test]
    fn no_sequence_of_messages_panics(
        messages in prop::collection::vec(
            prop_oneof![
                "[0-7]?[0-9]{0,3}-?(/[a-z?]{0,3},?)?[0-9]{0,22}.{0,20}".prop_map(Ok),
                "5[0-9]-\\[\"e\",\\{\"_placeholder\":true,\"num\":[0-9]\\}\\]".prop_map(Ok),
                prop::collection::vec(any::<u8>(), 0..20).prop_map(Err),
            ],
            0..12,
        ),
    ) {
        let mut decoder = Decoder::new(DecodeLimits::default());
        for message in messages {
            let (len, result) = match message {
                Ok(text) => (text.len(), decoder.text(text.into(), now())),
                Err(data) => (usize::MAX, decoder.binary(data.into())),
            };
            if let Err(error) = result {
                prop_assert!(error.offset <= len);
                prop_assert!(decoder.next_deadline().is_none());
            }
        }
    }
}
