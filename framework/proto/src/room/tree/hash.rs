//! Hashes of trees. FNV-1a: a few lines in any language, and no protection against malice needed.
//!
//! What is hashed, in this order: `z` for null; `t`, `f`; `n` and the eight bytes of the number as IEEE
//! 754 double, most significant first; `s`, the text in UTF-8 and a zero byte; `[`, the items, `]`; `{`, for each field
//! in the order of its key's UTF-16 units the key as a text and the value, `}`.

use super::{Cursor, Node, Tree};

/// 32 bits: what a client computes of the state that it has.
#[derive(Clone, Copy, Debug)]
pub(in crate::room) struct ClientHash(u32);

/// 64 bits: what tells two states of a room apart.
#[derive(Clone, Copy, Debug)]
pub(in crate::room) struct StateHash(u64);

impl ClientHash {
    /// Of an object whose fields stand in several trees.
    pub(in crate::room) fn of(trees: &[&Tree]) -> u32 {
        let mut hash = Self(0x811c_9dc5);
        hash_fields(trees.iter().flat_map(|tree| tree.root().fields()).collect(), &mut hash);
        hash.0
    }
}

impl StateHash {
    pub(in crate::room) fn of(tree: &Tree) -> u64 {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash_value(tree.root(), &mut hash);
        hash.0
    }
}

trait Hash {
    fn byte(&mut self, byte: u8);

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }
}

impl Hash for ClientHash {
    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
}

impl Hash for StateHash {
    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

fn hash_value(value: Cursor<'_>, hash: &mut impl Hash) {
    let value = value.resolved();
    match value.node() {
        Node::Null | Node::Piece { .. } => hash.byte(b'z'),
        Node::Bool(true) => hash.byte(b't'),
        Node::Bool(false) => hash.byte(b'f'),
        #[expect(clippy::cast_precision_loss, reason = "what a client makes of it")]
        Node::Unsigned(number) => hash_number(number as f64, hash),
        #[expect(clippy::cast_precision_loss, reason = "what a client makes of it")]
        Node::Signed(number) => hash_number(number as f64, hash),
        Node::Float(number) => hash_number(number, hash),
        // A client has read the digits.
        Node::Single(number) => hash_number(number.to_string().parse().unwrap_or_default(), hash),
        Node::Text { .. } => hash_text(value.as_text(), hash),
        Node::Array { .. } => {
            hash.byte(b'[');
            for item in value.items() {
                hash_value(item, hash);
            }
            hash.byte(b']');
        }
        Node::Object { .. } => hash_fields(value.fields().collect(), hash),
    }
}

fn hash_fields(mut fields: Vec<(&str, Cursor<'_>)>, hash: &mut impl Hash) {
    // Most keys are in order already, and all of them are ASCII.
    fields.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    hash.byte(b'{');
    for (key, value) in fields {
        hash_text(key, hash);
        hash_value(value, hash);
    }
    hash.byte(b'}');
}

fn hash_number(number: f64, hash: &mut impl Hash) {
    hash.byte(b'n');
    hash.bytes(&number.to_bits().to_be_bytes());
}

fn hash_text(text: &str, hash: &mut impl Hash) {
    hash.byte(b's');
    hash.bytes(text.as_bytes());
    hash.byte(0);
}
