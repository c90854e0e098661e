//! From packets to bytes that are ready to write.
//!
//! Takes: namespaces, names, ids, JSON text. Emits: one text frame, with the `4` of Engine.IO before
//! the packet, and one binary frame for each attachment. Keeps: the header of the frame, the packet
//! and its attachments are written into one buffer, which has the right size if it is for them alone.
//!
//! JSON text is taken as it is: it is what `serde_json` wrote, or what a decoder let through. It has
//! no control characters then, so the separator of polling payloads cannot be in it.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};

use super::packet::AckId;
use crate::engineio::frame;

/// Grants a namespace, or asks for it; `payload_json` is an object, or empty for none.
#[must_use]
pub fn connect(ns: &str, payload_json: &str) -> Bytes {
    Outgoing::new("40", ns).encode([payload_json])
}

/// Refuses a namespace; `payload_json` is an object with a `message`.
#[must_use]
pub fn connect_error(ns: &str, payload_json: &str) -> Bytes {
    Outgoing::new("44", ns).encode([payload_json])
}

/// Leaves a namespace, or ends it for the client.
#[must_use]
pub fn disconnect(ns: &str) -> Bytes {
    Outgoing::new("41", ns).encode([])
}

/// An event; `args_json_items` are its arguments without brackets, separated by commas, or empty
/// for none. Attachments stand in it as placeholders.
#[must_use]
pub fn event(
    ns: &str,
    name: &str,
    args_json_items: &str,
    attachments: &[Bytes],
    ack: Option<AckId>,
) -> Bytes {
    let digits = if attachments.is_empty() { "42" } else { "45" };
    let name_end = if args_json_items.is_empty() { "\"" } else { "\"," };
    let packet = Outgoing { digits, attachments, ns, id: ack };
    packet.encode(["[\"", &escaped(name), name_end, args_json_items, "]"])
}

/// The acknowledgement of the event with this id; `args_json_items` as in [`event`].
#[must_use]
pub fn ack(ns: &str, id: AckId, args_json_items: &str, attachments: &[Bytes]) -> Bytes {
    let mut out = BytesMut::new();
    append_ack(&mut out, ns, id, args_json_items, attachments);
    out.freeze()
}

/// As [`ack`], behind what `out` has already.
pub fn append_ack(out: &mut BytesMut, ns: &str, id: AckId, args_json_items: &str, attachments: &[Bytes]) {
    let digits = if attachments.is_empty() { "43" } else { "46" };
    let packet = Outgoing { digits, attachments, ns, id: Some(id) };
    packet.append(out, ["[", args_json_items, "]"]);
}

/// A packet without its payload.
struct Outgoing<'a> {
    /// Those of Engine.IO and of Socket.IO.
    digits: &'static str,
    attachments: &'a [Bytes],
    ns: &'a str,
    id: Option<AckId>,
}

impl<'a> Outgoing<'a> {
    const fn new(digits: &'static str, ns: &'a str) -> Self {
        Self { digits, attachments: &[], ns, id: None }
    }

    fn encode<const PARTS: usize>(&self, payload: [&str; PARTS]) -> Bytes {
        let mut out = BytesMut::new();
        self.append(&mut out, payload);
        out.freeze()
    }

    /// Inlined, so that what is the same in every packet of a type is written without a loop or a call.
    #[inline]
    fn append<const PARTS: usize>(&self, out: &mut BytesMut, payload: [&str; PARTS]) {
        let mut count = itoa::Buffer::new();
        let count = if self.attachments.is_empty() { "" } else { count.format(self.attachments.len()) };
        let ns = if self.ns == "/" { "" } else { self.ns };
        let mut id = itoa::Buffer::new();
        let id = self.id.map_or("", |AckId(number)| id.format(number));
        let separators = usize::from(!count.is_empty()) + usize::from(!ns.is_empty());
        let front_len = self.digits.len() + count.len() + ns.len() + id.len() + separators;
        let text_len = payload.iter().fold(front_len, |len, part| len + part.len());

        self.reserve(out, text_len);
        frame::append_text_header(out, text_len);
        out.put_slice(self.digits.as_bytes());
        if !count.is_empty() {
            out.put_slice(count.as_bytes());
            out.put_u8(b'-');
        }
        if !ns.is_empty() {
            out.put_slice(ns.as_bytes());
            out.put_u8(b',');
        }
        out.put_slice(id.as_bytes());
        payload.iter().for_each(|part| out.put_slice(part.as_bytes()));
        self.attachments.iter().for_each(|data| frame::append_binary(out, data));
    }

    /// Makes room for the packet and its attachments at once.
    fn reserve(&self, out: &mut BytesMut, text_len: usize) {
        let attached: usize = self.attachments.iter().map(|data| frame::framed_len(data.len())).sum();
        out.reserve(frame::framed_len(text_len).saturating_add(attached));
    }
}

/// The name as it stands between the quotes of a JSON string. Nearly all names stand there as they are.
fn escaped(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        return Cow::Borrowed(name);
    }
    let quoted = serde_json::Value::from(name).to_string();
    Cow::Owned(
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engineio::frame::{Opcode, iter};

    fn text(framed: &Bytes) -> String {
        let (opcode, payload) = iter(framed).next().unwrap();
        assert_eq!(opcode, Opcode::Text);
        String::from_utf8(payload.to_vec()).unwrap()
    }

    #[test]
    fn writes_every_type() {
        let attachments = [Bytes::from_static(b"\x01"), Bytes::from_static(b"\x02")];
        let id = AckId(13);
        let table = [
            (connect("/", ""), "40"),
            (connect("/admin", r#"{"sid":"x"}"#), r#"40/admin,{"sid":"x"}"#),
            (connect_error("/", r#"{"message":"no"}"#), r#"44{"message":"no"}"#),
            (disconnect("/"), "41"),
            (disconnect("/admin"), "41/admin,"),
            (event("/", "foo", "", &[], None), r#"42["foo"]"#),
            (event("/admin", "foo", r#"1,"x""#, &[], Some(AckId(0))), r#"42/admin,0["foo",1,"x"]"#),
            (
                event("/", "baz", r#"{"_placeholder":true,"num":0},1"#, &attachments, None),
                r#"452-["baz",{"_placeholder":true,"num":0},1]"#,
            ),
            (ack("/admin", id, r#""bar""#, &[]), r#"43/admin,13["bar"]"#),
            (ack("/", id, "", &[]), "4313[]"),
            (ack("/", AckId(u64::MAX), "1", &attachments[..1]), "461-18446744073709551615[1]"),
        ];
        for (framed, wire) in table {
            assert_eq!(text(&framed), wire);
        }
    }

    #[test]
    fn attachments_follow_their_packet_in_one_buffer() {
        let attachments = [Bytes::from_static(b"\x01\x02"), Bytes::new(), vec![7; 70_000].into()];
        let framed = event("/", "e", "", &attachments, None);
        let behind: Vec<_> = iter(&framed).skip(1).collect();
        assert_eq!(behind.len(), attachments.len());
        for ((opcode, data), attachment) in behind.into_iter().zip(attachments) {
            assert_eq!((opcode, data), (Opcode::Binary, &attachment[..]));
        }
    }

    #[test]
    fn a_name_is_escaped_where_json_needs_it() {
        assert_eq!(text(&event("/", "a\"b\\\u{1e}\"", "", &[], None)), r#"42["a\"b\\\u001e\""]"#);
        assert_eq!(text(&event("/", "\"", "", &[], None)), r#"42["\""]"#);
        assert_eq!(text(&event("/", "é", "", &[], None)), r#"42["é"]"#);
    }
}
