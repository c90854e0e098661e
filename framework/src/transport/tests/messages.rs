//! Messages and heartbeats on each transport.

use std::time::Duration;

use greenroom_proto::socket::reason::DisconnectReason;
use tokio::io::AsyncWriteExt as _;

use super::hosting::{BOTH, Host, Hosting, config, eventually};
use super::peer::{Received, Request, Ws, masked, open, poll, post};
use crate::config::Config;
use crate::runtime::clock::Clock;

#[actix_web::test]
async fn a_posted_payload_comes_back_in_a_poll() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let answer = post(host.addr, &sid, "4one\u{1e}4two\u{1e}bAQIDBA==").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
        assert_eq!(answer.header("content-type"), Some("text/html"));
        let answer = poll(host.addr, &sid).await;
        assert_eq!(answer.body, "4one\u{1e}4two\u{1e}bAQIDBA==");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_waiting_poll_is_answered_when_there_is_something() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let waiting = Request::send(host.addr, &get_line(&sid), "").await;
        post(host.addr, &sid, "4hello").await;
        assert_eq!(waiting.answer().await.body, "4hello");
        host.stop().await;
    }
}

#[actix_web::test]
async fn frames_of_every_kind_come_back_over_websocket() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut ws, _) = Ws::open(host.addr).await;
        let long = "x".repeat(200_000);
        ws.send(&format!("4{long}")).await;
        ws.send_frame(0x82, &[1, 2, 3]).await;
        ws.send_frame(0x89, b"are you there").await;
        ws.send("bAQID").await;
        let mut frames = vec![ws.receive().await, ws.receive().await, ws.receive().await, ws.receive().await];
        // A pong passes data.
        let pong =
            frames.iter().position(|frame| *frame == Received::Pong(b"are you there".to_vec())).unwrap();
        frames.remove(pong);
        let binary = || Received::Binary(vec![1, 2, 3]);
        assert_eq!(frames, [Received::Text(format!("4{long}")), binary(), binary()]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn frames_that_come_with_the_request_are_not_lost() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let early = masked(0x81, b"4early");
        let mut ws = Ws::connect_and_say(host.addr, "EIO=4&transport=websocket", "", &early).await.unwrap();
        assert!(ws.receive_text().await.starts_with("0{"));
        assert_eq!(ws.receive_text().await, "4early");
        host.stop().await;
    }
}

#[actix_web::test]
async fn many_messages_keep_their_order() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut ws, _) = Ws::open(host.addr).await;
        for number in 0..500 {
            ws.send(&format!("4{number}")).await;
        }
        for number in 0..500 {
            assert_eq!(ws.receive_text().await, format!("4{number}"));
        }
        host.stop().await;
    }
}

#[actix_web::test]
async fn the_first_ping_comes_after_the_interval_and_silence_ends_the_session() {
    for hosting in BOTH {
        let host = Host::start_with(hosting, config(), Clock::manual()).await;
        let (mut ws, _) = Ws::open(host.addr).await;
        for _ in 0..2 {
            host.clock.advance(Duration::from_secs(25));
            assert_eq!(ws.receive_text().await, "2");
            ws.send("3").await;
            ws.send("4pong is through").await;
            assert_eq!(ws.receive_text().await, "4pong is through");
        }
        host.clock.advance(Duration::from_secs(25));
        assert_eq!(ws.receive_text().await, "2");
        host.clock.advance(Duration::from_secs(20));
        assert_eq!(ws.receive().await, Received::Close(1000));
        assert_eq!(host.all_ended().await, [DisconnectReason::PingTimeout]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_polling_client_is_pinged_too_and_an_unclaimed_handshake_expires() {
    let host = Host::start_with(Hosting::Serve, config(), Clock::manual()).await;
    let sid = open(host.addr).await;
    let waiting = Request::send(host.addr, &get_line(&sid), "").await;
    post(host.addr, &sid, "6").await;
    eventually("the poll waits", || host.engine.len() == 1).await;
    host.clock.advance(Duration::from_secs(25));
    assert_eq!(waiting.answer().await.body, "2");
    post(host.addr, &sid, "3").await;
    open(host.addr).await;
    host.clock.advance(Duration::from_secs(20));
    eventually("the handshake expired", || host.engine.len() == 1).await;
    host.stop().await;
}

#[actix_web::test]
async fn a_post_is_answered_when_its_handlers_are_done_with_it() {
    let host = Host::start(Hosting::Serve, config()).await;
    let sid = open(host.addr).await;
    let post = Request::send(host.addr, &format!("POST {} HTTP/1.1", path(&sid)), "4hold").await;
    let mut waiting = Box::pin(post.answer());
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err(), "answered while a permit is held");
    assert_eq!(poll(host.addr, "unknown").await.status, 400);
    host.stop().await;
}

#[actix_web::test]
async fn a_reader_that_is_too_far_ahead_stops_and_the_silence_is_not_the_peers() {
    let config = Config { read_ahead_bytes: 1_000, ..config() };
    let host = Host::start_with(Hosting::Serve, config, Clock::manual()).await;
    let (mut ws, _) = Ws::open(host.addr).await;
    // Four reads of 256 bytes, as short reads are counted, use the budget up.
    for round in 0..4 {
        let both = [masked(0x81, b"4hold"), masked(0x81, format!("4{round}").as_bytes())].concat();
        ws.stream.write_all(&both).await.unwrap();
        assert_eq!(ws.receive_text().await, format!("4{round}"));
    }
    ws.send("4never read").await;
    let answer = tokio::time::timeout(Duration::from_millis(200), ws.receive()).await;
    assert!(answer.is_err(), "{answer:?}");
    host.clock.advance(Duration::from_secs(25));
    assert_eq!(ws.receive_text().await, "2");
    ws.send("3").await;
    host.clock.advance(Duration::from_secs(20));
    let end = tokio::time::timeout(Duration::from_millis(200), ws.receive()).await;
    assert!(end.is_err(), "closed for a pong that nobody read: {end:?}");
    host.stop().await;
}

fn path(sid: &str) -> String {
    format!("/socket.io/?EIO=4&transport=polling&sid={sid}")
}

pub(super) fn get_line(sid: &str) -> String {
    format!("GET {} HTTP/1.1", path(sid))
}
