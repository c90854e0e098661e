//! The engine in any actix-web `App`: both transports, without a listener of our own.
//!
//! Owns: nothing. Keeps: what `serve` does by itself, as far as a handler can. A WebSocket lives as the
//! body of its response, which actix stops polling when the peer stops reading; then only its TCP handle can
//! end it, and only [`Server::tune`] captures that.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_http::body::{BodySize, MessageBody};
use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::dev::AppConfig;
use actix_web::error::PayloadError;
use actix_web::{HttpRequest, HttpResponse, HttpServer, Scope, web};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::Stream as _;
use greenroom_proto::engineio::frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::gate::{Gate, Upgrade};
use super::polling;
use super::reject::Reject;
use super::websocket::carried::{self, WireIo};
use super::websocket::{self, Start};
use crate::runtime::clock::Clock;
use crate::server::Server;

impl Server {
    /// The server's endpoint, to be mounted in an actix-web `App` of your own.
    ///
    /// Build the `Server` outside of the `App` factory: all workers share it. Give the `HttpServer` to
    /// [`tune`](Self::tune).
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer};
    /// use greenroom::prelude::*;
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = Server::new();
    ///     let routes = io.clone();
    ///     let server = HttpServer::new(move || App::new().service(routes.routes()));
    ///     io.tune(server).bind(("127.0.0.1", 7000))?.run().await
    /// }
    /// ```
    #[must_use]
    pub fn routes(&self) -> Scope {
        // An `App` is made when its worker starts.
        self.engine.set_listening();
        scope(Gate::new(self), None)
    }

    /// Sets an `HttpServer` up for [`routes`](Self::routes).
    ///
    /// * `TCP_NODELAY`: without it small packets wait up to 40 ms for others.
    /// * No half-closed connections: without it an aborted poll is noticed only at its next answer, and its
    ///   packets are lost.
    /// * The TCP handle of each connection is kept: without it a WebSocket whose peer stops reading stays
    ///   until TCP gives up.
    /// * `unsent_bytes`, as far as the kernel keeps to it by itself.
    /// * The server's `request_timeout` and `keep_alive`.
    ///
    /// What it cannot set: actix measures the head of a connection's first request, and the quiet behind an
    /// answer, but not a second head that begins and never ends. Such a connection stays until its client
    /// leaves. Where that matters, put a proxy that takes in whole requests in front, or use
    /// [`serve`](crate::serve()), which ends it after `keep_alive` and `request_timeout`.
    ///
    /// Replaces an `on_connect` callback that was set before.
    pub fn tune<F, I, S, B>(&self, server: HttpServer<F, I, S, B>) -> HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let config = self.config();
        let limits = config.clone();
        server
            .tcp_nodelay(true)
            .h1_allow_half_closed(false)
            .client_request_timeout(config.request_timeout)
            .keep_alive(config.keep_alive)
            .on_connect(move |io, extensions| {
                let Some(stream) = io.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
                if let Err(error) = carried::limit_unsent(&socket2::SockRef::from(stream), &limits) {
                    tracing::debug!(%error, "a connection had ended");
                }
                if let Some(handle) = TcpHandle::of(stream) {
                    extensions.insert(handle);
                }
            })
    }
}

/// Everything below the engine's path. `secure` overrides what the `App` says.
pub(crate) fn scope(gate: Arc<Gate>, secure: Option<bool>) -> Scope {
    let path = gate.path().to_owned();
    web::scope(&path).default_service(web::to(move |req: HttpRequest, body: web::Payload| {
        let gate = gate.clone();
        async move {
            let secure = secure.unwrap_or_else(|| req.app_config().secure());
            if req.head().upgrade() {
                upgrade(&gate, &req, body, secure).await.unwrap_or_else(|reject| {
                    gate.report(&reject, req.head(), secure);
                    reject.response()
                })
            } else {
                polling::respond(&gate, &req, body, secure).await
            }
        }
    }))
}

async fn upgrade(
    gate: &Gate,
    req: &HttpRequest,
    body: web::Payload,
    secure: bool,
) -> Result<HttpResponse, Reject> {
    let accepted = gate.admit_upgrade(req.head(), secure).await?;
    // The gate has verified the handshake, so that this cannot fail.
    let mut response = actix_web_actors::ws::handshake(req).map_err(|_| Reject::Broken)?;
    let pipe = Pipe::new();
    match accepted {
        Upgrade::ClosedAtOnce => {
            let mut state = pipe.0.borrow_mut();
            state.buffer.extend_from_slice(&frame::close(NORMAL));
            state.ended = true;
        }
        Upgrade::Accepted(ticket, headers) => {
            headers.into_iter().for_each(|header| {
                response.append_header(header);
            });
            let clock = gate.engine.runtime().clock.clone();
            let handle = req.conn_data::<TcpHandle>().cloned();
            let io = BodyIo { body, chunk: Bytes::new(), pipe: pipe.clone(), handle, clock };
            actix_web::rt::spawn(websocket::run(io, Start::answered(ticket)));
        }
    }
    Ok(response.body(PipeBody(pipe)))
}

