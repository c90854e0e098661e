//! How a session ends.

use std::time::Duration;

use greenroom_tests::http::Request;
use greenroom_tests::{Endpoint, Failure, Packet, Polling, Session, Transport};
use serde_json::{Value, json};

use super::lives;
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, Server};

cases! {
    polling eio_8_01_a_close_packet_ends_the_session,
    polling eio_8_02_a_close_packet_answers_the_waiting_poll,
    websocket eio_8_03_a_close_packet_closes_the_websocket,
    websocket eio_8_04_a_close_packet_over_websocket_acts_at_once,
    both eio_8_05_what_follows_a_close_packet_is_not_heard,
    both eio_8_06_a_session_that_ended_stays_unknown,
    both eio_8_07_the_end_of_a_session_concerns_no_other,
}

async fn eio_8_01_a_close_packet_ends_the_session() -> Check {
    for mount in MOUNTS {
        let mut polling = Polling::open(Server::Steady.at(mount)?).await?;
        polling.send(&["1".into()]).await?;
        assert_eq!(polling.closes().await?, []);
    }
    Ok(())
}

async fn eio_8_02_a_close_packet_answers_the_waiting_poll() -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        let polling = Polling::open(at).await?;
        // The server takes the two from different connections: see that the GET waits there.
        let mut get = polling.start_get().await?;
        assert!(!get.is_answered_within(Duration::from_millis(200)).await?);
        polling.send(&["1".into()]).await?;
        let response = get.response().await?;
        assert_eq!((response.status, response.text()?), (200, "6"));
        is_unknown(at, polling.sid()).await?;
    }
    Ok(())
}

async fn eio_8_03_a_close_packet_closes_the_websocket() -> Check {
    for mount in MOUNTS {
        let mut session = Session::open(Server::Official.at(mount)?, Transport::WebSocket).await?;
        session.send("1").await?;
        let packets = session.closes().await?;
        assert!(packets.iter().all(|packet| *packet == Packet::from("2")), "{packets:?}");
    }
    Ok(())
}

/// On a server that would ping only after minutes.
async fn eio_8_04_a_close_packet_over_websocket_acts_at_once() -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        let mut session = Session::open(at, Transport::WebSocket).await?;
        session.send("1").await?;
        assert_eq!(session.closes().await?, []);
        becomes_unknown(at, session.sid()).await?;
    }
    Ok(())
}

async fn eio_8_05_what_follows_a_close_packet_is_not_heard(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    session.offend(["4before".into(), "1".into(), "4after".into()]).await?;
    let heard = session.closes().await?;
    assert!(!heard.contains(&"4after".into()), "{heard:?}");
    Ok(())
}

async fn eio_8_06_a_session_that_ended_stays_unknown(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut session = Session::open(at, transport).await?;
    session.offend(["abc".into()]).await?;
    session.closes().await?;
    becomes_unknown(at, session.sid()).await?;
    let upgrade = Request::upgrade(at.target(Transport::WebSocket, Some(session.sid())));
    assert_eq!(upgrade.send(at.address).await?.status, 400);
    is_unknown(at, session.sid()).await
}

async fn eio_8_07_the_end_of_a_session_concerns_no_other(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut one = Session::open(at, transport).await?;
    let mut other = Session::open(at, transport).await?;
    one.offend(["abc".into()]).await?;
    one.closes().await?;
    lives(at, &mut other).await
}

/// The server knows the session no more.
pub(super) async fn is_unknown(at: Endpoint, sid: &str) -> Check {
    let response = Request::get(at.target(Transport::Polling, Some(sid))).send(at.address).await?;
    let body: Value = serde_json::from_slice(&response.body).map_err(Failure::from)?;
    assert_eq!((response.status, body), (400, json!({ "code": 1, "message": "Session ID unknown" })));
    Ok(())
}

/// The server will soon know the session no more: it may hear of the end later than we.
pub(super) async fn becomes_unknown(at: Endpoint, sid: &str) -> Check {
    let post = Request::post(at.target(Transport::Polling, Some(sid)), "6");
    let ask = async {
        loop {
            let response = post.send(at.address).await?;
            let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            if body.get("code") == Some(&Value::from(1)) {
                return Ok::<_, Failure>(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    greenroom_tests::failure::in_time("end of the session", ask).await
}
