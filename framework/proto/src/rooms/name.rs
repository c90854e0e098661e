//! The name of a room.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use bytestring::ByteString;

/// The name of a room: shared text, cheap to clone and to send to another thread.
///
/// It is always made from text of its own. A slice of a received packet would keep the whole
/// packet in memory for as long as the room exists.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct RoomName(ByteString);

impl RoomName {
    /// Makes a name of a constant without copying it.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(ByteString::from_static(name))
    }

    /// Makes a name that shares text with its owner. The text must be of its own: a slice of a received
    /// packet would keep all of that in memory.
    #[must_use]
    pub const fn sharing(text: ByteString) -> Self {
        Self(text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RoomName {
    fn from(name: &str) -> Self {
        Self(ByteString::from(name))
    }
}

impl From<String> for RoomName {
    fn from(name: String) -> Self {
        Self(ByteString::from(name))
    }
}

impl From<&Self> for RoomName {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl Deref for RoomName {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for RoomName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

// Not derived: `Borrow<str>` promises the hash of `str`.
impl Hash for RoomName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}
