//! Greenroom: multiplayer rooms and presence on actors, for every stock Socket.IO client.
//!
//! A server is a [`Server`] with [`Namespace`]s; clients are [`Socket`]s in rooms. Every socket,
//! room and namespace is an actix actor, which a user never has to see: handlers are closures,
//! typed by serde, and run in the order in which a client's events arrive.
//!
//! ```no_run
//! use greenroom::prelude::*;
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = Server::new();
//!     io.of("/").on_connect(|socket| {
//!         socket.emit("message", "Welcome to the server");
//!         socket.on("chat message", |socket, text: String| {
//!             socket.broadcast().emit("chat message", text);
//!             Ok("sent")
//!         });
//!     });
//!     greenroom::serve(io, ("127.0.0.1", 7000)).await
//! }
//! ```
//!
//! # For those who know Socket.IO
//!
//! | there | here |
//! |---|---|
//! | `io.on("connection", …)` | [`io.of("/").on_connect(…)`](Namespace::on_connect) |
//! | `io.use((socket, next) => …)` | [`Namespace::middleware`], which returns `Ok(())` or a [`Reject`] |
//! | `next(error)` with `error.data` | [`Reject::with_data`] |
//! | `socket.on(event, (a, b, callback) => …)` | [`Socket::on`] with `\|socket, (a, b)\| Ok(answer)`; [`Socket::on_async`] to wait |
//! | a listener of every socket | [`Namespace::on`], at no cost per socket |
//! | `socket.onAny(…)`, `socket.onAnyOutgoing(…)` | [`Socket::on_any`], [`Socket::on_any_outgoing`] |
//! | `socket.use(([event, ...args], next) => …)` | [`Socket::middleware`] |
//! | `io.of(/regex/)`, `io.of((name, auth, next) => …)` | [`Server::of_pattern`], [`Server::of_matching`] |
//! | `io.on("new_namespace", …)` | [`Server::on_new_namespace`] |
//! | `socket.off(event, listener)`, `socket.removeAllListeners(event)` | [`Socket::remove_listener`], [`Socket::off`] |
//! | `socket.send(…)`, the event `message` | [`Socket::send`], `on("message", …)` |
//! | `socket.to(a).to(b).except(c).emit(…)` | the same: [`Socket::to`] |
//! | `io.in(room)` | [`Server::within`], or [`Server::to`], which is the same |
//! | `socket.broadcast.emit(…)` | [`socket.broadcast().emit(…)`](Socket::broadcast) |
//! | `socket.volatile.emit(…)` | [`Socket::emit_volatile`], [`Broadcast::volatile`] |
//! | `socket.timeout(ms).emitWithAck(…)` | [`socket.emit_with_ack(…).timeout(…).answer().await`](Socket::emit_with_ack) |
//! | `socket.handshake.auth` | [`Socket::auth`] |
//! | `parser: require("socket.io-msgpack-parser")` | [`ServerBuilder::parser`], [`parser::MessagePack`] |
//! | `socket.recovered`, `connectionStateRecovery` | [`Socket::recovered`], [`Config::recovery_window`] |
//! | `socket.data` | [`Socket::put`] and [`Socket::data`], by type |
//! | `io.timeout(ms).emitWithAck(…)` | [`io.emit_with_ack(…).timeout(…).answers().await`](Broadcast::emit_with_ack) |
//! | `io.in(room).fetchSockets()` | [`Broadcast::fetch_sockets`] |
//! | `io.in(a).socketsJoin(b)`, `socketsLeave`, `disconnectSockets` | [`Broadcast::sockets_join`], [`Broadcast::sockets_leave`], [`Broadcast::disconnect_sockets`] |
//! | `io.of("/").adapter.on("join-room", …)` | [`Namespace::on_room_event`] |
//! | `io.serverSideEmit(…)`, `io.on(…)` of another server | [`Namespace::server_side_emit`], [`Namespace::on_server_side`] |
//! | `io.local.emit(…)`, the option `adapter` | [`Namespace::local`], [`ServerBuilder::adapter`] |
//! | `socket.on("disconnecting")`, `socket.on("disconnect")` | [`Socket::on_disconnecting`], [`Socket::on_disconnect`] |
//! | `allowRequest`, `generateId`, `cors.origin` as a function | [`ServerBuilder::allow_request`], [`ServerBuilder::generate_id`], [`ServerBuilder::allow_origin`] |
//! | `io.engine.on("connection_error", …)` | [`ServerBuilder::on_connection_error`] |
//! | `io.engine.on("initial_headers", …)`, `headers` | [`ServerBuilder::on_initial_headers`], [`ServerBuilder::on_headers`] |
//! | `maxHttpBufferSize` and other options | [`Config`], which names Socket.IO's option at each field that has one |
//!
//! # What may be relied on
//!
//! * **Order.** What one socket's handlers send reaches any one recipient in program order,
//!   whatever the mix of direct emits, acknowledgements, room emits, joins and leaves.
//! * **Isolation.** A slow client, a panic in a handler or a client that breaks the protocol costs
//!   nobody else anything.
//! * **Bounds.** Nothing grows without a limit that has a name in [`Config`].
//!
//! # Features
//!
//! * `rustls` (default): TLS in [`serve`].
//! * `testing`: a clock that tests move, and faults to inject.

