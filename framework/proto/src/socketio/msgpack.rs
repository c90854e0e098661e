//! MessagePack packets: a whole packet is one binary message, `{ type, nsp, data, id }`.
//!
//! Takes: packets; binary messages. Emits: binary messages; packets, whose arguments are JSON text with
//! attachments as those of the default encoding, so that handlers see no difference. Keeps: nesting and
//! the number of binaries of a message are bounded, and what is refused shows nothing of its content.
//!
//! Spec: `socket.io-msgpack-parser` 3 (`index.js`) on `notepack.io` 2. That library writes `undefined` as
//! extension 0 of one byte, which is `null` here and nothing where a field may be missing, and a date as
//! extension 0 of eight bytes, which is the text that JSON has for it.

use bytes::Bytes;
use rmpv::{Value, ValueRef};
use serde_json::Value as Json;

use super::packet::{AckId, Args, Packet, PacketKind, RawText, is_reserved};
use crate::Text;

/// Why a message is no packet. Shows nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessagePackError {
    /// The message is no MessagePack, or nested too deeply, or something comes behind it.
    #[error("invalid MessagePack")]
    Encoding,
    /// A field is missing, or has another type than it must have.
    #[error("a packet of the wrong shape")]
    Shape,
    /// An event has no name, or a reserved one.
    #[error("illegal event name")]
    EventName,
    /// Over [`MAX_BINARIES`].
    #[error("too many binaries")]
    TooManyBinaries,
}

/// Levels of nesting of a message: those of JSON, and the packet around them.
const MAX_NESTING: usize = 66;

/// Binaries in one message. A stock client has no such limit; each costs forty times the two bytes that
/// it can be on the wire.
pub const MAX_BINARIES: usize = 10_000;

/// Writes a packet as one message.
#[must_use]
pub fn encode(packet: &Packet) -> Bytes {
    let (kind, data, id) = match &packet.kind {
        PacketKind::Connect { auth } => {
            (CONNECT, auth.as_ref().map(|auth| from_text(auth.as_str(), &[])), None)
        }
        PacketKind::Disconnect => (DISCONNECT, None, None),
        PacketKind::Event { name, ack, args } => {
            let mut data = vec![Value::from(name.as_str())];
            data.extend(from_args(args));
            (EVENT, Some(Value::Array(data)), *ack)
        }
        PacketKind::Ack { id, args } => (ACK, Some(Value::Array(from_args(args))), Some(*id)),
        PacketKind::ConnectError { payload } => (CONNECT_ERROR, Some(from_text(payload.as_str(), &[])), None),
    };
    let mut fields =
        vec![(Value::from("type"), Value::from(kind)), (Value::from("nsp"), Value::from(&*packet.namespace))];
    fields.extend(data.map(|data| (Value::from("data"), data)));
    fields.extend(id.map(|AckId(id)| (Value::from("id"), Value::from(id))));
    let mut out = Vec::new();
    // Writing into memory does not fail.
    rmpv::encode::write_value(&mut out, &Value::Map(fields)).ok();
    out.into()
}

/// Reads a message that is one packet.
///
/// # Errors
/// Any rule that it breaks, see [`MessagePackError`].
pub fn decode(message: &Bytes) -> Result<Packet, MessagePackError> {
    let mut rest = &message[..];
    let value = rmpv::decode::read_value_ref_with_max_depth(&mut rest, MAX_NESTING)
        .map_err(|_| MessagePackError::Encoding)?;
    let ValueRef::Map(fields) = value else { return Err(MessagePackError::Shape) };
    if !rest.is_empty() {
        return Err(MessagePackError::Encoding);
    }
    let field = |name: &str| {
        let found = fields.iter().rev().find(|(key, _)| text_of(key) == Some(name));
        found.map(|(_, value)| value).filter(|value| !is_undefined(value))
    };
    let kind = field("type").and_then(ValueRef::as_u64).ok_or(MessagePackError::Shape)?;
    let namespace = field("nsp").and_then(text_of).ok_or(MessagePackError::Shape)?;
    let id = match field("id") {
        Some(id) => Some(AckId(id.as_u64().ok_or(MessagePackError::Shape)?)),
        None => None,
    };
    let kind = read_kind(kind, field("data"), id, message)?;
    Ok(Packet { namespace: namespace.into(), kind })
}

