//! Where in a JSON text the scanner is, in as many bits as there may be levels.

use std::borrow::Cow;

/// The open objects and arrays, a bit for each in every set; the innermost has the lowest bit.
pub(super) struct Nesting {
    pub(super) depth: u32,
    objects: u128,
    /// Objects with `"_placeholder": true`.
    placeholders: u128,
    /// Objects whose `num` is one of the attachments.
    attached: u128,
}

impl Nesting {
    pub(super) const fn new() -> Self {
        Self { depth: 0, objects: 0, placeholders: 0, attached: 0 }
    }

    pub(super) fn push(&mut self, is_object: bool) {
        self.depth = self.depth.saturating_add(1);
        self.objects = self.objects << 1 | u128::from(is_object);
        self.placeholders <<= 1;
        self.attached <<= 1;
    }

    pub(super) const fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.placeholders >>= 1;
        self.attached >>= 1;
    }

    pub(super) const fn is_object(&self) -> bool {
        self.objects & 1 == 1
    }

    /// Of a key that is there twice the last one counts, as in the reference.
    pub(super) fn set_placeholder(&mut self, is_true: bool) {
        self.placeholders = self.placeholders & !1 | u128::from(is_true);
    }

    pub(super) fn set_attached(&mut self, is_attachment: bool) {
        self.attached = self.attached & !1 | u128::from(is_attachment);
    }

    pub(super) const fn is_unattached_placeholder(&self) -> bool {
        self.placeholders & !self.attached & 1 == 1
    }
}

/// The key before a value, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Placeholder,
    Num,
    Other,
}

impl Key {
    /// Reads a key with its quotes. One with escapes is unescaped first: it is the same key.
    pub(super) fn read(quoted: &str) -> Self {
        if quoted.contains('\\') {
            return serde_json::from_str::<Cow<'_, str>>(quoted).map_or(Self::Other, |key| named(&key));
        }
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map_or(Self::Other, named)
    }
}

fn named(key: &str) -> Key {
    match key {
        "_placeholder" => Key::Placeholder,
        "num" => Key::Num,
        _ => Key::Other,
    }
}
