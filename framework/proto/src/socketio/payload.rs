//! What a packet says, read from its payload.
//! Spec: "Socket.IO protocol" › Exchange protocol.

use std::ops::Range;

use smol_str::SmolStr;

use super::error::{DecodeError, DecodeErrorKind};
use super::header::{Header, WireType};
use super::json::{self, Rules, Shape, Value};
use super::packet::{AckId, Args, PacketKind, RawText, is_reserved};
use crate::Text;

/// Reads what stands behind the header.
pub(super) fn read(text: Text, header: &Header, max_nesting: u32) -> Result<PacketKind, DecodeError> {
    let payload = Payload { json: text.get(header.len..).unwrap_or_default(), header, max_nesting };
    Ok(match header.wire_type {
        WireType::Connect => {
            let auth = payload.connect()?;
            PacketKind::Connect { auth: auth.map(|auth| RawText::new(text.narrow(auth))) }
        }
        WireType::Disconnect => {
            payload.disconnect()?;
            PacketKind::Disconnect
        }
        WireType::Event | WireType::BinaryEvent => {
            let (name, items, count) = payload.event()?;
            PacketKind::Event { name, ack: header.id, args: Args::counted(text.narrow(items), count) }
        }
        WireType::Ack | WireType::BinaryAck => {
            let (id, items, count) = payload.ack()?;
            PacketKind::Ack { id, args: Args::counted(text.narrow(items), count) }
        }
        WireType::ConnectError => {
            let refusal = payload.connect_error()?;
            PacketKind::ConnectError { payload: RawText::new(text.narrow(refusal)) }
        }
    })
}

/// Looks for the parts of a packet; a part is given as its place in the text of the packet.
#[derive(Clone, Copy)]
struct Payload<'a> {
    json: &'a str,
    header: &'a Header,
    max_nesting: u32,
}

impl Payload<'_> {
    fn connect(self) -> Result<Option<Range<usize>>, DecodeError> {
        self.no_id()?;
        if self.json.is_empty() {
            return Ok(None);
        }
        self.scan_for(&[Value::Object])?;
        Ok(Some(self.whole()))
    }

    fn disconnect(self) -> Result<(), DecodeError> {
        self.no_id()?;
        if self.json.is_empty() { Ok(()) } else { Err(self.error(DecodeErrorKind::UnexpectedPayload, 0)) }
    }

    fn connect_error(self) -> Result<Range<usize>, DecodeError> {
        self.no_id()?;
        self.scan_for(&[Value::Object, Value::String])?;
        Ok(self.whole())
    }

    /// "The payload is mandatory and MUST be a non-empty array. If that's not the case, then the
    /// receiver MUST close the connection."
    fn event(self) -> Result<(SmolStr, Range<usize>, usize), DecodeError> {
        let shape = self.scan_for(&[Value::Array])?;
        let Some((kind, range)) = shape.first else {
            return Err(self.error(DecodeErrorKind::PayloadShape, 0));
        };
        let written = self.json.get(range.clone()).unwrap_or_default();
        let name = match kind {
            Value::String => name(written),
            Value::Number => Ok(SmolStr::new(written)),
            Value::Object | Value::Array | Value::True | Value::Other => Err(DecodeErrorKind::EventName),
        };
        let name = name.map_err(|kind| self.error(kind, range.start))?;
        let items = if shape.second > 0 { self.place(shape.second..shape.end) } else { 0..0 };
        Ok((name, items, shape.items.saturating_sub(1)))
    }

    /// "The payload is mandatory and MUST be an array (possibly empty)."
    fn ack(self) -> Result<(AckId, Range<usize>, usize), DecodeError> {
        let id = self.header.id.ok_or(self.error(DecodeErrorKind::MissingAckId, 0))?;
        let shape = self.scan_for(&[Value::Array])?;
        let items = shape.first.map_or(0..0, |(_, first)| self.place(first.start..shape.end));
        Ok((id, items, shape.items))
    }

    fn scan_for(self, roots: &[Value]) -> Result<Shape, DecodeError> {
        if self.json.is_empty() {
            return Err(self.error(DecodeErrorKind::MissingPayload, 0));
        }
        let attachments = (self.header.attachments > 0).then_some(self.header.attachments);
        let rules = Rules { max_nesting: self.max_nesting, attachments, offset: self.header.len };
        let shape = json::scan(self.json, rules)?;
        if roots.contains(&shape.root) {
            Ok(shape)
        } else {
            Err(self.error(DecodeErrorKind::PayloadShape, 0))
        }
    }

    fn no_id(self) -> Result<(), DecodeError> {
        match self.header.id {
            None => Ok(()),
            Some(AckId(_)) => Err(DecodeError::new(DecodeErrorKind::UnexpectedAckId, self.header.len)),
        }
    }

    fn whole(self) -> Range<usize> {
        let start = self.json.len() - self.json.trim_ascii_start().len();
        self.place(start..self.json.trim_ascii_end().len())
    }

    /// From a place in the JSON text to the same in the packet's.
    const fn place(self, part: Range<usize>) -> Range<usize> {
        let front = self.header.len;
        front.saturating_add(part.start)..front.saturating_add(part.end)
    }

    const fn error(&self, kind: DecodeErrorKind, at: usize) -> DecodeError {
        DecodeError::new(kind, self.header.len.saturating_add(at))
    }
}

