//! HTTP long-polling: GET and POST ask the session.
//!
//! Takes: requests below the engine's path that are no upgrades. Emits: handshakes, payloads, `ok`. Keeps:
//! a body is refused as soon as it is known to be too large, before it is held; a request that ends half
//! way is reported to its session.
//!
//! Spec: Engine.IO protocol › HTTP long-polling.

use actix_http::header::{self, HeaderValue};
use actix_http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use greenroom_proto::engineio::handshake::{HandshakeError, Query};
use greenroom_proto::engineio::{DecodeError, Packet, Revision, payload, v3};

use super::compress;
use super::gate::{Gate, Target};
use super::reject::Reject;
use crate::session::{Post, ReadBudget, SessionHandle};

/// Answers one request.
pub(crate) async fn respond(
    gate: &Gate,
    req: &HttpRequest,
    body: web::Payload,
    secure: bool,
) -> HttpResponse {
    if req.method() == Method::OPTIONS && gate.origins.is_enabled() {
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        gate.origins.decorate_preflight(req.headers(), response.headers_mut());
        return response;
    }
    if let Some(mut response) = gate.client_files.answer(req.match_info().unprocessed(), req) {
        gate.origins.decorate(req.headers(), response.headers_mut());
        return response;
    }
    let result = match gate.admit(req.head()) {
        Ok(Target::New(query)) => open(gate, req, &query, secure).await,
        Ok(Target::Session(session)) => use_session(gate, &session, req, body).await,
        Err(reject) => Err(reject),
    };
    let mut response = result.unwrap_or_else(|reject| {
        gate.report(&reject, req.head(), secure);
        reject.response()
    });
    let headers = response.headers_mut();
    // A proxy that kept an answer would give it to the next poll.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    gate.origins.decorate(req.headers(), headers);
    response
}

async fn open(gate: &Gate, req: &HttpRequest, query: &Query, secure: bool) -> Result<HttpResponse, Reject> {
    let opened = gate.engine.open_polling(gate.let_in(req.head(), query, secure).await?)?;
    let mut response = payload_response(opened.payload);
    gate.decorate(response.headers_mut(), req.head(), Some(&opened.sid));
    Ok(response)
}

async fn use_session(
    gate: &Gate,
    session: &SessionHandle,
    req: &HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Reject> {
    let mut response = match *req.method() {
        Method::GET => poll_response(gate, req, session.poll().await?).await,
        Method::POST => take_post(gate, session, req, body).await?,
        _ => return Err(HandshakeError::BadRequest.into()),
    };
    gate.decorate(response.headers_mut(), req.head(), None);
    Ok(response)
}

async fn take_post(
    gate: &Gate,
    session: &SessionHandle,
    req: &HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Reject> {
    let encoding = BodyEncoding::of(req, session)?;
    let config = &gate.engine.runtime().config;
    if announced_length(req).is_some_and(|length| length > config.max_payload) {
        return Err(Reject::TooLarge);
    }
    let post = session.post().await?;
    let body = match read_body(gate, body).await {
        Ok(body) => body,
        // Too much is the peer's mistake about this request; anything else has lost packets.
        Err(Reject::TooLarge) => {
            post.end();
            return Err(Reject::TooLarge);
        }
        Err(reject) => return Err(reject),
    };
    deliver(post, body, encoding, config.max_packets).await
}

/// How a body of packets is to be read.
#[derive(Debug, Clone, Copy)]
enum BodyEncoding {
    V4,
    V3Text,
    V3Bytes,
}

impl BodyEncoding {
    fn of(req: &HttpRequest, session: &SessionHandle) -> Result<Self, HandshakeError> {
        match (session.revision(), req.content_type() == OCTETS) {
            (Revision::Four, false) => Ok(Self::V4),
            // Binary data comes as base64 since revision 4 (reference behaviour).
            (Revision::Four, true) => Err(HandshakeError::BadRequest),
            (Revision::Three, false) => Ok(Self::V3Text),
            (Revision::Three, true) => Ok(Self::V3Bytes),
        }
    }

    fn decode(self, body: Bytes, max_packets: usize) -> Result<Vec<Packet>, DecodeError> {
        match self {
            Self::V4 => payload::decode(body, max_packets),
            Self::V3Text => v3::decode_payload(body, max_packets),
            Self::V3Bytes => v3::decode_bytes(body, max_packets),
        }
    }
}

/// Hands the packets over, and answers when their handlers have run: that is what slows a fast client.
async fn deliver(
    post: Post,
    body: Bytes,
    encoding: BodyEncoding,
    max_packets: usize,
) -> Result<HttpResponse, Reject> {
    let budget = ReadBudget::new();
    let permit = budget.take(body.len());
    let packets = encoding.decode(body, max_packets);
    let is_payload = packets.is_ok();
    post.deliver(packets, permit);
    budget.all_dropped().await;
    post.end();
    if is_payload {
        Ok(HttpResponse::Ok().content_type("text/html").body("ok"))
    } else {
        Err(HandshakeError::BadRequest.into())
    }
}

/// Reads a body of at most `max_payload` bytes, in time.
async fn read_body(gate: &Gate, mut body: web::Payload) -> Result<Bytes, Reject> {
    let runtime = gate.engine.runtime();
    let deadline = runtime.clock.now() + runtime.config.request_timeout;
    let read = async {
        let mut whole = BytesMut::new();
        while let Some(chunk) = body.next().await {
            // A body that breaks off: the connection is gone, and the answer reaches nobody.
            let chunk = chunk.map_err(|_| HandshakeError::BadRequest)?;
            if whole.len().saturating_add(chunk.len()) > runtime.config.max_payload {
                return Err(Reject::TooLarge);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    };
    tokio::select! {
        whole = read => whole,
        () = runtime.clock.sleep_until(deadline) => Err(Reject::TooSlow),
    }
}

fn announced_length(req: &HttpRequest) -> Option<usize> {
    req.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The answer to a poll, compressed if that is worth it.
async fn poll_response(gate: &Gate, req: &HttpRequest, body: Bytes) -> HttpResponse {
    let config = &gate.engine.runtime().config;
    let is_worth_it = config.http_compression && body.len() >= config.http_compression_threshold;
    let plain = payload_response(body.clone());
    if is_worth_it { compress::respond(req, body, plain).await } else { plain }
}

fn payload_response(body: Bytes) -> HttpResponse {
    // Only a body of revision 3 begins so.
    let content_type = if v3::is_binary(&body) { OCTETS } else { "text/plain; charset=UTF-8" };
    HttpResponse::Ok().content_type(content_type).body(body)
}

const OCTETS: &str = "application/octet-stream";
