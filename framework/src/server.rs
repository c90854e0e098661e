//! [`Server`]: namespaces, configuration, and the way in for transports.

use std::any::{Any, TypeId};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytestring::ByteString;
use greenroom_proto::rooms::RoomName;

use crate::adapter::{Adapter, NodeShared};
use crate::auth::{Claims, JwtAuth, Revocation, RevocationsFull};
use crate::config::Config;
use crate::error::Emitted;
use crate::event::IntoArgs;
use crate::namespace::{Namespace, NamespaceShared, ServerSideRequest};
use crate::namespaces::{BadPattern, Namespaces};
use crate::parser::Parser;
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::runtime::metrics::Stats;
use crate::runtime::worker::Worker;
use crate::session::{AppFactory, Engine, SessionApp, SessionHandle};
use crate::socket::{Broadcast, BroadcastRequest, Socket, SocketTable};
use crate::transport::client_files::ClientFiles;
use crate::transport::hooks::Hooks;

/// A Socket.IO server: its namespaces and their sockets. Cheap to clone; usable from any thread.
///
/// Run it with [`serve`](crate::serve), or mount [`routes`](Self::routes) in an actix-web `App`.
/// What is emitted on it goes to the namespace `/`.
///
/// ```
/// use greenroom::prelude::*;
///
/// let io = Server::new();
/// io.of("/").on("chat message", |socket, text: String| {
///     socket.broadcast().emit("chat message", text);
///     Ok("sent")
/// });
/// ```
#[derive(Clone)]
pub struct Server {
    pub(crate) shared: Arc<ServerShared>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) client_files: Arc<ClientFiles>,
}

/// What the sessions know of their server.
pub(crate) struct ServerShared {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) namespaces: Arc<Namespaces>,
    /// [`Rooms`](crate::Rooms) by the type of their rooms.
    pub(crate) room_types: RwLock<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>,
}

/// Makes a [`Server`].
#[derive(Debug, Default)]
pub struct ServerBuilder {
    config: Config,
    auth: Option<Arc<JwtAuth>>,
    clock: Clock,
    parser: Option<Box<dyn Parser>>,
    pub(crate) hooks: Hooks,
    adapter: Option<Box<dyn Adapter>>,
}

impl ServerBuilder {
    /// Sets limits and times.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Requires a token of whoever connects to any namespace; a namespace may decide otherwise.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let secret = b"0123456789abcdef0123456789abcdef";
    /// let io = Server::builder().auth(JwtAuth::hs256(secret)?).build();
    /// io.of("/public").no_auth();
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn auth(mut self, auth: JwtAuth) -> Self {
        self.auth = Some(Arc::new(auth));
        self
    }

    /// Speaks another encoding of packets, as all its clients must then, see [`parser`](crate::parser).
    #[must_use]
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.parser = Some(Box::new(parser));
        self
    }

    /// Makes the server a node of a cluster, see [`adapter`](crate::adapter).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// use greenroom::adapter::InProcess;
    ///
    /// let cluster = InProcess::default();
    /// let one = Server::builder().adapter(cluster.clone()).build();
    /// let two = Server::builder().adapter(cluster).build();
    /// one.emit("news", "for the clients of both");
    /// two.local().emit("news", "for those of the second");
    /// ```
    #[must_use]
    pub fn adapter(mut self, adapter: impl Adapter) -> Self {
        self.adapter = Some(Box::new(adapter));
        self
    }

    /// Runs on this clock, which a test may move.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the server. Its namespaces are declared with [`Server::of`].
    #[must_use]
    pub fn build(self) -> Server {
        self.build_with(|shared| {
            Arc::new(move |_: &SessionHandle, worker: Rc<Worker>| {
                Box::new(SocketTable::new(shared.clone(), worker)) as Box<dyn SessionApp>
            })
        })
    }

    /// Makes the server with something of one's own on top of its sessions.
    pub(crate) fn build_with(self, app: impl FnOnce(Arc<ServerShared>) -> AppFactory) -> Server {
        let client_files = self.config.serve_client.as_deref().map(ClientFiles::load).unwrap_or_default();
        let runtime = Runtime::new(self.config, self.clock);
        if let Some(parser) = self.parser {
            // It was empty until now.
            runtime.parser.set(parser).ok();
        }
        let namespaces = Namespaces::new(runtime.clone(), self.auth);
        if let Some(adapter) = self.adapter {
            runtime.node.set(NodeShared::join(adapter, &namespaces)).ok();
        }
        let room_types = RwLock::default();
        let shared = Arc::new(ServerShared { runtime: runtime.clone(), namespaces, room_types });
        let engine = Engine::new(runtime, app(shared.clone()));
        Server { shared, engine, hooks: Arc::new(self.hooks), client_files: Arc::new(client_files) }
    }
}

