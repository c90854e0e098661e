//! From serde to a tree.

use std::sync::Arc;

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::piece::{self, Piece};
use super::{Node, Tree, TreeError};

/// `view`: fields of objects must have values. `like`: what it will be about as large as.
pub(super) fn build(value: &impl Serialize, view: bool, like: Option<&Tree>) -> Result<Tree, TreeError> {
    let tree = like.map_or_else(Tree::default, |like| Tree {
        nodes: Vec::with_capacity(like.nodes.len()),
        text: String::with_capacity(like.text.len()),
        pieces: Vec::with_capacity(like.pieces.len()),
    });
    let mut builder = Builder { tree, view, in_array: 0 };
    piece::drawing(view, || value.serialize(&mut builder))?;
    Ok(builder.tree)
}

struct Builder {
    tree: Tree,
    view: bool,
    /// How many arrays are open: a patch replaces an array whole, so null may stand inside.
    in_array: u32,
}

impl Builder {
    fn push(&mut self, node: Node) -> Result<(), TreeError> {
        self.tree.nodes.push(node);
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Result<(), TreeError> {
        let (start, len) = (size(self.tree.text.len())?, size(text.len())?);
        self.tree.text.push_str(text);
        self.push(Node::Text { start, len })
    }

    /// What is no array and no object is not worth sharing.
    fn push_piece(&mut self, piece: Arc<Piece>) -> Result<(), TreeError> {
        match piece.root().node() {
            Node::Text { .. } => self.push_text(piece.root().as_text()),
            Node::Array { .. } | Node::Object { .. } => {
                let index = size(self.tree.pieces.len())?;
                self.tree.pieces.push(piece);
                self.push(Node::Piece { index })
            }
            other @ (Node::Null
            | Node::Bool(_)
            | Node::Unsigned(_)
            | Node::Signed(_)
            | Node::Float(_)
            | Node::Single(_)
            | Node::Piece { .. }) => self.push(other),
        }
    }

    fn push_float(&mut self, number: f64) -> Result<(), TreeError> {
        match number {
            // A client does not see the sign of zero.
            0.0 => self.push(Node::Float(0.0)),
            number if number.is_finite() => self.push(Node::Float(number)),
            _ => self.push(Node::Null),
        }
    }

    /// Begins an array or object, whose head is written when its end is known.
    fn open(&mut self, array: bool) -> Compound<'_> {
        let head = self.tree.nodes.len();
        self.tree.nodes.push(Node::Null);
        if array {
            self.in_array += 1;
        }
        Compound { builder: self, head, variant: None, array, sorted: true, last_key: None }
    }

    /// An object with one field, whose value follows.
    fn open_variant(&mut self, name: &str, array: bool) -> Result<Compound<'_>, TreeError> {
        let outer = self.tree.nodes.len();
        self.push(Node::Null)?;
        self.push_text(name)?;
        Ok(Compound { variant: Some(outer), ..self.open(array) })
    }

    fn close_variant(&mut self, outer: usize) -> Result<(), TreeError> {
        let span = size(self.tree.nodes.len() - outer - 1)?;
        self.set(outer, Node::Object { span, sorted: true })
    }

    fn set(&mut self, place: usize, node: Node) -> Result<(), TreeError> {
        if let Some(head) = self.tree.nodes.get_mut(place) {
            *head = node;
        }
        Ok(())
    }

    /// A field has been written from this node on; one without a value (null, or a number that is not
    /// finite) is left out of a view: in a merge patch null means that a field is gone.
    fn finish_field(&mut self, key: usize) {
        let nodes = &mut self.tree.nodes;
        if self.view && self.in_array == 0 && nodes.len() == key + 2 && nodes.last() == Some(&Node::Null) {
            nodes.truncate(key);
        }
    }
}

fn size(len: usize) -> Result<u32, TreeError> {
    u32::try_from(len).map_err(|_| TreeError("the value is too large".to_owned()))
}

