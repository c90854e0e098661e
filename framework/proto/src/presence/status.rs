//! What others may be told of a user.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Visibility;

/// What a socket does, in rising order: a user is what the liveliest of the user's sockets is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// Nobody has been there for long, or the connection is lost and may come back.
    Away,
    /// Nobody has touched it for a while.
    Idle,
    /// In use.
    Online,
}

/// What a user has chosen to be; it wins over what the sockets say, and survives a reconnect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Manual {
    /// There, but not to be disturbed.
    Dnd,
    /// There, but to everyone else offline.
    Invisible,
}

/// How a user is shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not there.
    Offline,
    /// See [`Activity::Away`].
    Away,
    /// See [`Activity::Idle`].
    Idle,
    /// See [`Activity::Online`].
    Online,
    /// See [`Manual::Dnd`].
    Dnd,
}

impl From<Activity> for Status {
    fn from(activity: Activity) -> Self {
        match activity {
            Activity::Away => Self::Away,
            Activity::Idle => Self::Idle,
            Activity::Online => Self::Online,
        }
    }
}

/// What a client may say about its user.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Report {
    /// There was input.
    Online,
    /// There was none for a while.
    Idle,
    /// There was none for long.
    Away,
    /// The user wants to be left alone.
    Dnd,
    /// The user wants to be offline to others.
    Invisible,
    /// The user takes `dnd` or `invisible` back.
    Auto,
}

/// Why somebody is no longer there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaveReason {
    /// On purpose. Who becomes invisible leaves by this.
    Left,
    /// The connection was lost and did not come back.
    Dropped,
    /// The server sent the socket away.
    Kicked,
    /// The client stopped answering and did not come back.
    Expired,
    /// The server ended.
    Server,
}

impl LeaveReason {
    /// Whether the socket may come back, so that others are told late.
    #[must_use]
    pub const fn has_grace(self) -> bool {
        match self {
            Self::Dropped | Self::Expired | Self::Server => true,
            Self::Left | Self::Kicked => false,
        }
    }
}

/// A user who is there, as others see it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Never `offline`: who is offline has no entry.
    pub status: Status,
    /// What the application shows of the user, a name for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// JSON that the application attached to a user; compared as text.
#[derive(Clone, Debug)]
pub struct Data(Arc<RawValue>);

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::serialize(&self.0, serializer)
    }
}

impl Data {
    /// Shares JSON text.
    #[must_use]
    pub fn new(json: Box<RawValue>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Data {}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.status == other.status && self.data == other.data
    }
}

impl Eq for Entry {}

impl Entry {
    /// What a viewer with this visibility sees of it. A coarse view is that somebody is there, and no
    /// more.
    #[must_use]
    pub fn seen_with(&self, visibility: Visibility) -> Option<Self> {
        match visibility {
            Visibility::Full => Some(self.clone()),
            Visibility::Coarse => Some(Self { status: Status::Online, data: None }),
            Visibility::Hidden => None,
        }
    }
}
