//! Every way in which a peer leaves.

use greenroom_proto::socket::reason::DisconnectReason;
use tokio::io::AsyncWriteExt as _;

use super::hosting::{BOTH, Host, config, eventually};
use super::messages::get_line;
use super::peer::{Received, Request, Ws, open, poll, post};

#[actix_web::test]
async fn an_aborted_poll_ends_the_session() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let waiting = Request::send(host.addr, &get_line(&sid), "").await;
        post(host.addr, &sid, "6").await;
        drop(waiting);
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportError]);
        assert_eq!(poll(host.addr, &sid).await.status, 400);
        host.stop().await;
    }
}

#[actix_web::test]
async fn an_aborted_post_ends_the_session() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let head =
            format!("POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nContent-Length: 100");
        let mut half = Request::send(host.addr, &head, "").await;
        half.stream.write_all(b"4half").await.unwrap();
        half.stream.flush().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        drop(half);
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportError]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn overlapping_polls_end_the_session() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let first = Request::send(host.addr, &get_line(&sid), "").await;
        post(host.addr, &sid, "6").await;
        let second = poll(host.addr, &sid).await;
        assert_eq!((second.status, second.body.as_str()), (400, r#"{"code":3,"message":"Bad request"}"#));
        assert_eq!(first.answer().await.body, "1");
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportError]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_close_packet_ends_a_session_on_each_transport() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let sid = open(host.addr).await;
        let waiting = Request::send(host.addr, &get_line(&sid), "").await;
        post(host.addr, &sid, "6").await;
        post(host.addr, &sid, "1").await;
        assert_eq!(waiting.answer().await.body, "6");
        let (mut ws, _) = Ws::open(host.addr).await;
        ws.send("1").await;
        assert_eq!(ws.receive().await, Received::Close(1000));
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportClose; 2]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_websocket_ends_by_a_close_frame_an_end_of_stream_a_reset_or_rubbish() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut closing, _) = Ws::open(host.addr).await;
        closing.send_frame(0x88, &1001_u16.to_be_bytes()).await;
        assert_eq!(closing.receive().await, Received::Close(1001));
        assert_eq!(host.all_ended().await, [DisconnectReason::TransportClose]);
        let (gone, _) = Ws::open(host.addr).await;
        drop(gone);
        assert_eq!(host.all_ended().await.pop(), Some(DisconnectReason::TransportClose));
        let (reset, _) = Ws::open(host.addr).await;
        socket2::SockRef::from(&reset.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(reset);
        assert_eq!(host.all_ended().await.len(), 3);
        let (mut rubbish, _) = Ws::open(host.addr).await;
        rubbish.send("abc").await;
        assert_eq!(rubbish.receive().await, Received::Close(1000));
        assert_eq!(host.all_ended().await.pop(), Some(DisconnectReason::ParseError));
        let (mut reserved, _) = Ws::open(host.addr).await;
        reserved.send_frame(0xf1, b"4x").await;
        assert_eq!(reserved.receive().await, Received::Close(1002));
        assert_eq!(host.all_ended().await.pop(), Some(DisconnectReason::TransportError));
        host.stop().await;
    }
}

#[actix_web::test]
async fn the_last_word_of_the_server_arrives_before_its_close() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut ws, _) = Ws::open(host.addr).await;
        ws.send("4goodbye").await;
        assert_eq!(ws.receive_text().await, "4farewell");
        assert_eq!(ws.receive().await, Received::Close(1000));
        drop(ws);
        let sid = open(host.addr).await;
        post(host.addr, &sid, "4goodbye").await;
        assert_eq!(poll(host.addr, &sid).await.body, "4farewell");
        assert_eq!(poll(host.addr, &sid).await.body, "1");
        assert_eq!(host.all_ended().await, [DisconnectReason::ServerNamespaceDisconnect; 2]);
        host.stop().await;
    }
}

#[actix_web::test]
async fn a_panic_in_the_app_costs_its_session_alone() {
    for hosting in BOTH {
        let host = Host::start(hosting, config()).await;
        let (mut neighbour, _) = Ws::open(host.addr).await;
        let (mut ws, _) = Ws::open(host.addr).await;
        ws.send("4panic").await;
        assert_eq!(ws.receive().await, Received::Close(1000));
        eventually("the session is gone", || host.engine.len() == 1).await;
        assert_eq!(*host.reasons.lock().unwrap(), [DisconnectReason::TransportClose]);
        neighbour.send("4hello").await;
        assert_eq!(neighbour.receive_text().await, "4hello");
        host.stop().await;
    }
}