pub mod adapter;
pub mod auth;
mod config;
mod directory;
mod error;
mod event;
mod fanout;
mod host;
mod namespace;
mod namespaces;
mod operations;
pub mod parser;
pub mod presence;
mod replay;
pub mod room;
mod rooms;
mod runtime;
mod serve;
mod server;
mod session;
mod socket;
#[cfg(feature = "testing")]
pub mod testing;
// Who has the feature for tests only would not see in `cargo doc` how to test a room.
#[cfg(all(doc, not(feature = "testing")))]
pub use greenroom_proto::room::testing;
mod transport;

/// The README's server is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct Readme;

/// The guides' servers are compiled; `tests/guide.rs` looks after those that show pieces of examples.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/tokens.md")]
#[doc = include_str!("../../docs/guide/limits.md")]
#[doc = include_str!("../../docs/guide/raw-actors.md")]
#[doc = include_str!("../../docs/guide/gateway.md")]
#[derive(Debug)]
pub struct Guides;

pub use auth::{AuthError, Claims, JwtAuth};
pub use config::{Config, Cors, SameSite, SessionCookie, Transport, TrustedHeader};
pub use error::{AckError, EmitError, Emitted, Reject};
pub use event::{Args, Binary, EncodedArgs, First, FromArgs, IntoAck, IntoArgs, ListenerId};
pub use greenroom_proto::directory::{ListQuery, RoomId, RoomInfo};
pub use greenroom_proto::rooms::RoomName;
pub use greenroom_proto::socket::reason::DisconnectReason;
pub use namespace::{Namespace, RoomEvent, ServerSideAnswers, ServerSideRequest};
pub use namespaces::BadPattern;
pub use replay::{ReplayFileError, Replays, replay};
pub use rooms::{RoomHandle, Rooms};
pub use runtime::clock::Clock;
pub use runtime::metrics::Stats;
pub use runtime::worker::NoSystem;
pub use serve::{AnyApp, Serve, serve};
pub use server::{Server, ServerBuilder};
pub use session::Handshake;
pub use socket::{AckRequest, Answers, Broadcast, BroadcastRequest, Event, Socket, SocketId};
pub use transport::connection_error::ConnectionError;

/// Rooms that are actix actors of your own.
pub mod raw {
    pub use crate::host::{RawAck, RawRoom, RoomBackend, RoomMessage, RoomSocket};
    pub use greenroom_proto::room::SocketKey;
}

/// What most servers use. What most rooms use is in [`room::prelude`].
pub mod prelude {
    pub use crate::{
        AckError, Args, Binary, Broadcast, Config, DisconnectReason, EmitError, First, JwtAuth, Namespace,
        Reject, Server, Socket, SocketId,
    };
}
