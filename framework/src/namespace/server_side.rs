//! Events between the nodes of a cluster, and what reaches other nodes.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use greenroom_proto::rooms::Selection;
use greenroom_proto::socketio;

use super::{Namespace, NamespaceShared};
use crate::adapter::{Answer, Audience, Message};
use crate::error::{EmitError, Emitted, Reject};
use crate::event::{Args, EncodedArgs, FromArgs, IntoAck, IntoArgs};
use crate::fanout::SlotRef;
use crate::socket::{Broadcast, Op, Socket, record};

/// A listener of server-side events; nothing if it does not answer.
pub(crate) type ServerSideListener = Arc<dyn Fn(Namespace, Args) -> Option<Answer> + Send + Sync>;

/// Names that Socket.IO keeps for a namespace's own events.
const RESERVED: [&str; 3] = ["connect", "connection", "new_namespace"];

impl Namespace {
    /// Sends an event to this namespace on all *other* nodes of the cluster, to be heard by
    /// [`on_server_side`](Self::on_server_side) (Socket.IO's `serverSideEmit`). A server without an
    /// [adapter](crate::adapter) has no other nodes, and a node that has no namespace of this path, a
    /// child that nobody asked for there, hears nothing.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_server_side("reload", |namespace, reason: String| {
    ///     namespace.local().emit("reload", reason); // to the clients of this node
    /// });
    /// io.of("/").server_side_emit("reload", "new maps");
    /// # }
    /// ```
    pub fn server_side_emit(&self, event: &str, args: impl IntoArgs) -> Emitted {
        let encoded = encoded(event, args);
        Emitted::new(encoded.map(|args| self.shared().send_server_side(event, args, None)))
    }

    /// As [`server_side_emit`](Self::server_side_emit), and waits for an answer of each node.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use std::time::Duration;
    /// # async fn example(io: Server) -> Result<(), EmitError> {
    /// let here = io.fetch_sockets().await.len();
    /// let others = io.server_side_emit_with_ack("count", ()).timeout(Duration::from_secs(1));
    /// let others = others.answers::<usize>().await?;
    /// let everywhere = here + others.received.iter().sum::<usize>();
    /// println!("{everywhere} players, {} nodes did not say", others.missing);
    /// # Ok(()) }
    /// ```
    pub fn server_side_emit_with_ack(&self, event: &str, args: impl IntoArgs) -> ServerSideRequest {
        let timeout = self.shared().runtime.config.ack_timeout;
        ServerSideRequest {
            namespace: self.clone(),
            event: event.to_owned(),
            encoded: encoded(event, args),
            timeout,
        }
    }

    /// Listens for an event that another node sends by
    /// [`server_side_emit`](Self::server_side_emit). What it returns is the answer; of several listeners
    /// the first that returns a `Result` answers. It holds up what else comes from other nodes, so that
    /// work that takes time has to be spawned.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// let server = io.clone();
    /// io.of("/").on_server_side("count", move |_, ()| Ok(server.stats().sockets));
    /// # }
    /// ```
    pub fn on_server_side<F, T, R>(&self, event: &str, listener: F) -> &Self
    where
        F: Fn(Self, T) -> R + Send + Sync + 'static,
        T: FromArgs,
        R: IntoAck,
    {
        let call = move |namespace: Self, args: Args| {
            let ack = match args.parse::<T>() {
                Ok(args) => {
                    let returned = listener(namespace, args);
                    if !R::ANSWERS {
                        return None;
                    }
                    returned.into_ack()
                }
                Err(error) => Err(Reject::bad_payload(&error)),
            };
            Some(ack.map(|args| as_args(&args)))
        };
        let mut listeners = self.shared().server_side.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push((event.into(), Arc::new(call)));
        self
    }

    /// Everyone who is connected to this node, whatever the adapter (Socket.IO's `local`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").local().emit("news", "this node restarts in a minute");
    /// # }
    /// ```
    pub fn local(&self) -> Broadcast {
        self.everyone().local()
    }
}