/// Takes an event name out of its quotes. An escape that stands for half a character is valid
/// JSON, but no string here can hold it.
fn name(quoted: &str) -> Result<SmolStr, DecodeErrorKind> {
    let unquoted = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    let name = if unquoted.as_bytes().contains(&b'\\') {
        serde_json::from_str::<String>(quoted).map(SmolStr::from).map_err(|_| DecodeErrorKind::EventName)?
    } else {
        SmolStr::new(unquoted)
    };
    if is_reserved(&name) { Err(DecodeErrorKind::ReservedEvent) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Result<PacketKind, DecodeError> {
        let text = Text::from(text);
        let header = Header::read(&text, 10)?;
        read(text, &header, 127)
    }

    fn named(wire: &'static str) -> (String, String, usize) {
        match kind(wire) {
            Ok(PacketKind::Event { name, args, .. }) => (name.to_string(), args.json(), args.len()),
            other => panic!("{wire}: {other:?}"),
        }
    }

    #[test]
    fn an_event_is_its_name_and_the_array_behind_it() {
        let table = [
            (r#"2["foo"]"#, "foo", "[]", 0),
            (r#"2["foo",null]"#, "foo", "[null]", 1),
            (r#"2[ "foo" , 1.0 , 18446744073709551616 ] "#, "foo", "[1.0 , 18446744073709551616]", 2),
            (r#"2[""]"#, "", "[]", 0),
            (r#"2[7,"x"]"#, "7", r#"["x"]"#, 1),
            (r#"2["a\"\u00e9",[",]"]]"#, "a\"é", r#"[[",]"]]"#, 1),
            (r#"51-["bin",{"_placeholder":true,"num":0}]"#, "bin", r#"[{"_placeholder":true,"num":0}]"#, 1),
        ];
        for (wire, name, json, len) in table {
            assert_eq!(named(wire), (name.to_owned(), json.to_owned(), len), "{wire}");
        }
    }

    #[test]
    fn an_acknowledgement_is_its_id_and_an_array() {
        let expected = PacketKind::Ack { id: AckId(12), args: Args::counted("1,2".into(), 2) };
        assert_eq!(kind("312 [1,2] "), Ok(expected));
        assert_eq!(kind("30[]"), Ok(PacketKind::Ack { id: AckId(0), args: Args::empty() }));
    }

    #[test]
    fn connect_has_an_object_or_nothing() {
        assert_eq!(kind("0"), Ok(PacketKind::Connect { auth: None }));
        let auth = RawText::new(r#"{"token":"123"}"#.into());
        assert_eq!(kind(r#"0/admin,{"token":"123"}"#), Ok(PacketKind::Connect { auth: Some(auth) }));
    }

    #[test]
    fn a_refusal_is_an_object_or_a_string() {
        for wire in [r#"4{"message":"no"}"#, r#"4"no""#] {
            assert!(matches!(kind(wire), Ok(PacketKind::ConnectError { .. })), "{wire}");
        }
    }

    #[test]
    fn refuses_each_broken_rule_and_says_where() {
        let table = [
            ("0[]", DecodeErrorKind::PayloadShape, 1),
            ("0null", DecodeErrorKind::PayloadShape, 1),
            ("0{", DecodeErrorKind::Json, 2),
            ("01{}", DecodeErrorKind::UnexpectedAckId, 2),
            ("1{}", DecodeErrorKind::UnexpectedPayload, 1),
            ("1/a,7", DecodeErrorKind::UnexpectedAckId, 5),
            ("2", DecodeErrorKind::MissingPayload, 1),
            ("2/admin,7", DecodeErrorKind::MissingPayload, 9),
            ("2{}", DecodeErrorKind::PayloadShape, 1),
            ("2[]", DecodeErrorKind::PayloadShape, 1),
            (r#"2"foo""#, DecodeErrorKind::PayloadShape, 1),
            ("2[null]", DecodeErrorKind::EventName, 2),
            (r#"2[{"toString":"foo"}]"#, DecodeErrorKind::EventName, 2),
            ("2[true]", DecodeErrorKind::EventName, 2),
            (r#"2["\ud800"]"#, DecodeErrorKind::EventName, 2),
            (r#"2 ["connect"]"#, DecodeErrorKind::ReservedEvent, 3),
            (r#"2["disconnec\u0074"]"#, DecodeErrorKind::ReservedEvent, 2),
            (r#"2["foo","#, DecodeErrorKind::Json, 8),
            (r#"2["foo"]x"#, DecodeErrorKind::Json, 8),
            ("3[]", DecodeErrorKind::MissingAckId, 1),
            ("37", DecodeErrorKind::MissingPayload, 2),
            ("37{}", DecodeErrorKind::PayloadShape, 2),
            ("4", DecodeErrorKind::MissingPayload, 1),
            ("4[]", DecodeErrorKind::PayloadShape, 1),
            ("51-", DecodeErrorKind::MissingPayload, 3),
            (r#"51-["a",{"_placeholder":true,"num":1}]"#, DecodeErrorKind::Placeholder, 36),
        ];
        for (wire, kind_of_error, offset) in table {
            assert_eq!(kind(wire), Err(DecodeError::new(kind_of_error, offset)), "{wire}");
        }
    }

    #[test]
    fn no_reserved_name_is_an_event() {
        for name in
            ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
        {
            let error = kind(&format!("2[{name:?}]")).unwrap_err();
            assert_eq!(error.kind, DecodeErrorKind::ReservedEvent);
            assert!(is_reserved(name));
        }
    }

    #[test]
    fn nothing_is_copied() {
        let text = Text::from(r#"0/a,{"token":"t"}"#);
        let (place, header) = (text.as_ptr(), Header::read(&text, 10).unwrap());
        let Ok(PacketKind::Connect { auth: Some(auth) }) = read(text, &header, 127) else { panic!() };
        assert_eq!(auth.as_str().as_ptr(), place.wrapping_add(4));
        assert_eq!(header.namespace.as_ptr(), place.wrapping_add(1));
        let text = Text::from(r#"2["say",{"a":1}]"#);
        let (place, header) = (text.as_ptr(), Header::read(&text, 10).unwrap());
        let Ok(PacketKind::Event { args, .. }) = read(text, &header, 127) else { panic!() };
        assert_eq!(args.items().as_ptr(), place.wrapping_add(8));
    }
}
