//! What a program may say about handshakes, and what it may know of them.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use greenroom::prelude::*;
use greenroom::{ServerBuilder, SessionCookie, Transport};
use serde_json::{Value, json};

use crate::setting;

/// What the hooks have seen.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    refusals: Log<Value>,
    cookies: Log<String>,
}

type Log<T> = Arc<Mutex<Vec<T>>>;

fn note<T>(log: &Log<T>, entry: T) {
    log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
}

fn all<T: Clone>(log: &Log<T>) -> Vec<T> {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The part of the configuration that concerns transports.
pub(crate) fn config(rest: Config) -> Result<Config, Box<dyn Error>> {
    let names: String = setting("TRANSPORTS", "polling websocket".to_owned())?;
    let named = |name: &str| match name {
        "polling" => Ok(Transport::Polling),
        "websocket" => Ok(Transport::WebSocket),
        other => Err(format!("TRANSPORTS: {other}")),
    };
    Ok(Config {
        path: setting("ENDPOINT", rest.path)?,
        transports: names.split_whitespace().map(named).collect::<Result<_, _>>()?,
        allow_eio3: setting("ALLOW_EIO3", false)?,
        allow_upgrades: setting("ALLOW_UPGRADES", true)?,
        max_payload: setting("MAX_PAYLOAD", rest.max_payload)?,
        serve_client: std::env::var_os("SERVE_CLIENT").map(Into::into),
        http_compression: setting("HTTP_COMPRESSION", true)?,
        cookie: setting("COOKIE", false)?.then(SessionCookie::default),
        ..rest
    })
}

pub(crate) fn hook(builder: ServerBuilder, seen: &Seen) -> Result<ServerBuilder, Box<dyn Error>> {
    let (refusals, cookies) = (seen.refusals.clone(), seen.cookies.clone());
    let builder = builder
        .allow_request(|request| async move {
            if request.query_param("slow").is_some() {
                actix_web::rt::time::sleep(Duration::from_millis(50)).await;
            }
            match request.query_param("deny") {
                Some(why) => Err(Reject::new("denied", why)),
                None => Ok(()),
            }
        })
        .on_connection_error(move |error| {
            note(&refusals, json!([error.code(), error.message(), error.context()]));
        })
        .on_initial_headers(|headers, request| {
            if request.uri.query().is_some_and(|query| query.contains("table=")) {
                headers.append(SET_COOKIE, HeaderValue::from_static("table=7; Path=/"));
            }
        })
        .on_headers(move |headers, request| {
            headers.insert(HeaderName::from_static("x-fixture"), HeaderValue::from_static("parity"));
            let cookie = request.headers.get(COOKIE).and_then(|cookie| cookie.to_str().ok());
            cookie.into_iter().for_each(|cookie| note(&cookies, cookie.to_owned()));
        });
    if !setting("OWN_IDS", false)? {
        return Ok(builder);
    }
    Ok(builder.generate_id(|request| async move {
        request.query_param("id").ok_or_else(|| Reject::new("no_id", "the query has no id"))
    }))
}

pub(crate) fn declare(io: &Server, seen: Seen) {
    let root = io.of("/");
    root.on("refusals", move |_: Socket, ()| Ok(all(&seen.refusals)));
    root.on("cookies", move |_: Socket, ()| Ok(all(&seen.cookies)));
    root.on("echo", |_: Socket, args: Args| Ok(args));
    let handshakes = io.of("/handshake");
    handshakes.middleware(|socket| async move {
        let of_middleware = described(&socket);
        socket.put(of_middleware);
        Ok(())
    });
    let server = io.clone();
    handshakes.on_async("handshake", move |socket: Socket, ()| {
        let server = server.clone();
        async move {
            let sockets = server.of("/handshake").to(socket.id().as_str()).fetch_sockets().await;
            let fetched: Vec<Value> = sockets.iter().map(described).collect();
            let of_middleware = socket.data::<Value>().map(|seen| (*seen).clone());
            Ok(json!({ "socket": described(&socket), "middleware": of_middleware, "fetched": fetched }))
        }
    });
}

/// The handshake as Socket.IO has it, `auth` included.
fn described(socket: &Socket) -> Value {
    let mut handshake = json!(socket.handshake());
    if let Some(object) = handshake.as_object_mut() {
        object.insert("auth".to_owned(), socket.auth().unwrap_or(json!({})));
    }
    handshake
}
