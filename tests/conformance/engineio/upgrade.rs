//! The upgrade from HTTP long-polling to WebSocket.

use std::time::Duration;

use greenroom_tests::{Endpoint, Failure, Packet, Polling, Session, Transport, WebSocket};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{echoes, lives};
use crate::case::{Check, cases};
use crate::servers::{ENGINE, MOUNTS, Server};

cases! {
    websocket eio_7_01_a_probe_is_answered,
    polling eio_7_02_a_waiting_poll_is_sent_away_during_the_upgrade,
    websocket eio_7_03_after_the_upgrade_messages_flow_over_the_websocket,
    polling eio_7_04_until_the_upgrade_messages_flow_over_polling,
    websocket eio_7_05_what_waits_at_the_upgrade_follows_in_order,
    websocket eio_7_06_order_holds_across_the_upgrade,
    polling eio_7_07_after_the_upgrade_polling_is_refused,
    websocket eio_7_08_a_second_websocket_during_the_upgrade_is_refused,
    websocket eio_7_09_a_second_websocket_after_the_upgrade_is_refused,
    polling eio_7_10_an_abandoned_upgrade_leaves_the_session_on_polling,
    both eio_7_11_an_upgrade_that_takes_too_long_is_given_up,
    both eio_7_12_anything_but_a_probe_ends_the_attempt_alone,
    both eio_7_13_an_upgrade_packet_without_a_probe_does_not_upgrade,
    both eio_7_14_a_close_during_the_upgrade_ends_both,
    websocket eio_7_15_probe_and_upgrade_may_come_at_once,
    websocket eio_7_16_an_upgraded_session_ends_with_its_websocket,
    polling eio_7_17_after_a_failed_attempt_another_may_succeed,
}

async fn eio_7_01_a_probe_is_answered() -> Check {
    for mount in MOUNTS {
        let polling = Polling::open(Server::Steady.at(mount)?).await?;
        probe(&polling).await?;
    }
    Ok(())
}

async fn eio_7_02_a_waiting_poll_is_sent_away_during_the_upgrade() -> Check {
    for mount in MOUNTS {
        let polling = Polling::open(Server::Steady.at(mount)?).await?;
        let before = polling.start_get().await?;
        let socket = probe(&polling).await?;
        assert_eq!(before.response().await?.text()?, "6");
        // Some clients poll once more before they look at the answer to their probe.
        for _ in 0..2 {
            assert_eq!(polling.get().await?.text()?, "6");
        }
        drop(socket);
    }
    Ok(())
}

async fn eio_7_03_after_the_upgrade_messages_flow_over_the_websocket() -> Check {
    for mount in MOUNTS {
        let polling = Polling::open(Server::Steady.at(mount)?).await?;
        let mut socket = probe(&polling).await?;
        assert_eq!(polling.get().await?.text()?, "6");
        socket.send("5").await?;
        if mount == ENGINE {
            echoes(&mut socket, "4hello").await?;
            socket.send([1, 2, 3, 4]).await?;
            assert_eq!(socket.next_packet().await?, Packet::from([1, 2, 3, 4]));
        } else {
            socket.send("40").await?;
            assert!(socket.next_packet().await?.into_text()?.starts_with("40{"));
        }
    }
    Ok(())
}

async fn eio_7_04_until_the_upgrade_messages_flow_over_polling() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    polling.send(&["4before".into()]).await?;
    let socket = probe(&polling).await?;
    polling.send(&["4during".into()]).await?;
    assert_eq!(received(&polling, 2).await?, ["4before", "4during"]);
    drop(socket);
    Ok(())
}

async fn eio_7_05_what_waits_at_the_upgrade_follows_in_order() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    polling.send(&["4one".into()]).await?;
    let mut socket = probe(&polling).await?;
    polling.send(&["4two".into(), [3].into()]).await?;
    socket.send("5").await?;
    socket.send("4four").await?;
    for packet in ["4one".into(), "4two".into(), [3].into(), Packet::from("4four")] {
        assert_eq!(socket.next_packet().await?, packet);
    }
    Ok(())
}

