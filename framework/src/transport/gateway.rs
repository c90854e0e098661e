//! Rooms for clients without a Socket.IO library: JSON over a bare WebSocket.
//!
//! * *Owns*: one [`Gateway`] per connection, an actor of `actix-web-actors`.
//! * *Takes*: the client's texts; what its room has for it, out of a [`PlainLine`].
//! * *Emits*: an arrival to the directory, events to the room.
//! * *Keeps*: nothing that matters lives in the actor, which actix freezes when the peer stops reading: the
//!   line is bounded, and gives the client up from outside.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, StreamHandler, WrapFuture as _,
};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Scope, web};
use actix_web_actors::ws;
use bytestring::ByteString;
use greenroom_proto::directory::RoomId;
use greenroom_proto::rate::{Limiter, Rate, Verdict};
use greenroom_proto::room::Event;
use greenroom_proto::socketio::{AckId, Args};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::gate::Gate;
use super::reject;
use super::routes::TcpHandle;
use crate::auth::{AuthError, Credential, token_from};
use crate::directory::{DirectoryCommand, DirectoryHandle, unavailable};
use crate::error::Reject;
use crate::host::{Arrival, Door, HostCommand, HostHandle, PlainEnd, PlainLine, PlainNews};
use crate::namespace::NamespaceShared;
use crate::runtime::Runtime;
use crate::runtime::post::Refused;
use crate::runtime::worker::Worker;
use crate::server::Server;
use crate::session::Admitted;

impl Server {
    /// Custom rooms over a bare WebSocket, to be mounted in an actix-web `App`: `<path>/duel` joins a room
    /// of the type `/duel` as `io("/duel")` does, `<path>/duel/<id>` a certain one. For clients without a
    /// Socket.IO library: game engines, micro-controllers, scripts.
    ///
    /// All frames are texts with one JSON object each.
    ///
    /// | from the client | |
    /// |---|---|
    /// | `{"token", "guest", "join"}` | the first one: what `auth` is in Socket.IO; all optional |
    /// | `{"event", "args", "ack", "n"}` | an event; with a number `ack` it is answered, `n` numbers the input |
    ///
    /// | to the client | |
    /// |---|---|
    /// | `{"refused": {"message", "data"}}` | it does not get in; final |
    /// | `{"event", "args"}` | an event: `joined`, `state`, `patch`, `dismissed`, and those of the room |
    /// | `{"ack", "args"}` | the answer to an event |
    ///
    /// The server closes with 1000 what is final, and with 1001 what the client should connect again for;
    /// it has its seat then. A client that closes with 1000 leaves its room; all other ends leave the seat
    /// for the room's grace. Middleware takes Socket.IO sockets, so a type of rooms that has any is not
    /// served here.
    ///
    /// ```no_run
    /// use actix_web::App;
    /// use greenroom::prelude::*;
    ///
    /// # async fn example(io: Server) -> std::io::Result<()> {
    /// let gateway = io.clone();
    /// greenroom::Serve::new(io)
    ///     .app(move || App::new().service(gateway.gateway("/rooms")))
    ///     .bind(("127.0.0.1", 7000))?
    ///     .run()
    ///     .await
    /// # }
    /// ```
    #[must_use]
    pub fn gateway(&self, path: &str) -> Scope {
        let (server, gate) = (self.clone(), Gate::new(self));
        let rooms = move |req: HttpRequest, body: web::Payload| {
            let (server, gate) = (server.clone(), gate.clone());
            async move {
                match gate.admit_plain(req.head(), req.app_config().secure()).await {
                    Ok(admitted) => connect(&server, admitted, &req, body),
                    Err(refused) => refused.response(),
                }
            }
        };
        web::scope(path).route("/{room:.*}", web::get().to(rooms))
    }
}

/// Ends a connection from outside of the dispatcher that writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CutOff(pub(crate) Arc<Notify>);

