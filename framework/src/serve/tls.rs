//! Encrypted connections.
//!
//! Takes: TCP connections. Emits: TLS connections, each watched as a plain one is. Keeps: a handshake that
//! does not come to its end is given up.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use actix_http::Protocol;
use actix_http::error::DispatchError;
use actix_rt::net::TcpStream;
use actix_service::{ServiceFactory, ServiceFactoryExt as _};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use rustls::ServerConfig;

use super::app::Apps;
use super::watch::Watched;
use crate::config::Config;
use crate::transport::websocket::carried::WireIo;

/// A TLS connection.
pub(super) type Encrypted = Watched<TlsStream<TcpStream>>;

/// What is encrypted already waits below.
impl WireIo for TlsStream<TcpStream> {
    fn poll_carried(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.get_ref().0.poll_carried(cx)
    }
}

/// Encrypts connections, and watches them.
pub(super) fn encrypted(
    tls: ServerConfig,
    apps: &Apps,
    config: &Config,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (Encrypted, Protocol, Option<SocketAddr>),
    Error = DispatchError,
    InitError = (),
> + use<> {
    let clock = apps.gate.engine.runtime().clock.clone();
    let patience = config.keep_alive + config.request_timeout;
    let mut acceptor = Acceptor::new(http1(tls));
    acceptor.set_handshake_timeout(config.request_timeout);
    acceptor.map_err(broken).and_then(move |io: TlsStream<TcpStream>| {
        let peer = io.get_ref().0.peer_addr().ok();
        let watched = Watched::new(io, clock.clone(), patience);
        async move { Ok((watched, Protocol::Http1, peer)) }
    })
}

/// HTTP/1.1 is what is spoken behind it: clients that offer other protocols choose it then.
fn http1(mut tls: ServerConfig) -> ServerConfig {
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls
}

fn broken(error: impl fmt::Debug) -> DispatchError {
    tracing::debug!(?error, "a TLS handshake failed");
    DispatchError::Io(io::ErrorKind::ConnectionAborted.into())
}
