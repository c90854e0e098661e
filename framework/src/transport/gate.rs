//! What is decided about a request before a session sees it.
//!
//! Takes: request heads. Emits: the session that a request belongs to, a new one, or a refusal. Keeps: the
//! checks come in the order of the reference, since clients see the first one that fails.
//!
//! Spec: Engine.IO protocol › Handshake; `engine.io/lib/server.ts`, `verify`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use actix_http::header::{self, HeaderMap, HeaderValue};
use actix_http::{Method, RequestHead, ws};
use greenroom_proto::engineio::handshake::{HandshakeError, Query, TransportName};
use greenroom_proto::session::Refusal;

use super::client_files::ClientFiles;
use super::connection_error::ConnectionError;
use super::cookie;
use super::cors::Origins;
use super::hooks::Hooks;
use super::proxy::TrustedProxies;
use super::reject::{Reject, Rule};
use super::websocket::Ticket;
use crate::config::{Transport, TrustedHeader};
use crate::server::Server;
use crate::session::{Admitted, Engine, Form, Handshake, Newcomer, SessionHandle, WireLine};

/// The way into an engine.
pub(crate) struct Gate {
    pub(crate) engine: Arc<Engine>,
    pub(crate) origins: Origins,
    pub(crate) client_files: Arc<ClientFiles>,
    hooks: Arc<Hooks>,
    proxies: TrustedProxies,
    /// Without a slash at its end.
    path: String,
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Target {
    /// To a session that does not exist yet.
    New(Query),
    /// To this session.
    Session(SessionHandle),
}

/// What becomes of an upgrade request.
#[derive(Debug)]
pub(crate) enum Upgrade {
    /// It gets its 101, with these headers besides, and a task for its WebSocket.
    Accepted(Ticket, HeaderMap),
    /// It gets its 101 and is closed at once: its session has a WebSocket. The reference does so, and stock
    /// clients take a refusal before the 101 for a broken server.
    ClosedAtOnce,
}

impl Gate {
    pub(crate) fn new(io: &Server) -> Arc<Self> {
        let (engine, hooks, client_files) = (io.engine.clone(), io.hooks.clone(), io.client_files.clone());
        let config = &engine.runtime().config;
        let origins = Origins::new(config.cors.clone(), hooks.origin_rule());
        let proxies = TrustedProxies::parse(&config.trusted_proxies);
        let path = config.path.trim_end_matches('/').to_owned();
        Arc::new(Self { engine, origins, client_files, hooks, proxies, path })
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
        let query = self.read_query(head)?;
        if let Some(sid) = &query.sid {
            let session = self.engine.find(sid).ok_or(HandshakeError::UnknownSession)?;
            let previous = session.transport_name();
            if query.transport != previous {
                return Err(Rule::TransportMismatch { previous }.into());
            }
            same_revision(&query, &session)?;
            return Ok(Target::Session(session));
        }
        if head.method != Method::GET {
            return Err(HandshakeError::BadMethod.into());
        }
        if query.transport == TransportName::WebSocket {
            // A WebSocket that lost its `Upgrade` header, in a proxy most likely.
            return Err(Rule::TransportHandshake.into());
        }
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        self.require_room()?;
        Ok(Target::New(query))
    }

    /// Checks an upgrade request, and asks its session to take the WebSocket.
    pub(crate) async fn admit_upgrade(&self, head: &RequestHead, secure: bool) -> Result<Upgrade, Reject> {
        let query = self.read_query(head)?;
        let session = match &query.sid {
            Some(sid) => Some(self.engine.find(sid).ok_or(HandshakeError::UnknownSession)?),
            None => None,
        };
        if query.transport != TransportName::WebSocket {
            return Err(Rule::TransportHandshake.into());
        }
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        if let Err(error) = ws::verify_handshake(head) {
            tracing::debug!(%error, "no WebSocket handshake");
            return Err(Rule::TransportHandshake.into());
        }
        match session {
            Some(session) => {
                same_revision(&query, &session)?;
                let answer = join(session, query.base64).await?;
                Ok(self.with_headers(answer, head, false))
            }
            None => {
                self.require_room()?;
                let answer = self.open(self.let_in(head, &query, secure).await?)?;
                Ok(self.with_headers(answer, head, true))
            }
        }
    }

    /// Checks the handshake of a WebSocket that opens no session; it counts for its address all the same.
    pub(crate) async fn admit_plain(&self, head: &RequestHead, secure: bool) -> Result<Admitted, Reject> {
        origin_is_text(&head.headers)?;
        if !self.origins.admits(&head.headers) {
            return Err(HandshakeError::Forbidden.into());
        }
        self.require_room()?;
        self.hooks.allow(&self.handshake(head, secure)?, self.engine.runtime()).await?;
        Ok(self.engine.admit(self.client_address(head))?)
    }

    /// Asks the program about a request that opens a session.
    pub(crate) async fn let_in(
        &self,
        head: &RequestHead,
        query: &Query,
        secure: bool,
    ) -> Result<Newcomer, Reject> {
        let handshake = self.handshake(head, secure)?;
        let runtime = self.engine.runtime();
        self.hooks.allow(&handshake, runtime).await?;
        let form = self.require_form(query)?;
        let name = self.hooks.session_name(&handshake, runtime).await?;
        Ok(Newcomer { handshake, name, form })
    }

