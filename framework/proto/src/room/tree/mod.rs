//! A JSON value as a tape: one list of nodes and one text, made by serde in a single pass.
//!
//! A room's view is written, compared with what a client has and thrown away many times a second. A
//! tape needs two allocations instead of one per node, and comparing two of them is a walk over two
//! arrays. What several of them share is a piece: a tape of its own, written once.

mod build;
mod diff;
mod hash;
mod piece;
mod write;

pub(super) use hash::{ClientHash, StateHash};
pub(super) use piece::{Piece, serialize as serialize_part};

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    text: String,
    pieces: Vec<Arc<Piece>>,
}

/// One value, or the key of a field. What belongs to an array or object follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Single(f32),
    /// A slice of the tree's text.
    Text {
        start: u32,
        len: u32,
    },
    /// This many of the following nodes belong to it.
    Array {
        span: u32,
    },
    /// Likewise; key and value alternate. A map's keys are sorted, a struct's are as declared.
    Object {
        span: u32,
        sorted: bool,
    },
    /// An array or object that other trees may have, too.
    Piece {
        index: u32,
    },
}

/// Why a value cannot be a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TreeError(String);

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TreeError {}

impl serde::ser::Error for TreeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl Tree {
    /// A view. Fields without a value are left out: merge patches cannot tell of them.
    pub(super) fn of(value: &impl Serialize) -> Result<Self, TreeError> {
        Self::like(value, None)
    }

    /// As [`of`](Self::of); it will be about as large as that one.
    pub(super) fn like(value: &impl Serialize, other: Option<&Self>) -> Result<Self, TreeError> {
        let tree = build::build(value, true, other)?;
        let root = tree.root().node();
        if let Node::Object { .. } = root {
            return Ok(tree);
        }
        // A unit: a room without a view.
        let is_nothing = root == Node::Null;
        is_nothing.then(Self::empty).ok_or_else(|| TreeError("a view has to be an object".to_owned()))
    }

    /// Any value, null included.
    pub(super) fn of_any(value: &impl Serialize) -> Result<Self, TreeError> {
        build::build(value, false, None)
    }

    /// An object without fields.
    pub(super) fn empty() -> Self {
        Self { nodes: vec![Node::Object { span: 0, sorted: true }], text: String::new(), pieces: Vec::new() }
    }

    fn root(&self) -> Cursor<'_> {
        self.start().resolved()
    }

    /// The first node, whatever it is.
    fn start(&self) -> Cursor<'_> {
        Cursor { nodes: &self.nodes, text: &self.text, pieces: &self.pieces }
    }
}

/// A value in a tree: its node and all nodes after it.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    nodes: &'a [Node],
    text: &'a str,
    pieces: &'a [Arc<Piece>],
}

impl<'a> Cursor<'a> {
    fn node(self) -> Node {
        self.nodes.first().copied().unwrap_or(Node::Null)
    }

    /// Number of nodes of this value.
    fn span(self) -> usize {
        match self.node() {
            Node::Array { span } | Node::Object { span, .. } => span as usize + 1,
            Node::Null
            | Node::Bool(_)
            | Node::Unsigned(_)
            | Node::Signed(_)
            | Node::Float(_)
            | Node::Single(_)
            | Node::Text { .. }
            | Node::Piece { .. } => 1,
        }
    }

    fn as_text(self) -> &'a str {
        let Node::Text { start, len } = self.node() else { return "" };
        self.text.get(start as usize..start as usize + len as usize).unwrap_or_default()
    }

    /// What is inside an array or object.
    fn inside(self) -> Self {
        Self { nodes: self.nodes.get(1..self.span()).unwrap_or_default(), ..self }
    }

    fn skip(self, nodes: usize) -> Self {
        Self { nodes: self.nodes.get(nodes..).unwrap_or_default(), ..self }
    }

    /// The piece that stands here.
    fn piece(self) -> Option<&'a Arc<Piece>> {
        let Node::Piece { index } = self.node() else { return None };
        self.pieces.get(index as usize)
    }

    /// The value itself, also where a piece stands for it.
    fn resolved(self) -> Self {
        self.piece().map_or(self, |piece| piece.root())
    }

    /// The values of an array.
    fn items(self) -> impl Iterator<Item = Self> {
        let mut rest = self.inside();
        std::iter::from_fn(move || {
            let item = rest;
            rest = rest.skip(item.span());
            (!item.nodes.is_empty()).then_some(item)
        })
    }

    /// The fields of an object.
    fn fields(self) -> Fields<'a> {
        Fields(self.inside())
    }
}

/// Walks over the fields of an object.
#[derive(Clone)]
struct Fields<'a>(Cursor<'a>);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Cursor<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.nodes.is_empty() {
            return None;
        }
        let (key, value) = (self.0.as_text(), self.0.skip(1));
        self.0 = value.skip(value.span());
        Some((key, value))
    }
}
