//! What one audience sees, and the frames that bring it there.

use std::fmt::{self, Write};
use std::sync::Arc;

use bytestring::ByteString;

use super::Applied;
use crate::room::tree::Tree;
use crate::room::{Seat, SocketKey};

/// What an audience saw at some time.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) offset: u64,
    view: Tree,
    applied: Applied,
}

impl Cut {
    pub(super) fn new(offset: u64, view: Tree, applied: Applied) -> Self {
        Self { offset, view, applied }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.view
    }

    pub(super) fn is(&self, view: &Tree, applied: &Applied) -> bool {
        self.applied == *applied && self.view == *view
    }
}

/// What an audience sees now, and what has been written of it so far: each text once, however many
/// connections get it.
pub(super) struct Drawn {
    pub(super) cut: Arc<Cut>,
    whole: Option<String>,
    changes: Vec<(Arc<Cut>, Changes)>,
    shared: Vec<Frame>,
    own: Vec<Frame>,
}

/// What leads from one cut to another: fields of a merge patch, and numbers of inputs.
#[derive(Clone, Default)]
struct Changes {
    fields: String,
    numbers: String,
}

/// A frame, and who gets it.
pub(super) struct Frame {
    /// What it starts from; a whole state starts from nothing.
    base: Option<(u64, Arc<Cut>)>,
    pub(super) offset: u64,
    pub(super) text: ByteString,
    pub(super) to: Vec<SocketKey>,
}

impl Frame {
    pub(super) fn event(&self) -> &'static str {
        if self.base.is_some() { "patch" } else { "state" }
    }

    fn leads(&self, base: Option<(u64, &Arc<Cut>)>, offset: u64) -> bool {
        let same_base = match (&self.base, base) {
            (Some((from, cut)), Some((other_from, other))) => *from == other_from && Arc::ptr_eq(cut, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.offset == offset && same_base
    }
}

impl Drawn {
    pub(super) fn new(cut: Arc<Cut>) -> Self {
        Self { cut, whole: None, changes: Vec::new(), shared: Vec::new(), own: Vec::new() }
    }

    /// A whole state for a connection.
    pub(super) fn add_state(&mut self, socket: SocketKey, epoch: u64, offset: u64, secret: &Tree) {
        let mut hidden = String::new();
        secret.write_fields(&mut hidden);
        if hidden.is_empty()
            && let Some(frame) = self.shared.iter_mut().find(|frame| frame.leads(None, offset))
        {
            return frame.to.push(socket);
        }
        let cut = &self.cut;
        let whole = self.whole.get_or_insert_with(|| {
            let mut text = String::new();
            cut.view.write_fields(&mut text);
            text
        });
        let mut numbers = String::new();
        write_numbers(cut.applied.iter(), &mut numbers);
        let head = format_args!("{{\"e\":{epoch},\"o\":{offset}{numbers},\"full\":{{");
        let text = join(head, whole, &hidden);
        self.push(Frame { base: None, offset, text, to: vec![socket] }, hidden.is_empty());
    }

    /// A patch for a connection that has `base`. Whether there is anything to tell.
    pub(super) fn add_patch(
        &mut self,
        socket: SocketKey,
        (from, base): (u64, &Arc<Cut>),
        offset: u64,
        secret: (&Tree, &Tree),
    ) -> bool {
        let mut hidden = String::new();
        secret.1.write_patch(secret.0, &mut hidden);
        if hidden.is_empty()
            && let Some(frame) = self.shared.iter_mut().find(|frame| frame.leads(Some((from, base)), offset))
        {
            frame.to.push(socket);
            return true;
        }
        let Changes { fields, numbers } = self.changes_from(base);
        if fields.is_empty() && numbers.is_empty() && hidden.is_empty() {
            return false;
        }
        let head = format_args!("{{\"from\":{from},\"o\":{offset}{numbers},\"d\":{{");
        let text = join(head, fields, &hidden);
        let frame = Frame { base: Some((from, Arc::clone(base))), offset, text, to: vec![socket] };
        self.push(frame, hidden.is_empty());
        true
    }

    fn push(&mut self, frame: Frame, shared: bool) {
        if shared { self.shared.push(frame) } else { self.own.push(frame) }
    }

    fn changes_from(&mut self, base: &Arc<Cut>) -> &Changes {
        let known = self.changes.iter().position(|(other, _)| Arc::ptr_eq(other, base));
        let place = known.unwrap_or_else(|| {
            let changes =
                if Arc::ptr_eq(base, &self.cut) { Changes::default() } else { changes(base, &self.cut) };
            self.changes.push((Arc::clone(base), changes));
            self.changes.len() - 1
        });
        self.changes.get(place).map_or(&NO_CHANGES, |(_, changes)| changes)
    }

    pub(super) fn into_frames(self) -> impl Iterator<Item = Frame> {
        self.shared.into_iter().chain(self.own)
    }
}

/// Bytes; a longer patch is copied when it grows.
const USUAL_PATCH: usize = 512;

static NO_CHANGES: Changes = Changes { fields: String::new(), numbers: String::new() };

fn changes(old: &Cut, new: &Cut) -> Changes {
    let mut changes = Changes { fields: String::with_capacity(USUAL_PATCH), numbers: String::new() };
    new.view.write_patch(&old.view, &mut changes.fields);
    let moved = new.applied.iter().filter(|(seat, number)| old.applied.get(seat) != Some(number));
    write_numbers(moved, &mut changes.numbers);
    changes
}

/// `,"n":{"3":17}`, or nothing.
fn write_numbers<'a>(numbers: impl Iterator<Item = (&'a Seat, &'a u64)>, out: &mut String) {
    for (Seat(seat), number) in numbers {
        out.push_str(if out.is_empty() { ",\"n\":{" } else { "," });
        // A `String` takes everything.
        let _: fmt::Result = write!(out, "\"{seat}\":{number}");
    }
    if !out.is_empty() {
        out.push('}');
    }
}

/// Two lists of fields behind a head that opens two brackets, in one allocation.
fn join(head: fmt::Arguments<'_>, fields: &str, more: &str) -> ByteString {
    const MOST_HEADS: usize = 80;
    let mut text = String::with_capacity(MOST_HEADS + fields.len() + more.len());
    // A `String` takes everything.
    let _: fmt::Result = text.write_fmt(head);
    text.push_str(fields);
    if !fields.is_empty() && !more.is_empty() {
        text.push(',');
    }
    text.push_str(more);
    text.push_str("}}");
    text.into()
}
