//! From a tree to JSON text.

use super::{Cursor, Node, Tree};

impl Tree {
    /// The fields of the root without its brackets.
    pub(in crate::room) fn write_fields(&self, out: &mut String) {
        write_fields(self.root(), out);
    }
}

fn write_fields(object: Cursor<'_>, out: &mut String) {
    for (place, (key, value)) in object.fields().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_key(key, out);
        write(value, out);
    }
}

pub(super) fn write_key(key: &str, out: &mut String) {
    write_text(key, out);
    out.push(':');
}

pub(super) fn write(value: Cursor<'_>, out: &mut String) {
    match value.node() {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        Node::Unsigned(number) => out.push_str(itoa::Buffer::new().format(number)),
        Node::Signed(number) => out.push_str(itoa::Buffer::new().format(number)),
        Node::Float(number) => write_float(number, number, out),
        Node::Single(number) => write_float(number, number.into(), out),
        Node::Text { .. } => write_text(value.as_text(), out),
        Node::Piece { .. } => out.push_str(value.piece().map_or("null", |piece| piece.text())),
        Node::Array { .. } => {
            out.push('[');
            for (place, item) in value.items().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Node::Object { .. } => {
            out.push('{');
            write_fields(value, out);
            out.push('}');
        }
    }
}

/// As JavaScript would: a whole number has no fraction.
fn write_float(number: impl serde::Serialize, value: f64, out: &mut String) {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and far from the ends of i64")]
        let whole = value as i64;
        return out.push_str(itoa::Buffer::new().format(whole));
    }
    let mut buffer = [0_u8; 32];
    let mut rest = &mut buffer[..];
    let written = serde_json::to_writer(&mut rest, &number).map(|()| 32 - rest.len());
    // The longest number has 24 characters.
    let text = written.ok().and_then(|len| std::str::from_utf8(buffer.get(..len)?).ok());
    out.push_str(text.unwrap_or("0"));
}

fn write_text(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&serde_json::Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}
