//! What a client makes of the frames that it gets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::room::tree::{ClientHash, Tree};
use crate::room::{DismissReason, Seat};

/// A client as the page has one: a state, and one patch after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) state: Option<Value>,
    pub(super) offset: u64,
    pub(super) epoch: u64,
    pub(super) applied: BTreeMap<Seat, u64>,
    /// The patches that came since somebody looked, as one.
    pub(super) patch: Map<String, Value>,
    pub(super) events: Vec<(String, Value)>,
    pub(super) dismissed: Option<DismissReason>,
    /// A patch did not fit: the state has to come whole.
    pub(super) lost: bool,
    /// How many frames have come.
    pub(super) frames: u64,
    /// One has come that is to be compared with what was sent.
    pub(super) fresh: bool,
}

/// A frame as clients read it.
#[derive(Debug)]
pub(super) enum Frame {
    State(State),
    Patch(Patch),
}

#[derive(Debug, Deserialize)]
pub(super) struct State {
    e: u64,
    o: u64,
    #[serde(default)]
    n: BTreeMap<Seat, u64>,
    full: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    from: u64,
    o: u64,
    #[serde(default)]
    n: BTreeMap<Seat, u64>,
    d: Value,
}

impl Frame {
    /// # Panics
    /// It is not written as clients expect it.
    pub(super) fn read(event: &str, items: &str) -> Self {
        if event == "state" { Self::State(parse(items)) } else { Self::Patch(parse(items)) }
    }
}

impl Client {
    pub(super) fn take_frame(&mut self, frame: &Frame) {
        self.frames += 1;
        // To compare each of many would take most of the time of a long test.
        self.fresh = self.frames < 256 || self.frames.is_multiple_of(256);
        match frame {
            Frame::State(State { e, o, n, full }) => {
                (self.epoch, self.offset, self.applied) = (*e, *o, n.clone());
                self.state = Some(full.clone());
                self.lost = false;
            }
            Frame::Patch(patch) => self.take_patch(patch),
        }
    }

    fn take_patch(&mut self, Patch { from, o, n, d }: &Patch) {
        let Some(state) = self.state.as_mut().filter(|_| *from == self.offset) else {
            // A frame that comes twice is known already.
            self.lost |= *o > self.offset;
            return;
        };
        self.offset = *o;
        self.applied.extend(n);
        merge(state, d);
        if let Value::Object(fields) = d {
            join(&mut self.patch, fields);
        }
    }

    pub(super) fn take_event(&mut self, event: &str, items: &str) {
        let mut args: Vec<Value> = parse(&["[", items, "]"].concat());
        let args = if args.len() > 1 { Value::Array(args) } else { args.pop().unwrap_or_default() };
        self.events.push((event.to_owned(), args));
    }

    /// The hash that the server is asked for.
    pub(super) fn hash(&self) -> Option<u32> {
        self.state.as_ref().map(state_hash)
    }
}

/// What a room answers to `hash` where a client has this state.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::testing::state_hash;
///
/// let (one, other) = (serde_json::json!({ "a": 1, "b": [true] }), serde_json::json!({ "b": [true], "a": 1.0 }));
/// assert_eq!(state_hash(&one), state_hash(&other));
/// ```
#[must_use]
pub fn state_hash(state: &Value) -> u32 {
    // A JSON value can always be a tree.
    let tree = Tree::of_any(state).unwrap_or_else(|_| Tree::empty());
    ClientHash::of(&[&tree])
}

#[expect(clippy::panic, reason = "a test fails")]
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// RFC 7396: makes of `target` what the patch says.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::testing::merge;
///
/// let mut state = serde_json::json!({ "a": { "x": 1, "y": 2 }, "b": [1, 2] });
/// merge(&mut state, &serde_json::json!({ "a": { "y": null }, "b": [3] }));
/// assert_eq!(state, serde_json::json!({ "a": { "x": 1 }, "b": [3] }));
/// ```
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in fields {
        if value.is_null() {
            target.remove(key);
        } else if let Some(before) = target.get_mut(key) {
            merge(before, value);
        } else {
            merge(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// One patch of two, of which `next` comes later.
fn join(first: &mut Map<String, Value>, next: &Map<String, Value>) {
    for (key, value) in next {
        match (first.get_mut(key), value) {
            (Some(Value::Object(before)), Value::Object(after)) => join(before, after),
            (Some(before), _) => before.clone_from(value),
            (None, _) => drop(first.insert(key.clone(), value.clone())),
        }
    }
}
