//! Who is in a room.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Moment;

/// Who a member is: the user's id out of the token (`sub`), or for a guest an id made of its secret key,
/// which it does not give away.
///
/// Shared text, cheap to clone. It compares with `&str`, and a map keyed by it can be asked with one.
///
/// ```
/// use std::collections::BTreeMap;
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::MemberId;
///
/// let scores = BTreeMap::from([(MemberId::from("ann"), 3)]);
/// assert_eq!(scores.get("ann"), Some(&3));
/// assert_eq!(*scores.keys().next().unwrap(), "ann");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(ByteString);

impl MemberId {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for MemberId {
    fn from(id: &str) -> Self {
        Self(ByteString::from(id))
    }
}

impl From<String> for MemberId {
    fn from(id: String) -> Self {
        Self(ByteString::from(id))
    }
}

impl From<&Self> for MemberId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl Deref for MemberId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for MemberId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for MemberId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for MemberId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for MemberId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// One connection of a member, named by whoever hosts the room. A member may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketKey(pub u64);

/// The number of a member's place in its room: small, and never used twice by one room.
///
/// Clients find the number of their last applied input under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub u32);

/// What a member came for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes part.
    #[default]
    Player,
    /// Looks on: counted apart, and the hooks of players do not see it.
    Spectator,
}

/// A member of a room: one user, however many connections it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// Who it is.
    pub id: MemberId,
    /// The number of its place.
    pub seat: Seat,
    /// What it came for.
    pub role: Role,
    /// What its token says, verified: a JSON object, or null for a guest.
    pub claims: Arc<Value>,
    /// When it took its seat.
    pub since: Moment,
    /// Whether a connection of it is open. A member without one keeps its seat for the [`Grace`].
    pub online: bool,
}

/// How long a seat is kept for a member whose last connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// Not at all: the member leaves at once.
    None,
    /// For this long.
    For(Duration),
    /// Until the room closes, or the member comes back and leaves.
    Forever,
}

/// Why a member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeaveReason {
    /// It said so.
    Left,
    /// Its connection broke, and it did not come back within the [`Grace`].
    GraceExpired,
    /// The room or an operator removed it.
    Kicked,
    /// It sent too much for too long.
    RateLimited,
}

impl LeaveReason {
    /// The name in which clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::GraceExpired => "grace_expired",
            Self::Kicked => "kicked",
            Self::RateLimited => "rate_limited",
        }
    }
}

/// Whom an event goes to. Spectators are among [`To::All`] and [`To::Except`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Every member.
    All,
    /// One member, on all of its connections.
    One(MemberId),
    /// Every member but this one.
    Except(MemberId),
    /// These members.
    Each(Vec<MemberId>),
    /// The members with this role.
    Role(Role),
}

impl From<&Member> for To {
    fn from(member: &Member) -> Self {
        Self::One(member.id.clone())
    }
}

impl From<&MemberId> for To {
    fn from(id: &MemberId) -> Self {
        Self::One(id.clone())
    }
}

/// Who shares one view. Members of one audience get the same text, encoded once.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Everybody sees the same.
    #[default]
    Shared,
    /// The members of this group see the same: a team, a side of a map.
    Group(u64),
    /// Nobody else sees what this member sees.
    Own(MemberId),
}

/// Who leads a room, and how the lead moves on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Leader {
    /// The room has no leader.
    #[default]
    Nobody,
    /// The player that has been here longest. A broken connection does not cost it the lead until
    /// its grace ends.
    Oldest,
    /// The player that has been here longest among those with an open connection.
    OldestOnline,
    /// Whom [`Room::choose_leader`](super::Room::choose_leader) says, asked when the roster changes.
    Chosen,
}

/// When a room without members closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenEmpty {
    /// At once.
    #[default]
    Close,
    /// When nobody has come for this long.
    CloseAfter(Duration),
    /// Never: the room closes itself.
    Keep,
}
