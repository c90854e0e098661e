//! A refused request, as a program is told of it.
//!
//! Spec: codes, messages and contexts are those of the reference (`engine.io/lib/server.ts`).

use actix_http::Method;
use greenroom_proto::engineio::handshake::HandshakeError;
use greenroom_proto::session::Refusal;
use serde_json::{Value, json};

use super::reject::{Reject, Rule};
use crate::session::Handshake;

/// Why a request was refused before a session had it: what
/// [`on_connection_error`](crate::ServerBuilder::on_connection_error) gets.
///
/// | code | message | context |
/// |---|---|---|
/// | 0 | `Transport unknown` | `transport`, as the client named it |
/// | 1 | `Session ID unknown` | `sid` |
/// | 2 | `Bad handshake method` | `method` |
/// | 3 | `Bad request` | `name`: `INVALID_ORIGIN`, `TRANSPORT_MISMATCH` (with `transport` and `previousTransport`), `TRANSPORT_HANDSHAKE_ERROR`, `PROTOCOL_MISMATCH` (with `protocol` and `previousProtocol`), `ID_GENERATION_ERROR`, `UPGRADE_NOT_ALLOWED` |
/// | 4 | `Forbidden` | `message` and `code` of `allow_request`, or `origin` |
/// | 5 | `Unsupported protocol version` | `protocol` |
/// | none | that of the HTTP status | `{}`: a limit of the server, see [`status`](Self::status) |
///
/// ```
/// use greenroom::ConnectionError;
///
/// fn log(error: &ConnectionError) {
///     let from = error.request().address();
///     println!("{from:?}: {} {} {}", error.status(), error.message(), error.context());
/// }
/// # let io = greenroom::Server::builder().on_connection_error(log).build();
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionError {
    code: Option<u8>,
    status: u16,
    message: &'static str,
    context: Value,
    request: Handshake,
}

impl ConnectionError {
    /// Nothing if it is a session that refused, which had the request then.
    pub(super) fn new(reject: &Reject, method: &Method, request: Handshake) -> Option<Self> {
        let context = context(reject, method, &request)?;
        let (error, status) = (reject.error(), reject.status());
        Some(Self {
            code: error.map(HandshakeError::code),
            status: status.as_u16(),
            message: error.map_or(status.canonical_reason().unwrap_or_default(), HandshakeError::message),
            context,
            request,
        })
    }

    /// The number that the client got; none if a limit of the server was hit.
    #[must_use]
    pub fn code(&self) -> Option<u8> {
        self.code
    }

    /// The HTTP status that the client got.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The name of the error.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message
    }

    /// What exactly was wrong: an object, with the names of Socket.IO.
    #[must_use]
    pub fn context(&self) -> &Value {
        &self.context
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Handshake {
        &self.request
    }
}

fn context(reject: &Reject, method: &Method, request: &Handshake) -> Option<Value> {
    let asked = |name: &str| request.query_param(name);
    // All that is not exactly 4 is taken for 3.
    let protocol = if asked("EIO").as_deref() == Some("4") { 4 } else { 3 };
    Some(match reject {
        Reject::Handshake(HandshakeError::UnknownTransport) => match asked("transport") {
            Some(transport) => json!({ "transport": transport }),
            None => json!({}),
        },
        Reject::Handshake(HandshakeError::UnknownSession) | Reject::Session(Refusal::Over) => {
            json!({ "sid": asked("sid") })
        }
        Reject::Handshake(HandshakeError::BadMethod) => json!({ "method": method.as_str() }),
        Reject::Handshake(HandshakeError::Forbidden) => json!({ "origin": request.header("origin") }),
        Reject::Handshake(HandshakeError::UnsupportedProtocol) => json!({ "protocol": protocol }),
        Reject::Rule(Rule::TransportMismatch { previous }) => json!({
            "name": Rule::TransportMismatch { previous: *previous }.name(),
            "transport": asked("transport"),
            "previousTransport": previous.as_str(),
        }),
        Reject::Rule(Rule::ProtocolMismatch) => json!({
            "name": Rule::ProtocolMismatch.name(),
            "protocol": protocol,
            // There are two.
            "previousProtocol": 7 - protocol,
        }),
        Reject::Rule(rule) => json!({ "name": rule.name() }),
        Reject::Denied(reject) => json!({ "message": reject.message(), "code": reject.code() }),
        Reject::Session(Refusal::NoUpgrades) => json!({ "name": "UPGRADE_NOT_ALLOWED" }),
        Reject::HeadTooLarge | Reject::Unavailable | Reject::TooManySessions | Reject::Broken => json!({}),
        Reject::Handshake(_) | Reject::Session(_) | Reject::TooLarge | Reject::TooSlow => return None,
    })
}
