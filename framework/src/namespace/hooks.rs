//! What users hang into a socket's life.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use greenroom_proto::rooms::RoomName;
use greenroom_proto::socket::reason::DisconnectReason;

use crate::error::Reject;
use crate::socket::Socket;

type Running<T> = Pin<Box<dyn Future<Output = T>>>;

/// Decides whether a socket may connect.
pub(crate) type Middleware = Arc<dyn Fn(Socket) -> Running<Result<(), Reject>> + Send + Sync>;

/// Runs when a socket has connected; an asynchronous one goes on.
pub(crate) type ConnectHook = Arc<dyn Fn(Socket) -> Option<Running<()>> + Send + Sync>;

/// Runs when a socket leaves or has left.
pub(crate) type DisconnectHook = Arc<dyn Fn(Socket, DisconnectReason) + Send + Sync>;

/// Is told what happens to rooms.
pub(crate) type RoomHook = Arc<dyn Fn(RoomEvent) + Send + Sync>;

/// What happens to a room, in the order in which it happens; a socket's own room, named by its id, is
/// one, too.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Its first member is about to join (Socket.IO's `create-room`).
    Created(RoomName),
    /// A socket has joined (`join-room`).
    Joined(RoomName, Socket),
    /// A socket has left (`leave-room`).
    Left(RoomName, Socket),
    /// Its last member has left (`delete-room`).
    Deleted(RoomName),
}

/// The hooks of a namespace or of one socket.
#[derive(Default, Clone)]
pub(crate) struct Hooks {
    pub(crate) connect: Vec<ConnectHook>,
    pub(crate) disconnecting: Vec<DisconnectHook>,
    pub(crate) disconnect: Vec<DisconnectHook>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("connect", &self.connect.len())
            .field("disconnecting", &self.disconnecting.len())
            .field("disconnect", &self.disconnect.len())
            .finish()
    }
}
