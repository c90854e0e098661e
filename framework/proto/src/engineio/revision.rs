//! The revisions of Engine.IO that are spoken here.

/// A revision of Engine.IO, fixed for a session by its handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Revision {
    /// `EIO=3`: `socket.io-client` 1 and 2. The client pings, a payload has lengths, see [`v3`](super::v3).
    Three,
    /// `EIO=4`: `socket.io-client` 3 and 4. The server pings.
    #[default]
    Four,
}