fn read_kind(
    kind: u64,
    data: Option<&ValueRef<'_>>,
    id: Option<AckId>,
    message: &Bytes,
) -> Result<PacketKind, MessagePackError> {
    let mut json = Writer { text: String::new(), attachments: Vec::new(), message };
    match (kind, data) {
        (CONNECT, None) => Ok(PacketKind::Connect { auth: None }),
        (CONNECT, Some(auth @ ValueRef::Map(_))) => {
            json.value(auth)?;
            Ok(PacketKind::Connect { auth: Some(RawText::new(Text::from(json.text))) })
        }
        (DISCONNECT, None) => Ok(PacketKind::Disconnect),
        (EVENT, Some(ValueRef::Array(data))) => {
            let (name, args) = data.split_first().ok_or(MessagePackError::EventName)?;
            let name = if let ValueRef::Integer(number) = name {
                number.to_string()
            } else {
                text_of(name).ok_or(MessagePackError::EventName)?.to_owned()
            };
            if is_reserved(&name) {
                return Err(MessagePackError::EventName);
            }
            Ok(PacketKind::Event { name: name.into(), ack: id, args: json.args(args)? })
        }
        (ACK, Some(ValueRef::Array(args))) => {
            Ok(PacketKind::Ack { id: id.ok_or(MessagePackError::Shape)?, args: json.args(args)? })
        }
        (CONNECT_ERROR, Some(payload)) => {
            json.value(payload)?;
            Ok(PacketKind::ConnectError { payload: RawText::new(Text::from(json.text)) })
        }
        _ => Err(MessagePackError::Shape),
    }
}

/// Writes what came as JSON.
struct Writer<'a> {
    text: String,
    attachments: Vec<Bytes>,
    /// Binaries are parts of it.
    message: &'a Bytes,
}

