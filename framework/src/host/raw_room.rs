//! The raw way to write a room: an actix actor of your own.

use std::fmt;
use std::sync::Arc;

use actix::{Actor, Context, Handler};
use bytestring::ByteString;
use greenroom_proto::room::{Listing, MemberId, Options, Role, SocketKey, Targets};
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::{AckId, is_reserved};
use serde::Serialize;
use serde_json::Value;

use super::raw::emit;
use super::{HostCommand, HostHandle};
use crate::error::{EmitError, Reject};
use crate::event::{Args, IntoArgs};
use crate::runtime::post::Refused;

/// An actix actor that is a room.
///
/// Clients join it as any other room, and tokens, placing, lists and limits are the same. What is given
/// up is what the framework does for a [`Room`](crate::room::Room): rollback, replay, state and patches,
/// grace, timers by the simulated clock. The actor lives on the thread of its first member; its panic,
/// in `stopped` too, ends that room alone.
///
/// ```
/// use actix::{Actor, Context, Handler};
/// use greenroom::prelude::*;
/// use greenroom::raw::{RawRoom, RoomBackend, RoomMessage};
/// use greenroom::room::Options;
///
/// struct Echo(RawRoom);
///
/// impl Actor for Echo {
///     type Context = Context<Self>;
/// }
///
/// impl RoomBackend for Echo {
///     fn open(_: &Options, room: RawRoom) -> Result<Self, Reject> {
///         Ok(Self(room))
///     }
/// }
///
/// impl Handler<RoomMessage> for Echo {
///     type Result = ();
///
///     fn handle(&mut self, message: RoomMessage, _: &mut Context<Self>) {
///         match message {
///             RoomMessage::Join(who) => self.0.admit(&who),
///             RoomMessage::Event { name, args, ack, .. } => {
///                 self.0.emit_all(&name, args);
///                 ack.send(Ok("sent"));
///             }
///             RoomMessage::Left { .. } | RoomMessage::Closed => {}
///         }
///     }
/// }
///
/// let io = Server::new();
/// io.raw_room::<Echo>("/echo");
/// ```
pub trait RoomBackend: Actor<Context = Context<Self>> + Handler<RoomMessage> + Sized {
    /// How many players there may be; [`RawRoom::set_max`] changes it. Default 64.
    const MAX_PLAYERS: usize = 64;
    /// Whether the room closes when its last member has left. Default true; else it closes itself, by
    /// [`RawRoom::close`] or by stopping.
    const CLOSES_WHEN_EMPTY: bool = true;

    /// Makes the actor, on the thread that it will live on.
    ///
    /// # Errors
    /// The room is not made, and the client that asked for it is told why.
    fn open(options: &Options, room: RawRoom) -> Result<Self, Reject>;
}

/// One connection of a member.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RoomSocket {
    /// Its name: no other connection of this type of rooms has it.
    pub key: SocketKey,
    /// Whose it is. A member may have several connections.
    pub member: MemberId,
    /// What it came for.
    pub role: Role,
    /// What its token says; null for a guest.
    pub claims: Arc<Value>,
    /// What it wished for in `auth.join`.
    pub options: Options,
}

/// What the actor of a raw room is told.
///
/// Events are bounded by the actor's mailbox: what does not fit is answered `busy`.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub enum RoomMessage {
    /// A connection wants to join: [`RawRoom::admit`] or [`RawRoom::refuse`], within
    /// [`Config::room_wait`](crate::Config::room_wait).
    Join(RoomSocket),
    /// A member sends an event.
    Event {
        /// By which connection.
        from: RoomSocket,
        /// Name of the event.
        name: String,
        /// Its arguments.
        args: Args,
        /// The answer. Dropped, it is an empty one.
        ack: RawAck,
    },
    /// A connection is over, however; also one that was not answered yet.
    Left {
        /// The connection.
        who: RoomSocket,
        /// Whether its member has no other one here.
        last: bool,
    },
    /// The room is over: nothing more comes.
    Closed,
}

/// What a raw room asks for; done in the order of the calls. Cheap to clone, and may be sent to any
/// thread.
#[derive(Clone)]
pub struct RawRoom(HostHandle);

/// What the actor asks its host for.
pub(super) enum RawEffect {
    Admit(SocketKey),
    Refuse(SocketKey, Reject),
    Answer {
        socket: SocketKey,
        ack: Option<AckId>,
        result: Result<ByteString, Reject>,
    },
    Emit {
        to: Targets,
        event: ByteString,
        items: ByteString,
        delivery: Delivery,
    },
    Dismiss(SocketKey),
    List(Box<dyn FnOnce(&mut Listing) + Send>),
    Close,
    /// The actor has ended by itself.
    Ended {
        crashed: bool,
    },
}

