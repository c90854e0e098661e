//! The heartbeat: the server pings, the client answers in time.
//!
//! What has to come is waited for with patience, what must not come early is measured from before the
//! handshake: a busy machine makes things late, never early.

use std::time::Duration;

use greenroom_tests::{Endpoint, Packet, Polling, Session, Transport, socketio};
use tokio::time::Instant;

use super::lives;
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, Server};

cases! {
    both eio_6_01_the_first_ping_comes_after_the_interval,
    both eio_6_02_pings_go_on_as_long_as_pongs_come,
    both eio_6_03_without_a_pong_the_session_ends,
    both eio_6_04_a_ping_of_the_client_ends_the_session,
    both eio_6_05_a_pong_that_was_not_asked_for_is_ignored,
    polling eio_6_06_a_session_that_nobody_polls_ends,
    both eio_6_07_messages_flow_between_ping_and_pong,
    websocket eio_6_08_the_heartbeat_goes_on_after_the_upgrade,
    websocket eio_6_09_without_a_pong_an_upgraded_session_ends,
}

const INTERVAL: Duration = Duration::from_millis(250);
const OFFICIAL_INTERVAL: Duration = Duration::from_millis(300);
const OFFICIAL_TIMEOUT: Duration = Duration::from_millis(200);

async fn eio_6_01_the_first_ping_comes_after_the_interval(transport: Transport) -> Check {
    for mount in MOUNTS {
        let start = Instant::now();
        let mut session = Session::open(Server::Lively.at(mount)?, transport).await?;
        socketio::expect(&mut session, "2").await?;
        assert!(start.elapsed() >= grain(INTERVAL), "after {:?}", start.elapsed());
    }
    Ok(())
}

async fn eio_6_02_pings_go_on_as_long_as_pongs_come(transport: Transport) -> Check {
    for mount in MOUNTS {
        let start = Instant::now();
        let mut session = Session::open(Server::Lively.at(mount)?, transport).await?;
        for round in 1..=4 {
            socketio::expect(&mut session, "2").await?;
            assert!(start.elapsed() >= grain(INTERVAL * round), "ping {round} after {:?}", start.elapsed());
            session.send("3").await?;
        }
    }
    Ok(())
}

async fn eio_6_03_without_a_pong_the_session_ends(transport: Transport) -> Check {
    for mount in MOUNTS {
        let start = Instant::now();
        let at = Server::Official.at(mount)?;
        let mut session = Session::open(at, transport).await?;
        let sid = session.sid().to_owned();
        assert_eq!(session.closes().await?, [Packet::from("2")]);
        assert!(start.elapsed() >= grain(OFFICIAL_INTERVAL + OFFICIAL_TIMEOUT), "{:?}", start.elapsed());
        super::close::becomes_unknown(at, &sid).await?;
    }
    Ok(())
}

async fn eio_6_04_a_ping_of_the_client_ends_the_session(transport: Transport) -> Check {
    for mount in MOUNTS {
        for ping in ["2", "2probe"] {
            let mut session = Session::open(Server::Steady.at(mount)?, transport).await?;
            session.offend([ping.into()]).await?;
            assert_eq!(session.closes().await?, [], "{ping}");
        }
    }
    Ok(())
}

async fn eio_6_05_a_pong_that_was_not_asked_for_is_ignored(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut session = Session::open(at, transport).await?;
    session.send_all(["3".into(), "3".into(), "3probe".into()]).await?;
    lives(at, &mut session).await
}

async fn eio_6_06_a_session_that_nobody_polls_ends() -> Check {
    for mount in MOUNTS {
        let at = Server::Official.at(mount)?;
        let polling = Polling::open(at).await?;
        // The time within which the heartbeat must have found out; asking earlier would be a poll.
        tokio::time::sleep(OFFICIAL_INTERVAL + OFFICIAL_TIMEOUT).await;
        super::close::becomes_unknown(at, polling.sid()).await?;
    }
    Ok(())
}

async fn eio_6_07_messages_flow_between_ping_and_pong(transport: Transport) -> Check {
    let mut session = Session::open(Server::Lively.engine()?, transport).await?;
    socketio::expect(&mut session, "2").await?;
    session.send("4before the pong").await?;
    socketio::expect(&mut session, "4before the pong").await?;
    session.send_all(["3".into(), "4with the pong".into()]).await?;
    socketio::expect(&mut session, "4with the pong").await?;
    socketio::expect(&mut session, "2").await
}

async fn eio_6_08_the_heartbeat_goes_on_after_the_upgrade() -> Check {
    for mount in MOUNTS {
        let start = Instant::now();
        // The upgrade must be done before the first ping, which would come on the old transport.
        let mut socket = Polling::open(Server::Lively.at(mount)?).await?.upgrade().await?;
        let upgraded = start.elapsed();
        for round in 1..=2 {
            let packet = socket.next_packet().await?;
            assert_eq!(packet, Packet::from("2"), "ping {round}, upgraded after {upgraded:?}");
            socket.send("3").await?;
        }
    }
    Ok(())
}

async fn eio_6_09_without_a_pong_an_upgraded_session_ends() -> Check {
    let at: Endpoint = Server::Official.engine()?;
    let mut socket = Polling::open(at).await?.upgrade().await?;
    let (packets, _) = socket.closes().await?;
    assert!(packets.iter().all(|packet| *packet == Packet::from("2")), "{packets:?}");
    Ok(())
}

/// A timer may be a little early: servers count in whole milliseconds, or turn a wheel.
fn grain(time: Duration) -> Duration {
    time.mul_f64(0.9)
}
