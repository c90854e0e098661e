//! Engine.IO 3 on the wire, in both hostings.

use std::net::SocketAddr;
use std::time::Duration;

use greenroom_proto::socket::reason::DisconnectReason;

use super::hosting::{BOTH, Host, Hosting, config};
use super::peer::{Answer, Received, Request, Ws, get, request};
use crate::config::Config;
use crate::runtime::clock::Clock;

fn allowed() -> Config {
    Config { allow_eio3: true, ..config() }
}

/// Opens a session over polling, with more parameters.
async fn open(addr: SocketAddr, more: &str) -> String {
    let answer = get(addr, &format!("EIO=3&transport=polling{more}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (length, packet) = answer.body.split_once(':').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), packet.len());
    super::peer::sid(packet)
}

fn line(sid: &str) -> String {
    format!("EIO=3&transport=polling&sid={sid}")
}

async fn post(addr: SocketAddr, sid: &str, body: &str) -> Answer {
    request(addr, "POST", &line(sid), body).await
}

async fn post_bytes(addr: SocketAddr, sid: &str, body: &str) -> Answer {
    let head = format!(
        "POST /socket.io/?{} HTTP/1.1\r\nContent-Type: application/octet-stream; charset=x",
        line(sid)
    );
    Request::send(addr, &head, body).await.answer().await
}

#[actix_web::test]
async fn is_refused_unless_it_is_allowed() {
    let unsupported = r#"{"code":5,"message":"Unsupported protocol version"}"#;
    for hosting in BOTH {
        let (host, open_host) = (Host::start(hosting, config()).await, Host::start(hosting, allowed()).await);
        for query in ["EIO=3&transport=polling", "transport=polling"] {
            let answer = get(host.addr, query).await;
            assert_eq!((answer.status, answer.body.as_str()), (400, unsupported));
            assert_eq!(get(open_host.addr, query).await.status, 200);
        }
        let refused = Ws::connect(host.addr, "EIO=3&transport=websocket", "").await.unwrap_err();
        assert_eq!((refused.status, refused.body.as_str()), (400, unsupported));
        let never = get(open_host.addr, "EIO=2&transport=polling").await;
        assert_eq!((never.status, never.body.as_str()), (400, unsupported));
        host.stop().await;
        open_host.stop().await;
    }
}

#[actix_web::test]
async fn a_posted_payload_comes_back_in_a_poll() {
    for hosting in BOTH {
        let host = Host::start(hosting, allowed()).await;
        let sid = open(host.addr, "&b64=1").await;
        let body = "4:4one3:4🎲10:b4AQIDBA==";
        let answer = post(host.addr, &sid, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
        let answer = get(host.addr, &line(&sid)).await;
        assert_eq!(answer.body, body);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_payload_with_binary_data_is_bytes_unless_the_client_takes_none() {
    for hosting in BOTH {
        let host = Host::start(hosting, allowed()).await;
        let sid = open(host.addr, "").await;
        // The end of a length is no UTF-8, which these tests have in their requests; the answer is read as text.
        assert_eq!(post(host.addr, &sid, "6:b4AQID").await.status, 200);
        let head = format!("GET /socket.io/?{} HTTP/1.1\r\nConnection: close", line(&sid));
        let mut polled = Request::send(host.addr, &head, "").await;
        let bytes = polled.raw_answer().await;
        let head = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(head.contains("content-type: application/octet-stream\r\n"), "{head}");
        assert!(bytes.ends_with(b"\r\n\r\n\x01\x04\xff\x04\x01\x02\x03"), "{bytes:?}");
        assert_eq!(post_bytes(host.addr, &sid, "\u{0}\u{1}").await.status, 400, "bytes that are no payload");
        host.stop().await;
    }
}

#[actix_web::test]
async fn messages_of_every_kind_come_back_over_websocket() {
    for (query, binary) in [
        ("EIO=3&transport=websocket", Received::Binary(vec![4, 1, 2, 3])),
        ("EIO=3&transport=websocket&b64=1", Received::Text("b4AQID".into())),
    ] {
        let host = Host::start(Hosting::Serve, allowed()).await;
        let mut ws = Ws::connect(host.addr, query, "").await.unwrap();
        assert!(ws.receive_text().await.starts_with("0{"));
        ws.send("2").await;
        assert_eq!(ws.receive_text().await, "3");
        ws.send("4text").await;
        assert_eq!(ws.receive_text().await, "4text");
        ws.send_frame(0x82, &[4, 1, 2, 3]).await;
        assert_eq!(ws.receive().await, binary);
        ws.send("b4AQID").await;
        assert_eq!(ws.receive().await, binary);
        ws.send_frame(0x82, &[2]).await;
        assert_eq!(ws.receive().await, Received::Close(1000));
        assert_eq!(host.all_ended().await, [DisconnectReason::ParseError]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn an_upgrade_loses_nothing_and_leaves_base64_behind() {
    for hosting in BOTH {
        let host = Host::start(hosting, allowed()).await;
        let sid = open(host.addr, "&b64=1").await;
        let waiting = Request::send(host.addr, &format!("GET /socket.io/?{} HTTP/1.1", line(&sid)), "").await;
        // The first request of the session has come, else the probe would be there before it.
        assert_eq!(post(host.addr, &sid, "1:6").await.status, 200);
        let query = format!("EIO=3&transport=websocket&sid={sid}");
        let mut ws = Ws::connect(host.addr, &query, "").await.unwrap();
        ws.send("2probe").await;
        assert_eq!(ws.receive_text().await, "3probe");
        assert_eq!(waiting.answer().await.body, "1:6");
        post(host.addr, &sid, "9:4count 50").await;
        ws.send("5").await;
        for number in 0..50 {
            assert_eq!(ws.receive_text().await, format!("4{number}"));
        }
        ws.send_frame(0x82, &[4, 9]).await;
        assert_eq!(ws.receive().await, Received::Binary(vec![4, 9]));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_session_stays_in_its_revision() {
    let host = Host::start(Hosting::Serve, allowed()).await;
    let (old, new) = (open(host.addr, "").await, super::peer::open(host.addr).await);
    for (revision, sid) in [(4, &old), (3, &new)] {
        let query = format!("EIO={revision}&transport=polling&sid={sid}");
        let answer = get(host.addr, &query).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"code":3,"message":"Bad request"}"#));
        let query = format!("EIO={revision}&transport=websocket&sid={sid}");
        assert_eq!(Ws::connect(host.addr, &query, "").await.unwrap_err().status, 400);
    }
    // Neither session has noticed.
    assert_eq!(post(host.addr, &old, "3:4hi").await.status, 200);
    assert_eq!(super::peer::post(host.addr, &new, "4hi").await.status, 200);
    host.stop().await;
}

#[actix_web::test]
async fn a_client_that_does_not_ping_is_given_up() {
    let host = Host::start_with(Hosting::Serve, allowed(), Clock::manual()).await;
    let mut ws = Ws::connect(host.addr, "EIO=3&transport=websocket", "").await.unwrap();
    ws.receive_text().await;
    let patience = config().ping_interval + config().ping_timeout;
    host.clock.advance(patience - Duration::from_millis(50));
    ws.send("2").await;
    assert_eq!(ws.receive_text().await, "3");
    host.clock.advance(patience + Duration::from_millis(50));
    assert_eq!(host.all_ended().await, [DisconnectReason::PingTimeout]);
    host.stop().await;
}

#[actix_web::test]
async fn a_session_that_the_server_closes_hears_the_close_packet() {
    let host = Host::start(Hosting::Serve, allowed()).await;
    let sid = open(host.addr, "").await;
    post(host.addr, &sid, "8:4goodbye").await;
    assert_eq!(get(host.addr, &line(&sid)).await.body, "9:4farewell");
    assert_eq!(get(host.addr, &line(&sid)).await.body, "1:1");
    host.stop().await;
}
