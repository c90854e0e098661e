//! What server code and back ends may ask.

use std::time::Instant;

use serde::Serialize;

use super::super::message::Watched;
use super::super::{Activity, Counts, Entry, Manual, MetaRef, Scope, UserId, Visibility};
use super::Presence;

/// A user as it is, for the server's eyes: others may see less.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// The user.
    pub id: UserId,
    /// What others see who see everything.
    #[serde(flatten)]
    pub public: Watched,
    /// What the user has chosen to be.
    pub manual: Option<Manual>,
    /// What the sockets say; `None` is offline.
    pub activity: Option<Activity>,
    /// The user's sockets, oldest first.
    pub sockets: Vec<SocketView>,
    /// Where the user is, or is expected back.
    pub rooms: Vec<Scope>,
}

/// One socket of a user.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SocketView {
    /// What the application calls the kind of client.
    pub device: Option<String>,
    /// Milliseconds since 1970 at which it connected.
    pub since: u64,
    /// What it does.
    pub activity: Activity,
}

impl Presence {
    /// Those in a scope whom others see, by id.
    pub fn members(&self, scope: &Scope) -> impl Iterator<Item = (&UserId, &Entry)> {
        self.tables.get(scope).into_iter().flat_map(|table| table.entries())
    }

    /// The sockets in a scope.
    pub fn sockets(&self, scope: &Scope) -> impl Iterator<Item = MetaRef> {
        let seats = self.tables.get(scope).into_iter().flat_map(|table| table.seats.values());
        seats.flat_map(|seat| seat.sockets.iter().copied())
    }

    /// How many there are whom others see.
    #[must_use]
    pub fn counts(&self, scope: &Scope) -> Counts {
        self.tables.get(scope).map(|table| table.counts).unwrap_or_default()
    }

    /// A user as others see it who see everything.
    #[must_use]
    pub fn public_view(&self, user: &UserId, now: Instant) -> Watched {
        self.look(user, Visibility::Full, now)
    }

    /// A user as it is. One that nobody ever saw is offline.
    #[must_use]
    pub fn user(&self, id: &UserId, now: Instant) -> UserView {
        let user = self.users.get(id);
        let metas = user.into_iter().flat_map(|user| &user.metas);
        let sockets = metas.map(|meta| SocketView {
            device: meta.device.as_deref().map(str::to_owned),
            since: self.calendar.unix_ms(meta.since),
            activity: meta.activity(now, &self.config),
        });
        UserView {
            id: id.clone(),
            public: self.public_view(id, now),
            manual: user.and_then(|user| user.manual),
            activity: user.and_then(|user| user.activity(now, &self.config)),
            sockets: sockets.collect(),
            rooms: user.map(|user| user.scopes.to_vec()).unwrap_or_default(),
        }
    }
}
