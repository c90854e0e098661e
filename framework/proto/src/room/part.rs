//! What many views show, written once: [`Part`].

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tree::{Piece, TreeError, serialize_part};

/// A part of a room's state that many views show.
///
/// A view of its own for everybody is written and compared for everybody. What stands in it as a `Part` is
/// written once, however many views have it, and where it has not changed that is seen at a glance. It is
/// used like the value in it; a clone of it is a pointer, so a view takes it as it is. To clients, in
/// journals and in tests it is the value.
///
/// ```
/// use std::collections::BTreeMap;
/// use greenroom_proto::room::Part;
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Ship { x: f32, y: f32 }
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Space { ships: BTreeMap<String, Part<Ship>> }
///
/// #[derive(Serialize)]
/// struct View { near: BTreeMap<String, Part<Ship>> }
///
/// let mut space = Space { ships: BTreeMap::from([("ann".to_owned(), Part::new(Ship { x: 1.0, y: 2.0 }))]) };
/// space.ships.get_mut("ann").unwrap().x += 1.5;
/// let near = |ship: &Ship| ship.x < 10.0;
/// let view = View { near: space.ships.iter().filter(|(_, ship)| near(ship)).map(|(id, ship)| (id.clone(), ship.clone())).collect() };
/// assert_eq!(serde_json::to_string(&view).unwrap(), r#"{"near":{"ann":{"x":2.5,"y":2.0}}}"#);
/// ```
///
/// Inside of an array it is no more than its value: a patch replaces an array as a whole.
pub struct Part<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: T,
    piece: OnceLock<Arc<Piece>>,
}

impl<T> Part<T> {
    /// A part of its own.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(Inner { value, piece: OnceLock::new() }))
    }
}

impl<T: Serialize> Inner<T> {
    fn piece(&self) -> Result<Arc<Piece>, TreeError> {
        if let Some(piece) = self.piece.get() {
            return Ok(Arc::clone(piece));
        }
        let piece = Arc::new(Piece::of(&self.value)?);
        Ok(Arc::clone(self.piece.get_or_init(|| piece)))
    }
}

impl<T: Clone> Clone for Inner<T> {
    /// For a change: what was written of it is old.
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), piece: OnceLock::new() }
    }
}

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

/// Whoever borrows it to change it makes it another part, also if nothing is changed in the end.
impl<T: Clone> DerefMut for Part<T> {
    fn deref_mut(&mut self) -> &mut T {
        let inner = Arc::make_mut(&mut self.0);
        inner.piece = OnceLock::new();
        &mut inner.value
    }
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Part<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Part<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: PartialEq> PartialEq for Part<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Serialize> Serialize for Part<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_part(&self.0.value, || self.0.piece(), serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::room::testing::{merge, state_hash};
    use crate::room::tree::{ClientHash, Tree};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Ship {
        x: f64,
        name: Option<String>,
        tags: Vec<u8>,
        inner: Option<Part<BTreeMap<String, Option<u8>>>>,
    }

    /// With parts, and the same without.
    #[derive(Clone, Debug, Serialize)]
    struct Views<T: Serialize> {
        ships: BTreeMap<String, T>,
        fleet: Vec<T>,
        flag: Option<T>,
    }

    fn ship() -> impl Strategy<Value = Ship> {
        let names = proptest::option::of("[a-z\"]{0,3}");
        let inner = proptest::option::of(proptest::collection::btree_map(
            "[a-c]",
            proptest::option::of(0_u8..3),
            0..3,
        ));
        (0_u8..3, names, proptest::collection::vec(0_u8..2, 0..3), inner).prop_map(
            |(x, name, tags, inner)| Ship { x: f64::from(x) / 2.0, name, tags, inner: inner.map(Part::new) },
        )
    }

    fn views() -> impl Strategy<Value = Views<Ship>> {
        let ships = proptest::collection::btree_map("[a-d]", ship(), 0..4);
        let fleet = proptest::collection::vec(ship(), 0..3);
        (ships, fleet, proptest::option::of(ship())).prop_map(|(ships, fleet, flag)| Views {
            ships,
            fleet,
            flag,
        })
    }

    /// The same in parts: those that are in `before` already are the same parts.
    fn in_parts(views: &Views<Ship>, before: Option<&Views<Part<Ship>>>) -> Views<Part<Ship>> {
        let known = |id: &str, ship: &Ship| {
            let known = before.and_then(|before| before.ships.get(id)).filter(|known| ***known == *ship);
            known.cloned().unwrap_or_else(|| Part::new(ship.clone()))
        };
        Views {
            ships: views.ships.iter().map(|(id, ship)| (id.clone(), known(id, ship))).collect(),
            fleet: views.fleet.iter().map(|ship| Part::new(ship.clone())).collect(),
            flag: views.flag.clone().map(Part::new),
        }
    }

    fn whole(tree: &Tree) -> Value {
        let mut fields = String::new();
        tree.write_fields(&mut fields);
        serde_json::from_str(&format!("{{{fields}}}")).unwrap()
    }

    fn patch(old: &Tree, new: &Tree) -> String {
        let mut fields = String::new();
        new.write_patch(old, &mut fields);
        fields
    }

    proptest! {
        #[test]
        fn a_view_of_parts_is_written_patched_and_hashed_as_one_without(all in proptest::collection::vec(views(), 2..5)) {
            let mut parts: Vec<Views<Part<Ship>>> = Vec::new();
            for views in &all {
                parts.push(in_parts(views, parts.last()));
            }
            let plain: Vec<_> = all.iter().map(|views| Tree::of(views).unwrap()).collect();
            let parted: Vec<_> = parts.iter().map(|views| Tree::of(views).unwrap()).collect();
            for (one, other) in plain.iter().zip(&parted) {
                prop_assert_eq!(whole(one), whole(other));
                prop_assert_eq!(ClientHash::of(&[one]), ClientHash::of(&[other]));
                prop_assert_eq!(ClientHash::of(&[other]), state_hash(&whole(other)));
            }
            // From each to each, twice: what is kept of one comparison is not taken for another.
            for _ in 0..2 {
                for from in 0..all.len() {
                    for to in 0..all.len() {
                        let expected = patch(&plain[from], &plain[to]);
                        prop_assert_eq!(&patch(&parted[from], &parted[to]), &expected);
                        prop_assert_eq!(&patch(&plain[from], &parted[to]), &expected);
                        let mut state = whole(&parted[from]);
                        merge(&mut state, &serde_json::from_str(&format!("{{{expected}}}")).unwrap());
                        prop_assert_eq!(state, whole(&parted[to]));
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_of_one_that_others_have_leaves_theirs() {
        let mut mine = Part::new(json!({ "x": 1 }));
        let theirs = mine.clone();
        mine["x"] = json!(2);
        assert_eq!((&*mine, &*theirs), (&json!({ "x": 2 }), &json!({ "x": 1 })));
        let view = |part: &Part<Value>| whole(&Tree::of(&BTreeMap::from([("part", part)])).unwrap());
        assert_eq!(view(&mine), json!({ "part": { "x": 2 } }));
        assert_eq!(view(&theirs), json!({ "part": { "x": 1 } }));
        mine["x"] = json!(3);
        assert_eq!(view(&mine), json!({ "part": { "x": 3 } }), "what was written before is not shown");
    }

    #[test]
    fn a_part_without_a_value_is_a_field_that_is_missing() {
        let view = BTreeMap::from([("gone", Part::new(None)), ("there", Part::new(Some(1)))]);
        assert_eq!(whole(&Tree::of(&view).unwrap()), json!({ "there": 1 }));
    }
}
