//! Emitting: to one client, with an acknowledgement, or to a selection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::{AckId, encode, is_reserved};
use tokio::sync::oneshot;

use super::{Op, Socket, record};
use crate::adapter::Message;
use crate::error::{AckError, EmitError, Emitted, Reject};
use crate::event::{EncodedArgs, FromArgs, IntoArgs};
use crate::fanout::SlotRef;
use crate::namespace::{NamespaceShared, Outgoing, as_args};

impl Socket {
    /// Emits an event to this client.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.emit("welcome", "hello");
    /// socket.emit("moved", (3, 4));             // two arguments
    /// socket.emit("started", ());               // none
    /// # }
    /// ```
    pub fn emit(&self, event: &str, args: impl IntoArgs) -> Emitted {
        self.emit_as(event, args, Delivery::Reliable)
    }

    /// Emits an event that may be lost if the client is not ready for it (Socket.IO's
    /// `socket.volatile.emit`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server, socket: Socket) {
    /// socket.emit_volatile("position", (3, 4));
    /// io.of("/").everyone().volatile().emit("position", (3, 4));
    /// # }
    /// ```
    pub fn emit_volatile(&self, event: &str, args: impl IntoArgs) -> Emitted {
        self.emit_as(event, args, Delivery::Volatile)
    }

    /// Emits the event `message`, as the client's `send` does.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.send("hello");                                           // socket.on("message", …)
    /// socket.on("message", |socket, text: String| socket.send(text)); // socket.send("hello")
    /// # }
    /// ```
    pub fn send(&self, args: impl IntoArgs) -> Emitted {
        self.emit("message", args)
    }

    /// Emits an event that the client acknowledges.
    ///
    /// The time-out is [`Config::ack_timeout`](crate::Config::ack_timeout) unless one is named.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use std::time::Duration;
    /// # async fn example(socket: Socket) -> Result<(), AckError> {
    /// let ready: bool = socket.emit_with_ack("ready?", "round 1").timeout(Duration::from_secs(5)).answer().await?;
    /// # Ok(()) }
    /// ```
    pub fn emit_with_ack(&self, event: &str, args: impl IntoArgs) -> AckRequest {
        let encoded = check_name(event).and_then(|()| Ok(args.into_args()?));
        let timeout = self.runtime().config.ack_timeout;
        AckRequest { socket: self.clone(), event: event.to_owned(), encoded, timeout }
    }

    /// Everyone in these rooms but this socket.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.to("red").to("blue").except("bots").emit("goal", 1);
    /// # }
    /// ```
    pub fn to(&self, room: impl Into<RoomName>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// Socket.IO's `in`: the same as [`to`](Self::to).
    pub fn within(&self, room: impl Into<RoomName>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// Everyone in the namespace but this socket and these rooms.
    pub fn except(&self, room: impl Into<RoomName>) -> Broadcast {
        self.broadcast().except(room)
    }

    /// Everyone in the namespace but this socket.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.broadcast().emit("joined", socket.id());
    /// socket.broadcast().to("red").to("blue").emit("goal", 1); // who is in both gets it once
    /// # }
    /// ```
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self.shared().namespace.clone(), Some(self.clone()))
    }

    fn emit_as(&self, event: &str, args: impl IntoArgs, delivery: Delivery) -> Emitted {
        if self.is_leaving() {
            return Emitted::new(Err(EmitError::Closed));
        }
        match encode_event(&self.shared().namespace, self.path(), event, args, delivery) {
            Ok((frames, delivery)) => self.perform(Op::Emit { to: self.clone(), frames, delivery }),
            Err(error) => Emitted::new(Err(error)),
        }
    }

    /// An event for many sockets of this namespace, see [`emit_encoded`](Self::emit_encoded).
    pub(crate) fn encode(&self, event: &str, args: impl IntoArgs) -> Result<Bytes, EmitError> {
        check_name(event)?;
        let args = args.into_args()?;
        self.runtime().metrics.packets_encoded.count();
        Ok(encode::event(self.path(), event, args.items(), &args.attachments, None))
    }

