//! Upgrade requests: the engine's WebSockets leave the dispatcher, all others go through the user's `App`.

use std::io;
use std::sync::Arc;

use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::body::{BoxBody, MessageBody as _};
use actix_http::header::HeaderMap;
use actix_http::{BoxedPayloadStream, HttpMessage as _, Payload, Request, Response, h1, ws};
use actix_rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use greenroom_proto::engineio::frame;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::app::Apps;
use super::watch::Watched;
use crate::runtime::Runtime;
use crate::runtime::worker::Worker;
use crate::transport::gate::Upgrade;
use crate::transport::gateway::CutOff;
use crate::transport::websocket::{self, Start};

/// Takes a connection whose request asks for an upgrade.
pub(super) async fn take<T: Connection>(apps: Apps, req: Request, framed: Framed<T, h1::Codec>) {
    if apps.gate.covers(req.path()) {
        take_websocket(apps, req, framed).await;
    } else {
        through_app(apps, req, framed).await;
    }
}

async fn take_websocket<T: Connection>(apps: Apps, req: Request, framed: Framed<T, h1::Codec>) {
    // Into its parts: `Framed` would show early bytes only after the next read.
    let parts = framed.into_parts();
    let (mut io, early) = (parts.io, parts.read_buf);
    let runtime = apps.gate.engine.runtime().clone();
    // The answer to a request that was pipelined before this one may not be written yet.
    if !parts.write_buf.is_empty() && say(&runtime, &mut io, &parts.write_buf).await.is_err() {
        return;
    }
    let answer = match apps.gate.admit_upgrade(req.head(), apps.secure).await {
        Ok(Upgrade::Accepted(ticket, headers)) => {
            let answer = accepted(&req, &headers);
            drop(req);
            // A buffer of the dispatcher's size would stay as long as the connection.
            let early = if early.is_empty() { BytesMut::new() } else { early };
            return io.hand_over(&runtime, Start { ticket, answer, early });
        }
        Ok(Upgrade::ClosedAtOnce) => [&accepted(&req, &HeaderMap::new())[..], &frame::close(NORMAL)].concat(),
        Err(reject) => {
            apps.gate.report(&reject, req.head(), apps.secure);
            reject.plain().into_bytes()
        }
    };
    if say(&runtime, &mut io, &answer).await.is_ok()
        && let Err(error) = io.shutdown().await
    {
        tracing::debug!(%error, "a refused connection had ended");
    }
}

/// A connection that a WebSocket takes over from the dispatcher.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Starts the WebSocket's task, where that can be on the worker of its session: then all I/O is local.
    fn hand_over(self, runtime: &Arc<Runtime>, start: Start);
}

impl Connection for Watched<TcpStream> {
    fn hand_over(self, runtime: &Arc<Runtime>, start: Start) {
        let (stream, worker) = (self.into_inner(), start.ticket.session.worker());
        let is_here = Worker::current(runtime).is_ok_and(|here| here.handle.id == worker);
        let Some(there) = runtime.workers.find(worker).filter(|_| !is_here) else {
            actix_rt::spawn(websocket::run(stream, start));
            return;
        };
        match stream.into_std() {
            Ok(stream) => {
                runtime.metrics.websockets_moved.count();
                let run = move || match TcpStream::from_std(stream) {
                    Ok(stream) => drop(actix_rt::spawn(websocket::run(stream, start))),
                    Err(error) => {
                        tracing::error!(%error, "a connection was lost on its way to another worker")
                    }
                };
                if !there.arbiter.spawn_fn(run) {
                    tracing::debug!("the worker of a session has ended");
                }
            }
            Err(error) => tracing::error!(%error, "a connection cannot move to another worker"),
        }
    }
}

/// The worker that shook hands keeps the state of the encryption.
#[cfg(feature = "rustls")]
impl Connection for super::tls::Encrypted {
    fn hand_over(self, _: &Arc<Runtime>, start: Start) {
        actix_rt::spawn(websocket::run(self.into_inner(), start));
    }
}

/// Writes a short answer, to a peer that has a while to take it.
async fn say<T: AsyncWrite + Unpin>(runtime: &Runtime, io: &mut T, answer: &[u8]) -> io::Result<()> {
    let deadline = runtime.clock.now() + runtime.config.request_timeout;
    let write = async {
        io.write_all(answer).await?;
        io.flush().await
    };
    tokio::select! {
        result = write => result,
        () = runtime.clock.sleep_until(deadline) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// The 101 of RFC 6455; the gate has verified the request.
fn accepted(req: &Request, headers: &HeaderMap) -> BytesMut {
    let key = req.headers().get("sec-websocket-key").map_or(&b""[..], |key| key.as_bytes());
    let accept = ws::hash_key(key);
    let accept = String::from_utf8_lossy(&accept);
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n"
    );
    let mut answer = BytesMut::from(head.as_str());
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer
}

/// Runs the user's `App` on an upgrade request, and pumps both directions: what actix does itself where no
/// upgrade service stands in between.
async fn through_app<T>(apps: Apps, mut req: Request, framed: Framed<T, h1::Codec>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (mut sink, mut stream) = framed.split::<h1::Message<(Response<()>, actix_http::body::BodySize)>>();
    let (sender, receiver) = mpsc::channel(PUMPED_CHUNKS);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    });
    let cut = CutOff::default();
    req.extensions_mut().insert(cut.clone());
    *req.payload() = Payload::Stream { payload: Box::pin(body) as BoxedPayloadStream };
    // Ends with this function, however that ends: what the user's `App` panics with included.
    let _inbound = Inbound(actix_rt::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            if let h1::Message::Chunk(Some(chunk)) = message
                && sender.send(Ok::<Bytes, _>(chunk)).await.is_err()
            {
                break;
            }
        }
    }));
    let mut body = BoxBody::new(());
    let response = apps.call(req).await.map_body(|_, content| body = content);
    let size = body.size();
    if sink.send(h1::Message::Item((response, size))).await.is_ok() {
        tokio::select! {
            () = pump(body, &mut sink) => {}
            () = cut.0.notified() => {}
        }
    }
}

/// The task that reads what the user's `App` gets.
struct Inbound(actix_rt::task::JoinHandle<()>);

impl Drop for Inbound {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pump<S>(body: BoxBody, sink: &mut S)
where
    S: futures_util::Sink<h1::Message<(Response<()>, actix_http::body::BodySize)>, Error = io::Error> + Unpin,
{
    let mut body = Box::pin(body);
    while let Some(Ok(chunk)) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        if sink.send(h1::Message::Chunk(Some(chunk))).await.is_err() {
            return;
        }
    }
    if let Err(error) = sink.send(h1::Message::Chunk(None)).await {
        tracing::debug!(%error, "an upgraded connection had ended");
    }
}

/// Chunks that a user's WebSocket may leave unread.
const PUMPED_CHUNKS: usize = 8;
const NORMAL: u16 = 1000;
