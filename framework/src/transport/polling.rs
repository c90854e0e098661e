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
use greenroom_proto::engineio::handshake::HandshakeError;
use greenroom_proto::engineio::payload;

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
        Ok(Target::New) => open(gate, req, secure).await,
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

async fn open(gate: &Gate, req: &HttpRequest, secure: bool) -> Result<HttpResponse, Reject> {
    let opened = gate.engine.open_polling(gate.let_in(req.head(), secure).await?)?;
    let mut response = payload_response(opened.packet.into_bytes());
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
    // Binary data comes as base64 since revision 4 (reference behaviour).
    if req.content_type() == "application/octet-stream" {
        return Err(HandshakeError::BadRequest.into());
    }
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
    deliver(post, body, config.max_packets).await
}

/// Hands the packets over, and answers when their handlers have run: that is what slows a fast client.
async fn deliver(post: Post, body: Bytes, max_packets: usize) -> Result<HttpResponse, Reject> {
    let budget = ReadBudget::new();
    let permit = budget.take(body.len());
    let packets = payload::decode(body, max_packets);
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
    if !config.http_compression || body.len() < config.http_compression_threshold {
        return payload_response(body);
    }
    compress::respond(req, body, payload_response).await
}

fn payload_response(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=UTF-8").body(body)
}
