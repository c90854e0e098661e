//! A listener of our own.
//!
//! * *Owns*: the listening sockets, the end of the process.
//! * *Takes*: connections; SIGTERM and SIGINT.
//! * *Emits*: requests for the engine to the engine, all others to the user's `App`; a WebSocket's TCP
//!   stream leaves the HTTP dispatcher after its 101 and moves to the worker of its session.
//! * *Keeps*: small packets leave at once; a slow peer is noticed after some 150 KB, not megabytes; shutting
//!   down takes a bounded time.

mod app;
mod listener;
#[cfg(feature = "rustls")]
mod tls;
mod upgrade;
mod watch;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::Pin;

use actix_rt::System;
use actix_web::App;
use actix_web::dev::ServerHandle;

pub use app::AnyApp;

use crate::operations;
use crate::runtime::worker::NoSystem;
use crate::server::Server;

/// Serves `io` on `addr` until the process is told to stop.
///
/// For a page, an API or TLS beside it, see [`Serve`].
///
/// ```no_run
/// use greenroom::prelude::*;
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let io = Server::new();
///     greenroom::serve(io, ("127.0.0.1", 7000)).await
/// }
/// ```
///
/// # Errors
/// The address cannot be listened on, or there is no actix `System` here ([`NoSystem`]).
///
/// # Cancel safety
/// Not cancel safe: dropping the future leaves the workers running.
pub async fn serve(io: Server, addr: impl ToSocketAddrs) -> io::Result<()> {
    Serve::new(io).bind(addr)?.run().await
}

/// A listener with options: an `App` of your own on the same address, TLS, another way to stop.
///
/// ```no_run
/// use actix_web::{App, web};
/// use greenroom::prelude::*;
/// use greenroom::Serve;
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let io = Server::new();
///     Serve::new(io)
///         .app(|| App::new().route("/", web::get().to(|| async { "hello" })))
///         .bind(("127.0.0.1", 7000))?
///         .run()
///         .await
/// }
/// ```
#[must_use = "nothing is served before `run`"]
pub struct Serve {
    io: Server,
    app: app::MakeApp,
    listeners: Vec<TcpListener>,
    operations: Vec<TcpListener>,
    #[cfg(feature = "rustls")]
    tls: Option<rustls::ServerConfig>,
    stop: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Serve {
    /// A listener that answers `404` to everything but the engine's path.
    pub fn new(io: Server) -> Self {
        Self {
            io,
            app: app::erase(App::new),
            listeners: Vec::new(),
            operations: Vec::new(),
            #[cfg(feature = "rustls")]
            tls: None,
            stop: None,
        }
    }

    /// Gives every other path to an actix-web `App`: login, static files, WebSockets of its own.
    ///
    /// The factory runs once per worker. The `App`'s middleware does not see requests for the engine.
    pub fn app<A: AnyApp>(mut self, factory: impl Fn() -> A + Send + Sync + 'static) -> Self {
        self.app = app::erase(factory);
        self
    }

    /// Listens on all addresses that `addr` stands for.
    ///
    /// # Errors
    /// The operating system refuses one of them.
    pub fn bind(mut self, addr: impl ToSocketAddrs) -> io::Result<Self> {
        for addr in addr.to_socket_addrs()? {
            self.listeners.push(listener::bind(addr)?);
        }
        Ok(self)
    }

    /// Listens on a socket that is bound already.
    pub fn listen(mut self, listener: TcpListener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Answers an operator on these addresses: `/metrics`, `/healthz` and `/readyz`. They stay open until the
    /// last client is gone. They are plain HTTP, and for nobody else: choose an address that only your own
    /// network reaches.
    ///
    /// ```no_run
    /// # use greenroom::prelude::*;
    /// # use greenroom::Serve;
    /// # async fn example(io: Server) -> std::io::Result<()> {
    /// Serve::new(io).bind(("0.0.0.0", 7000))?.operations(("127.0.0.1", 9000))?.run().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The operating system refuses one of them.
    pub fn operations(mut self, addr: impl ToSocketAddrs) -> io::Result<Self> {
        for addr in addr.to_socket_addrs()? {
            self.operations.push(listener::bind(addr)?);
        }
        Ok(self)
    }

    /// The addresses that answer an operator.
    #[must_use]
    pub fn operations_addrs(&self) -> Vec<SocketAddr> {
        self.operations.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Encrypts all connections. They stay on the worker that accepted them.
    #[cfg(feature = "rustls")]
    pub fn rustls(mut self, config: rustls::ServerConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// Stops when `signal` is ready, in place of SIGTERM and SIGINT.
    pub fn stop_on(mut self, signal: impl Future<Output = ()> + 'static) -> Self {
        self.stop = Some(Box::pin(signal));
        self
    }

    /// The addresses that are listened on; useful after binding port 0.
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves until told to stop, then drains: `/readyz` says no, and after `drain_delay` no new sessions are
    /// taken and clients are sent away with their last packets, at most for `shutdown_timeout`; then the
    /// listener closes.
    ///
    /// # Errors
    /// The listener cannot start, or there is no actix `System` here ([`NoSystem`]).
    ///
    /// # Cancel safety
    /// Not cancel safe: dropping the future leaves the workers running.
    pub async fn run(mut self) -> io::Result<()> {
        System::try_current().ok_or_else(|| io::Error::other(NoSystem))?;
        let stop = self.stop.take().unwrap_or_else(|| Box::pin(listener::stop_signal()));
        let io = self.io.clone();
        // From before the first client to behind the last one.
        let _operations = Operations::start(&self.io, std::mem::take(&mut self.operations))?;
        let server = listener::start(self)?;
        io.engine.set_listening();
        let handle = server.handle();
        let mut server = actix_rt::spawn(server);
        tokio::select! {
            ended = &mut server => return ended.map_err(io::Error::other)?,
            () = stop => {}
        }
        tracing::info!(sessions = io.engine.len(), "shutting down");
        // Still accepting: a client that polls may need a new connection to take its last packets.
        io.close().await;
        handle.stop(true).await;
        server.await.map_err(io::Error::other)?
    }
}

/// The operations port, which ends with this.
struct Operations(Option<ServerHandle>);

impl Operations {
    fn start(io: &Server, listeners: Vec<TcpListener>) -> io::Result<Self> {
        if listeners.is_empty() {
            return Ok(Self(None));
        }
        let (running, handle) = operations::start(io, listeners)?;
        actix_rt::spawn(running);
        Ok(Self(Some(handle)))
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            // What it returns waits for the end; the command is sent at once.
            drop(handle.stop(false));
        }
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("addrs", &self.addrs()).finish_non_exhaustive()
    }
}
