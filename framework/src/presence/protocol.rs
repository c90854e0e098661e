//! What a presence can be told.

use greenroom_proto::presence::{Manual, Place, Refusal, Scope, UserId, UserView, Visibility, Watched};
use tokio::sync::oneshot;

use super::RoomView;
use crate::socket::SocketId;

/// What a presence can be told.
///
/// `News` and `Deadline` are lifecycle: one of each is under way at most. The rest are questions of
/// handlers and of server code, who wait when the mailbox is full, and for the answer.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum PresenceCommand {
    /// From whoever put the first news into the empty inbox.
    News,
    /// From the wheel.
    Deadline,
    /// From a client: those whom it wants to be told of.
    Watch { socket: SocketId, users: Vec<UserId>, reply: Reply<Result<(), Refusal>> },
    /// From a client that asks whether it missed something; `None` is those whom it watches.
    Resync { socket: SocketId, scope: Option<Scope>, known: Option<Place>, reply: Reply<()> },
    /// From server code: something about relationships, or what a user is shown as.
    Relate(Relation, Reply<Result<(), Refusal>>),
    /// From server code.
    Ask(Question),
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

/// Where the answer goes.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// What server code changes.
#[derive(Debug)]
pub(crate) enum Relation {
    Block(UserId, UserId),
    Unblock(UserId, UserId),
    Show(UserId, Visibility),
    Changed(UserId, UserId),
    ChangedWithAll(UserId),
    Manual(UserId, Option<Manual>),
    Data(UserId, Option<serde_json::Value>),
}

/// What server code asks.
#[derive(Debug)]
pub(crate) enum Question {
    /// A user as it is.
    User(UserId, Reply<UserView>),
    /// Users as others see them.
    Public(Vec<UserId>, Reply<Vec<Watched>>),
    /// Who is in a scope, behind this user, at most so many.
    Room { scope: Scope, after: Option<UserId>, limit: usize, reply: Reply<RoomView> },
}
