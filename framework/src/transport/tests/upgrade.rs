//! From polling to WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use greenroom_proto::socket::reason::DisconnectReason;
use tokio::net::TcpStream;

use super::hosting::{BOTH, Host, Hosting, config, eventually};
use super::messages::get_line;
use super::peer::{Answer, Received, Request, Ws, get, open, poll, post, sid};
use crate::config::Config;
use crate::runtime::clock::Clock;

#[actix_web::test]
async fn nothing_is_lost_or_reordered_by_an_upgrade() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        post(host.addr, &sid, "4count 100").await;
        let mut ws = Ws::upgrade(host.addr, &sid).await;
        ws.send("4after").await;
        for number in 0..100 {
            assert_eq!(ws.receive_text().await, format!("4{number}"));
        }
        assert_eq!(ws.receive_text().await, "4after");
        assert_eq!(poll(host.addr, &sid).await.status, 400);
        ws.send("4still there").await;
        assert_eq!(ws.receive_text().await, "4still there");
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_session_id_begins_with_its_nodes_number_and_is_known_by_no_other_form() {
    for hosting in BOTH {
        let host = Host::start(hosting, Config { node: 7, ..config() }).await;
        let sid = open(host.addr).await;
        let id = sid.strip_prefix("7-").unwrap();
        for other in [id.to_owned(), format!("8-{id}"), format!("77-{id}")] {
            assert_eq!(poll(host.addr, &other).await.status, 400, "{other}");
        }
        let mut ws = Ws::upgrade(host.addr, &sid).await;
        ws.send("4found").await;
        assert_eq!(ws.receive_text().await, "4found");
        host.stop().await;
    }
}

#[actix_web::test]
async fn an_upgrade_works_whichever_worker_its_request_lands_on() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        // Connections go round the workers: over eight rounds both meet both.
        for round in 0..8 {
            let sid = open(host.addr).await;
            let _turn =
                if round % 2 == 0 { Some(TcpStream::connect(host.addr).await.unwrap()) } else { None };
            let mut ws = Ws::upgrade(host.addr, &sid).await;
            ws.send(&format!("4{round}")).await;
            assert_eq!(ws.receive_text().await, format!("4{round}"));
        }
        let moved = host.engine.runtime().stats().websockets_moved;
        match hosting {
            Hosting::Serve => assert!((1..8).contains(&moved), "{moved} of 8 moved"),
            // A response body stays where it is; the outbox reaches it there.
            Hosting::Routes => assert_eq!(moved, 0),
        }
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportClose; 8]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_waiting_poll_is_sent_away_by_the_probe_and_again_after_100_ms() {
    let host = Host::start_with(Hosting::Serve, config(), Clock::manual()).await;
    let sid = open(host.addr).await;
    let waiting = Request::send(host.addr, &get_line(&sid), "").await;
    post(host.addr, &sid, "6").await;
    let mut ws = Ws::join(host.addr, &sid).await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.receive_text().await, "3probe");
    assert_eq!(waiting.answer().await.body, "6");
    let waiting = Request::send(host.addr, &get_line(&sid), "").await;
    let answer = actix_rt::spawn(waiting.answer());
    while !answer.is_finished() {
        host.clock.advance(Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(answer.await.unwrap().body, "6");
    ws.send("5").await;
    ws.send("4done").await;
    assert_eq!(ws.receive_text().await, "4done");
    host.stop().await;
}

#[actix_web::test]
async fn a_failed_upgrade_keeps_polling_and_another_may_follow() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let mut ws = Ws::join(host.addr, &sid).await.unwrap();
        ws.send("2probe").await;
        assert_eq!(ws.receive_text().await, "3probe");
        drop(ws);
        let mut rude = join_when_free(&host, &sid).await;
        rude.send("4too early").await;
        assert_eq!(rude.receive().await, Received::Close(1000));
        post(host.addr, &sid, "4polling").await;
        assert_eq!(poll(host.addr, &sid).await.body, "4polling");
        let mut ws = Ws::upgrade(host.addr, &sid).await;
        ws.send("4ws").await;
        assert_eq!(ws.receive_text().await, "4ws");
        host.stop().await;
    }
}

#[actix_web::test]
async fn an_upgrade_that_takes_too_long_ends_the_websocket_only() {
    let host = Host::start_with(Hosting::Serve, config(), Clock::manual()).await;
    let sid = open(host.addr).await;
    let mut ws = Ws::join(host.addr, &sid).await.unwrap();
    host.clock.advance(Duration::from_secs(10));
    assert_eq!(ws.receive().await, Received::Close(1000));
    post(host.addr, &sid, "4polling").await;
    assert_eq!(poll(host.addr, &sid).await.body, "4polling");
    host.stop().await;
}

#[actix_web::test]
async fn a_second_websocket_is_closed_at_once_and_the_first_stays() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut first, sid) = Ws::open(host.addr).await;
        let mut second = Ws::join(host.addr, &sid).await.unwrap();
        assert_eq!(second.receive().await, Received::Close(1000));
        first.send("4hello").await;
        assert_eq!(first.receive_text().await, "4hello");
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_close_during_the_upgrade_still_delivers() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let mut ws = Ws::join(host.addr, &sid).await.unwrap();
        ws.send("2probe").await;
        assert_eq!(ws.receive_text().await, "3probe");
        post(host.addr, &sid, "4goodbye").await;
        ws.send("5").await;
        assert_eq!(ws.receive_text().await, "4farewell");
        host.all_ended().await;
        host.stop().await;
    }
}

