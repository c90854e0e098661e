//! What a program says about handshakes, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_http::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::hosting::{BOTH, Host, Hosting, config};
use super::peer::{Answer, Received, Request, Ws, get, open, poll, post, request, sid};
use crate::config::{Config, SessionCookie, Transport};
use crate::error::Reject;
use crate::runtime::clock::Clock;
use crate::server::ServerBuilder;

const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

async fn hooked(hosting: Hosting, config: Config, set: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Host {
    Host::start_as(hosting, config, Clock::system(), set).await
}

/// The refusals of both transports.
async fn refusals(host: &Host, extra: &str) -> [(u16, String); 2] {
    let polling = get(host.addr, &format!("{POLLING}&{extra}")).await;
    let websocket = Ws::connect(host.addr, &format!("{WEBSOCKET}&{extra}"), "").await.unwrap_err();
    [polling, websocket].map(|answer| (answer.status, answer.body))
}

fn twice(status: u16, body: &str) -> [(u16, String); 2] {
    [(status, body.to_owned()), (status, body.to_owned())]
}

#[actix_web::test]
async fn a_program_decides_who_opens_a_session() {
    for hosting in BOTH {
        let host = hooked(hosting, config(), |builder| {
            builder.allow_request(|request| async move {
                match request.query_param("who").as_deref() {
                    Some("friend") => Ok(()),
                    Some("trouble") => panic!("told to"),
                    _ => Err(Reject::new("stranger", "friends only")),
                }
            })
        })
        .await;
        assert_eq!(refusals(&host, "").await, twice(403, r#"{"code":4,"message":"friends only"}"#));
        let trouble = r#"{"code":4,"message":"the server failed to handle this"}"#;
        assert_eq!(refusals(&host, "who=trouble").await, twice(403, trouble));
        assert_eq!(host.engine.len(), 0);
        assert_eq!(get(host.addr, &format!("{POLLING}&who=friend")).await.status, 200);
        assert!(Ws::connect(host.addr, &format!("{WEBSOCKET}&who=friend"), "").await.is_ok());
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_program_is_asked_once_for_each_session_and_not_for_its_later_requests() {
    let asked = Arc::new(Mutex::new(0));
    let counted = asked.clone();
    let host = hooked(Hosting::Serve, config(), |builder| {
        builder.allow_request(move |_| {
            *counted.lock().unwrap() += 1;
            async { Ok(()) }
        })
    })
    .await;
    let sid = open(host.addr).await;
    post(host.addr, &sid, "4x").await;
    assert_eq!(poll(host.addr, &sid).await.body, "4x");
    drop(Ws::upgrade(host.addr, &sid).await);
    assert_eq!(*asked.lock().unwrap(), 1);
    host.stop().await;
}

#[actix_web::test]
async fn a_program_that_does_not_decide_in_time_costs_the_client_its_request() {
    let clock = Clock::manual();
    let config = Config { middleware_timeout: Duration::from_secs(3), ..config() };
    let host = Host::start_as(Hosting::Serve, config, clock.clone(), |builder| {
        builder.allow_request(|_| std::future::pending())
    })
    .await;
    let asked = Request::send(host.addr, &format!("GET /socket.io/?{POLLING} HTTP/1.1"), "").await;
    let mut answer = std::pin::pin!(asked.answer());
    let answer = loop {
        tokio::select! {
            answer = &mut answer => break answer,
            () = tokio::time::sleep(Duration::from_millis(5)) => clock.advance(Duration::from_millis(100)),
        }
    };
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    host.stop().await;
}

#[actix_web::test]
async fn every_refusal_is_told_with_its_code_and_context() {
    for hosting in BOTH {
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let noted = told.clone();
        let limited = Config { max_handshake_bytes: 5_000, ..config() };
        let host = hooked(hosting, limited, |builder| {
            let refuse = |request: crate::Handshake| async move {
                let denied = Err(Reject::new("banned", "go away"));
                if request.query_param("deny").is_some() { denied } else { Ok(()) }
            };
            builder.allow_request(refuse).on_connection_error(move |error| {
                let entry = json!([error.code(), error.status(), error.message(), error.context()]);
                noted.lock().unwrap().push(entry);
                panic!("a panic in here costs nothing");
            })
        })
        .await;
        let session = open(host.addr).await;
        let unknown = "Transport unknown";
        let bad = |context: Value| json!([3, 400, "Bad request", context]);
        let mismatch =
            json!({ "name": "TRANSPORT_MISMATCH", "transport": "websocket", "previousTransport": "polling" });
        let table = [
            ("GET", "EIO=4&transport=fax".to_owned(), json!([0, 400, unknown, { "transport": "fax" }])),
            ("GET", "EIO=4".to_owned(), json!([0, 400, unknown, {}])),
            ("GET", format!("{POLLING}&sid=x"), json!([1, 400, "Session ID unknown", { "sid": "x" }])),
            ("POST", POLLING.to_owned(), json!([2, 400, "Bad handshake method", { "method": "POST" }])),
            ("GET", format!("{WEBSOCKET}&sid={session}"), bad(mismatch)),
            ("GET", WEBSOCKET.to_owned(), bad(json!({ "name": "TRANSPORT_HANDSHAKE_ERROR" }))),
            (
                "GET",
                format!("EIO=3&transport=polling&sid={session}"),
                bad(json!({ "name": "PROTOCOL_MISMATCH", "protocol": 3, "previousProtocol": 4 })),
            ),
            (
                "GET",
                format!("{POLLING}&deny=1"),
                json!([4, 403, "Forbidden", { "message": "go away", "code": "banned" }]),
            ),
            (
                "GET",
                "EIO=3&transport=polling".to_owned(),
                json!([5, 400, "Unsupported protocol version", { "protocol": 3 }]),
            ),
            (
                "GET",
                format!("{POLLING}&long={}", "x".repeat(5_000)),
                json!([null, 431, "Request Header Fields Too Large", {}]),
            ),
        ];
        for (method, query, expected) in table {
            request(host.addr, method, &query, "").await;
            assert_eq!(told.lock().unwrap().pop(), Some(expected), "{method} {query}");
        }
        drop(Ws::connect(host.addr, "EIO=4&transport=fax", "").await);
        assert_eq!(told.lock().unwrap().pop(), Some(json!([0, 400, unknown, { "transport": "fax" }])));
        drop(Ws::connect(host.addr, WEBSOCKET, "Origin: http://evil.example\r\n").await);
        let origin = json!({ "origin": "http://evil.example" });
        assert_eq!(told.lock().unwrap().pop(), Some(json!([4, 403, "Forbidden", origin])));
        // What a session refuses is its own business.
        let large = "4".to_owned() + &"x".repeat(1_000_001);
        assert_eq!(post(host.addr, &session, &large).await.status, 413);
        assert_eq!(told.lock().unwrap().len(), 0);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_session_is_called_what_the_program_says() {
    for hosting in BOTH {
        let host = hooked(hosting, Config { node: 7, ..config() }, |builder| {
            builder.generate_id(|request| async move {
                request.query_param("id").ok_or_else(|| Reject::new("no_id", "no id"))
            })
        })
        .await;
        let opened = get(host.addr, &format!("{POLLING}&id=ann")).await;
        assert_eq!(sid(&opened.body), "7-ann");
        post(host.addr, "7-ann", "4x").await;
        assert_eq!(poll(host.addr, "7-ann").await.body, "4x");
        let bad = twice(400, r#"{"code":3,"message":"Bad request"}"#);
        for wrong in ["", "id=", "id=a%20b", "id=ann"] {
            assert_eq!(refusals(&host, wrong).await, bad, "{wrong}");
        }
        let mut ws = Ws::upgrade(host.addr, "7-ann").await;
        ws.send("4over").await;
        assert_eq!(ws.receive().await, Received::Text("4over".into()));
        drop(ws);
        host.all_ended().await;
        // The id is free again, and was nobody's meanwhile.
        assert_eq!(poll(host.addr, "7-ann").await.status, 400);
        let mut again = Ws::connect(host.addr, &format!("{WEBSOCKET}&id=ann"), "").await.unwrap();
        let Received::Text(opened) = again.receive().await else { panic!("no open packet") };
        assert_eq!(sid(&opened), "7-ann");
        host.stop().await;
    }
}

#[actix_web::test]
async fn answers_have_the_headers_of_the_program() {
    for hosting in BOTH {
        let cookie = Some(SessionCookie::default());
        let host = hooked(hosting, Config { cookie, ..config() }, |builder| {
            let set = |name: &'static str, value: &'static str| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            builder
                .on_initial_headers(move |headers, request| {
                    assert!(request.uri.query().unwrap().starts_with("EIO=4"));
                    let (name, value) = set("x-first", "yes");
                    headers.insert(name, value);
                })
                .on_headers(move |headers, request| {
                    let (name, value) = set("x-every", "yes");
                    headers.insert(name, value);
                    assert!(!request.uri.query().unwrap().contains("panic"));
                })
        })
        .await;
        let of = |answer: &Answer| ["x-first", "x-every"].map(|name| answer.header(name).is_some()).to_vec();
        let opened = get(host.addr, POLLING).await;
        let session = sid(&opened.body);
        assert_eq!(of(&opened), [true, true]);
        let expected = format!("io={session}; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(opened.header("set-cookie"), Some(&*expected));
        for later in [post(host.addr, &session, "4x").await, poll(host.addr, &session).await] {
            assert_eq!((later.status, of(&later)), (200, vec![false, true]));
            assert_eq!(later.header("set-cookie"), None);
        }
        assert_eq!(of(&poll(host.addr, "unknown").await), [false, false]);
        assert_eq!(of(&get(host.addr, &format!("{POLLING}&panic")).await), [true, true]);
        let raw = |query: String| async move {
            let head = format!(
                "GET /socket.io/?{query} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
            );
            Request::send(host.addr, &head, "").await.answer().await
        };
        let first = raw(WEBSOCKET.to_owned()).await;
        assert_eq!((first.status, of(&first)), (101, vec![true, true]));
        assert!(first.header("set-cookie").is_some_and(|value| value.starts_with("io=")));
        let later = raw(format!("{WEBSOCKET}&sid={session}")).await;
        assert_eq!((later.status, of(&later)), (101, vec![false, true]));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_program_lets_origins_in_on_both_transports() {
    for hosting in BOTH {
        let host = hooked(hosting, config(), |builder| {
            builder.allow_origin(|origin| match origin {
                "https://trouble.example" => panic!("told to"),
                _ => origin.ends_with(".game.example"),
            })
        })
        .await;
        let table = [("eu.game.example", true), ("evil.example", false), ("trouble.example", false)];
        for (name, is_let_in) in table {
            let origin = format!("Origin: https://{name}");
            let head = format!("GET /socket.io/?{POLLING} HTTP/1.1\r\n{origin}");
            let polling = Request::send(host.addr, &head, "").await.answer().await;
            assert_eq!(polling.status, if is_let_in { 200 } else { 403 }, "{name}");
            assert_eq!(polling.header("access-control-allow-origin").is_some(), is_let_in, "{name}");
            let websocket = Ws::connect(host.addr, WEBSOCKET, &format!("{origin}\r\n")).await;
            assert_eq!(websocket.is_ok(), is_let_in, "{name}");
        }
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_transport_that_is_not_offered_is_unknown() {
    let unknown = r#"{"code":0,"message":"Transport unknown"}"#;
    for hosting in BOTH {
        let only = Config { transports: vec![Transport::Polling], ..config() };
        let host = Host::start(hosting, only).await;
        let opened = get(host.addr, POLLING).await;
        assert!(opened.body.contains(r#""upgrades":[]"#), "{}", opened.body);
        let session = sid(&opened.body);
        let refused = Ws::connect(host.addr, WEBSOCKET, "").await.unwrap_err();
        assert_eq!((refused.status, refused.body.as_str()), (400, unknown));
        let refused = Ws::join(host.addr, &session).await.unwrap_err();
        assert_eq!((refused.status, refused.body.as_str()), (400, unknown));
        host.stop().await;

        let only = Config { transports: vec![Transport::WebSocket], ..config() };
        let host = Host::start(hosting, only).await;
        let refused = get(host.addr, POLLING).await;
        assert_eq!((refused.status, refused.body.as_str()), (400, unknown));
        let (mut ws, _) = Ws::open(host.addr).await;
        ws.send("4x").await;
        assert_eq!(ws.receive().await, Received::Text("4x".into()));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_session_stays_on_polling_if_upgrades_are_off() {
    for hosting in BOTH {
        let host = Host::start(hosting, Config { allow_upgrades: false, ..config() }).await;
        let opened = get(host.addr, POLLING).await;
        assert!(opened.body.contains(r#""upgrades":[]"#), "{}", opened.body);
        let session = sid(&opened.body);
        let refused = Ws::join(host.addr, &session).await.unwrap_err();
        assert_eq!((refused.status, refused.body.as_str()), (400, r#"{"code":3,"message":"Bad request"}"#));
        post(host.addr, &session, "4x").await;
        assert_eq!(poll(host.addr, &session).await.body, "4x");
        assert!(Ws::connect(host.addr, WEBSOCKET, "").await.is_ok());
        host.stop().await;
    }
}
