//! From CONNECT to its answer: the token, the middleware, the namespace.

use std::sync::PoisonError;

use actix::{AsyncContext, Context};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::encode;

use super::actor::{SocketActor, State};
use super::dispatch::{Running, caught, first_poll, log_cause};
use super::eio3;
use super::token::Bearer;
use super::turn;
use crate::auth::{AuthError, Credential, token_from};
use crate::error::Reject;
use crate::fanout::{FanoutCommand, Push};
use crate::namespace::{Admission, ConnectHook, NamespaceCommand};
use crate::session::SessionHandle;

impl SocketActor {
    /// Decides whether the socket may connect.
    pub(super) fn connect(&mut self, ctx: &mut Context<Self>) {
        if let Err(error) = self.verify_token() {
            return self.refuse(&error.to_reject(), ctx);
        }
        if !self.socket.inherit() {
            // Somebody else's: it may connect, but on its own.
            self.socket.session().close(DisconnectReason::TransportClose);
            return self.forget_everything(ctx);
        }
        let namespace = &self.socket.shared().namespace;
        let middleware = namespace.middleware.read().unwrap_or_else(PoisonError::into_inner).clone();
        let skips = self.socket.recovered() && namespace.runtime.config.recovery_skips_middleware;
        if middleware.is_empty() || skips {
            return self.join_namespace(ctx);
        }
        let socket = self.socket.clone();
        let code = Box::pin(async move {
            for step in middleware {
                step(socket.clone()).await?;
            }
            Ok::<(), Reject>(())
        });
        let decided =
            |actor: &mut Self, result: Result<Result<(), Reject>, _>, ctx: &mut Context<Self>| match result
                .unwrap_or_else(|_| Err(Reject::internal()))
            {
                Ok(()) => actor.join_namespace(ctx),
                Err(reject) => actor.refuse(&reject, ctx),
            };
        let runtime = self.socket.runtime();
        self.state =
            State::Connecting { until: Some(runtime.clock.now() + runtime.config.middleware_timeout) };
        self.arm();
        ctx.spawn(Running::new(self.socket.clone(), code, decided));
    }

    fn verify_token(&self) -> Result<(), AuthError> {
        let shared = self.socket.shared();
        let Some(auth) = shared.namespace.auth() else { return Ok(()) };
        let handshake = shared.session.handshake();
        let token = token_from(shared.auth.as_deref(), handshake.header("authorization"))
            .or_else(|| handshake.query_param(auth.query_parameter()?).map(Into::into))
            .ok_or(AuthError::Missing)?;
        let runtime = self.socket.runtime();
        let credential = Credential::verify(&token, auth, &runtime.revocations, runtime.clock.unix_now())?;
        // Set once, here.
        drop(shared.bearer.set(Box::new(Bearer::new(credential))));
        Ok(())
    }

    fn join_namespace(&mut self, ctx: &mut Context<Self>) {
        if !matches!(self.state, State::Connecting { .. }) {
            return;
        }
        if let Some(directory) = self.socket.shared().namespace.directory() {
            return self.ask_for_a_room(&directory.clone(), ctx);
        }
        self.state = State::Joining { until: None };
        // Ids have nothing that JSON escapes.
        let payload = match self.socket.pid() {
            Some(pid) => format!(r#"{{"sid":"{}","pid":"{pid}"}}"#, self.socket.id()),
            None => format!(r#"{{"sid":"{}"}}"#, self.socket.id()),
        };
        let answer = self.socket.connect_answer(&payload);
        let connect = NamespaceCommand::Connect(Admission::new(self.socket.clone(), answer));
        let namespace = self.socket.shared().namespace.clone();
        namespace.ensure_started(&self.worker.handle);
        self.send_to_namespace(&namespace, connect, ctx);
    }

    /// Tells the client that it may not connect; everything it asked for is forgotten.
    pub(super) fn refuse(&mut self, reject: &Reject, ctx: &mut Context<Self>) {
        log_cause(reject);
        let frames = refusal(self.socket.session(), self.socket.path(), reject);
        let to = self.socket.member().slot;
        let push = Push { to, packet: frames, delivery: Delivery::Reliable, is_event: false };
        let fanout = self.worker.handle.fanout.clone();
        self.send_to_fanout(&fanout, FanoutCommand::Push(smallvec::smallvec![push]), ctx);
        self.forget_everything(ctx);
    }

    /// The namespace has taken the socket in and answered the CONNECT.
    pub(super) fn admitted(&mut self, ctx: &mut Context<Self>) {
        if !matches!(self.state, State::Joining { .. }) || self.ends_before_it_began(ctx) {
            return;
        }
        self.state = State::Open;
        self.socket.set_connected();
        let namespace = self.socket.shared().namespace.clone();
        let hooks = namespace.hooks.read().unwrap_or_else(PoisonError::into_inner).connect.clone();
        for hook in hooks {
            self.call_connect_hook(&hook, ctx);
            if self.state != State::Open {
                // It disconnected its own socket, whose last hooks have run.
                break;
            }
        }
        if self.state == State::Open {
            self.watch_token(ctx);
        }
        self.work(ctx);
    }

    fn call_connect_hook(&mut self, hook: &ConnectHook, ctx: &mut Context<Self>) {
        let (result, asked) = turn::run(&self.socket, || hook(self.socket.clone()).map(first_poll));
        self.ask(asked, ctx);
        match result {
            Ok(None | Some(Ok(()))) => {}
            Ok(Some(Err(code))) => {
                self.running_handlers += 1;
                ctx.spawn(Running::new(self.socket.clone(), code, |actor: &mut Self, _, ctx| {
                    actor.running_handlers -= 1;
                    actor.work(ctx);
                }));
            }
            Err(panicked) => caught(&self.socket, &*panicked),
        }
    }
}

/// CONNECT_ERROR.
pub(super) fn refusal(session: &SessionHandle, path: &str, reject: &Reject) -> bytes::Bytes {
    let payload = if eio3::is_spoken(session) { eio3::refusal(reject) } else { reject.to_connect_error() };
    encode::connect_error(path, &payload.to_string())
}

/// A namespace that nobody has declared.
pub(super) fn refuse_unknown(session: &SessionHandle, path: &str) -> bytes::Bytes {
    let payload = if eio3::is_spoken(session) {
        r#""Invalid namespace""#
    } else {
        r#"{"message":"Invalid namespace"}"#
    };
    encode::connect_error(path, payload)
}
