//! Code that sees every event of one socket: those that listen for any, and the middleware of packets.
//!
//! Owns: nothing for sockets without them; an event of such a socket costs one look at a flag.
//! Keeps: any-listeners run before middleware, middleware in order, and then the event's listeners; while
//! middleware decides, later events wait.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::{AsyncContext, Context};
use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::socketio::{AckId, sent_event};

use super::actor::SocketActor;
use super::dispatch::{Code, Reply, Running, caught, first_poll};
use super::{Socket, SocketCommand, turn};
use crate::error::Reject;
use crate::event::{Args, ListenerId};
use crate::runtime::post::{self, Refused};

/// An event as middleware sees it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// Its name.
    pub name: ByteString,
    /// Its arguments, as they came.
    pub args: Args,
}

type AnyListener = Arc<dyn Fn(Socket, &str, Args) + Send + Sync>;
type PacketMiddleware = Arc<dyn Fn(Socket, Event) -> Code<Result<(), Reject>> + Send + Sync>;

/// What sees every event of a socket.
#[derive(Default)]
pub(super) struct Taps {
    incoming: Vec<(ListenerId, AnyListener)>,
    outgoing: Vec<(ListenerId, AnyListener)>,
    middleware: Vec<PacketMiddleware>,
}

impl Socket {
    /// Listens for every event of this client, before its other listeners (Socket.IO's `onAny`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| {
    ///     socket.on_any(|socket, event, args| println!("{} sent {event} {}", socket.id(), args.json()));
    /// });
    /// # }
    /// ```
    pub fn on_any(&self, listener: impl Fn(Self, &str, Args) + Send + Sync + 'static) -> ListenerId {
        self.tap(INCOMING, |taps, id| taps.incoming.push((id, Arc::new(listener))))
    }

    /// As [`on_any`](Self::on_any), before the others.
    pub fn prepend_any(&self, listener: impl Fn(Self, &str, Args) + Send + Sync + 'static) -> ListenerId {
        self.tap(INCOMING, |taps, id| taps.incoming.insert(0, (id, Arc::new(listener))))
    }

    /// Takes one listener for every event off, or all of them; tells how many there were.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// let logger = socket.on_any(|_, event, _| println!("{event}"));
    /// assert_eq!(socket.off_any(Some(logger)), 1);
    /// assert_eq!(socket.off_any(None), 0);
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn off_any(&self, listener: Option<ListenerId>) -> usize {
        self.untap(listener, |taps| &mut taps.incoming)
    }

    /// Listens for every event that is emitted to this client, to it alone or to a room, but for
    /// acknowledgements (Socket.IO's `onAnyOutgoing`). It is for looking: it runs behind the emit, and
    /// events may be left out where more is emitted than it can see.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket) {
    /// socket.on_any_outgoing(|socket, event, _args| println!("{event} for {}", socket.id()));
    /// # }
    /// ```
    pub fn on_any_outgoing(&self, listener: impl Fn(Self, &str, Args) + Send + Sync + 'static) -> ListenerId {
        self.hear_outgoing(|taps, id| taps.outgoing.push((id, Arc::new(listener))))
    }

    /// As [`on_any_outgoing`](Self::on_any_outgoing), before the others.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(Self, &str, Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.hear_outgoing(|taps, id| taps.outgoing.insert(0, (id, Arc::new(listener))))
    }

    /// Takes one listener for what is emitted off, or all of them; tells how many there were.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn off_any_outgoing(&self, listener: Option<ListenerId>) -> usize {
        self.untap(listener, |taps| &mut taps.outgoing)
    }

    /// Adds a step that every event of this client must pass before its listeners (Socket.IO's
    /// `socket.use`). Steps run in order. A refusal is told to the client like one of a handler, and later
    /// events wait while a step decides. What a step waits for must end, since nothing else bounds it, and must
    /// not be this client: over polling its answer may stand behind events that wait.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # async fn may(user: Option<&str>, event: &str) -> bool { user.is_some() || event == "look" }
    /// # fn example(io: Server) {
    /// io.of("/").on_connect(|socket| {
    ///     socket.middleware(|socket, event| async move {
    ///         match may(socket.user_id(), &event.name).await {
    ///             true => Ok(()),
    ///             false => Err(Reject::new("forbidden", "guests only look")),
    ///         }
    ///     });
    /// });
    /// # }
    /// ```
    pub fn middleware<F, Fut>(&self, step: F)
    where
        F: Fn(Self, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Reject>> + 'static,
    {
        self.tap(INCOMING, |taps, _| {
            taps.middleware.push(Arc::new(move |socket, event| Box::pin(step(socket, event))));
        });
    }

    fn tap(&self, which: u8, add: impl FnOnce(&mut Taps, ListenerId)) -> ListenerId {
        let id = ListenerId::next();
        add(self.local().taps.get_or_insert_default(), id);
        self.shared().tapped.fetch_or(which, Ordering::AcqRel);
        id
    }

    fn hear_outgoing(&self, add: impl FnOnce(&mut Taps, ListenerId)) -> ListenerId {
        self.shared().namespace.hear_outgoing();
        self.tap(OUTGOING, add)
    }

    fn untap(
        &self,
        listener: Option<ListenerId>,
        list: impl FnOnce(&mut Taps) -> &mut Vec<(ListenerId, AnyListener)>,
    ) -> usize {
        let mut local = self.local();
        let Some(taps) = &mut local.taps else { return 0 };
        let list = list(taps);
        let before = list.len();
        list.retain(|(id, _)| listener.is_some_and(|listener| listener != *id));
        before - list.len()
    }

    pub(super) fn is_tapped(&self) -> bool {
        self.shared().tapped.load(Ordering::Acquire) & INCOMING != 0
    }

    /// Whether somebody wants to see what is emitted to it.
    pub(crate) fn hears_outgoing(&self) -> bool {
        self.shared().tapped.load(Ordering::Acquire) & OUTGOING != 0
    }

    /// Volatile: a packet was emitted to it. When its mailbox is full, nobody sees it.
    pub(crate) fn show_outgoing(&self, frames: Bytes) {
        let Some(addr) = self.shared().addr.get() else { return };
        match post::traffic(&self.runtime().metrics, addr, SocketCommand::Outgoing(frames)) {
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(_)) => tracing::debug!("a listener for outgoing events missed one"),
        }
    }
}