/// A connection's TCP handle, to end it from outside of the dispatcher.
#[derive(Debug, Clone)]
pub(super) struct TcpHandle(Arc<TcpStream>);

impl TcpHandle {
    fn of(stream: &actix_web::rt::net::TcpStream) -> Option<Self> {
        let handle = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self(Arc::new(handle.into())))
    }

    pub(super) fn cut(&self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a connection had ended before it was cut off");
        }
    }
}

/// A WebSocket's connection: request body in, response body out.
struct BodyIo {
    body: web::Payload,
    chunk: Bytes,
    pipe: Pipe,
    handle: Option<TcpHandle>,
    clock: Clock,
}

/// Bytes on their way into a response body.
#[derive(Debug, Clone)]
struct Pipe(Rc<RefCell<PipeState>>);

#[derive(Debug, Default)]
struct PipeState {
    buffer: BytesMut,
    /// Nothing more will be written.
    ended: bool,
    /// The dispatcher has dropped the body: the connection is over.
    dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The response body of a WebSocket.
struct PipeBody(Pipe);

impl Pipe {
    fn new() -> Self {
        Self(Rc::default())
    }
}

impl PipeState {
    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

impl AsyncRead for BodyIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let io = self.get_mut();
        while io.chunk.is_empty() {
            match std::task::ready!(Pin::new(&mut io.body).poll_next(cx)) {
                Some(Ok(chunk)) => io.chunk = chunk,
                // What actix calls the end of a stream that has no length.
                Some(Err(PayloadError::Incomplete(_))) | None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error.to_string()))),
            }
        }
        let count = io.chunk.len().min(out.remaining());
        out.put_slice(io.chunk.get(..count).unwrap_or_default());
        io.chunk.advance(count);
        Poll::Ready(Ok(()))
    }
}

/// The dispatcher does not say what it has written.
impl WireIo for BodyIo {
    fn poll_carried(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl AsyncWrite for BodyIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.pipe.0.borrow_mut();
        if state.dropped {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = PIPE_BYTES.saturating_sub(state.buffer.len()).min(bytes.len());
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.buffer.extend_from_slice(bytes.get(..room).unwrap_or_default());
        state.wake_reader();
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.pipe.0.borrow_mut();
        state.ended = true;
        state.wake_reader();
        Poll::Ready(Ok(()))
    }
}

/// The body ends with what is in the pipe. If the dispatcher does not take that, the peer does not read,
/// and only its TCP handle can end the connection.
impl Drop for BodyIo {
    fn drop(&mut self) {
        let mut state = self.pipe.0.borrow_mut();
        state.ended = true;
        state.wake_reader();
        if state.dropped {
            return;
        }
        drop(state);
        if let Some(handle) = self.handle.take() {
            actix_web::rt::spawn(cut_off(self.pipe.clone(), handle, self.clock.clone()));
        }
    }
}

async fn cut_off(pipe: Pipe, handle: TcpHandle, clock: Clock) {
    let gone = std::future::poll_fn(|cx| {
        let mut state = pipe.0.borrow_mut();
        state.writer = Some(cx.waker().clone());
        if state.dropped { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::select! {
        () = gone => {}
        () = clock.sleep_until(clock.now() + LAST_WORD) => {
            handle.cut();
        }
    }
}

impl MessageBody for PipeBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let mut state = self.0.0.borrow_mut();
        if !state.buffer.is_empty() {
            let bytes = std::mem::take(&mut state.buffer).freeze();
            state.wake_writer();
            return Poll::Ready(Some(Ok(bytes)));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for PipeBody {
    fn drop(&mut self) {
        let mut state = self.0.0.borrow_mut();
        state.dropped = true;
        state.wake_writer();
    }
}

/// As much as one write of a WebSocket's task; actix holds as much again.
const PIPE_BYTES: usize = 64 * 1024;
/// For a peer that reads, to take the close frame.
const LAST_WORD: Duration = Duration::from_secs(1);
const NORMAL: u16 = 1000;