impl<'a> Serializer for &'a mut Builder {
    type Ok = ();
    type Error = TreeError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), TreeError> {
        self.push(Node::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<(), TreeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), TreeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), TreeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), TreeError> {
        // One form for one number, whatever its type.
        match u64::try_from(value) {
            Ok(value) => self.push(Node::Unsigned(value)),
            Err(_) => self.push(Node::Signed(value)),
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), TreeError> {
        self.push(Node::Unsigned(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Result<(), TreeError> {
        self.push(Node::Unsigned(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Result<(), TreeError> {
        self.push(Node::Unsigned(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Result<(), TreeError> {
        self.push(Node::Unsigned(value))
    }

    fn serialize_f32(self, value: f32) -> Result<(), TreeError> {
        // As `f64` it would have more digits than it means.
        if value.is_finite() && value != 0.0 {
            self.push(Node::Single(value))
        } else {
            self.push_float(value.into())
        }
    }

    fn serialize_f64(self, value: f64) -> Result<(), TreeError> {
        self.push_float(value)
    }

    fn serialize_char(self, value: char) -> Result<(), TreeError> {
        self.push_text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), TreeError> {
        self.push_text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), TreeError> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), TreeError> {
        self.push(Node::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), TreeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), TreeError> {
        self.push(Node::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), TreeError> {
        self.push(Node::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), TreeError> {
        self.push_text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), TreeError> {
        // A patch replaces an array whole, and null may stand inside: a piece is none of that.
        if name == piece::NAME
            && self.view
            && self.in_array == 0
            && let Some(offered) = piece::take_offer()
        {
            return self.push_piece(offered);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), TreeError> {
        let outer = self.tree.nodes.len();
        self.push(Node::Null)?;
        let key = self.tree.nodes.len();
        self.push_text(variant)?;
        value.serialize(&mut *self)?;
        self.finish_field(key);
        self.close_variant(outer)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, TreeError> {
        Ok(self.open(true))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, TreeError> {
        Ok(self.open(true))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, TreeError> {
        Ok(self.open(true))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, TreeError> {
        self.open_variant(variant, true)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, TreeError> {
        Ok(self.open(false))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, TreeError> {
        Ok(self.open(false))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, TreeError> {
        self.open_variant(variant, false)
    }
}

/// An array or object that is being written.
struct Compound<'a> {
    builder: &'a mut Builder,
    head: usize,
    /// Head of the object around it, if it is the value of an enum's variant.
    variant: Option<usize>,
    array: bool,
    /// Whether the keys so far ascend.
    sorted: bool,
    last_key: Option<usize>,
}

impl Compound<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        value.serialize(&mut *self.builder)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), TreeError> {
        let place = self.builder.tree.nodes.len();
        self.builder.push_text(key)?;
        value.serialize(&mut *self.builder)?;
        self.builder.finish_field(place);
        Ok(())
    }

    /// Takes note of the key of a map that was just written at `place`.
    fn note_key(&mut self, place: usize) {
        let root = self.builder.tree.start();
        let key = root.skip(place).as_text();
        if self.last_key.is_some_and(|last| root.skip(last).as_text() >= key) {
            self.sorted = false;
        }
        self.last_key = Some(place);
    }

    fn close(self, map: bool) -> Result<(), TreeError> {
        let builder = self.builder;
        if self.array {
            builder.in_array -= 1;
        }
        if map && !self.sorted {
            sort(&mut builder.tree, self.head)?;
        }
        let span = size(builder.tree.nodes.len() - self.head - 1)?;
        let head = if self.array { Node::Array { span } } else { Node::Object { span, sorted: map } };
        builder.set(self.head, head)?;
        match self.variant {
            Some(outer) => builder.close_variant(outer),
            None => Ok(()),
        }
    }
}

/// Brings the fields of the last object into the order of their keys: that of a hash map differs from
/// run to run.
fn sort(tree: &mut Tree, head: usize) -> Result<(), TreeError> {
    let Tree { nodes, text, .. } = tree;
    let tail = nodes.split_off(head + 1);
    let mut fields: Vec<_> = super::Fields(super::Cursor { nodes: &tail, text, pieces: &[] }).collect();
    fields.sort_by_key(|(key, _)| *key);
    if let Some(pair) =
        fields.windows(2).find(|pair| pair.first().map(|field| field.0) == pair.last().map(|field| field.0))
    {
        let key = pair.first().map_or("", |field| field.0);
        return Err(TreeError(format!("the key `{key}` stands in one object twice")));
    }
    for (_, value) in fields {
        // The key stands before its value.
        let start = tail.len() - value.nodes.len() - 1;
        nodes.extend_from_slice(tail.get(start..start + 1 + value.span()).unwrap_or_default());
    }
    Ok(())
}

impl SerializeSeq for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

impl SerializeTuple for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

impl SerializeTupleStruct for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

impl SerializeTupleVariant for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), TreeError> {
        let place = self.builder.tree.nodes.len();
        key.serialize(&mut *self.builder)?;
        let written = self.builder.tree.nodes.len() - place;
        match self.builder.tree.nodes.last().copied() {
            Some(Node::Text { .. }) if written == 1 => {}
            Some(node @ (Node::Unsigned(_) | Node::Signed(_) | Node::Bool(_))) if written == 1 => {
                self.builder.tree.nodes.pop();
                let mut text = String::new();
                super::write::write(super::Cursor { nodes: &[node], text: "", pieces: &[] }, &mut text);
                self.builder.push_text(&text)?;
            }
            _ => return Err(TreeError::custom("a key has to be text or a whole number")),
        }
        self.note_key(place);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        let key = self.builder.tree.nodes.len() - 1;
        value.serialize(&mut *self.builder)?;
        self.builder.finish_field(key);
        if self.builder.tree.nodes.len() == key {
            // The field was left out; the order of the others is looked at once more in the end.
            self.last_key = None;
            self.sorted = false;
        }
        Ok(())
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(true)
    }
}

impl SerializeStruct for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), TreeError> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

impl SerializeStructVariant for Compound<'_> {
    type Ok = ();
    type Error = TreeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), TreeError> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), TreeError> {
        self.close(false)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use crate::room::tree::Tree;

    #[test]
    fn a_view_leaves_out_what_has_no_value_and_an_array_keeps_its_places() {
        #[derive(Serialize)]
        struct View {
            winner: Option<u8>,
            speed: f64,
            board: [Option<u8>; 2],
            names: BTreeMap<&'static str, Option<u8>>,
            turn: u8,
        }
        let names = BTreeMap::from([("ann", None), ("bob", Some(2))]);
        let view = View { winner: None, speed: f64::NAN, board: [None, Some(1)], names, turn: 0 };
        let mut fields = String::new();
        Tree::of(&view).unwrap().write_fields(&mut fields);
        assert_eq!(fields, r#""board":[null,1],"names":{"bob":2},"turn":0"#);
    }
}