fn connect(server: &Server, admitted: Admitted, req: &HttpRequest, body: web::Payload) -> HttpResponse {
    let path = format!("/{}", req.match_info().query("room"));
    let Some(namespace) = server.shared.namespaces.find_room_type(&path) else {
        return HttpResponse::NotFound().finish();
    };
    let Some(directory) = namespace.directory().cloned() else { return HttpResponse::NotFound().finish() };
    if !namespace.middleware.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
        return HttpResponse::Forbidden().finish();
    }
    let Ok(worker) = Worker::current(directory.runtime()) else {
        return reject::Reject::Broken.response();
    };
    let (tcp, pump) = (req.conn_data::<TcpHandle>().cloned(), req.extensions().get::<CutOff>().cloned());
    let line = PlainLine::new(&directory, worker.handle.id, move || {
        tcp.iter().for_each(TcpHandle::cut);
        pump.iter().for_each(|pump| pump.0.notify_one());
    });
    let header = req.headers().get("authorization").and_then(|header| header.to_str().ok());
    let config = &directory.runtime().config;
    let limit = config.max_payload;
    let limiter = Rate::new(config.events_per_second, config.event_burst)
        .map(|rate| Limiter::new(rate, config.max_refused_events, config.refused_events_window));
    let gateway = Gateway {
        room: path.strip_prefix(directory.path()).and_then(|id| id.strip_prefix('/')).map(RoomId::from),
        heard: directory.runtime().clock.now(),
        namespace,
        directory,
        line,
        header: header.map(str::to_owned),
        place: Place::Outside,
        credential: None,
        limiter,
        worker,
        _admitted: admitted,
    };
    ws::WsResponseBuilder::new(gateway, req, body)
        .frame_size(limit)
        .start()
        .unwrap_or_else(|error| error.error_response())
}

/// One connection.
struct Gateway {
    namespace: Arc<NamespaceShared>,
    directory: DirectoryHandle,
    /// A certain room, if the path names one.
    room: Option<RoomId>,
    /// The request's `Authorization`.
    header: Option<String>,
    line: PlainLine,
    place: Place,
    credential: Option<Credential>,
    limiter: Option<Limiter>,
    /// When the client last sent something.
    heard: Instant,
    worker: std::rc::Rc<Worker>,
    _admitted: Admitted,
}

enum Place {
    /// It has not said what it wants.
    Outside,
    Joining,
    In(HostHandle),
}

/// An event of the client.
#[derive(Deserialize)]
struct Said<'a> {
    event: String,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    ack: Option<u64>,
    n: Option<u64>,
}

type Ctx = ws::WebsocketContext<Gateway>;

impl Gateway {
    fn runtime(&self) -> &Arc<Runtime> {
        self.directory.runtime()
    }

    /// The first text says who wants what.
    fn join(&mut self, auth: &str, ctx: &mut Ctx) {
        let arrival = self.verify(auth).and_then(|()| {
            let claims = self.credential.as_ref().map(|credential| &*credential.claims);
            let door = Door::Plain(self.line.clone());
            Arrival::new(door, self.line.key(), self.room.take(), auth, claims)
        });
        let arrival = match arrival {
            Ok(arrival) => arrival,
            Err(reject) => return refuse(&reject, ctx),
        };
        self.place = Place::Joining;
        ctx.run_later(self.runtime().config.room_wait, Self::give_up_joining);
        self.directory.ensure_started(&self.worker.handle);
        if let Err(Refused::Full(command)) = self.directory.send(DirectoryCommand::Arrive(arrival)) {
            ctx.wait(self.directory.wait(command).into_actor(self).map(|_, _, _| ()));
        }
    }

    fn verify(&mut self, auth: &str) -> Result<(), Reject> {
        let Some(rules) = self.namespace.auth() else { return Ok(()) };
        let runtime = self.runtime().clone();
        let token = token_from(Some(auth), self.header.as_deref());
        let credential = token.ok_or(AuthError::Missing).and_then(|token| {
            Credential::verify(&token, rules, &runtime.revocations, runtime.clock.unix_now())
        });
        self.credential = Some(credential.map_err(|error| error.to_reject())?);
        Ok(())
    }

    /// Its room is not ready in time. If the room is answering at this moment, its answer counts.
    fn give_up_joining(&mut self, ctx: &mut Ctx) {
        if matches!(self.place, Place::Joining) && self.line.claim() {
            self.line.end(false);
            refuse(&unavailable(), ctx);
        }
    }

