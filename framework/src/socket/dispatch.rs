//! From a packet to its listeners, and from what they return to the acknowledgement.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};

use actix::{ActorFuture, AsyncContext, Context};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::{AckId, encode};
use smallvec::SmallVec;

use super::actor::{SocketActor, State};
use super::token::REFRESH;
use super::turn::{self, Panicked};
use super::{Inbound, Op, Socket};
use crate::error::Reject;
use crate::event::{Ack, Answer, Args, EncodedArgs, Handler, IntoArgs, Listener, Listeners};
use crate::presence::PresenceShared;

impl SocketActor {
    pub(super) fn dispatch(&mut self, packet: Inbound, ctx: &mut Context<Self>) {
        self.dispatched += 1;
        match packet {
            Inbound::Event { name, ack, args } => self.event(&name, ack, args, ctx),
            Inbound::Ack { id, args } => self.acknowledged(id, args),
            Inbound::Disconnect => self.begin_leaving(DisconnectReason::ClientNamespaceDisconnect, ctx),
        }
    }

    pub(super) fn acknowledged(&self, id: AckId, args: Args) {
        // An acknowledgement that nobody expects, or not any more, is ignored.
        if let Some(reply) = self.socket.local().acks.take(id.0) {
            drop(reply.send(Ok(args)));
        }
    }

    fn event(&mut self, name: &str, ack: Option<AckId>, args: Args, ctx: &mut Context<Self>) {
        if self.limiter.is_some() && self.is_too_much(ack, ctx) {
            return;
        }
        self.worker.metrics.events_in.count();
        if name == REFRESH {
            return self.refresh(&args, Reply { to: ack }, ctx);
        }
        if self.socket.is_tapped() {
            return self.tap(name, ack, args, ctx);
        }
        self.call_listeners(name, ack, args, ctx);
    }

    pub(super) fn call_listeners(
        &mut self,
        name: &str,
        ack: Option<AckId>,
        args: Args,
        ctx: &mut Context<Self>,
    ) {
        let presence = self.socket.shared().namespace.presence.get().cloned();
        let is_for_presence = presence.is_some() && PresenceShared::listens_to(name);
        if !is_for_presence && self.forward_to_room(name, ack, &args, ctx) {
            if let Some(presence) = presence {
                presence.passed_on(&self.socket, name);
            }
            return;
        }
        let namespace = &self.socket.shared().namespace;
        let (shared, own) = (namespace.listeners.load(), self.socket.due_listeners(name));
        if let [only] = shared.of(name)
            && own.is_empty()
            && !only.is_once()
        {
            return self.call(only.handler(), args, Reply { to: ack }, ctx);
        }
        let mut called: SmallVec<[&Listener; 2]> = shared.due(name).collect();
        if called.iter().any(|listener| listener.is_spent()) {
            namespace.change_listeners(Listeners::remove_spent);
        }
        called.extend(&own);
        let Some(last) = called.pop() else { return };
        // The one that acknowledges: the first with something to say, else the first.
        let first = called.iter().position(|listener| listener.handler().answers());
        let answering = first.unwrap_or(if last.handler().answers() { called.len() } else { 0 });
        let reply = |place| Reply { to: ack.filter(|_| place == answering) };
        for (place, listener) in called.iter().enumerate() {
            self.call(listener.handler(), args.clone(), reply(place), ctx);
            if self.state != State::Open {
                // It disconnected its own socket, whose last hooks have run.
                return;
            }
        }
        self.call(last.handler(), args, reply(called.len()), ctx);
    }

    fn call(&mut self, handler: &dyn Handler, args: Args, reply: Reply, ctx: &mut Context<Self>) {
        let began = self.begin_handler(handler.is_asynchronous());
        let (answer, asked) = turn::run(&self.socket, || match handler.call(self.socket.clone(), args) {
            Answer::Now(ack) => Ok(ack),
            Answer::Later(code) => first_poll(code),
        });
        if !asked.is_empty() {
            self.ask(asked, ctx);
        }
        if let Ok(Err(_)) = answer {
            self.timed_from = None;
        } else {
            self.end_handler();
        }
        match answer {
            Ok(Ok(ack)) => self.reply(reply, ack, ctx),
            Ok(Err(code)) => {
                self.running_handlers += 1;
                ctx.spawn(Running::new(self.socket.clone(), code, move |actor: &mut Self, ack, ctx| {
                    actor.running_handlers -= 1;
                    let time = actor.now().saturating_duration_since(began);
                    actor.worker.metrics.async_handlers.record(time, 1);
                    actor.reply(reply, ack.unwrap_or_else(|_| Err(Reject::internal())), ctx);
                    actor.work(ctx);
                }));
            }
            Err(panicked) => {
                caught(&self.socket, &*panicked);
                self.reply(reply, Err(Reject::internal()), ctx);
            }
        }
    }