impl SocketActor {
    /// An event of a socket that has something which sees all of them.
    pub(super) fn tap(&mut self, name: &str, ack: Option<AckId>, args: Args, ctx: &mut Context<Self>) {
        let (any, middleware) = {
            let local = self.socket.local();
            let Some(taps) = &local.taps else { return };
            (taps.incoming.clone(), taps.middleware.clone())
        };
        self.call_any(any, name, &args, ctx);
        if middleware.is_empty() {
            return self.call_listeners(name, ack, args, ctx);
        }
        let (socket, event) = (self.socket.clone(), Event { name: name.into(), args });
        let seen = event.clone();
        let code: Code<Result<(), Reject>> = Box::pin(async move {
            for step in middleware {
                step(socket.clone(), seen.clone()).await?;
            }
            Ok(())
        });
        let (polled, asked) = turn::run(&self.socket, || first_poll(code));
        self.ask(asked, ctx);
        match polled {
            Ok(Ok(verdict)) => self.decided(verdict, event, ack, ctx),
            Ok(Err(code)) => {
                self.deciding = true;
                let done = move |actor: &mut Self, verdict: Result<Result<(), Reject>, _>, ctx: &mut _| {
                    actor.deciding = false;
                    actor.decided(verdict.unwrap_or_else(|_| Err(Reject::internal())), event, ack, ctx);
                    actor.work(ctx);
                };
                ctx.spawn(Running::new(self.socket.clone(), code, done));
            }
            Err(panicked) => {
                caught(&self.socket, &*panicked);
                self.decided(Err(Reject::internal()), event, ack, ctx);
            }
        }
    }

    fn decided(
        &mut self,
        verdict: Result<(), Reject>,
        event: Event,
        ack: Option<AckId>,
        ctx: &mut Context<Self>,
    ) {
        if !self.is_open() {
            return;
        }
        match verdict {
            Ok(()) => self.call_listeners(&event.name, ack, event.args, ctx),
            Err(reject) => self.reply(Reply { to: ack }, Err(reject), ctx),
        }
    }

    /// Something was emitted to the client.
    pub(super) fn outgoing(&mut self, frames: &Bytes, ctx: &mut Context<Self>) {
        let listeners = self.socket.local().taps.as_ref().map(|taps| taps.outgoing.clone());
        if let Some((name, args)) = sent_event(frames, self.socket.runtime().clock.now()) {
            self.call_any(listeners.unwrap_or_default(), &name, &Args::new(args), ctx);
        }
        self.work(ctx);
    }

    fn call_any(
        &mut self,
        listeners: Vec<(ListenerId, AnyListener)>,
        name: &str,
        args: &Args,
        ctx: &mut Context<Self>,
    ) {
        for (_, listener) in listeners {
            let call = || listener(self.socket.clone(), name, args.clone());
            let (result, asked) = turn::run(&self.socket, call);
            self.ask(asked, ctx);
            if let Err(panicked) = result {
                caught(&self.socket, &*panicked);
            }
        }
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps")
            .field("incoming", &self.incoming.len())
            .field("outgoing", &self.outgoing.len())
            .field("middleware", &self.middleware.len())
            .finish()
    }
}

const INCOMING: u8 = 1;
const OUTGOING: u8 = 2;
