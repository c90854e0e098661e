//! What a refused request is answered: the one place that turns our refusals into HTTP.
//!
//! Spec: the numbers and texts are those of the reference (`engine.io/lib/server.ts`); see
//! [`HandshakeError`].

use actix_http::StatusCode;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use bytestring::ByteString;
use greenroom_proto::engineio::handshake::{HandshakeError, TransportName};
use greenroom_proto::session::Refusal;
use serde_json::json;

use crate::error;
use crate::session::OpenError;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reject {
    /// The request itself, before any session saw it.
    Handshake(HandshakeError),
    /// The same for one of the reasons that the reference names: a bad request.
    Rule(Rule),
    /// The program's own `allow_request`.
    Denied(Box<error::Reject>),
    /// Its session refused it.
    Session(Refusal),
    /// The body is larger than `max_payload`.
    TooLarge,
    /// The head is larger than `max_handshake_bytes`.
    HeadTooLarge,
    /// The body did not come in time.
    TooSlow,
    /// The server shuts down, or has as many sessions as it may.
    Unavailable,
    /// The client's address has as many sessions as it may.
    TooManySessions,
    /// This server is not set up to host sessions.
    Broken,
}

/// What a bad request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `Origin` has bytes that no origin has.
    InvalidOrigin,
    /// The session is carried by another transport.
    TransportMismatch { previous: TransportName },
    /// A WebSocket without its handshake, or the handshake of another transport.
    TransportHandshake,
    /// The session speaks another revision.
    ProtocolMismatch,
    /// There is no id for the session.
    IdGeneration,
}

impl Rule {
    /// The name in the reference.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InvalidOrigin => "INVALID_ORIGIN",
            Self::TransportMismatch { .. } => "TRANSPORT_MISMATCH",
            Self::TransportHandshake => "TRANSPORT_HANDSHAKE_ERROR",
            Self::ProtocolMismatch => "PROTOCOL_MISMATCH",
            Self::IdGeneration => "ID_GENERATION_ERROR",
        }
    }
}

impl Reject {
    /// The answer to an ordinary request.
    pub(crate) fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if self.passes() {
            response.insert_header((RETRY_AFTER, RETRY_SECONDS));
        }
        match self.body() {
            Some(body) => response.insert_header((CONTENT_TYPE, "application/json")).body(body),
            None => response.finish(),
        }
    }

    /// The answer to an upgrade request, before any 101, on a connection that ends with it.
    pub(crate) fn plain(&self) -> String {
        let body = self.body().unwrap_or_default();
        let retry = if self.passes() { format!("Retry-After: {RETRY_SECONDS}\r\n") } else { String::new() };
        format!(
            "HTTP/1.1 {}\r\nConnection: close\r\n{retry}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.status(),
            body.len(),
        )
    }

    /// Whether the same request may be taken a little later.
    fn passes(&self) -> bool {
        matches!(self, Self::Unavailable | Self::TooManySessions)
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Handshake(_) | Self::Rule(_) | Self::Denied(_) | Self::Session(_) => {
                let status = self.error().map(HandshakeError::status);
                status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManySessions => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The JSON of the answer, where there is any.
    fn body(&self) -> Option<ByteString> {
        if let Self::Denied(reject) = self {
            let code = HandshakeError::Forbidden.code();
            return Some(json!({ "code": code, "message": reject.message() }).to_string().into());
        }
        self.error().map(HandshakeError::body)
    }

    /// The error of the protocol, where there is one.
    pub(super) fn error(&self) -> Option<HandshakeError> {
        match self {
            Self::Handshake(error) => Some(*error),
            Self::Rule(_) => Some(HandshakeError::BadRequest),
            Self::Denied(_) => Some(HandshakeError::Forbidden),
            Self::Session(Refusal::Over) => Some(HandshakeError::UnknownSession),
            Self::Session(
                Refusal::Overlap | Refusal::TransportMismatch | Refusal::NoUpgrades | Refusal::SecondUpgrade,
            ) => Some(HandshakeError::BadRequest),
            Self::TooLarge
            | Self::HeadTooLarge
            | Self::TooSlow
            | Self::Unavailable
            | Self::TooManySessions
            | Self::Broken => None,
        }
    }
}

impl From<HandshakeError> for Reject {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<Rule> for Reject {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

impl From<Refusal> for Reject {
    fn from(refusal: Refusal) -> Self {
        Self::Session(refusal)
    }
}

impl From<OpenError> for Reject {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Draining => Self::Unavailable,
            OpenError::AddressFull => Self::TooManySessions,
            OpenError::NameTaken => Self::Rule(Rule::IdGeneration),
            OpenError::NoSystem(error) => {
                tracing::error!(%error, "no session can be opened");
                Self::Broken
            }
        }
    }
}

/// About what a new process needs.
const RETRY_SECONDS: &str = "5";

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn every_refusal_has_its_row() {
        let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
        let bad = r#"{"code":3,"message":"Bad request"}"#;
        let table = [
            (HandshakeError::UnknownTransport.into(), 400, r#"{"code":0,"message":"Transport unknown"}"#),
            (HandshakeError::UnknownSession.into(), 400, unknown),
            (HandshakeError::BadMethod.into(), 400, r#"{"code":2,"message":"Bad handshake method"}"#),
            (HandshakeError::BadRequest.into(), 400, bad),
            (HandshakeError::Forbidden.into(), 403, r#"{"code":4,"message":"Forbidden"}"#),
            (
                HandshakeError::UnsupportedProtocol.into(),
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
            (Rule::IdGeneration.into(), 400, bad),
            (
                Reject::Denied(Box::new(error::Reject::new("banned", r#"no "bots""#))),
                403,
                r#"{"code":4,"message":"no \"bots\""}"#,
            ),
            (Refusal::Over.into(), 400, unknown),
            (Refusal::Overlap.into(), 400, bad),
            (Refusal::TransportMismatch.into(), 400, bad),
            (Refusal::NoUpgrades.into(), 400, bad),
            (Refusal::SecondUpgrade.into(), 400, bad),
            (Reject::TooLarge, 413, ""),
            (Reject::HeadTooLarge, 431, ""),
            (Reject::TooSlow, 408, ""),
            (Reject::Unavailable, 503, ""),
            (Reject::TooManySessions, 429, ""),
            (Reject::Broken, 500, ""),
        ];
        for (reject, status, body) in table {
            let reject: Reject = reject;
            let response = reject.response();
            assert_eq!(response.status().as_u16(), status, "{reject:?}");
            assert_eq!(to_bytes(response.into_body()).await.unwrap(), body, "{reject:?}");
            let plain = reject.plain();
            assert!(plain.starts_with(&format!("HTTP/1.1 {status} ")) && plain.ends_with(body), "{plain}");
        }
    }

    #[test]
    fn who_is_turned_away_for_now_is_told_when_to_come_back() {
        for reject in [Reject::Unavailable, Reject::TooManySessions] {
            assert_eq!(reject.response().headers().get("retry-after").unwrap(), "5");
            assert!(reject.plain().contains("\r\nRetry-After: 5\r\n"), "{}", reject.plain());
        }
    }
}
