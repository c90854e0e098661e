//! What is decided about a request before a session sees it.
//!
//! Takes: request heads. Emits: the session that a request belongs to, a new one, or a refusal. Keeps: the
//! checks come in the order of the reference, since clients see the first one that fails.
//!
//! Spec: Engine.IO protocol › Handshake; `engine.io/lib/server.ts`, `verify`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use actix_http::header::{self, HeaderMap};
use actix_http::{Method, RequestHead, ws};
use greenroom_proto::engineio::PROTOCOL;
use greenroom_proto::engineio::handshake::{HandshakeError, Query, TransportName};
use greenroom_proto::session::Refusal;

use super::cors::Origins;
use super::proxy::TrustedProxies;
use super::reject::Reject;
use super::websocket::Ticket;
use crate::config::TrustedHeader;
use crate::session::{Admitted, Engine, Handshake, SessionHandle, WireLine};

/// The way into an engine.
pub(crate) struct Gate {
    pub(crate) engine: Arc<Engine>,
    pub(crate) origins: Origins,
    proxies: TrustedProxies,
    /// Without a slash at its end.
    path: String,
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Target {
    /// To a session that does not exist yet.
    New,
    /// To this session.
    Session(SessionHandle),
}

/// What becomes of an upgrade request.
#[derive(Debug)]
pub(crate) enum Upgrade {
    /// It gets its 101, and a task for its WebSocket.
    Accepted(Ticket),
    /// It gets its 101 and is closed at once: its session has a WebSocket. The reference does so, and stock
    /// clients take a refusal before the 101 for a broken server.
    ClosedAtOnce,
}

impl Gate {
    pub(crate) fn new(engine: Arc<Engine>) -> Arc<Self> {
        let config = &engine.runtime().config;
        let origins = Origins::new(config.cors.clone());
        let proxies = TrustedProxies::parse(&config.trusted_proxies);
        let path = config.path.trim_end_matches('/').to_owned();
        Arc::new(Self { engine, origins, proxies, path })
    }

    /// The path below which everything is for the engine.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether a request is for the engine.
    pub(crate) fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Checks an ordinary request.
    pub(crate) fn admit(&self, head: &RequestHead) -> Result<Target, Reject> {
        let query = read_query(head)?;
        if let Some(sid) = &query.sid {
            let session = self.engine.find(sid).ok_or(HandshakeError::UnknownSession)?;
            if query.transport != session.transport_name() {
                return Err(Refusal::TransportMismatch.into());
            }
            same_protocol(&query)?;
            return Ok(Target::Session(session));
        }
        if head.method != Method::GET {
            return Err(HandshakeError::BadMethod.into());
        }
        if query.transport == TransportName::WebSocket {
            // A WebSocket that lost its `Upgrade` header, in a proxy most likely.
            return Err(HandshakeError::BadRequest.into());
        }
        query.require_protocol()?;
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        self.require_room()?;
        Ok(Target::New)
    }

    /// Checks an upgrade request, and asks its session to take the WebSocket.
    pub(crate) async fn admit_upgrade(&self, head: &RequestHead, secure: bool) -> Result<Upgrade, Reject> {
        let query = read_query(head)?;
        let session = match &query.sid {
            Some(sid) => Some(self.engine.find(sid).ok_or(HandshakeError::UnknownSession)?),
            None => None,
        };
        if query.transport != TransportName::WebSocket {
            return Err(HandshakeError::BadRequest.into());
        }
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        if let Err(error) = ws::verify_handshake(head) {
            tracing::debug!(%error, "no WebSocket handshake");
            return Err(HandshakeError::BadRequest.into());
        }
        match session {
            Some(session) => {
                same_protocol(&query)?;
                join(session).await
            }
            None => {
                query.require_protocol()?;
                self.require_room()?;
                self.open(head, secure)
            }
        }
    }

    /// Checks the handshake of a WebSocket that opens no session; it counts for its address all the same.
    pub(crate) fn admit_plain(&self, head: &RequestHead) -> Result<Admitted, Reject> {
        origin_is_text(&head.headers)?;
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        self.require_room()?;
        Ok(self.engine.admit(self.client_address(head))?)
    }

    /// What is kept of the request that opens a session.
    ///
    /// # Errors
    /// It is more than a session may keep.
    pub(crate) fn handshake(&self, head: &RequestHead, secure: bool) -> Result<Handshake, Reject> {
        let runtime = self.engine.runtime();
        let url = head.uri.path_and_query().map_or("", |url| url.as_str());
        let headers = || {
            let all = head.headers.iter();
            all.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        };
        if Handshake::size(url, headers()) > runtime.config.max_handshake_bytes {
            return Err(Reject::HeadTooLarge);
        }
        let handshake = Handshake::new(url, headers(), runtime.clock.unix_now());
        Ok(handshake.with_peer(self.client_address(head), secure))
    }

    fn client_address(&self, head: &RequestHead) -> Option<IpAddr> {
        let peer = head.peer_addr?.ip();
        // A proxy may add a line of its own: all lines are one list. Bytes that are no text end the chain.
        let list = |name: &str| {
            let lines = head.headers.get_all(name).map(|line| line.to_str().unwrap_or("?"));
            lines.collect::<Vec<_>>().join(",")
        };
        Some(match self.engine.runtime().config.trusted_header {
            TrustedHeader::XForwardedFor => self.proxies.client(peer, None, Some(&list("x-forwarded-for"))),
            TrustedHeader::Forwarded => self.proxies.client(peer, Some(&list("forwarded")), None),
        })
    }

    fn open(&self, head: &RequestHead, secure: bool) -> Result<Upgrade, Reject> {
        let line = WireLine::new();
        let (session, wire) = self.engine.open_websocket(self.handshake(head, secure)?, line.clone())?;
        Ok(Upgrade::Accepted(Ticket::new(session, wire, line)))
    }

    /// Sessions are bounded as connections are: a taken WebSocket does not count as one for the listener.
    fn require_room(&self) -> Result<(), Reject> {
        let runtime = self.engine.runtime();
        let most = runtime.config.max_connections.saturating_mul(runtime.config.workers);
        let open = usize::try_from(runtime.metrics.total(|all| &all.sessions)).unwrap_or(0);
        if open < most { Ok(()) } else { Err(Reject::Unavailable) }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("path", &self.path).finish_non_exhaustive()
    }
}

async fn join(session: SessionHandle) -> Result<Upgrade, Reject> {
    let line = WireLine::new();
    match session.upgrade(line.clone()).await {
        Ok(wire) => Ok(Upgrade::Accepted(Ticket::new(session, wire, line))),
        Err(Refusal::SecondUpgrade) => Ok(Upgrade::ClosedAtOnce),
        Err(refusal) => Err(refusal.into()),
    }
}

fn read_query(head: &RequestHead) -> Result<Query, Reject> {
    let query = Query::parse(head.uri.query().unwrap_or_default())?;
    origin_is_text(&head.headers)?;
    Ok(query)
}

/// Reference behaviour: bytes that no origin has are `INVALID_ORIGIN`.
fn origin_is_text(headers: &HeaderMap) -> Result<(), Reject> {
    match headers.get(header::ORIGIN) {
        Some(origin) if origin.to_str().is_err() => Err(HandshakeError::BadRequest.into()),
        Some(_) | None => Ok(()),
    }
}

/// Reference behaviour: a later request in another revision than the session is `PROTOCOL_MISMATCH`.
fn same_protocol(query: &Query) -> Result<(), Reject> {
    if query.protocol == PROTOCOL { Ok(()) } else { Err(HandshakeError::BadRequest.into()) }
}