impl RawRoom {
    pub(super) fn new(host: HostHandle) -> Self {
        Self(host)
    }

    /// Lets a connection in.
    pub fn admit(&self, who: &RoomSocket) {
        self.ask(RawEffect::Admit(who.key));
    }

    /// Does not let a connection in. With the code `full` or `locked` a client that named no room is
    /// placed elsewhere.
    pub fn refuse(&self, who: &RoomSocket, reject: Reject) {
        self.ask(RawEffect::Refuse(who.key, reject));
    }

    /// Sends an event to everybody in the room.
    pub fn emit_all(&self, event: &str, args: impl IntoArgs) -> crate::Emitted {
        crate::Emitted::new(self.emit(Targets::All, event, args))
    }

    /// Sends an event to these connections.
    pub fn emit_to<'a>(
        &self,
        to: impl IntoIterator<Item = &'a RoomSocket>,
        event: &str,
        args: impl IntoArgs,
    ) -> crate::Emitted {
        let to = to.into_iter().map(|who| who.key).collect();
        crate::Emitted::new(self.emit(Targets::Only(to), event, args))
    }

    /// Sends an event to everybody but this connection.
    pub fn emit_except(&self, who: &RoomSocket, event: &str, args: impl IntoArgs) -> crate::Emitted {
        crate::Emitted::new(self.emit(Targets::Except(vec![who.key]), event, args))
    }

    /// Disconnects a connection from the room.
    pub fn dismiss(&self, who: &RoomSocket) {
        self.ask(RawEffect::Dismiss(who.key));
    }

    /// Sets what the room says of itself in lists.
    ///
    /// # Errors
    /// The label cannot be written as JSON.
    pub fn label(&self, label: impl Serialize) -> Result<(), serde_json::Error> {
        let label = Arc::new(serde_json::to_value(label)?);
        self.list(move |listing| listing.label = label);
        Ok(())
    }

    /// Takes no new members, or takes them again.
    pub fn lock(&self, locked: bool) {
        self.list(move |listing| listing.locked = locked);
    }

    /// Keeps the room out of lists, or puts it back.
    pub fn private(&self, private: bool) {
        self.list(move |listing| listing.private = private);
    }

    /// Sets how many players there may be. The actor itself refuses who comes too much.
    pub fn set_max(&self, players: usize) {
        self.list(move |listing| listing.max_players = players);
    }

    /// Ends the room.
    pub fn close(&self) {
        self.ask(RawEffect::Close);
    }

    pub(super) fn ask(&self, effect: RawEffect) {
        self.0.tell(HostCommand::Internal(Box::new(effect)));
    }

    fn list(&self, change: impl FnOnce(&mut Listing) + Send + 'static) {
        self.ask(RawEffect::List(Box::new(change)));
    }

    fn emit(&self, to: Targets, event: &str, args: impl IntoArgs) -> Result<(), EmitError> {
        if is_reserved(event) {
            return Err(EmitError::ReservedName(event.to_owned()));
        }
        let args = args.into_args()?;
        let effect = emit(to, event, args.items().into(), Delivery::Reliable);
        self.0.send(HostCommand::Internal(Box::new(effect))).map_err(|refused| match refused {
            Refused::Full(_) => EmitError::Full,
            Refused::Gone(_) => EmitError::Closed,
        })
    }
}

impl fmt::Debug for RawRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawRoom")
    }
}

/// The answer to an event.
#[derive(Debug)]
#[must_use = "a client that waits is answered with nothing when this is dropped"]
pub struct RawAck {
    to: Option<(RawRoom, SocketKey, Option<AckId>)>,
}

impl RawAck {
    pub(super) fn new(room: RawRoom, socket: SocketKey, ack: Option<AckId>) -> Self {
        Self { to: Some((room, socket, ack)) }
    }

    /// Answers: the acknowledgement's arguments, or a refusal.
    pub fn send(mut self, result: Result<impl IntoArgs, Reject>) {
        let result = result.and_then(|args| Ok(ByteString::from(args.into_args()?.items())));
        self.answer(result);
    }

    pub(super) fn forget(mut self) {
        self.to = None;
    }

    fn answer(&mut self, result: Result<ByteString, Reject>) {
        if let Some((room, socket, ack)) = self.to.take() {
            room.ask(RawEffect::Answer { socket, ack, result });
        }
    }
}

impl Drop for RawAck {
    fn drop(&mut self) {
        self.answer(Ok(ByteString::new()));
    }
}