    /// Adds to the headers of an answer what the program wants there; `opened` is the session that it opens.
    pub(crate) fn decorate(&self, headers: &mut HeaderMap, head: &RequestHead, opened: Option<&str>) {
        if let Some(sid) = opened
            && let Some(configured) = &self.engine.runtime().config.cookie
            && let Some(value) = cookie::header(configured, sid)
        {
            headers.append(header::SET_COOKIE, value);
        }
        self.hooks.look_at_headers(headers, head, opened.is_some());
    }

    /// Tells the program that a request was refused.
    pub(crate) fn report(&self, reject: &Reject, head: &RequestHead, secure: bool) {
        self.hooks.tell(|| ConnectionError::new(reject, &head.method, self.note(head, secure)));
    }

    /// What is kept of the request that opens a session.
    ///
    /// # Errors
    /// It is more than a session may keep.
    fn handshake(&self, head: &RequestHead, secure: bool) -> Result<Handshake, Reject> {
        let url = head.uri.path_and_query().map_or("", |url| url.as_str());
        let most = self.engine.runtime().config.max_handshake_bytes;
        if Handshake::size(url, readable(&head.headers)) > most {
            return Err(Reject::HeadTooLarge);
        }
        Ok(self.note(head, secure))
    }

    fn note(&self, head: &RequestHead, secure: bool) -> Handshake {
        let url = head.uri.path_and_query().map_or("", |url| url.as_str());
        let handshake = Handshake::new(url, readable(&head.headers), self.engine.runtime().clock.unix_now());
        handshake.with_peer(self.client_address(head), secure)
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

    fn open(&self, newcomer: Newcomer) -> Result<Upgrade, Reject> {
        let line = WireLine::new(newcomer.form == Form::V3Base64);
        let (session, wire) = self.engine.open_websocket(newcomer, line.clone())?;
        Ok(Upgrade::Accepted(Ticket::new(session, wire, line), HeaderMap::new()))
    }

    /// Adds the headers of a 101.
    fn with_headers(&self, mut answer: Upgrade, head: &RequestHead, opens: bool) -> Upgrade {
        if let Upgrade::Accepted(ticket, headers) = &mut answer {
            if let Some(protocol) = subprotocol(&head.headers) {
                headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
            }
            let sid = opens.then(|| ticket.session.sid());
            self.decorate(headers, head, sid.as_deref());
        }
        answer
    }

    fn read_query(&self, head: &RequestHead) -> Result<Query, Reject> {
        let query = Query::parse(head.uri.query().unwrap_or_default())?;
        let transport = match query.transport {
            TransportName::Polling => Transport::Polling,
            TransportName::WebSocket => Transport::WebSocket,
        };
        if !self.engine.runtime().config.transports.contains(&transport) {
            return Err(HandshakeError::UnknownTransport.into());
        }
        origin_is_text(&head.headers)?;
        Ok(query)
    }

    /// What a client that opens a session speaks, if that is allowed.
    fn require_form(&self, query: &Query) -> Result<Form, HandshakeError> {
        let revision = query.require_revision(self.engine.runtime().config.allow_eio3)?;
        Ok(Form::new(revision, query))
    }

    /// Sessions are bounded as connections are: a taken WebSocket does not count as one for the listener.
    fn require_room(&self) -> Result<(), Reject> {
        let runtime = self.engine.runtime();
        let most = runtime.config.max_connections.saturating_mul(runtime.config.workers);
        let open = usize::try_from(runtime.metrics.total(|all| &all.sessions)).unwrap_or(0);
        if open < most { Ok(()) } else { Err(Reject::Unavailable) }
    }
}

/// The first of the subprotocols that a client offers (its option `protocols`): the reference takes that one,
/// and a client that gets none gives up.
fn subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let first = offered.split(',').next()?.trim();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if first.is_empty() || !first.bytes().all(is_token) {
        return None;
    }
    HeaderValue::from_str(first).ok()
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("path", &self.path).finish_non_exhaustive()
    }
}

async fn join(session: SessionHandle, base64: bool) -> Result<Upgrade, Reject> {
    let line = WireLine::new(base64);
    match session.upgrade(line.clone()).await {
        Ok(wire) => Ok(Upgrade::Accepted(Ticket::new(session, wire, line), HeaderMap::new())),
        Err(Refusal::SecondUpgrade) => Ok(Upgrade::ClosedAtOnce),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Reference behaviour: bytes that no origin has are `INVALID_ORIGIN`.
fn origin_is_text(headers: &HeaderMap) -> Result<(), Reject> {
    match headers.get(header::ORIGIN) {
        Some(origin) if origin.to_str().is_err() => Err(Rule::InvalidOrigin.into()),
        Some(_) | None => Ok(()),
    }
}

/// Reference behaviour: a later request in another revision than the session is `PROTOCOL_MISMATCH`.
fn same_revision(query: &Query, session: &SessionHandle) -> Result<(), Reject> {
    if query.revision == Some(session.revision()) { Ok(()) } else { Err(Rule::ProtocolMismatch.into()) }
}

/// Headers that are visible ASCII.
fn readable(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}