    /// As `emit`, of what was encoded for a socket with the same path.
    pub(crate) fn emit_encoded(&self, frames: Bytes) -> Result<(), EmitError> {
        if !self.is_connected() {
            return Err(EmitError::Closed);
        }
        self.perform(Op::Emit { to: self.clone(), frames, delivery: Delivery::Reliable }).result()
    }

    /// Tells the client of a refusal that no acknowledgement can carry.
    pub(super) fn emit_error(&self, reject: &Reject) -> Option<Op> {
        self.own_event("error", reject)
    }

    /// An event of the framework's own.
    pub(super) fn own_event(&self, event: &str, args: impl IntoArgs) -> Option<Op> {
        let frames = self.encode(event, args).ok()?;
        Some(Op::Emit { to: self.clone(), frames, delivery: Delivery::Reliable })
    }
}

/// An event that is to be acknowledged, not yet sent.
#[must_use = "nothing is sent before `answer` is awaited"]
pub struct AckRequest {
    socket: Socket,
    event: String,
    encoded: Result<EncodedArgs, EmitError>,
    timeout: Duration,
}

impl AckRequest {
    /// Sets the time that the client has.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends the event and waits for the acknowledgement.
    ///
    /// # Errors
    /// [`AckError`]: not sent, not answered in time, disconnected, or an answer of another form.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the acknowledgement; the event is sent all the same.
    pub async fn answer<T: FromArgs>(self) -> Result<T, AckError> {
        let (reply, answer) = oneshot::channel();
        let runtime = self.socket.runtime().clone();
        let encoded = self.encoded?;
        let due = runtime.clock.now() + self.timeout;
        let id = self.socket.await_ack(reply, due)?;
        let _forget = Awaited(&self.socket, id);
        let path = self.socket.path();
        let frames = encode::event(path, &self.event, encoded.items(), &encoded.attachments, Some(id));
        runtime.metrics.packets_encoded.count();
        self.socket.perform(Op::EmitWithAck { to: self.socket.clone(), frames, ack: id }).result()?;
        let args = answer.await.unwrap_or(Err(AckError::Disconnected))?;
        args.parse().map_err(AckError::Decode)
    }
}

/// Forgets an acknowledgement that nobody waits for any more.
struct Awaited<'a>(&'a Socket, AckId);

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.forget_ack(self.1);
    }
}

impl fmt::Debug for AckRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckRequest").field("event", &self.event).field("timeout", &self.timeout).finish()
    }
}

/// A selection of a namespace's sockets, and how they are told.
///
/// Every method returns a new selection; each socket gets a packet at most once.
#[derive(Debug, Clone)]
#[must_use = "a selection does nothing before something is emitted to it"]
pub struct Broadcast {
    pub(super) namespace: Arc<NamespaceShared>,
    /// Who emits, and is left out.
    pub(super) sender: Option<Socket>,
    pub(super) to: Selection<SlotRef>,
    delivery: Delivery,
    /// Whether other nodes are left out.
    pub(super) local: bool,
    /// Time for acknowledgements.
    pub(super) timeout: Duration,
}

impl Broadcast {
    pub(crate) fn new(namespace: Arc<NamespaceShared>, sender: Option<Socket>) -> Self {
        let to = Selection { skip: sender.as_ref().map(Socket::member), ..Selection::everyone() };
        let timeout = namespace.runtime.config.ack_timeout;
        Self { namespace, sender, to, delivery: Delivery::Reliable, local: false, timeout }
    }

    /// Adds the members of a room. The first room narrows everyone down to it.
    pub fn to(mut self, room: impl Into<RoomName>) -> Self {
        self.to.rooms.push(room.into());
        self
    }

    /// Socket.IO's `in`: the same as [`to`](Self::to).
    pub fn within(self, room: impl Into<RoomName>) -> Self {
        self.to(room)
    }

