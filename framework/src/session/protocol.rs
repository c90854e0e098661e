//! What a session can be told.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_proto::engineio::{DecodeError, Packet};
use greenroom_proto::session::{Refusal, WireEnd, WireId};
use greenroom_proto::socket::reason::DisconnectReason;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::permit::ReadPermit;
use super::wire::WireLine;
use crate::auth::Renewal;

/// What a session can be told.
///
/// Never refused, since all of it is bounded elsewhere: requests by connections, reads by the read-ahead
/// budget of their transport, the rest by being told once.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) enum SessionCommand {
    /// From a GET: wants packets, and waits for them.
    Poll(oneshot::Sender<Result<Bytes, Refusal>>),
    /// From a GET that was dropped before it had its answer.
    PollAborted,
    /// From the head of a POST: asks to be the only one.
    Post(oneshot::Sender<Result<(), Refusal>>),
    /// From a POST that was let in: its body.
    Posted { packets: Result<Vec<Packet>, DecodeError>, permit: ReadPermit },
    /// From a POST that was let in: it is answered, or was aborted.
    PostEnded { aborted: bool },
    /// From an upgrade request, before its 101.
    Upgrade { line: Arc<WireLine>, reply: oneshot::Sender<Result<WireId, Refusal>> },
    /// From a WebSocket: what one read brought.
    Read { wire: WireId, packets: Packets, permit: ReadPermit },
    /// From a WebSocket: it has ended by itself. The last command of this WebSocket.
    WireEnded { wire: WireId, fate: WireFate },
    /// From the outbox of a session that polls: it has packets, is sealed, or the session is doomed.
    Outbox,
    /// From a socket: its token was replaced; others of the session may have the same.
    Renewed(Arc<Renewal>),
    /// From anyone: the session ends, at once or after what it still has to send.
    End { reason: DisconnectReason, flush: bool },
    /// From the timer wheel: a deadline may have passed.
    Deadline,
    /// From a fault test: ends the actor by a panic.
    #[cfg(feature = "testing")]
    Crash,
}

/// What one read of a WebSocket brought: often a single packet.
pub(crate) type Packets = SmallVec<[Packet; 1]>;

/// How a WebSocket ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireFate {
    /// Closed or broken.
    Ended(WireEnd),
    /// It carried something that is no packet.
    BadPacket,
}