impl Server {
    /// A server with the default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A server with a configuration of its own.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The namespace of this path, declared if it was not. Clients of any other path are refused
    /// with `Invalid namespace`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// let io = Server::new();
    /// io.of("/").on("who", |socket, ()| Ok(socket.namespace().path().to_owned()));
    ///
    /// // Handlers, rooms and middleware of its own: the room `red` of `/` is another one.
    /// let admin = io.of("/admin");
    /// admin.middleware(|socket| async move {
    ///     socket.user_id().map(drop).ok_or_else(|| Reject::new("forbidden", "users only"))
    /// });
    /// admin.on("announce", |socket, text: String| socket.namespace().to("red").emit("news", text));
    /// ```
    #[must_use]
    pub fn of(&self, path: &str) -> Namespace {
        let path = ByteString::from(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") });
        Namespace::new(self.shared.namespaces.declare(&path))
    }

    /// Namespaces that come into being when a client asks for one whose path matches this regular
    /// expression (Socket.IO's `io.of(/^\/room-\d+$/)`). What is registered here holds for all that are
    /// made later; what is emitted here goes to all of them. Socket.IO's `^` and `$` are needed as there: without
    /// them a part of the path may match.
    ///
    /// Where several parents match, the first counts. At most
    /// [`Config::max_child_namespaces`] exist at a time.
    ///
    /// # Errors
    /// [`BadPattern`] if this is no regular expression.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) -> Result<(), greenroom::BadPattern> {
    /// let tables = io.of_pattern(r"^/table-\d+$")?;
    /// tables.on_connect(|socket| {
    ///     socket.broadcast().emit("joined", socket.namespace().path());
    /// });
    /// tables.emit("news", "to all tables");
    /// # Ok(()) }
    /// ```
    pub fn of_pattern(&self, pattern: &str) -> Result<Namespace, BadPattern> {
        self.shared.namespaces.add_pattern(pattern)
    }

    /// As [`of_pattern`](Self::of_pattern), for paths that a function allows; it sees the client's `auth`,
    /// too. Decisions that need time are for the middleware.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of_matching(|path, auth| {
    ///     let team = auth.and_then(|auth| auth["team"].as_str());
    ///     path.strip_prefix("/team/").is_some_and(|name| Some(name) == team)
    /// });
    /// # }
    /// ```
    pub fn of_matching(
        &self,
        rule: impl Fn(&str, Option<&serde_json::Value>) -> bool + Send + Sync + 'static,
    ) -> Namespace {
        self.shared.namespaces.add_function(rule)
    }

    /// Runs for each namespace that is made, declared or asked for by a client, but for `/` (Socket.IO's
    /// `new_namespace`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.on_new_namespace(|namespace| println!("{} is new", namespace.path()));
    /// # }
    /// ```
    pub fn on_new_namespace(&self, hook: impl Fn(Namespace) + Send + Sync + 'static) -> &Self {
        self.shared.namespaces.on_created(Arc::new(hook));
        self
    }

    /// Emits to everyone in `/`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.emit("news", "maintenance in five minutes");
    /// io.to("room 7").except("bots").emit("news", "you won");
    /// # }
    /// ```
    pub fn emit(&self, event: &str, args: impl IntoArgs) -> Emitted {
        self.of("/").emit(event, args)
    }

    /// Everyone in a room of `/`.
    pub fn to(&self, room: impl Into<RoomName>) -> Broadcast {
        self.of("/").to(room)
    }

    /// Socket.IO's `in`: the same as [`to`](Self::to).
    pub fn within(&self, room: impl Into<RoomName>) -> Broadcast {
        self.of("/").to(room)
    }

    /// Everyone in `/` but the members of a room.
    pub fn except(&self, room: impl Into<RoomName>) -> Broadcast {
        self.of("/").except(room)
    }

    /// Everyone in `/` who is connected to this node, see [`Namespace::local`].
    pub fn local(&self) -> Broadcast {
        self.of("/").local()
    }

    /// Sends an event to the other nodes of the cluster, see [`Namespace::server_side_emit`].
    pub fn server_side_emit(&self, event: &str, args: impl IntoArgs) -> Emitted {
        self.of("/").server_side_emit(event, args)
    }

    /// The same, and waits for an answer of each, see [`Namespace::server_side_emit_with_ack`].
    pub fn server_side_emit_with_ack(&self, event: &str, args: impl IntoArgs) -> ServerSideRequest {
        self.of("/").server_side_emit_with_ack(event, args)
    }

    /// Emits an event that everyone in `/` acknowledges, see [`Broadcast::emit_with_ack`].
    pub fn emit_with_ack(&self, event: &str, args: impl IntoArgs) -> BroadcastRequest {
        self.of("/").emit_with_ack(event, args)
    }

    /// All sockets of `/`.
    pub async fn fetch_sockets(&self) -> Vec<Socket> {
        self.of("/").fetch_sockets().await
    }

    /// Makes everyone in `/` join rooms.
    pub fn sockets_join<R: Into<RoomName>>(&self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.of("/").sockets_join(rooms)
    }

    /// Makes everyone in `/` leave rooms.
    pub fn sockets_leave<R: Into<RoomName>>(&self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.of("/").sockets_leave(rooms)
    }

    /// Disconnects everyone from `/`, or closes their whole connections.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn disconnect_sockets(&self, close: bool) -> Emitted {
        self.of("/").disconnect_sockets(close)
    }

