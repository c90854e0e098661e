//! Rooms over a plain WebSocket, over real sockets and hosted both ways.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::{App, HttpServer};
use greenroom::prelude::*;
use greenroom::{Config, Serve};
use greenroom_tests::http::Request;
use greenroom_tests::{Frame, PATIENCE, Packet, WebSocket};
use serde_json::{Value, json};

use crate::raw::Echo;

/// A server of rooms at `/rooms`, by `serve` or in an `HttpServer`.
fn host(config: Config, tuned: bool) -> (Server, SocketAddr) {
    host_of(Server::builder().config(config).build(), tuned)
}

fn host_of(io: Server, tuned: bool) -> (Server, SocketAddr) {
    io.raw_room::<Echo>("/echo");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let gateway = io.clone();
    let app = move || App::new().service(gateway.gateway("/rooms"));
    if tuned {
        let server = io.tune(HttpServer::new(app)).workers(2).disable_signals().listen(listener).unwrap();
        actix_rt::spawn(server.run());
    } else {
        let never = std::future::pending();
        actix_rt::spawn(Serve::new(io.clone()).app(app).listen(listener).stop_on(never).run());
    }
    (io, addr)
}

fn config() -> Config {
    Config { workers: 2, ..Config::default() }
}

/// A plain client.
struct Plain(WebSocket);

impl Plain {
    async fn connect(addr: SocketAddr, path: &str) -> Self {
        Self(WebSocket::connect(addr, path).await.unwrap())
    }

    async fn join(addr: SocketAddr, path: &str, auth: &Value) -> (Self, Value) {
        let mut client = Self::connect(addr, path).await;
        client.say(auth).await;
        let joined = client.hear().await;
        assert_eq!(joined["event"], "joined", "{joined}");
        (client, joined["args"][0].clone())
    }

    async fn say(&mut self, what: &Value) {
        self.0.send(what.to_string()).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let frame = self.0.next().await.unwrap();
        let Frame::Packet(Packet::Text(text)) = &frame else { panic!("{frame:?}") };
        serde_json::from_str(text).unwrap()
    }

    async fn closed(&mut self) -> Option<u16> {
        let frame = self.0.next().await.unwrap();
        let Frame::Closed(code) = frame else { panic!("{frame:?}") };
        code
    }
}

/// Waits until something holds, in real time but bounded.
async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

#[actix_rt::test]
async fn a_plain_client_joins_plays_and_leaves() {
    for tuned in [false, true] {
        let (io, addr) = host(config(), tuned);
        let (mut ann, first) = Plain::join(addr, "/rooms/echo", &json!({})).await;
        let path = format!("/rooms/echo/{}", first["room"].as_str().unwrap());
        let (mut bob, second) = Plain::join(addr, &path, &json!({ "guest": "none of ours" })).await;
        assert_eq!((&second["room"], &second["seat"]), (&first["room"], &json!(1)));
        ann.say(&json!({ "event": "say", "args": ["hi", 2], "ack": 5 })).await;
        assert_eq!(bob.hear().await, json!({ "event": "say", "args": ["hi", 2] }));
        assert_eq!(ann.hear().await, json!({ "event": "say", "args": ["hi", 2] }));
        assert_eq!(ann.hear().await, json!({ "ack": 5, "args": [2] }));
        bob.0.close().await.unwrap();
        drop(ann);
        until(|| io.stats().custom_rooms == 0 && io.stats().plain_websockets == 0).await;
    }
}

#[actix_rt::test]
async fn what_does_not_fit_is_refused_and_final() {
    let (io, addr) = host(config(), false);
    io.of("/echo").auth(JwtAuth::hs256("a secret of at least thirty-two bytes").unwrap());
    let mut nobody = Plain::connect(addr, "/rooms/echo").await;
    nobody.say(&json!({})).await;
    assert_eq!(nobody.hear().await["refused"]["data"]["code"], "token_missing");
    assert_eq!(nobody.closed().await, Some(1000));
    io.of("/echo").no_auth();
    let mut lost = Plain::connect(addr, "/rooms/echo/nowhere").await;
    lost.say(&json!({})).await;
    assert_eq!(lost.hear().await["refused"]["data"]["code"], "no_such_room");
    let mut wrong = Plain::connect(addr, "/rooms/echo").await;
    wrong.say(&json!({ "join": [] })).await;
    assert_eq!(wrong.hear().await["refused"]["data"]["code"], "bad_join");
    assert!(WebSocket::connect(addr, "/rooms/chess").await.is_err());
    io.of("/echo").middleware(|_| async { Ok(()) });
    assert!(WebSocket::connect(addr, "/rooms/echo").await.is_err());
}

#[actix_rt::test]
async fn a_bad_text_is_answered_and_costs_nothing_else() {
    let (_io, addr) = host(config(), false);
    let (mut ann, _) = Plain::join(addr, "/rooms/echo", &json!({})).await;
    ann.say(&json!({ "evnt": "say" })).await;
    assert_eq!(ann.hear().await["args"][0]["code"], "bad_payload");
    ann.say(&json!({ "event": "say" })).await;
    assert_eq!(ann.hear().await, json!({ "event": "say", "args": [] }));
}

#[actix_rt::test]
async fn a_client_that_does_not_read_is_given_up_and_its_neighbour_does_not_notice() {
    for tuned in [false, true] {
        let (io, addr) = host(Config { outbox_bytes: 256 * 1024, ..config() }, tuned);
        let (mut ann, first) = Plain::join(addr, "/rooms/echo", &json!({})).await;
        let path = format!("/rooms/echo/{}", first["room"].as_str().unwrap());
        let (asleep, _) = Plain::join(addr, &path, &json!({})).await;
        let chunk = "x".repeat(60_000);
        let mut heard = 0;
        while io.stats().slow_clients_closed == 0 {
            assert!(heard < 2_000, "120 MB were taken for a client that does not read");
            ann.say(&json!({ "event": "say", "args": [chunk] })).await;
            assert_eq!(ann.hear().await["event"], "say");
            heard += 1;
        }
        until(|| io.stats().plain_websockets == 1).await;
        ann.say(&json!({ "event": "say", "ack": 1 })).await;
        ann.hear().await;
        assert_eq!(ann.hear().await, json!({ "ack": 1, "args": [1] }), "it has left the room");
        drop(asleep);
    }
}

#[actix_rt::test]
async fn a_server_that_ends_says_so_and_asks_to_come_back() {
    let (io, addr) = host(config(), false);
    let (mut ann, _) = Plain::join(addr, "/rooms/echo", &json!({})).await;
    io.close().await;
    assert_eq!(ann.hear().await, json!({ "event": "dismissed", "args": [{ "reason": "server" }] }));
    assert_eq!(ann.closed().await, Some(1001));
}

#[actix_rt::test]
async fn allow_request_is_asked_about_plain_clients_too() {
    for tuned in [false, true] {
        let builder = Server::builder().config(config()).allow_request(|request| async move {
            let invited = request.query_param("invited").is_some();
            if invited { Ok(()) } else { Err(Reject::new("stranger", "friends only")) }
        });
        let (_, addr) = host_of(builder.build(), tuned);
        let refused = Request::upgrade("/rooms/echo").send(addr).await.unwrap();
        let expected = r#"{"code":4,"message":"friends only"}"#;
        assert_eq!((refused.status, refused.text().unwrap()), (403, expected));
        let (_, joined) = Plain::join(addr, "/rooms/echo?invited", &json!({})).await;
        assert!(joined.is_object(), "{joined}");
    }
}