#[actix_web::test]
async fn draining_flushes_tells_everybody_and_takes_nobody_new() {
    let host = Host::start(Hosting::Serve, config()).await;
    let (mut ws, _) = Ws::open(host.addr).await;
    let sid = open(host.addr).await;
    let waiting = Request::send(host.addr, &get_line(&sid), "").await;
    eventually("both are there", || host.engine.len() == 2).await;
    let addr = host.addr;
    let (engine, reasons) = (host.engine.clone(), host.reasons.clone());
    let stopped = actix_rt::spawn(host.stop());
    assert_eq!(ws.receive().await, Received::Close(1000));
    assert_eq!(waiting.answer().await.body, "1");
    drop(ws);
    stopped.await.unwrap();
    assert_eq!(engine.len(), 0);
    assert_eq!(*reasons.lock().unwrap(), [DisconnectReason::ServerShuttingDown; 2]);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[actix_web::test]
async fn an_answer_that_was_due_before_an_upgrade_on_its_connection_comes_first() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (first, query) =
            ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1", "EIO=4&transport=websocket");
        let (answer, mut ws) = Ws::connect_behind(host.addr, first, query).await;
        assert_eq!(answer.status, 200, "{hosting:?}");
        assert_ne!(sid(&answer.body), sid(&ws.receive_text().await), "{hosting:?}: one session each");
        ws.send("4hello").await;
        assert_eq!(ws.receive_text().await, "4hello", "{hosting:?}");
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_session_takes_over_the_connection_of_its_own_poll() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        post(host.addr, &sid, "4polled").await;
        let query = format!("EIO=4&transport=websocket&sid={sid}");
        let (answer, mut ws) = Ws::connect_behind(host.addr, &get_line(&sid), &query).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "4polled"), "{hosting:?}");
        ws.send("2probe").await;
        assert_eq!(ws.receive_text().await, "3probe", "{hosting:?}");
        ws.send("5").await;
        ws.send("4upgraded").await;
        assert_eq!(ws.receive_text().await, "4upgraded", "{hosting:?}");
        host.stop().await;
    }
}

/// They come and come again until they are refused; the drain begins when some are there.
#[actix_web::test]
async fn who_arrives_as_the_drain_begins_is_refused_or_closed_and_leaves_nothing() {
    for (hosting, least) in BOTH.into_iter().flat_map(|hosting| [1, 4, 7, 10].map(|least| (hosting, least))) {
        let host = Host::start(hosting, config()).await;
        let arrivals: Vec<_> = (0..12).map(|number| actix_rt::spawn(arrive(host.addr, number))).collect();
        eventually("some are there", || host.engine.len() >= least).await;
        host.engine.drain(Duration::from_secs(10), async {}).await;
        assert_eq!(host.engine.len(), 0, "{hosting:?}");
        let mut admitted = 0;
        for arrival in arrivals {
            admitted += arrival.await.unwrap();
        }
        assert!(admitted >= least);
        let reasons = host.all_ended().await;
        assert_eq!(reasons, vec![DisconnectReason::ServerShuttingDown; admitted], "{hosting:?}");
        host.stop().await;
    }
}

/// Opens sessions until one is refused; each other one has to be closed by the server.
async fn arrive(addr: SocketAddr, number: usize) -> usize {
    for admitted in 0.. {
        let refused = if number.is_multiple_of(2) {
            arrive_by_websocket(addr).await
        } else {
            arrive_by_polling(addr).await
        };
        if let Some(answer) = refused {
            assert_eq!(answer.status, 503);
            return admitted;
        }
    }
    unreachable!("nobody is admitted for ever")
}

async fn arrive_by_websocket(addr: SocketAddr) -> Option<Answer> {
    let mut ws = match Ws::connect(addr, "EIO=4&transport=websocket", "").await {
        Ok(ws) => ws,
        Err(answer) => return Some(answer),
    };
    assert!(ws.receive_text().await.starts_with('0'));
    assert_eq!(ws.receive().await, Received::Close(1000));
    None
}

async fn arrive_by_polling(addr: SocketAddr) -> Option<Answer> {
    let answer = get(addr, "EIO=4&transport=polling").await;
    if answer.status != 200 {
        return Some(answer);
    }
    assert_eq!(poll(addr, &sid(&answer.body)).await.body, "1");
    None
}

#[actix_web::test]
async fn a_draining_engine_refuses_new_sessions() {
    let host = Host::start(Hosting::Routes, config()).await;
    host.engine.drain(Duration::from_secs(1), async {}).await;
    let answer = get(host.addr, "EIO=4&transport=polling").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    let answer = Ws::connect(host.addr, "EIO=4&transport=websocket", "").await.unwrap_err();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    host.stop().await;
}

/// The end of a WebSocket takes a moment to be noticed; until then another one is closed at once.
async fn join_when_free(host: &Host, sid: &str) -> Ws {
    loop {
        let mut ws = Ws::join(host.addr, sid).await.unwrap();
        ws.send("2probe").await;
        if ws.receive().await == Received::Text("3probe".into()) {
            return ws;
        }
    }
}

#[actix_web::test]
async fn the_first_subprotocol_that_a_client_offers_is_agreed_on() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let offers =
            [("chat, superchat", Some("chat")), (" x.y ", Some("x.y")), (",chat", None), ("a b", None)];
        for (offered, agreed) in offers {
            let head = format!(
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: {offered}"
            );
            let answer = Request::send(host.addr, &head, "").await.answer().await;
            assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, agreed), "{offered}");
        }
        host.stop().await;
    }
}
