//! Listening sockets, worker threads, signals.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_codec::Framed;
use actix_http::body::BoxBody;
use actix_http::error::DispatchError;
use actix_http::{HttpServiceBuilder, Request, Response, h1};
use actix_rt::net::TcpStream;
use actix_server::GracefulShutdownSignal;
use actix_service::{Service, ServiceFactory, ServiceFactoryExt as _, fn_factory, fn_service};
use socket2::{Domain, Protocol, Socket, Type};

use super::app::Apps;
#[cfg(feature = "rustls")]
use super::tls::{Encrypted, encrypted};
use super::upgrade::Connection;
use super::watch::{Watch, Watched};
use super::{Serve, upgrade};
use crate::config::Config;
use crate::transport::gate::Gate;
use crate::transport::websocket::carried;

/// A listening socket whose connections inherit what we want of them.
pub(super) fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Starts the workers.
pub(super) fn start(serve: Serve) -> io::Result<actix_server::Server> {
    let Serve { io, app, listeners, .. } = serve;
    if listeners.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on: call `bind`"));
    }
    let config = io.config().clone();
    let mut builder = actix_server::Server::build()
        .workers(config.workers.clamp(1, MAX_WORKERS))
        .max_concurrent_connections(config.max_connections)
        .shutdown_timeout(config.shutdown_timeout.as_secs().max(1))
        .disable_signals();
    let shutdown = builder.graceful_shutdown_signal();
    let gate = Gate::new(&io);
    for listener in listeners {
        inherit(&listener, &config)?;
        let (gate, app, config, shutdown) = (gate.clone(), app.clone(), config.clone(), shutdown.clone());
        #[cfg(feature = "rustls")]
        if let Some(tls) = serve.tls.clone() {
            builder = builder.listen("greenroom", listener, move || {
                let apps = Apps::new(gate.clone(), true, app.clone());
                let secure = http::<Encrypted, _>(&config, &shutdown)
                    .secure()
                    .on_connect_ext(|io: &Encrypted, extensions| drop(extensions.insert(io.watch())))
                    .upgrade(upgrades(apps.clone()))
                    .finish(requests(apps.clone()));
                encrypted(tls.clone(), &apps, &config).and_then(secure)
            })?;
            continue;
        }
        builder = builder.listen("greenroom", listener, move || {
            let apps = Apps::new(gate.clone(), false, app.clone());
            let plain = http::<Watched<TcpStream>, _>(&config, &shutdown)
                .on_connect_ext(|io: &Watched<TcpStream>, extensions| drop(extensions.insert(io.watch())))
                .upgrade(upgrades(apps.clone()))
                .finish(requests(apps.clone()));
            watched(&apps, &config).and_then(plain)
        })?;
    }
    Ok(builder.run())
}

/// Ready when the process is told to stop.
pub(super) async fn stop_signal() {
    #[cfg(unix)]
    {
        use actix_rt::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => return,
                    _ = actix_rt::signal::ctrl_c() => return,
                }
            }
            Err(error) => tracing::error!(%error, "SIGTERM cannot be listened for"),
        }
    }
    if let Err(error) = actix_rt::signal::ctrl_c().await {
        tracing::error!(%error, "SIGINT cannot be listened for");
        std::future::pending::<()>().await;
    }
}

/// Connections inherit these from their listener, which saves two system calls each.
fn inherit(listener: &TcpListener, config: &Config) -> io::Result<()> {
    let socket = socket2::SockRef::from(listener);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    carried::limit_unsent(&socket, config)
}

fn http<T, S>(config: &Config, shutdown: &GracefulShutdownSignal) -> HttpServiceBuilder<T, S>
where
    S: ServiceFactory<Request, Config = ()>,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
{
    let shutdown = shutdown.clone();
    HttpServiceBuilder::default()
        // Idle connections end with the server, as in `HttpServer`.
        .graceful_shutdown_signal(move || {
            let shutdown = shutdown.clone();
            async move { shutdown.notified().await }
        })
        .keep_alive(config.keep_alive)
        .client_request_timeout(config.request_timeout)
        .client_disconnect_timeout(config.request_timeout)
        // An aborted poll has to be noticed when it is aborted.
        .h1_allow_half_closed(false)
}

/// Connections, none of which lasts long between two requests.
fn watched(
    apps: &Apps,
    config: &Config,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (Watched<TcpStream>, actix_http::Protocol, Option<SocketAddr>),
    Error = DispatchError,
    InitError = (),
> + use<> {
    let clock = apps.gate.engine.runtime().clock.clone();
    let patience = config.keep_alive + config.request_timeout;
    fn_service(move |io: TcpStream| {
        let clock = clock.clone();
        async move {
            let peer = io.peer_addr().ok();
            Ok((Watched::new(io, clock, patience), actix_http::Protocol::Http1, peer))
        }
    })
}

/// Ordinary requests, for one worker.
fn requests(
    apps: Apps,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = Response<BoxBody>,
    Error = Infallible,
    InitError = (),
    Service = impl Service<
        Request,
        Response = Response<BoxBody>,
        Error = Infallible,
        Future = impl Future + 'static,
    >,
> {
    fn_factory(move || {
        let apps = apps.clone();
        async move {
            let apps = apps.start().await?;
            Ok(fn_service(move |req: Request| {
                let apps = apps.clone();
                async move {
                    let busy = req.conn_data::<Watch>().map(Watch::begin);
                    let response = apps.call(req).await;
                    Ok::<_, Infallible>(match busy {
                        Some(busy) => response.map_body(|_, body| busy.until_sent(body)),
                        None => response,
                    })
                }
            }))
        }
    })
}

/// Upgrade requests of any path, for one worker.
fn upgrades<T: Connection>(
    apps: Apps,
) -> impl ServiceFactory<
    (Request, Framed<T, h1::Codec>),
    Config = (),
    Response = (),
    Error = Infallible,
    InitError = (),
> {
    fn_factory(move || {
        let apps = apps.clone();
        async move {
            let apps = apps.start().await?;
            Ok(fn_service(move |(req, framed): (Request, Framed<T, h1::Codec>)| {
                let apps = apps.clone();
                async move {
                    let _busy = req.conn_data::<Watch>().map(Watch::begin);
                    upgrade::take(apps, req, framed).await;
                    Ok::<(), Infallible>(())
                }
            }))
        }
    })
}

/// Connections that wait to be accepted: a reconnect of everybody after a deployment comes at once.
const BACKLOG: i32 = 4096;
/// actix-server's own bound.
const MAX_WORKERS: usize = 512;
/// What the kernel takes before a writer notices that its peer does not read. About 150 KB: Linux would let
/// it grow to megabytes for each stalled client, and less than a full flight costs throughput on long lines.
const SEND_BUFFER_BYTES: usize = 150 * 1024;