    /// Takes tokens back. Sockets that came with one of them are ended at once, in every namespace: no
    /// further event of theirs is handled, their connections close, and who comes back with such a token
    /// gets `connect_error` with the code `token_revoked`.
    ///
    /// It is remembered in this process and nowhere else: after a restart, revoke again what has not
    /// expired by then.
    ///
    /// # Errors
    /// [`RevocationsFull`] if no more can be remembered; who is connected is sent away all the same.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::auth::{Revocation, RevocationsFull};
    /// # fn example(io: Server) -> Result<(), RevocationsFull> {
    /// io.revoke(Revocation::user("ann"))?;            // out everywhere; she may log in again
    /// io.revoke(Revocation::token("a stolen jti"))?;
    /// # Ok(()) }
    /// ```
    pub fn revoke(&self, revocation: Revocation) -> Result<(), RevocationsFull> {
        let runtime = &self.shared.runtime;
        let now = runtime.clock.unix_now();
        let revocation = Arc::new(revocation.at(now));
        // Remembered first: who connects from now on is refused, who has connected is told.
        let remembered = runtime.revocations.add(&revocation, now);
        let namespaces = self.shared.namespaces.all();
        namespaces.iter().for_each(|namespace| namespace.revoke(revocation.clone()));
        remembered
    }

    /// Whether a token was revoked, for routes of your own that take tokens too.
    #[must_use]
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        self.shared.runtime.revocations.hit(claims, self.clock().unix_now())
    }

    /// Ends the server: no new sessions, and every client is sent away behind what it still has to
    /// get, within [`Config::shutdown_timeout`]. Sockets see `server shutting down`; clients see
    /// their transport close, and come back by themselves to whoever listens then.
    ///
    /// [`serve`](crate::serve()) does this on SIGTERM. With [`routes`](Self::routes) it is yours to
    /// call, before your `HttpServer` stops: that one waits for open connections.
    ///
    /// # Cancel safety
    /// The end goes on.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use greenroom::prelude::*;
    /// # async fn example(io: Server) -> std::io::Result<()> {
    /// let routes = io.clone();
    /// let server = HttpServer::new(move || App::new().service(routes.routes()));
    /// let server = io.tune(server).disable_signals().bind(("127.0.0.1", 7000))?.run();
    /// let handle = server.handle();
    /// actix_web::rt::spawn(async move {
    ///     actix_web::rt::signal::ctrl_c().await.ok();
    ///     io.close().await;
    ///     handle.stop(true).await;
    /// });
    /// server.await
    /// # }
    /// ```
    pub async fn close(&self) {
        if let Some(node) = self.shared.runtime.node.get() {
            node.leave();
        }
        self.engine.drain(self.config().shutdown_timeout, self.shared.close_rooms()).await;
    }

    /// The server's limits and times.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.runtime.config
    }

    /// The clock that the server runs on.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.runtime.clock
    }

    /// A reading of the server's counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.runtime.stats()
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl ServerShared {
    /// All that a scrape counts.
    pub(crate) fn counted_namespaces(&self) -> Vec<Arc<NamespaceShared>> {
        self.namespaces.counted()
    }

    /// Ends all custom rooms; their members are told before their connections are closed.
    pub(crate) async fn close_rooms(&self) {
        let namespaces = self.namespaces.all();
        let directories = namespaces.iter().filter_map(|namespace| namespace.directory().cloned());
        let clock = &self.runtime.clock;
        let closed = async {
            for directory in directories {
                directory.close().await;
            }
        };
        tokio::select! {
            () = closed => {}
            () = clock.sleep_until(clock.now() + LAST_MOMENT) => {
                tracing::warn!("rooms are cut off: they did not end in time");
            }
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn find_namespace(&self, path: &str) -> Option<Arc<NamespaceShared>> {
        self.namespaces.get(path)
    }
}

impl fmt::Debug for ServerShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("namespaces", &self.namespaces).finish_non_exhaustive()
    }
}

/// For rooms to end: no user code runs any more, so that they need no more than their turn.
const LAST_MOMENT: Duration = Duration::from_secs(2);