    /// Acknowledges, or tells the client of a refusal that nothing else would tell it.
    pub(super) fn reply(&mut self, reply: Reply, ack: Ack, ctx: &mut Context<Self>) {
        if let Err(reject) = &ack {
            log_cause(reject);
        }
        let op = match (reply.to, ack) {
            (Some(id), Ok(args)) => self.acknowledge(id, &args),
            (Some(id), Err(reject)) => {
                let body = serde_json::json!({ "error": reject });
                body.into_args().ok().and_then(|args| self.acknowledge(id, &args))
            }
            (None, Err(reject)) => self.socket.emit_error(&reject),
            (None, Ok(_)) => None,
        };
        if let Some(op) = op {
            self.ask([op], ctx);
        }
    }

    /// Puts the acknowledgement behind those that leave; gives it back if it has to wait for its turn.
    fn acknowledge(&mut self, id: AckId, args: &EncodedArgs) -> Option<Op> {
        let in_run = self.answers_in_runs();
        let path = self.socket.path();
        if in_run {
            let items = args.items();
            encode::append_ack(self.pushes.run(items.len()), path, id, items, &args.attachments);
            return None;
        }
        self.socket.runtime().metrics.packets_encoded.count();
        let frames = encode::ack(path, id, args.items(), &args.attachments);
        Some(Op::Own { frames, delivery: Delivery::Reliable })
    }
}

/// Who is told what a handler returned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    pub(super) to: Option<AckId>,
}

/// Logs the error that a client is not told.
pub(super) fn log_cause(reject: &Reject) {
    if let Some(error) = reject.cause() {
        tracing::warn!(error, "a handler failed");
    }
}

/// Counts and logs a panic of user code; it costs that event and nothing else.
pub(super) fn caught(socket: &Socket, panicked: &(dyn std::any::Any + Send)) {
    socket.runtime().metrics.panics.count();
    let text = panicked.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panicked.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    tracing::error!(parent: &socket.shared().span, panic = text, "user code panicked");
}

/// User code that waits for something.
pub(super) type Code<T> = Pin<Box<dyn Future<Output = T>>>;

/// Starts user code in the turn that called it: handlers start in the order of arrival, and actix would
/// poll several new futures in any order. What is not ready comes back, to be polled as [`Running`].
pub(super) fn first_poll<T>(mut code: Code<T>) -> Result<T, Code<T>> {
    match code.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => Err(code),
    }
}

/// A future of user code, polled in turns of its socket; then `done` has its result.
pub(super) struct Running<T, D> {
    socket: Socket,
    /// Gone when it has ended.
    code: Option<Code<T>>,
    done: Option<D>,
}

impl<T, D> Running<T, D>
where
    D: FnOnce(&mut SocketActor, Result<T, Panicked>, &mut Context<SocketActor>) + Unpin + 'static,
{
    pub(super) fn new(socket: Socket, code: Code<T>, done: D) -> Self {
        Self { socket, code: Some(code), done: Some(done) }
    }
}

impl<T, D> ActorFuture<SocketActor> for Running<T, D>
where
    T: 'static,
    D: FnOnce(&mut SocketActor, Result<T, Panicked>, &mut Context<SocketActor>) + Unpin + 'static,
{
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        actor: &mut SocketActor,
        ctx: &mut Context<SocketActor>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        let Some(mut code) = self.code.take() else { return Poll::Ready(()) };
        let (polled, asked) = turn::run(&self.socket, move || match code.as_mut().poll(task) {
            Poll::Pending => Err(code),
            Poll::Ready(result) => Ok(result),
        });
        actor.ask(asked, ctx);
        let result = match polled {
            Ok(Err(code)) => {
                self.code = Some(code);
                actor.work(ctx);
                return Poll::Pending;
            }
            Ok(Ok(result)) => Ok(result),
            Err(panicked) => {
                caught(&self.socket, &*panicked);
                Err(panicked)
            }
        };
        if let Some(done) = self.done.take() {
            done(actor, result, ctx);
        }
        Poll::Ready(())
    }
}

/// Dropping what user code still holds runs user code, too.
impl<T, D> Drop for Running<T, D> {
    fn drop(&mut self) {
        if let Some(code) = self.code.take()
            && let Err(panicked) = catch_unwind(AssertUnwindSafe(move || drop(code)))
        {
            caught(&self.socket, &*panicked);
        }
    }
}
