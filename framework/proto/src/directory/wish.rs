//! What somebody who joins wishes for.

use std::borrow::Borrow;
use std::fmt;

use bytestring::ByteString;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::reject::Reject;
use crate::room::{Options, Role};

/// The id of a room: shared text, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(ByteString);

impl RoomId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RoomId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for RoomId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl Borrow<str> for RoomId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What somebody who joins wishes for: `auth.join` of its CONNECT.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// A certain room.
    pub room: Option<RoomId>,
    /// Another room than those in which the member has a seat.
    pub fresh: bool,
    /// A new room in any case.
    pub create: bool,
    /// What the member comes for.
    pub role: Role,
    /// What the room must be like: each entry has the same value in the room's label, or else in the
    /// options that it was created with. A room that is created gets them as its options.
    pub options: Options,
    /// What the member says of itself, a name for example: no room is chosen by it.
    pub me: Option<Value>,
}

impl Wish {
    /// Reads the JSON of a wish: an object with the optional entries `fresh`, `create`, `role`
    /// (`player` or `spectator`) and `me`; all others are options.
    ///
    /// ```
    /// use greenroom_proto::directory::Wish;
    ///
    /// let wish = Wish::parse(None, serde_json::json!({ "mode": "ranked", "fresh": true })).unwrap();
    /// assert!(wish.fresh);
    /// assert_eq!(wish.options.get::<String>("mode").as_deref(), Some("ranked"));
    /// assert!(Wish::parse(None, serde_json::json!({ "role": "judge" })).is_err());
    /// ```
    ///
    /// # Errors
    /// Code `bad_join`: not an object, or an entry of another type.
    pub fn parse(room: Option<RoomId>, join: Value) -> Result<Self, Reject> {
        let mut entries = match join {
            Value::Null => Map::new(),
            Value::Object(entries) => entries,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(bad("must be an object"));
            }
        };
        let fresh = flag(&mut entries, "fresh")?;
        let create = flag(&mut entries, "create")?;
        let role = match entries.remove("role") {
            None => Role::default(),
            Some(role) => serde_json::from_value(role).map_err(|_| bad("has an unknown role"))?,
        };
        let me = entries.remove("me");
        Ok(Self { room, fresh, create, role, options: Options::from(Value::Object(entries)), me })
    }

    /// What the room sees of it when the member joins: the options, and what the member says of itself as
    /// `me`.
    ///
    /// ```
    /// use greenroom_proto::directory::Wish;
    ///
    /// let wish = Wish::parse(None, serde_json::json!({ "mode": "ranked", "me": "Ann" })).unwrap();
    /// assert_eq!(wish.options.get::<String>("me"), None);
    /// assert_eq!(wish.join_options().get::<String>("me").as_deref(), Some("Ann"));
    /// ```
    #[must_use]
    pub fn join_options(&self) -> Options {
        let Some(me) = &self.me else { return self.options.clone() };
        let mut entries = self.options.json().as_object().cloned().unwrap_or_default();
        entries.insert("me".to_owned(), me.clone());
        Options::from(Value::Object(entries))
    }
}

fn flag(entries: &mut Map<String, Value>, name: &'static str) -> Result<bool, Reject> {
    match entries.remove(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(Reject::new("bad_join", format!("`join.{name}` is true or false"))),
    }
}

fn bad(what: &str) -> Reject {
    Reject::new("bad_join", format!("`join` {what}"))
}
