//! Pieces that several trees share: made, written and compared once, however many of them have it.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, OnceLock, Weak};

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use super::diff::diff_fields;
use super::write::write;
use super::{Cursor, Node, Tree, TreeError, build};

/// A value as a tree of its own, which never changes.
#[derive(Debug)]
pub(in crate::room) struct Piece {
    tree: Tree,
    text: OnceLock<Box<str>>,
    /// The patch from the piece that it was first compared with. Weak, or a piece would keep all before it.
    patch: OnceLock<(Weak<Self>, Box<str>)>,
}

thread_local! {
    /// Whether this thread makes the tree of a view.
    static DRAWING: Cell<bool> = const { Cell::new(false) };
    /// From a part to the serializer that it calls at this moment: serde has no way for it.
    static OFFER: Cell<Option<Arc<Piece>>> = const { Cell::new(None) };
}

/// By this name a [`Builder`](super::build) knows that there is an offer.
pub(super) const NAME: &str = "$greenroom::Part";

/// Serializes a value, and tells a builder of trees that there is a piece of it. Others see the value alone.
pub(in crate::room) fn serialize<S: Serializer>(
    value: &impl Serialize,
    piece: impl FnOnce() -> Result<Arc<Piece>, TreeError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if !DRAWING.get() {
        return value.serialize(serializer);
    }
    OFFER.set(Some(piece().map_err(S::Error::custom)?));
    let done = serializer.serialize_newtype_struct(NAME, value);
    // A serializer in between did not know what it is.
    OFFER.set(None);
    done
}

/// What the value offers that is being serialized.
pub(super) fn take_offer() -> Option<Arc<Piece>> {
    OFFER.take()
}

/// Runs something during which parts offer their pieces, or do not.
pub(super) fn drawing<T>(view: bool, make: impl FnOnce() -> T) -> T {
    let _before = Before(DRAWING.replace(view));
    make()
}

/// Sets it back, also if the user's code panics.
struct Before(bool);

impl Drop for Before {
    fn drop(&mut self) {
        DRAWING.set(self.0);
    }
}

impl Piece {
    /// Of a value in a view.
    pub(in crate::room) fn of(value: &impl Serialize) -> Result<Self, TreeError> {
        let tree = build::build(value, true, None)?;
        Ok(Self { tree, text: OnceLock::new(), patch: OnceLock::new() })
    }

    pub(super) fn root(&self) -> Cursor<'_> {
        self.tree.root()
    }

    /// As JSON.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let mut text = String::new();
            write(self.root(), &mut text);
            text.into()
        })
    }

    /// The fields of the patch that leads from another piece to this one, if both are objects.
    pub(super) fn patch_from(&self, old: &Arc<Self>) -> Option<Cow<'_, str>> {
        let objects = [self.root(), old.root()].map(|root| matches!(root.node(), Node::Object { .. }));
        if objects != [true, true] {
            return None;
        }
        let compare = || {
            let mut fields = String::new();
            diff_fields(old.root(), self.root(), &mut fields);
            fields
        };
        let (of, fields) = self.patch.get_or_init(|| (Arc::downgrade(old), compare().into()));
        let known = std::ptr::eq(of.as_ptr(), Arc::as_ptr(old));
        Some(if known { Cow::Borrowed(fields) } else { Cow::Owned(compare()) })
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.tree == other.tree
    }
}
