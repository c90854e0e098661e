//! Names: of a user, of a socket, and of the crowd that sees each other.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
};

use bytestring::ByteString;
use serde::{Serialize, Serializer};

use crate::rooms::RoomName;

/// A user: the token's `sub`, or whatever the application knows people by. Cheap to clone.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UserId(ByteString);

impl UserId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

// Not derived: `Borrow<str>` promises the hash of `str`.
impl Hash for UserId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for UserId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Names one socket of a user. Issued by the server and never twice, so a late word about a socket
/// that has ended cannot touch a newer one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MetaRef(pub(super) u64);

/// The crowd whose members see each other: everyone in the namespace, or one room.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// The whole namespace, on the wire `null`.
    Namespace,
    /// One room, on the wire its name.
    Room(RoomName),
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Namespace => serializer.serialize_none(),
            Self::Room(name) => serializer.serialize_str(name),
        }
    }
}
