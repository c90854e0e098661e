//! What goes into a session and what comes out, besides packets and time.

use crate::socket::reason::DisconnectReason;

/// One WebSocket of a session; a session sees several if upgrades fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WireId(pub(super) u32);

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The body of a POST request.
    Post,
    /// A WebSocket.
    Wire(WireId),
}

/// How a WebSocket ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireEnd {
    /// The peer closed it, or the stream ended.
    Closed,
    /// It broke, or the peer violated the WebSocket protocol.
    Failed,
}

/// A consequence for whoever hosts the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The GET or POST in hand is taken; a GET waits from now on.
    Accept,
    /// The upgrade request in hand is taken; its WebSocket has this id.
    AcceptUpgrade(WireId),
    /// The request in hand is refused.
    Refuse(Refusal),
    /// The waiting GET gets its answer.
    AnswerPoll(PollAnswer),
    /// `3probe` goes to this WebSocket, past the outbox.
    SendProbe(WireId),
    /// This WebSocket carries the session from now on: the outbox flows to it.
    Attach(WireId),
    /// This WebSocket writes what is in the outbox until that is sealed and empty, and closes then.
    FinishWire(WireId),
    /// This WebSocket ends at once.
    DropWire(WireId),
    /// A ping goes into the outbox, ahead of data.
    Ping,
    /// Revision 3: the answer to a ping goes into the outbox, ahead of data; once for several pings in a row.
    Pong,
    /// The session takes and gives nothing more; what is in the outbox may still leave. Once, with the reason.
    Closed(DisconnectReason),
    /// The session is over and holds nothing. Once, and nothing but refusals after it.
    Finished,
}

/// What a waiting GET is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollAnswer {
    /// Packets of the outbox, as many as a payload takes.
    Outbox,
    /// A packet that says nothing, so that the request ends.
    Noop,
    /// A packet that says the session is over.
    Close,
}

/// Why a request to an existing session is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The session is over.
    Over,
    /// Another request of the same kind is still going on. The session ends.
    Overlap,
    /// The session has left polling; the request is ignored otherwise.
    TransportMismatch,
    /// Upgrades are not offered.
    NoUpgrades,
    /// The session has a WebSocket already, or is moving to one.
    SecondUpgrade,
}
