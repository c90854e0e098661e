//! How a session begins: the query of its first request, the open packet, and a refusal.
//!
//! Spec: "Engine.IO protocol" › Handshake. The error codes and their texts stand in no
//! specification; they are those of the reference, `engine.io/lib/server.ts`.

use std::borrow::Cow;
use std::time::Duration;

use bytestring::ByteString;
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::Revision;

/// The first packet of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPacket<'a> {
    /// Id of the session. Whoever knows it can act for a session that polls.
    pub sid: &'a str,
    /// Transports that the client may move to.
    pub upgrades: &'a [TransportName],
    /// Time between two pings of the server; whole milliseconds on the wire.
    pub ping_interval: Duration,
    /// Time that the client has for its pong; whole milliseconds on the wire.
    pub ping_timeout: Duration,
    /// Bytes that one POST body and one WebSocket message may have.
    pub max_payload: usize,
}

impl OpenPacket<'_> {
    /// Encodes the packet as text, with its type: the body of a poll response, or the content of a
    /// WebSocket text frame.
    #[must_use]
    pub fn encode(&self) -> ByteString {
        let fields = OpenFields {
            sid: self.sid,
            upgrades: self.upgrades,
            ping_interval: millis(self.ping_interval),
            ping_timeout: millis(self.ping_timeout),
            max_payload: self.max_payload,
        };
        format!("0{}", json(&fields)).into()
    }
}

/// A way to carry a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportName {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

impl TransportName {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

impl Serialize for TransportName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the query string of a request says. Parameters of the application are left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Revision of Engine.IO, none if it is one that nobody speaks here. A client that does not say has
    /// revision 3 (reference behaviour). Checked by [`Query::require_revision`], after all other checks.
    pub revision: Option<Revision>,
    /// Transport that the request uses.
    pub transport: TransportName,
    /// The session that the request belongs to; none in a handshake.
    pub sid: Option<ByteString>,
    /// Whether the client asks for base64 in place of binary data.
    pub base64: bool,
}

impl Query {
    /// Reads the part of an address behind `?`.
    ///
    /// # Errors
    /// [`HandshakeError::UnknownTransport`] where `transport` is missing, unknown or there twice;
    /// [`HandshakeError::UnknownSession`] where `sid` is there twice.
    pub fn parse(query_string: &str) -> Result<Self, HandshakeError> {
        let mut parameters = Parameters::default();
        for pair in query_string.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.take(&decode(name), decode(value));
        }
        Ok(Self {
            transport: parameters.transport()?,
            sid: parameters.sid()?,
            revision: parameters.revision(),
            base64: parameters.base64,
        })
    }

    /// Checks the revision; 3 only where it is allowed. A request is checked for everything else before
    /// this, since the reference does so and its clients see the first thing that is wrong.
    ///
    /// # Errors
    /// [`HandshakeError::UnsupportedProtocol`] for any other revision.
    pub const fn require_revision(&self, allow_3: bool) -> Result<Revision, HandshakeError> {
        match self.revision {
            Some(Revision::Four) => Ok(Revision::Four),
            Some(Revision::Three) if allow_3 => Ok(Revision::Three),
            Some(Revision::Three) | None => Err(HandshakeError::UnsupportedProtocol),
        }
    }
}

/// Why a request is refused before it reaches a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The transport is none that the server offers.
    #[error("Transport unknown")]
    UnknownTransport,
    /// No such session, or it has ended.
    #[error("Session ID unknown")]
    UnknownSession,
    /// A handshake is a GET request.
    #[error("Bad handshake method")]
    BadMethod,
    /// Any other rule of a request.
    #[error("Bad request")]
    BadRequest,
    /// The application said no.
    #[error("Forbidden")]
    Forbidden,
    /// The client speaks another revision.
    #[error("Unsupported protocol version")]
    UnsupportedProtocol,
}

impl HandshakeError {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden => 4,
            Self::UnsupportedProtocol => 5,
        }
    }

    /// The text on the wire.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocol => "Unsupported protocol version",
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::UnknownTransport
            | Self::UnknownSession
            | Self::BadMethod
            | Self::BadRequest
            | Self::UnsupportedProtocol => 400,
        }
    }

    /// The JSON body of the answer.
    #[must_use]
    pub fn body(self) -> ByteString {
        format!(r#"{{"code":{},"message":"{}"}}"#, self.code(), self.message()).into()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenFields<'a> {
    sid: &'a str,
    upgrades: &'a [TransportName],
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: usize,
}

/// A parameter that must not be there twice: which of two counts is a question with two answers.
#[derive(Debug, Default)]
enum Once<'a> {
    #[default]
    Absent,
    Given(Cow<'a, str>),
    Repeated,
}

impl<'a> Once<'a> {
    fn take(&mut self, value: Cow<'a, str>) {
        *self = match self {
            Self::Absent => Self::Given(value),
            Self::Given(_) | Self::Repeated => Self::Repeated,
        };
    }

    fn is_exactly(&self, wanted: &str) -> bool {
        matches!(self, Self::Given(value) if value == wanted)
    }
}

#[derive(Debug, Default)]
struct Parameters<'a> {
    protocol: Once<'a>,
    transport: Once<'a>,
    sid: Once<'a>,
    base64: bool,
}

impl<'a> Parameters<'a> {
    fn take(&mut self, name: &str, value: Cow<'a, str>) {
        match name {
            "EIO" => self.protocol.take(value),
            "transport" => self.transport.take(value),
            "sid" => self.sid.take(value),
            "b64" => self.base64 = !value.is_empty(),
            _ => {}
        }
    }