    fn said(&mut self, text: &str, ctx: &mut Ctx) {
        let said: Said<'_> = match serde_json::from_str(text) {
            Ok(said) => said,
            Err(error) => return answer(None, &Reject::bad_payload(&error), ctx),
        };
        let ack = said.ack.map(AckId);
        if self.is_too_much(ack, ctx) {
            return;
        }
        let Place::In(host) = &self.place else { return };
        let args = said.args.map_or(Args::empty(), |args| Args::new(args.get().into(), Vec::new()));
        let event = Event { socket: self.line.key(), name: said.event.into(), args, number: said.n, ack };
        match host.send(HostCommand::Event(event)) {
            // One that is gone has closed the connection, too.
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(_)) => answer(ack, &Reject::new("busy", "the room has too much to do"), ctx),
        }
    }

    /// Whether an event comes too often. Then it has had its answer.
    fn is_too_much(&mut self, ack: Option<AckId>, ctx: &mut Ctx) -> bool {
        let now = self.runtime().clock.now();
        let Some(limiter) = &mut self.limiter else { return false };
        let verdict = limiter.handle_attempt(now);
        if verdict == Verdict::Allowed {
            return false;
        }
        self.runtime().metrics.events_refused.count();
        answer(ack, &Reject::new("rate_limited", "too many events"), ctx);
        if verdict == Verdict::Hopeless {
            self.line.end(true);
            close(ws::CloseCode::Policy, ctx);
        }
        true
    }

    /// Ends the connection of a client that is silent, or whose token has ended.
    fn look_after(&mut self, ctx: &mut Ctx) {
        let runtime = self.runtime().clone();
        let silence = runtime.clock.now().saturating_duration_since(self.heard);
        if silence > runtime.config.ping_interval + runtime.config.ping_timeout {
            return ctx.stop();
        }
        ctx.ping(b"");
        self.look_at_token(ctx);
    }

    /// Ends a connection whose token has ended.
    fn look_at_token(&self, ctx: &mut Ctx) {
        let runtime = self.runtime();
        let fault = |credential: &Credential| {
            credential.fault(&runtime.revocations, runtime.clock.unix_now()).is_some()
        };
        if self.credential.as_ref().is_some_and(fault) {
            runtime.metrics.tokens_ended.count();
            close(ws::CloseCode::Away, ctx);
        }
    }

    fn text(&mut self, text: &str, ctx: &mut Ctx) {
        match self.place {
            Place::Outside => self.join(text, ctx),
            Place::Joining | Place::In(_) => self.said(text, ctx),
        }
    }
}

fn refuse(reject: &Reject, ctx: &mut Ctx) {
    ctx.text(json!({ "refused": reject.to_connect_error() }).to_string());
    close(ws::CloseCode::Normal, ctx);
}

fn close(code: ws::CloseCode, ctx: &mut Ctx) {
    ctx.close(Some(code.into()));
    ctx.stop();
}

/// Refuses an event.
fn answer(ack: Option<AckId>, reject: &Reject, ctx: &mut Ctx) {
    let text = match ack {
        Some(AckId(ack)) => json!({ "ack": ack, "args": [{ "error": reject }] }),
        None => json!({ "event": "error", "args": [reject] }),
    };
    ctx.text(text.to_string());
}

impl Actor for Gateway {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Self::Context) {
        let config = &self.runtime().config;
        let (pings, patience) = (config.ping_interval, config.connect_timeout);
        self.runtime().metrics.plain_websockets.add(1);
        ctx.add_stream(News(self.line.clone()));
        ctx.run_interval(pings, Self::look_after);
        ctx.run_later(patience, |gateway, ctx| {
            if matches!(gateway.place, Place::Outside) {
                close(ws::CloseCode::Policy, ctx);
            }
        });
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.line.end(false);
        self.runtime().metrics.plain_websockets.add(-1);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Gateway {
    fn handle(&mut self, frame: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        self.heard = self.runtime().clock.now();
        match frame {
            Ok(ws::Message::Text(text)) => self.text(&text, ctx),
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(reason)) => {
                let left = reason.as_ref().is_some_and(|reason| reason.code == ws::CloseCode::Normal);
                self.line.end(left);
                ctx.close(reason);
                ctx.stop();
            }
            Ok(ws::Message::Binary(_) | ws::Message::Continuation(_)) => {
                close(ws::CloseCode::Unsupported, ctx);
            }
            Err(error) => {
                tracing::debug!(%error, "a plain WebSocket broke the protocol");
                close(ws::CloseCode::Protocol, ctx);
            }
        }
    }
}

/// What there is for one client.
struct News(PlainLine);

impl futures_util::Stream for News {
    type Item = Vec<PlainNews>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_news(cx)
    }
}

impl StreamHandler<Vec<PlainNews>> for Gateway {
    fn handle(&mut self, news: Vec<PlainNews>, ctx: &mut Self::Context) {
        for news in news {
            match news {
                PlainNews::Admitted(host) => {
                    self.place = Place::In(host);
                    // It may have been revoked on the way.
                    self.look_at_token(ctx);
                }
                PlainNews::Revoked => self.look_at_token(ctx),
                PlainNews::Text(text, receipt) => {
                    if let Ok(text) = ByteString::try_from(text) {
                        ctx.text(text);
                    }
                    drop(receipt);
                }
                PlainNews::Close(PlainEnd::Final) => close(ws::CloseCode::Normal, ctx),
                PlainNews::Close(PlainEnd::ComeBack) => close(ws::CloseCode::Away, ctx),
            }
        }
    }
}
