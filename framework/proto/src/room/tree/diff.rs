//! RFC 7396 merge patches between two trees.

use std::cmp::Ordering;
use std::sync::Arc;

use super::write::{write, write_key};
use super::{Cursor, Fields, Node, Tree};

impl Tree {
    /// Writes the fields of the patch that leads from `old` to `self`, without the brackets. Nothing
    /// is written if they are the same.
    pub(in crate::room) fn write_patch(&self, old: &Self, out: &mut String) {
        diff_fields(old.root(), self.root(), out);
    }
}

/// Both are objects.
pub(super) fn diff_fields(old: Cursor<'_>, new: Cursor<'_>, out: &mut String) {
    let (sorted_old, sorted_new) = (is_sorted(old), is_sorted(new));
    let start = out.len();
    let mut writer = Writer { out, start };
    if sorted_old && sorted_new {
        merge(old.fields(), new.fields(), &mut writer);
    } else {
        search(&old.fields(), &new.fields(), &mut writer);
    }
}

fn is_sorted(value: Cursor<'_>) -> bool {
    matches!(value.node(), Node::Object { sorted: true, .. })
}

/// Fields of maps: both in the order of their keys.
fn merge(mut old: Fields<'_>, new: Fields<'_>, writer: &mut Writer<'_>) {
    let mut candidate = old.next();
    for (key, value) in new {
        loop {
            match candidate.map(|(other, before)| (other.cmp(key), other, before)) {
                Some((Ordering::Less, gone, _)) => {
                    writer.removed(gone);
                    candidate = old.next();
                    continue;
                }
                Some((Ordering::Equal, _, before)) => {
                    writer.changed(key, before, value);
                    candidate = old.next();
                }
                Some((Ordering::Greater, ..)) | None => writer.added(key, value),
            }
            break;
        }
    }
    if let Some((gone, _)) = candidate {
        writer.removed(gone);
    }
    for (gone, _) in old {
        writer.removed(gone);
    }
}

/// Fields of structs: few, and mostly the same in the same order.
fn search(old: &Fields<'_>, new: &Fields<'_>, writer: &mut Writer<'_>) {
    let mut next = old.clone();
    for (key, value) in new.clone() {
        let beside = next.next().filter(|(other, _)| *other == key);
        match beside.or_else(|| old.clone().find(|(other, _)| *other == key)) {
            Some((_, before)) => writer.changed(key, before, value),
            None => writer.added(key, value),
        }
    }
    let mut next = new.clone();
    for (key, _) in old.clone() {
        let beside = next.next().is_some_and(|(other, _)| other == key);
        if !beside && !new.clone().any(|(other, _)| other == key) {
            writer.removed(key);
        }
    }
}

struct Writer<'a> {
    out: &'a mut String,
    /// Where the object's first field stands.
    start: usize,
}

impl Writer<'_> {
    fn key(&mut self, key: &str) {
        if self.out.len() > self.start {
            self.out.push(',');
        }
        write_key(key, self.out);
    }

    fn removed(&mut self, key: &str) {
        self.key(key);
        self.out.push_str("null");
    }

    fn added(&mut self, key: &str, value: Cursor<'_>) {
        self.key(key);
        write(value, self.out);
    }

    fn changed(&mut self, key: &str, old: Cursor<'_>, new: Cursor<'_>) {
        if let (Some(before), Some(after)) = (old.piece(), new.piece()) {
            if Arc::ptr_eq(before, after) {
                return;
            }
            if let Some(fields) = after.patch_from(before) {
                return self.fields(key, &fields);
            }
        }
        self.changed_value(key, old.resolved(), new.resolved());
    }

    /// The patch of an object, if there is anything in it.
    fn fields(&mut self, key: &str, fields: &str) {
        if !fields.is_empty() {
            self.key(key);
            self.out.push('{');
            self.out.push_str(fields);
            self.out.push('}');
        }
    }

    fn changed_value(&mut self, key: &str, old: Cursor<'_>, new: Cursor<'_>) {
        if let (Node::Object { .. }, Node::Object { .. }) = (old.node(), new.node()) {
            let before = self.out.len();
            self.key(key);
            self.out.push('{');
            let inside = self.out.len();
            diff_fields(old, new, self.out);
            if self.out.len() == inside {
                self.out.truncate(before);
            } else {
                self.out.push('}');
            }
        } else if !same(old, new) {
            self.added(key, new);
        }
    }
}

fn same(old: Cursor<'_>, new: Cursor<'_>) -> bool {
    match (old.node(), new.node()) {
        (Node::Text { .. }, Node::Text { .. }) => old.as_text() == new.as_text(),
        (Node::Array { span: old_span }, Node::Array { span: new_span }) => {
            old_span == new_span && same_all(old.inside(), new.inside())
        }
        (Node::Object { span: old_span, .. }, Node::Object { span: new_span, .. }) => {
            old_span == new_span && same_all(old.inside(), new.inside())
        }
        (one, other) => one == other,
    }
}

/// What is inside two arrays, or two objects in one: the same nodes with the same texts.
fn same_all(mut old: Cursor<'_>, mut new: Cursor<'_>) -> bool {
    if old.nodes.len() != new.nodes.len() {
        return false;
    }
    while !old.nodes.is_empty() {
        let alike = match (old.node(), new.node()) {
            (Node::Text { .. }, Node::Text { .. }) => old.as_text() == new.as_text(),
            (one, other) => one == other,
        };
        if !alike {
            return false;
        }
        (old, new) = (old.skip(1), new.skip(1));
    }
    true
}