impl Writer<'_> {
    fn args(mut self, args: &[ValueRef<'_>]) -> Result<Args, MessagePackError> {
        self.array(args)?;
        Ok(Args::new(Text::from(self.text), self.attachments))
    }

    /// The depth was bounded when the message was read.
    fn value(&mut self, value: &ValueRef<'_>) -> Result<(), MessagePackError> {
        match value {
            ValueRef::Nil => self.text.push_str("null"),
            ValueRef::Boolean(yes) => self.text.push_str(if *yes { "true" } else { "false" }),
            ValueRef::Integer(number) => self.text.push_str(&number.to_string()),
            ValueRef::F32(number) => self.number(f64::from(*number)),
            ValueRef::F64(number) => self.number(*number),
            ValueRef::String(_) => self.string(text_of(value).ok_or(MessagePackError::Encoding)?),
            ValueRef::Binary(bytes) => self.binary(bytes)?,
            ValueRef::Array(items) => self.array(items)?,
            ValueRef::Map(entries) => self.map(entries)?,
            ValueRef::Ext(kind, data) => match date(*kind, data) {
                Some(date) => self.string(&date),
                None => self.text.push_str("null"),
            },
        }
        Ok(())
    }

    /// JSON has no infinity: `JSON.stringify` writes null for it.
    fn number(&mut self, number: f64) {
        let number = serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number);
        self.text.push_str(&number.to_string());
    }

    fn string(&mut self, text: &str) {
        self.text.push_str(&Json::from(text).to_string());
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<(), MessagePackError> {
        let number = self.attachments.len();
        if number >= MAX_BINARIES {
            return Err(MessagePackError::TooManyBinaries);
        }
        self.attachments.push(self.message.slice_ref(bytes));
        self.text.push_str(&format!(r#"{{"_placeholder":true,"num":{number}}}"#));
        Ok(())
    }

    fn array(&mut self, items: &[ValueRef<'_>]) -> Result<(), MessagePackError> {
        self.text.push('[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.value(item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn map(&mut self, entries: &[(ValueRef<'_>, ValueRef<'_>)]) -> Result<(), MessagePackError> {
        // What looks like a placeholder is none: the default encoding would refuse it, too.
        if entries.iter().any(|(key, _)| text_of(key) == Some("_placeholder")) {
            return Err(MessagePackError::Shape);
        }
        self.text.push('{');
        let defined = entries.iter().filter(|(_, value)| !is_undefined(value));
        for (place, (key, value)) in defined.enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.string(text_of(key).ok_or(MessagePackError::Shape)?);
            self.text.push(':');
            self.value(value)?;
        }
        self.text.push('}');
        Ok(())
    }
}

fn from_args(args: &Args) -> Vec<Value> {
    if let Value::Array(items) = from_text(&args.json(), args.attachments()) { items } else { Vec::new() }
}

/// The text was written by serde_json, or checked when it came.
fn from_text(text: &str, attachments: &[Bytes]) -> Value {
    from_json(serde_json::from_str(text).unwrap_or_default(), attachments)
}

fn from_json(json: Json, attachments: &[Bytes]) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(yes) => Value::Boolean(yes),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::F64(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => {
            Value::Array(items.into_iter().map(|item| from_json(item, attachments)).collect())
        }
        Json::Object(entries) => {
            if let Some(bytes) = attachment(&entries, attachments) {
                return Value::Binary(bytes.to_vec());
            }
            let entry = |(key, value): (String, Json)| (Value::from(key), from_json(value, attachments));
            Value::Map(entries.into_iter().map(entry).collect())
        }
    }
}

fn attachment<'a>(entries: &serde_json::Map<String, Json>, attachments: &'a [Bytes]) -> Option<&'a Bytes> {
    entries.get("_placeholder")?.as_bool().filter(|is_one| *is_one)?;
    attachments.get(usize::try_from(entries.get("num")?.as_u64()?).ok()?)
}

fn text_of<'a>(value: &'a ValueRef<'_>) -> Option<&'a str> {
    if let ValueRef::String(text) = value { text.as_str() } else { None }
}

/// `undefined` of JavaScript, as `notepack.io` writes it.
fn is_undefined(value: &ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Ext(0, [0]))
}

/// A date of `notepack.io`, as `Date.prototype.toJSON` writes it.
fn date(kind: i8, data: &[u8]) -> Option<String> {
    let milliseconds = i64::from_be_bytes(data.try_into().ok().filter(|_| kind == 0)?);
    let (days, of_day) = (milliseconds.div_euclid(DAY_MS), milliseconds.rem_euclid(DAY_MS));
    // The calendar from days, after Howard Hinnant: eras of 400 years that begin in March.
    let shifted = days.checked_add(719_468)?;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(0..=9_999).contains(&year) {
        return None;
    }
    let (seconds, millis) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"))
}

const DAY_MS: i64 = 86_400_000;