/// Half of the messages leave over polling and half over the WebSocket; each answer takes whichever way it
/// finds, and none is lost, doubled or overtaken.
async fn eio_7_06_order_holds_across_the_upgrade() -> Check {
    const HALF: usize = 50;
    let polling = Polling::open(Server::Steady.engine()?).await?;
    let mut socket = polling.open_upgrade().await?;
    socket.send("2probe").await?;
    for number in 0..HALF {
        polling.send(&[format!("4{number}").into()]).await?;
    }
    let mut answers = received(&polling, HALF / 2).await?;
    assert_eq!(socket.next_packet().await?, Packet::from("3probe"));
    socket.send("5").await?;
    for number in HALF..2 * HALF {
        socket.send(format!("4{number}")).await?;
    }
    while answers.len() < 2 * HALF {
        answers.push(socket.next_packet().await?.into_text()?);
    }
    let wanted: Vec<String> = (0..2 * HALF).map(|number| format!("4{number}")).collect();
    assert_eq!(answers, wanted);
    Ok(())
}

async fn eio_7_07_after_the_upgrade_polling_is_refused() -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        let polling = Polling::open(at).await?;
        let mut socket = polling.upgrade().await?;
        is_upgraded(at, &mut socket).await?;
        for response in [polling.get().await?, polling.post("4hello").await?] {
            assert_eq!(response.status, 400);
            let body: Value = serde_json::from_slice(&response.body)?;
            assert_eq!(body, json!({ "code": 3, "message": "Bad request" }));
        }
        is_upgraded(at, &mut socket).await?;
    }
    Ok(())
}

async fn eio_7_08_a_second_websocket_during_the_upgrade_is_refused() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let mut first = probe(&polling).await?;
    is_turned_away(&polling).await?;
    first.send("5").await?;
    is_upgraded(at, &mut first).await
}

async fn eio_7_09_a_second_websocket_after_the_upgrade_is_refused() -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        let polling = Polling::open(at).await?;
        let mut first = polling.upgrade().await?;
        is_upgraded(at, &mut first).await?;
        is_turned_away(&polling).await?;
        is_upgraded(at, &mut first).await?;
    }
    Ok(())
}

async fn eio_7_10_an_abandoned_upgrade_leaves_the_session_on_polling() -> Check {
    let at = Server::Steady.engine()?;
    for is_probed in [false, true] {
        let polling = Polling::open(at).await?;
        let mut socket = polling.open_upgrade().await?;
        if is_probed {
            socket.send("2probe").await?;
            assert_eq!(socket.next_packet().await?, Packet::from("3probe"));
        }
        socket.close().await?;
        stays_on_polling(at, polling).await?;
    }
    Ok(())
}

async fn eio_7_11_an_upgrade_that_takes_too_long_is_given_up(transport: Transport) -> Check {
    let at = Server::Hasty.engine()?;
    for is_probed in [false, true] {
        let start = Instant::now();
        let polling = Polling::open(at).await?;
        let mut socket = polling.open_upgrade().await?;
        if is_probed {
            socket.send("2probe").await?;
            assert_eq!(socket.next_packet().await?, Packet::from("3probe"));
        }
        socket.closes().await?;
        assert!(start.elapsed() >= Duration::from_millis(270), "given up after {:?}", start.elapsed());
        if transport == Transport::Polling {
            stays_on_polling(at, polling).await?;
        }
    }
    Ok(())
}

