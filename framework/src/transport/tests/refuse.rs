//! Requests that are refused, in the words of the reference.

use greenroom_proto::socket::reason::DisconnectReason;

use super::hosting::{BOTH, Host, Hosting, config};
use super::peer::{Received, Request, Ws, open, poll, post, request};
use crate::config::{Config, Cors};

const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const UNSUPPORTED: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[actix_web::test]
async fn requests_that_break_a_rule_are_refused_with_its_code() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let table = [
            ("GET", "EIO=4", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=__proto__", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=constructor&sid=x", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=polling&sid=x", UNKNOWN_SESSION),
            ("POST", "EIO=4&transport=polling", BAD_METHOD),
            ("PUT", "EIO=4&transport=polling", BAD_METHOD),
            ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
            ("GET", "EIO=3&transport=polling", UNSUPPORTED),
            ("GET", "transport=polling", UNSUPPORTED),
            ("OPTIONS", "EIO=4&transport=polling", BAD_METHOD),
        ];
        for (method, query, expected) in table {
            let answer = request(host.addr, method, query, "").await;
            assert_eq!((answer.status, answer.body.as_str()), (400, expected), "{method} {query}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        assert_eq!(host.engine.len(), 0);
        host.stop().await;
    }
}

#[actix_web::test]
async fn upgrade_requests_that_break_a_rule_are_refused_before_the_101() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let table = [
            ("EIO=4".to_owned(), 400, UNKNOWN_TRANSPORT),
            ("EIO=4&transport=__proto__".to_owned(), 400, UNKNOWN_TRANSPORT),
            ("EIO=4&transport=websocket&sid=x".to_owned(), 400, UNKNOWN_SESSION),
            ("EIO=4&transport=polling".to_owned(), 400, BAD_REQUEST),
            (format!("EIO=3&transport=websocket&sid={sid}"), 400, BAD_REQUEST),
            ("EIO=3&transport=websocket".to_owned(), 400, UNSUPPORTED),
        ];
        for (query, status, expected) in table {
            let answer = Ws::connect(host.addr, &query, "").await.unwrap_err();
            assert_eq!((answer.status, answer.body.as_str()), (status, expected), "{query}");
        }
        let foreign =
            Ws::connect(host.addr, "EIO=4&transport=websocket", "Origin: http://evil.example\r\n").await;
        assert_eq!(foreign.unwrap_err().status, 403);
        assert!(
            Ws::connect(host.addr, "EIO=4&transport=websocket", "Origin: http://localhost\r\n").await.is_ok()
        );
        assert_eq!(poll_is_alive(&host, &sid).await, "4x");
        host.stop().await;
    }
}

async fn poll_is_alive(host: &Host, sid: &str) -> String {
    post(host.addr, sid, "4x").await;
    poll(host.addr, sid).await.body
}

#[actix_web::test]
async fn too_much_is_refused_on_each_transport() {
    for hosting in BOTH {
        let host = Host::start(hosting, Config { max_payload: 100, ..config() }).await;
        let sid = open(host.addr).await;
        let body = format!("4{}", "x".repeat(100));
        assert_eq!(post(host.addr, &sid, &body).await.status, 413);
        let head = format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nTransfer-Encoding: chunked"
        );
        let mut chunked = Request::send(host.addr, &head, "").await;
        let chunk = format!("65\r\n{body}\r\n0\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut chunked.stream, chunk.as_bytes()).await.unwrap();
        assert_eq!(chunked.answer().await.status, 413);
        assert_eq!(poll_is_alive(&host, &sid).await, "4x");
        let (mut ws, _) = Ws::open(host.addr).await;
        ws.send(&body).await;
        assert_eq!(ws.receive().await, Received::Close(1009));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_handshake_that_is_too_large_to_be_kept_is_refused_and_opens_nothing() {
    for hosting in BOTH {
        let host = Host::start(hosting, Config { max_handshake_bytes: 5_000, ..config() }).await;
        for (bytes, status) in [(4_500, 200), (5_000, 431), (100_000, 431)] {
            let cookie = format!("Cookie: {}", "x".repeat(bytes));
            let head = format!("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n{cookie}");
            let polling = Request::send(host.addr, &head, "").await.answer().await;
            let ws = Ws::connect(host.addr, "EIO=4&transport=websocket", &format!("{cookie}\r\n")).await;
            assert_eq!(polling.status, status, "{bytes} bytes");
            assert_eq!(ws.map_or_else(|refused| refused.status, |_| 200), status, "{bytes} bytes");
        }
        assert!(host.engine.len() <= 2);
        // Only what is kept is bounded: a later request of a session may say more.
        let sid = open(host.addr).await;
        let head = format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nCookie: {}",
            "x".repeat(10_000)
        );
        assert_eq!(Request::send(host.addr, &head, "4x").await.answer().await.status, 200);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_post_that_is_no_payload_ends_the_session() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        assert_eq!(post(host.addr, &sid, "abc").await.status, 400);
        assert_eq!(host.all_ended().await, [DisconnectReason::ParseError]);
        let sid = open(host.addr).await;
        let head = format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nContent-Type: application/octet-stream"
        );
        assert_eq!(Request::send(host.addr, &head, "4x").await.answer().await.status, 400);
        assert_eq!(poll_is_alive(&host, &sid).await, "4x");
        host.stop().await;
    }
}

#[actix_web::test]
async fn cross_origin_headers_are_sent_only_if_configured() {
    let host = Host::start(Hosting::Serve, config()).await;
    let head = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nOrigin: https://game.example";
    let answer = Request::send(host.addr, head, "").await.answer().await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    host.stop().await;

    let cors = Cors { origins: vec!["https://game.example".into()], credentials: true };
    let host = Host::start(Hosting::Serve, Config { cors: Some(cors), ..config() }).await;
    let answer = Request::send(host.addr, head, "").await.answer().await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://game.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let preflight = "OPTIONS /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nOrigin: https://game.example\r\n\
                     Access-Control-Request-Method: POST";
    let answer = Request::send(host.addr, preflight, "").await.answer().await;
    assert_eq!((answer.status, answer.header("access-control-allow-methods")), (204, Some("GET,POST")));
    let foreign =
        Ws::connect(host.addr, "EIO=4&transport=websocket", "Origin: https://game.example\r\n").await;
    assert!(foreign.is_ok());
    host.stop().await;
}

#[actix_web::test]
async fn other_paths_are_not_the_engines() {
    let host = Host::start(Hosting::Serve, config()).await;
    for path in ["/", "/socket.iox/", "/socket.io.js", "/other?EIO=4&transport=polling"] {
        let answer = Request::send(host.addr, &format!("GET {path} HTTP/1.1"), "").await.answer().await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer =
        Request::send(host.addr, "GET /socket.io?EIO=4&transport=polling HTTP/1.1", "").await.answer().await;
    assert_eq!(answer.status, 200);
    host.stop().await;
}