    /// Takes the members of a room out.
    pub fn except(mut self, room: impl Into<RoomName>) -> Self {
        self.to.except.push(room.into());
        self
    }

    /// Lets the event be lost where a client is not ready for it.
    pub fn volatile(mut self) -> Self {
        self.delivery = Delivery::Volatile;
        self
    }

    /// Leaves out who is connected to other nodes of the cluster (Socket.IO's `local`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.broadcast().local().emit("near", socket.id());
    /// # }
    /// ```
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Emits an event to the selection. It is encoded once, whatever the number of recipients.
    pub fn emit(self, event: &str, args: impl IntoArgs) -> Emitted {
        match check_name(event).and_then(|()| Ok(args.into_args()?)) {
            Ok(args) => Emitted::new(self.emit_args(event, &args)),
            Err(error) => Emitted::new(Err(error)),
        }
    }

    fn emit_args(self, event: &str, args: &EncodedArgs) -> Result<(), EmitError> {
        if let Some(children) = self.namespace.children() {
            return self.emit_to_children(children, event, args);
        }
        let volatile = self.delivery.is_volatile();
        let elsewhere = self.elsewhere(|to| {
            Some(Message::Emit { to, event: event.to_owned(), args: as_args(args), volatile })
        });
        let Self { namespace, sender, to, delivery, .. } = self;
        let (frames, delivery) = encode_args(&namespace, &namespace.path, event, args, delivery);
        match sender {
            Some(sender) => sender.try_perform(Op::Broadcast { namespace, to, frames, delivery })?,
            None => emit_without_sender(&namespace, to, frames, delivery)?,
        }
        if let Some(elsewhere) = elsewhere {
            elsewhere.send();
        }
        Ok(())
    }

    /// The selection in each child of a parent.
    fn emit_to_children(
        self,
        children: Vec<Arc<NamespaceShared>>,
        event: &str,
        args: &EncodedArgs,
    ) -> Result<(), EmitError> {
        let mut result = Ok(());
        for namespace in children {
            // The first that failed is told; the others are emitted all the same.
            result = result.and(Self { namespace, ..self.clone() }.emit_args(event, args));
        }
        result
    }

    /// The sockets of the selection, as they are when the namespace sees this.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # async fn example(io: Server) {
    /// for socket in io.to("lobby").sockets().await {
    ///     println!("{}", socket.id());
    /// }
    /// # }
    /// ```
    pub async fn sockets(self) -> Vec<Socket> {
        self.namespace.find_sockets(self.to).await
    }
}

/// `io` used inside of a handler counts as that socket.
fn emit_without_sender(
    namespace: &Arc<NamespaceShared>,
    to: Selection<SlotRef>,
    frames: Bytes,
    delivery: Delivery,
) -> Result<(), EmitError> {
    match record(Op::Broadcast { namespace: namespace.clone(), to, frames, delivery }) {
        Err(Op::Broadcast { to, frames, delivery, .. }) => {
            namespace.emit_from_outside(to, Outgoing::Packet { frames, delivery })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn encode_event(
    namespace: &NamespaceShared,
    path: &str,
    event: &str,
    args: impl IntoArgs,
    delivery: Delivery,
) -> Result<(Bytes, Delivery), EmitError> {
    check_name(event)?;
    Ok(encode_args(namespace, path, event, &args.into_args()?, delivery))
}

fn encode_args(
    namespace: &NamespaceShared,
    path: &str,
    event: &str,
    args: &EncodedArgs,
    delivery: Delivery,
) -> (Bytes, Delivery) {
    namespace.runtime.metrics.packets_encoded.count();
    let encode = |items: &str| encode::event(path, event, items, &args.attachments, None);
    match namespace.stamp(args.items(), delivery) {
        Some((items, delivery)) => (encode(&items), delivery),
        None => (encode(args.items()), delivery),
    }
}

pub(super) fn check_name(event: &str) -> Result<(), EmitError> {
    if is_reserved(event) { Err(EmitError::ReservedName(event.to_owned())) } else { Ok(()) }
}