impl NamespaceShared {
    /// Those who listen for a server-side event.
    pub(crate) fn server_side_listeners(&self, event: &str) -> Vec<ServerSideListener> {
        let listeners = self.server_side.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().filter(|(of, _)| of == event).map(|(_, listener)| listener.clone()).collect()
    }

    /// Whom a selection means on other nodes; the one that it skips is on this one.
    pub(crate) fn audience(&self, to: &Selection<SlotRef>) -> Audience {
        let namespace = self.path.to_string();
        Audience { namespace, rooms: to.rooms.to_vec(), except: to.except.clone() }
    }

    /// Tells the other nodes, if there can be any, behind what its sender has asked for before.
    pub(crate) fn spread(&self, sender: Option<&Socket>, message: impl FnOnce() -> Message) {
        let Some(node) = self.runtime.node.get() else { return };
        let op = Op::Publish(Box::new(message()));
        match sender {
            Some(sender) => drop(sender.perform(op)),
            None => {
                if let Err(Op::Publish(message)) = record(op) {
                    node.publish(*message);
                }
            }
        }
    }

    fn send_server_side(&self, event: &str, args: Args, request: Option<crate::adapter::RequestId>) {
        let (namespace, event) = (self.path.to_string(), event.to_owned());
        self.spread(None, || Message::ServerSide { namespace, event, args, request });
    }
}

/// An event that other nodes are to answer, not yet sent.
#[must_use = "nothing is sent before `answers` is awaited"]
pub struct ServerSideRequest {
    namespace: Namespace,
    event: String,
    encoded: Result<Args, EmitError>,
    timeout: Duration,
}

impl ServerSideRequest {
    /// Sets the time that the nodes have; [`Config::ack_timeout`](crate::Config::ack_timeout) unless one
    /// is named.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends the event and waits until every node has answered, or is too late.
    ///
    /// # Errors
    /// [`EmitError`] if nothing was sent. A node that does not answer is no error:
    /// [`ServerSideAnswers::missing`] counts it.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the answers; the event is sent all the same.
    pub async fn answers<T: FromArgs>(self) -> Result<ServerSideAnswers<T>, EmitError> {
        let args = self.encoded?;
        let shared = self.namespace.shared();
        let mut all = ServerSideAnswers { received: Vec::new(), refused: Vec::new(), missing: 0 };
        let Some(node) = shared.runtime.node.get() else { return Ok(all) };
        let mut awaited = node.await_answers();
        shared.send_server_side(&self.event, args, Some(awaited.request));
        let clock = &shared.runtime.clock;
        let due = clock.now() + self.timeout;
        for answered in 0..awaited.expected {
            let answer = tokio::select! {
                answer = awaited.answers.recv() => answer,
                () = clock.sleep_until(due) => None,
            };
            let Some(answer) = answer else {
                all.missing = awaited.expected - answered;
                break;
            };
            match answer.and_then(|args| args.parse().map_err(|error| Reject::bad_payload(&error))) {
                Ok(answer) => all.received.push(answer),
                Err(refusal) => all.refused.push(refusal),
            }
        }
        Ok(all)
    }
}

impl fmt::Debug for ServerSideRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideRequest").field("event", &self.event).finish_non_exhaustive()
    }
}

/// What other nodes answered.
#[derive(Debug)]
pub struct ServerSideAnswers<T> {
    /// The answers, as they came.
    pub received: Vec<T>,
    /// The refusals of listeners, and answers of another form.
    pub refused: Vec<Reject>,
    /// How many nodes did not answer in time, those without a listener among them.
    pub missing: usize,
}

fn encoded(event: &str, args: impl IntoArgs) -> Result<Args, EmitError> {
    if RESERVED.contains(&event) {
        return Err(EmitError::ReservedName(event.to_owned()));
    }
    Ok(as_args(&args.into_args()?))
}

/// Arguments that are not for one packet.
pub(crate) fn as_args(encoded: &EncodedArgs) -> Args {
    let json = format!("[{}]", encoded.items());
    Args::new(socketio::Args::new(json.into(), encoded.attachments.clone()))
}
