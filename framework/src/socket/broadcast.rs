//! Acknowledgements of many, and what is done with all sockets of a selection.

use std::fmt;
use std::time::{Duration, Instant};

use greenroom_proto::rooms::RoomName;
use greenroom_proto::socketio::{AckId, encode};
use tokio::sync::oneshot;

use super::elsewhere::message_of;
use super::emit::check_name;
use super::{Broadcast, Op, Socket, SocketId, record};
use crate::error::{AckError, EmitError, Emitted};
use crate::event::{Args, EncodedArgs, FromArgs, IntoArgs};
use crate::namespace::{Ask, Errand, Outgoing};

impl Broadcast {
    /// Sets the time that clients have for their acknowledgements, see
    /// [`emit_with_ack`](Self::emit_with_ack).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Emits an event that every socket of the selection acknowledges. It is encoded once, whatever the
    /// number of recipients.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use std::time::Duration;
    /// # async fn example(io: Server) -> Result<(), EmitError> {
    /// let vote = io.to("jury").timeout(Duration::from_secs(10)).emit_with_ack("guilty?", "case 7");
    /// let votes = vote.answers::<bool>().await?;
    /// let guilty = votes.received.iter().filter(|(_, guilty)| *guilty).count();
    /// println!("{guilty} of {}, {} did not vote", votes.received.len(), votes.missing.len());
    /// # Ok(()) }
    /// ```
    pub fn emit_with_ack(self, event: &str, args: impl IntoArgs) -> BroadcastRequest {
        let encoded = check_name(event).and_then(|()| Ok(args.into_args()?));
        BroadcastRequest { to: self, event: event.to_owned(), encoded }
    }

    /// Socket.IO's `fetchSockets`: the same as [`sockets`](Self::sockets).
    pub async fn fetch_sockets(self) -> Vec<Socket> {
        self.sockets().await
    }

    /// Makes the sockets of the selection join rooms. What the same sender emits to these rooms
    /// afterwards reaches them. One that is in [`Config::max_rooms`](crate::Config::max_rooms) already is
    /// left out.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.to("lobby").sockets_join(["game 7"]);
    /// io.to("game 7").emit("begin", ());
    /// # }
    /// ```
    pub fn sockets_join<R: Into<RoomName>>(self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.run(Errand::Join(rooms.into_iter().map(Into::into).collect()))
    }

    /// Makes the sockets of the selection leave rooms.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.to("game 7").sockets_leave(["lobby", "waiting"]);
    /// # }
    /// ```
    pub fn sockets_leave<R: Into<RoomName>>(self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.run(Errand::Leave(rooms.into_iter().map(Into::into).collect()))
    }

    /// Disconnects the sockets of the selection from their namespace, or closes their whole connections,
    /// see [`Socket::disconnect`]. What the same sender emitted to them before still reaches them.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.to("game 7").emit("over", ());
    /// io.to("game 7").disconnect_sockets(false);
    /// # }
    /// ```
    pub fn disconnect_sockets(self, close: bool) -> Emitted {
        self.run(Errand::Disconnect { close })
    }

    fn run(self, errand: Errand) -> Emitted {
        let elsewhere = self.elsewhere(|to| message_of(&errand, to));
        let Self { namespace, sender, to, .. } = self;
        let op = Op::Errand { namespace, to, errand: Box::new(errand) };
        let result = match sender {
            Some(sender) => sender.try_perform(op),
            None => run_without_sender(op),
        };
        if let (Some(elsewhere), Ok(())) = (elsewhere, &result) {
            elsewhere.send();
        }
        Emitted::new(result)
    }
}

/// `io` used inside of a handler counts as that socket.
fn run_without_sender(op: Op) -> Result<(), EmitError> {
    match record(op) {
        Err(Op::Errand { namespace, to, errand }) => {
            namespace.emit_from_outside(to, Outgoing::Errand(errand))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An event that many are to acknowledge, not yet sent.
#[must_use = "nothing is sent before `answers` is awaited"]
pub struct BroadcastRequest {
    to: Broadcast,
    event: String,
    encoded: Result<EncodedArgs, EmitError>,
}

impl BroadcastRequest {
    /// Sets the time that the clients have; [`Config::ack_timeout`](crate::Config::ack_timeout) unless
    /// one is named.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.to.timeout = timeout;
        self
    }

    /// Sends the event and waits until every client has answered, has gone, or is too late.
    ///
    /// # Errors
    /// [`EmitError`] if nothing was sent. A client that does not answer is no error:
    /// [`Answers::missing`] names it.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the acknowledgements; the event is sent all the same.
    pub async fn answers<T: FromArgs>(self) -> Result<Answers<T>, EmitError> {
        let Self { to, event, encoded } = self;
        let (encoded, namespace) = (encoded?, to.namespace.clone());
        let ack = namespace.next_shared_ack();
        let frames = encode::event(&namespace.path, &event, encoded.items(), &encoded.attachments, Some(ack));
        namespace.runtime.metrics.packets_encoded.count();
        let due = namespace.runtime.clock.now() + to.timeout;
        let (reply, awaited) = oneshot::channel();
        to.run(Errand::Ask(Ask { frames, ack, due, reply })).result()?;
        let mut answers = Answers { received: Vec::new(), missing: Vec::new() };
        // Without a namespace that runs there is nobody to ask.
        for mut awaited in awaited.await.unwrap_or_default() {
            let id = awaited.socket.id().clone();
            match awaited.answer().await.and_then(|args| args.parse().map_err(AckError::Decode)) {
                Ok(answer) => answers.received.push((id, answer)),
                Err(error) => answers.missing.push((id, error)),
            }
        }
        Ok(answers)
    }
}

impl fmt::Debug for BroadcastRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastRequest").field("event", &self.event).field("to", &self.to).finish()
    }
}

/// What many clients answered.
#[derive(Debug)]
pub struct Answers<T> {
    /// Who answered, and what.
    pub received: Vec<(SocketId, T)>,
    /// Who did not, and why: too late, gone, or an answer of another form.
    pub missing: Vec<(SocketId, AckError)>,
}

impl<T> Answers<T> {
    /// Whether everyone answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// The answers, without who gave them.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.received.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// The answer that one of many sockets owes.
#[derive(Debug)]
pub(crate) struct AwaitedAnswer {
    socket: Socket,
    id: AckId,
    answer: oneshot::Receiver<Result<Args, AckError>>,
}

impl AwaitedAnswer {
    /// From now on the socket's client may answer.
    pub(crate) fn new(socket: Socket, id: AckId, due: Instant) -> Self {
        let (reply, answer) = oneshot::channel();
        socket.await_shared_ack(id, reply, due);
        Self { socket, id, answer }
    }

    async fn answer(&mut self) -> Result<Args, AckError> {
        (&mut self.answer).await.unwrap_or(Err(AckError::Disconnected))
    }
}

/// Forgets an acknowledgement that nobody waits for any more.
impl Drop for AwaitedAnswer {
    fn drop(&mut self) {
        self.socket.forget_ack(self.id);
    }
}