async fn eio_7_12_anything_but_a_probe_ends_the_attempt_alone(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let wrong: [Packet; 7] = [
        "2".into(),
        "2other".into(),
        "3probe".into(),
        "4hello".into(),
        "6".into(),
        "abc".into(),
        [1, 2, 3].into(),
    ];
    for packet in wrong {
        let polling = Polling::open(at).await?;
        let mut socket = polling.open_upgrade().await?;
        socket.send(packet).await?;
        assert_eq!(socket.closes().await?.0, []);
        if transport == Transport::Polling {
            stays_on_polling(at, polling).await?;
        }
    }
    Ok(())
}

async fn eio_7_13_an_upgrade_packet_without_a_probe_does_not_upgrade(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let mut socket = polling.open_upgrade().await?;
    socket.send("5").await?;
    match transport {
        Transport::Polling => stays_on_polling(at, polling).await,
        Transport::WebSocket => {
            assert_eq!(socket.closes().await?.0, []);
            Ok(())
        }
    }
}

async fn eio_7_14_a_close_during_the_upgrade_ends_both(transport: Transport) -> Check {
    let mut polling = Polling::open(Server::Steady.engine()?).await?;
    let mut socket = probe(&polling).await?;
    polling.send(&["1".into()]).await?;
    match transport {
        Transport::Polling => assert_eq!(polling.closes().await?, []),
        Transport::WebSocket => assert_eq!(socket.closes().await?.0, []),
    }
    Ok(())
}

async fn eio_7_15_probe_and_upgrade_may_come_at_once() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    let mut socket = polling.open_upgrade().await?;
    for packet in ["2probe", "5", "4hello"] {
        socket.send(packet).await?;
    }
    assert_eq!(socket.next_packet().await?, Packet::from("3probe"));
    assert_eq!(socket.next_packet().await?, Packet::from("4hello"));
    Ok(())
}

async fn eio_7_16_an_upgraded_session_ends_with_its_websocket() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let mut socket = polling.upgrade().await?;
    is_upgraded(at, &mut socket).await?;
    socket.close().await?;
    super::close::becomes_unknown(at, polling.sid()).await
}

async fn eio_7_17_after_a_failed_attempt_another_may_succeed() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let mut failed = probe(&polling).await?;
    failed.send("4not the upgrade packet").await?;
    failed.closes().await?;
    polling.send(&["4kept".into()]).await?;
    let mut socket = polling.upgrade().await?;
    assert_eq!(socket.next_packet().await?, Packet::from("4kept"));
    is_upgraded(at, &mut socket).await
}

async fn probe(polling: &Polling) -> Result<WebSocket, Failure> {
    let mut socket = polling.open_upgrade().await?;
    socket.send("2probe").await?;
    assert_eq!(socket.next_packet().await?, Packet::from("3probe"));
    Ok(socket)
}

/// Shows that the WebSocket carries the session.
async fn is_upgraded(at: Endpoint, socket: &mut WebSocket) -> Check {
    if at.path == ENGINE {
        return echoes(socket, "4over the WebSocket").await;
    }
    // A namespace that there is not may be asked for again and again.
    socket.send("40/random").await?;
    let refusal = Packet::from(r#"44/random,{"message":"Invalid namespace"}"#);
    assert_eq!(socket.next_packet().await?, refusal);
    Ok(())
}

async fn stays_on_polling(at: Endpoint, polling: Polling) -> Check {
    let mut session = Session::Polling(polling);
    lives(at, &mut session).await
}

/// One more WebSocket is not opened, or closed without an answer.
async fn is_turned_away(polling: &Polling) -> Check {
    if let Ok(mut second) = polling.open_upgrade().await {
        // It may be closed already.
        drop(second.send("2probe").await);
        assert_eq!(second.closes().await?.0, []);
    }
    Ok(())
}

/// Polls for so many messages, whatever else the polls say.
async fn received(polling: &Polling, count: usize) -> Result<Vec<String>, Failure> {
    let mut messages = Vec::new();
    while messages.len() < count {
        let response = polling.get().await?;
        messages.extend(response.text()?.split('\u{1e}').filter(|packet| *packet != "6").map(str::to_owned));
    }
    Ok(messages)
}