    fn revision(&self) -> Option<Revision> {
        match &self.protocol {
            Once::Given(value) if value == "4" => Some(Revision::Four),
            Once::Given(value) if value == "3" => Some(Revision::Three),
            Once::Absent => Some(Revision::Three),
            Once::Given(_) | Once::Repeated => None,
        }
    }

    fn transport(&self) -> Result<TransportName, HandshakeError> {
        [TransportName::Polling, TransportName::WebSocket]
            .into_iter()
            .find(|name| self.transport.is_exactly(name.as_str()))
            .ok_or(HandshakeError::UnknownTransport)
    }

    /// An empty `sid` is none: the reference takes such a request for a handshake.
    fn sid(&self) -> Result<Option<ByteString>, HandshakeError> {
        match &self.sid {
            Once::Absent => Ok(None),
            Once::Given(sid) => Ok((!sid.is_empty()).then(|| ByteString::from(&**sid))),
            Once::Repeated => Err(HandshakeError::UnknownSession),
        }
    }
}

/// Takes percent-encoding and `+` away. What is no valid encoding stays as it is.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, behind) = match (first, encoded_byte(behind)) {
            (b'%', Some(decoded)) => decoded,
            (b'+', _) => (b' ', behind),
            (other, _) => (other, behind),
        };
        out.push(byte);
        rest = behind;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn encoded_byte(behind_percent: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], rest) = behind_percent.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?, rest))
}

/// Fields of numbers, strings and lists of strings always have a JSON form.
#[expect(
    clippy::expect_used,
    reason = "no map keys, no fallible Serialize: serde_json has nothing to refuse"
)]
fn json(fields: &OpenFields<'_>) -> String {
    serde_json::to_string(fields).expect("invariant: the open packet has a JSON form")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_packet_has_exactly_the_five_fields_of_the_specification() {
        let packet = OpenPacket {
            sid: "lv_VI97HAXpY6yYWAAAB",
            upgrades: &[TransportName::WebSocket],
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        };
        assert_eq!(
            packet.encode(),
            r#"0{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
    }

    #[test]
    fn a_handshake_names_its_protocol_and_transport() {
        let query = Query::parse("EIO=4&transport=polling&t=abc&token=a%26sid=x").unwrap();
        let revision = Some(Revision::Four);
        let expected = Query { revision, transport: TransportName::Polling, sid: None, base64: false };
        assert_eq!(query, expected);
        assert_eq!(query.require_revision(false), Ok(Revision::Four));
    }

    #[test]
    fn a_later_request_names_its_session() {
        let query = Query::parse("EIO=4&transport=websocket&sid=a%2Db_c&b64=1").unwrap();
        assert_eq!(query.sid.as_deref(), Some("a-b_c"));
        assert_eq!(query.transport, TransportName::WebSocket);
        assert!(query.base64);
        assert_eq!(Query::parse("EIO=4&transport=polling&sid=").unwrap().sid, None);
    }

    #[test]
    fn names_and_values_are_percent_decoded() {
        assert!(Query::parse("EIO=4&tr%61nsport=poll%69ng").is_ok());
        assert_eq!(decode("a+b%20c%2"), "a b c%2");
        assert_eq!(decode("%zz%"), "%zz%");
        assert_eq!(decode("%ff€"), "\u{fffd}€");
    }

    #[test]
    fn a_transport_that_is_none_is_refused() {
        for query in [
            "",
            "EIO=4",
            "EIO=4&transport=",
            "EIO=4&transport=__proto__",
            "EIO=4&transport=constructor",
            "EIO=4&transport=Polling",
            "EIO=4&transport=webtransport",
            "EIO=4&transport=polling&transport=polling",
        ] {
            assert_eq!(Query::parse(query), Err(HandshakeError::UnknownTransport), "{query}");
        }
    }

    #[test]
    fn a_session_named_twice_is_unknown() {
        assert_eq!(Query::parse("EIO=4&transport=polling&sid=a&sid=b"), Err(HandshakeError::UnknownSession));
    }

    #[test]
    fn revision_3_is_supported_where_it_is_allowed() {
        for query in ["transport=polling", "transport=polling&EIO=3"] {
            let query = Query::parse(query).unwrap();
            assert_eq!(query.require_revision(true), Ok(Revision::Three));
            assert_eq!(query.require_revision(false), Err(HandshakeError::UnsupportedProtocol));
        }
    }

    #[test]
    fn any_other_revision_is_unsupported() {
        for revision in ["EIO=4&EIO=4", "EIO=3&EIO=3", "EIO=04", "EIO=2", "EIO=5", "EIO=", "EIO=abc"] {
            let query = Query::parse(&format!("transport=polling&{revision}")).unwrap();
            assert_eq!(query.revision, None);
            assert_eq!(query.require_revision(true), Err(HandshakeError::UnsupportedProtocol));
        }
    }

    #[test]
    fn every_refusal_has_its_code_status_and_body() {
        let table = [
            (HandshakeError::UnknownTransport, 400, r#"{"code":0,"message":"Transport unknown"}"#),
            (HandshakeError::UnknownSession, 400, r#"{"code":1,"message":"Session ID unknown"}"#),
            (HandshakeError::BadMethod, 400, r#"{"code":2,"message":"Bad handshake method"}"#),
            (HandshakeError::BadRequest, 400, r#"{"code":3,"message":"Bad request"}"#),
            (HandshakeError::Forbidden, 403, r#"{"code":4,"message":"Forbidden"}"#),
            (
                HandshakeError::UnsupportedProtocol,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, status, body) in table {
            assert_eq!(error.status(), status);
            assert_eq!(error.body(), body);
            assert_eq!(error.to_string(), error.message());
        }
    }
}
