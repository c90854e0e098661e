//! A join on its way: from a socket through the directory to a room, and the answer back.

use std::sync::Arc;

use greenroom_proto::directory::{RoomId, Wish};
use greenroom_proto::room::{Join, MemberId, SocketKey};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::outgoing::Entrance;
use super::{Guest, HostHandle, PlainEnd, PlainLine, PlainNews};
use crate::auth::{Claims, Revocation};
use crate::error::Reject;
use crate::fanout::SlotRef;
use crate::runtime::Runtime;
use crate::runtime::worker::WorkerId;
use crate::socket::Socket;

/// Somebody who wants to join.
///
/// Lost on its way to an actor that died, it closes the connection: a client comes back by itself from
/// that, but would wait for ever for an answer.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// Gone when the answer is given.
    door: Option<Door>,
    pub(crate) socket: SocketKey,
    pub(crate) member: MemberId,
    /// The secret by which a guest is known again.
    pub(crate) guest: Option<Guest>,
    pub(crate) claims: Arc<Value>,
    pub(crate) wish: Wish,
    /// Whether a room is made for it: then that room's refusal is final.
    pub(crate) is_founder: bool,
    pub(crate) refused_by: Vec<RoomId>,
}

/// The way to one client.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// A Socket.IO socket.
    Socket(Socket),
    /// A plain WebSocket.
    Plain(PlainLine),
}

/// What a client says of itself to join a room.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials<'a> {
    #[serde(borrow)]
    join: Option<&'a RawValue>,
    guest: Option<String>,
}

impl Arrival {
    /// Reads the `auth` of a client, whose token has been verified if one is asked for.
    ///
    /// # Errors
    /// Code `bad_join`: something in it does not fit.
    pub(crate) fn new(
        door: Door,
        socket: SocketKey,
        room: Option<RoomId>,
        auth: &str,
        claims: Option<&Claims>,
    ) -> Result<Self, Reject> {
        let Credentials { join, guest } = serde_json::from_str(auth)
            .map_err(|error| Reject::new("bad_join", format!("`auth` does not fit: {error}")))?;
        let join = join.map_or("null", RawValue::get);
        if join.len() > door.runtime().config.max_join_bytes {
            return Err(Reject::new("bad_join", "`join` is too long"));
        }
        let wish = Wish::parse(room, serde_json::from_str(join).unwrap_or_default())?;
        let guest = if claims.is_some() { None } else { Some(Guest::known_by(guest.as_deref())) };
        let of_guest = || guest.map(Guest::member).unwrap_or_default();
        Ok(Self {
            door: Some(door),
            socket,
            member: claims.map_or_else(of_guest, |claims| MemberId::from(claims.sub())),
            guest,
            claims: claims
                .map(|claims| serde_json::from_str(claims.text()).unwrap_or_default())
                .unwrap_or_default(),
            wish,
            is_founder: false,
            refused_by: Vec::new(),
        })
    }

    /// Where its packets go, and by which name its client knows the room; nothing if no other socket can
    /// have the same.
    pub(crate) fn way(&self) -> Option<(SlotRef, Entrance)> {
        match self.door.as_ref()? {
            door @ Door::Socket(socket) => Some((socket.member(), door.entrance())),
            Door::Plain(_) => None,
        }
    }

    /// Where its client lives; nothing if it was answered.
    pub(crate) fn worker(&self) -> Option<WorkerId> {
        self.door.as_ref().map(|door| match door {
            Door::Socket(socket) => socket.member().worker,
            Door::Plain(line) => line.worker(),
        })
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.door.as_ref().is_none_or(Door::is_leaving)
    }

    /// Takes the right to answer with yes: it is given up if this returns nothing.
    pub(super) fn admit(mut self) -> Option<Door> {
        self.door.take().filter(Door::claim)
    }

    /// Answers with no.
    pub(crate) fn refuse(mut self, reject: Reject) {
        if let Some(door) = self.door.take().filter(Door::claim) {
            door.refused(reject);
        }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn forget(mut self) {
        self.door = None;
    }

    pub(super) fn as_join(&self) -> Join {
        Join {
            socket: self.socket,
            member: self.member.clone(),
            claims: self.claims.clone(),
            role: self.wish.role,
            options: self.wish.join_options(),
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if let Some(door) = self.door.take().filter(Door::claim) {
            door.cut_off();
        }
    }
}

impl Door {
    fn runtime(&self) -> &Arc<Runtime> {
        match self {
            Self::Socket(socket) => socket.runtime(),
            Self::Plain(line) => line.runtime(),
        }
    }

    pub(super) fn entrance(&self) -> Entrance {
        match self {
            Self::Socket(socket) => Entrance::Namespace(socket.path().into()),
            Self::Plain(_) => Entrance::Plain,
        }
    }

    /// What answers the client's request to join, if it has an answer of its own.
    pub(super) fn answer(&self) -> Option<bytes::Bytes> {
        match self {
            Self::Socket(socket) => {
                let payload = serde_json::json!({ "sid": socket.id() }).to_string();
                Some(socket.connect_answer(&payload))
            }
            Self::Plain(_) => None,
        }
    }

    /// The client is in, and its packets go to the room from now on.
    pub(super) fn admitted(&self, room: &RoomId, host: &HostHandle, key: SocketKey) {
        match self {
            Self::Socket(socket) => socket.enter_room(room, host.clone(), key),
            // It was told ahead of the room's first packet.
            Self::Plain(_) => {}
        }
    }

    /// The room has no place for the client any more, and has told it so.
    pub(super) fn dismiss(&self) {
        match self {
            Self::Socket(socket) => socket.disconnect(false),
            Self::Plain(line) => line.tell(PlainNews::Close(PlainEnd::Final)),
        }
    }

    /// Ends the connection, so that the client comes back by itself.
    pub(super) fn cut_off(&self) {
        match self {
            Self::Socket(socket) => socket.session().close(DisconnectReason::TransportClose),
            Self::Plain(line) => line.tell(PlainNews::Close(PlainEnd::ComeBack)),
        }
    }

    /// Ends the connection if its token is one of these, so that the client comes back with another.
    pub(super) fn revoked(&self, revocation: &Arc<Revocation>) {
        match self {
            Self::Socket(socket) if socket.is_hit_by(revocation) => socket.revoked(revocation.clone()),
            Self::Socket(_) => {}
            // It has the credential.
            Self::Plain(line) => line.tell(PlainNews::Revoked),
        }
    }

    fn refused(&self, reject: Reject) {
        match self {
            Self::Socket(socket) => socket.refused(reject),
            Self::Plain(line) => {
                let text = json!({ "refused": reject.to_connect_error() }).to_string();
                line.send(text.into(), Delivery::Reliable, None);
                line.tell(PlainNews::Close(PlainEnd::Final));
            }
        }
    }

    fn is_leaving(&self) -> bool {
        match self {
            Self::Socket(socket) => socket.is_leaving(),
            Self::Plain(line) => line.is_over(),
        }
    }

    /// Whether this is the first to answer: the socket may have given up waiting.
    fn claim(&self) -> bool {
        match self {
            Self::Socket(socket) => socket.claim_answer(),
            Self::Plain(line) => line.claim(),
        }
    }
}