const CONNECT: u64 = 0;
const DISCONNECT: u64 = 1;
const EVENT: u64 = 2;
const ACK: u64 = 3;
const CONNECT_ERROR: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, json: &str, attachments: Vec<Bytes>) -> Packet {
        let args = Args::new(Text::from(json.to_owned()), attachments);
        let kind = PacketKind::Event { name: name.into(), ack: Some(AckId(7)), args };
        Packet { namespace: "/game".into(), kind }
    }

    fn written(fields: &[(&str, Value)]) -> Bytes {
        let fields = fields.iter().map(|(key, value)| (Value::from(*key), value.clone())).collect();
        let mut out = Vec::new();
        rmpv::encode::write_value(&mut out, &Value::Map(fields)).unwrap();
        out.into()
    }

    fn message(kind: u64, data: Value) -> Bytes {
        written(&[("type", kind.into()), ("nsp", "/".into()), ("data", data)])
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = vec![Bytes::from_static(&[1, 2]), Bytes::new()];
        let placeholders = r#"[{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]"#;
        let packets = [
            event("say", r#"["text",1,-2,0.5,true,null,{"a":[]}]"#, Vec::new()),
            event("bytes", placeholders, bytes),
            Packet { namespace: "/".into(), kind: PacketKind::Disconnect },
            Packet { namespace: "/".into(), kind: PacketKind::Ack { id: AckId(0), args: Args::empty() } },
        ];
        for packet in packets {
            assert_eq!(decode(&encode(&packet)), Ok(packet));
        }
    }

    #[test]
    fn a_stock_client_asks_for_a_namespace() {
        // `new Encoder().encode({ type: 0, data: undefined, nsp: "/" })`
        let message = b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/";
        let packet = Packet { namespace: "/".into(), kind: PacketKind::Connect { auth: None } };
        assert_eq!(decode(&Bytes::from_static(message)), Ok(packet));
    }

    #[test]
    fn what_only_javascript_has_becomes_what_json_has_for_it() {
        let undefined = Value::Ext(0, vec![0]);
        let date = Value::Ext(0, 1_709_210_096_789_i64.to_be_bytes().to_vec());
        let object = Value::Map(vec![("gone".into(), undefined.clone()), ("kept".into(), 1.into())]);
        let data = vec!["e".into(), undefined, date, object, f64::INFINITY.into()];
        let PacketKind::Event { args, .. } = decode(&message(EVENT, Value::Array(data))).unwrap().kind else {
            unreachable!("it is an event")
        };
        assert_eq!(args.json(), r#"[null,"2024-02-29T12:34:56.789Z",{"kept":1},null]"#);
    }

    #[test]
    fn each_broken_rule_is_refused() {
        use MessagePackError::{Encoding, EventName, Shape};
        let name = |name: Value| message(EVENT, Value::Array(vec![name]));
        // Arrays of one item, ten thousand levels deep.
        let deep = [vec![0x91; 10_000], vec![0xc0]].concat();
        let placeholder = Value::Map(vec![("_placeholder".into(), true.into()), ("num".into(), 9.into())]);
        let table = [
            (Bytes::new(), Encoding),
            // A marker that is never used.
            (Bytes::from_static(&[0xc1]), Shape),
            (Bytes::from_static(&[0xdf, 0xff, 0xff, 0xff, 0xff]), Encoding),
            (Bytes::from_static(&[0xc6, 0xff, 0xff, 0xff, 0xff]), Encoding),
            (deep.into(), Encoding),
            ([&*message(DISCONNECT, Value::Nil), &[0xc0]].concat().into(), Encoding),
            (Bytes::from_static(&[0xc0]), Shape),
            (message(DISCONNECT, Value::Nil), Shape),
            (message(9, Value::Array(Vec::new())), Shape),
            (message(EVENT, "e".into()), Shape),
            (message(ACK, Value::Array(Vec::new())), Shape),
            (message(CONNECT, Value::Array(Vec::new())), Shape),
            (written(&[("type", EVENT.into()), ("data", Value::Array(vec!["e".into()]))]), Shape),
            (message(EVENT, Value::Array(vec!["e".into(), placeholder])), Shape),
            (message(EVENT, Value::Array(Vec::new())), EventName),
            (name(Value::Map(Vec::new())), EventName),
            (name(Value::Nil), EventName),
            (name("disconnect".into()), EventName),
        ];
        for (message, error) in table {
            assert_eq!(decode(&message), Err(error), "{message:?}");
        }
        let many = vec![Value::Binary(Vec::new()); MAX_BINARIES + 1];
        let many = message(EVENT, Value::Array([vec!["e".into()], many].concat()));
        assert_eq!(decode(&many), Err(MessagePackError::TooManyBinaries));
    }
}
