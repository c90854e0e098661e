//! Peers that stop: reading, or sending.

use std::time::Duration;

use greenroom_proto::socket::reason::DisconnectReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::hosting::{BOTH, Host, config, eventually};
use super::peer::{Request, Ws, open};
use crate::config::Config;

#[actix_web::test]
async fn a_peer_that_stops_reading_is_closed_within_its_limit_and_neighbours_do_not_notice() {
    for hosting in BOTH {
        let config = Config { outbox_bytes: 1_000_000, ..config() };
        let host = Host::start(hosting, config).await;
        let (mut neighbour, _) = Ws::open(host.addr).await;
        let (mut stalled, _) = Ws::open(host.addr).await;
        // 6 MB each; the kernel and the outbox together take less.
        for _ in 0..3 {
            stalled.send("4flood").await;
        }
        eventually("the slow peer is closed", || host.engine.len() == 1).await;
        assert_eq!(*host.reasons.lock().unwrap(), [DisconnectReason::TransportError]);
        neighbour.send("4hello").await;
        assert_eq!(neighbour.receive_text().await, "4hello");
        // Its connection goes too: what the kernel holds can be read, and then it is over.
        let mut rest = Vec::new();
        let over = tokio::time::timeout(Duration::from_secs(10), stalled.stream.read_to_end(&mut rest)).await;
        assert!(over.is_ok(), "the connection of {hosting:?} is still there");
        assert!(rest.len() < 17_000_000);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_polling_client_that_does_not_poll_is_closed_within_its_limit() {
    let config = Config { outbox_bytes: 1_000_000, ..config() };
    let host = Host::start(super::hosting::Hosting::Serve, config).await;
    let sid = open(host.addr).await;
    let answer = super::peer::post(host.addr, &sid, "4flood").await;
    assert_eq!(answer.status, 200);
    assert_eq!(host.all_ended().await, [DisconnectReason::TransportError]);
    host.stop().await;
}

#[actix_web::test]
async fn a_request_that_does_not_come_to_its_end_is_ended() {
    for hosting in BOTH {
        let config = Config { request_timeout: Duration::from_secs(1), ..config() };
        let host = Host::start(hosting, config).await;
        let mut head = TcpStream::connect(host.addr).await.unwrap();
        head.write_all(b"GET /socket.io/?EIO=4").await.unwrap();
        let mut answer = Vec::new();
        let over = tokio::time::timeout(Duration::from_secs(10), head.read_to_end(&mut answer)).await;
        assert!(over.is_ok(), "half a head is kept");
        let sid = open(host.addr).await;
        let head =
            format!("POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nContent-Length: 9");
        let body = Request::send(host.addr, &head, "").await;
        assert_eq!(body.answer().await.status, 408);
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportError]);
        host.stop().await;
    }
}
