//! Peers that take more from the server than they are entitled to: they do not read, or they flood.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use greenroom_tests::{Failure, Packet, Session, Transport, WebSocket, socketio};

use crate::running::{MODES, Outcome, Running, leave, steady, trip};

const PEERS: usize = 10;
/// How long a peer may get away with it.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
/// What the server may take in memory for all of them: their outboxes, and a few times as much for the
/// allocator, the buffers of their reads and what is on its way. Each asks for more than that.
const MEMORY_KIB: u64 = 48 * 1024;
const PINGED_BYTES: usize = 24 * 1024 * 1024;
const OUTBOX_BYTES: &str = "500000";

#[actix_rt::test]
async fn peers_that_stop_reading_are_closed_within_bounded_memory_and_their_neighbours_are_served() -> Outcome
{
    for mode in MODES {
        let mut running = Running::start(mode, steady().with("OUTBOX_BYTES", OUTBOX_BYTES))?;
        let mut neighbour = running.client(Transport::WebSocket).await?;
        let mut polling = running.client(Transport::Polling).await?;
        let before = running.fixture.counters()?;
        let mut peers = Vec::new();
        for _ in 0..PEERS {
            peers.push(silent_peer(&running).await?);
        }
        let asking: Vec<_> =
            peers.into_iter().map(|peer| actix_rt::spawn(ask_and_never_read(peer))).collect();
        let mut most = 0;
        let mut number = 0;
        while asking.iter().any(|task| !task.is_finished()) {
            trip(&mut neighbour, number).await?;
            trip(&mut polling, number).await?;
            number += 1;
            most = most.max(running.fixture.counters()?.resident_kib.saturating_sub(before.resident_kib));
        }
        for task in asking {
            let closed = task.await.map_err(|error| Failure::Unexpected(error.to_string()))?;
            assert!(closed, "{mode}: a peer that does not read was never closed");
        }
        assert!(most < MEMORY_KIB, "{mode}: {most} KiB for {PEERS} peers");
        let closed = running.until("the peers are gone", |now, _| now.count("sessions") == 2).await?;
        assert_eq!(closed.count("slow_clients_closed"), i64::try_from(PEERS).unwrap(), "{mode}");
        trip(&mut neighbour, number).await?;
        leave([neighbour, polling]).await?;
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

#[actix_rt::test]
async fn a_member_that_stops_reading_costs_its_room_nothing() -> Outcome {
    const SAID: usize = 1_000;
    for mode in MODES {
        let mut running = Running::start(mode, steady().with("OUTBOX_BYTES", OUTBOX_BYTES))?;
        let mut silent = silent_peer(&running).await?;
        silent.send(r#"420["join","room"]"#.to_owned()).await?;
        let mut members = Vec::new();
        for _ in 0..3 {
            let mut member = running.client(Transport::WebSocket).await?;
            member.send(r#"420["join","room"]"#).await?;
            socketio::expect(&mut member, r#"430["ok"]"#).await?;
            members.push(member);
        }
        let mut speaker = running.client(Transport::WebSocket).await?;
        let text = "x".repeat(20_000);
        for number in 0..SAID {
            speaker.send(format!(r#"421["say","room",["{text}",{number}]]"#)).await?;
            socketio::expect(&mut speaker, r#"431["ok"]"#).await?;
            for member in &mut members {
                let said = format!(r#"42["said",["{text}",{number}]]"#);
                // The fixture tells the room when the silent one has left.
                let heard = next_but_farewells(member).await?;
                assert!(heard == said, "{mode}: number {number}");
            }
        }
        let after = running.until("it is closed", |now, _| now.count("sessions") == 4).await?;
        assert_eq!((after.count("members"), after.count("slow_clients_closed")), (3, 1), "{mode}");
        silent.tcp_ends().await?;
        drop((members, speaker));
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

#[actix_rt::test]
async fn a_client_that_floods_is_served_in_order_and_its_neighbours_too() -> Outcome {
    const TRIPS: usize = 50;
    for mode in MODES {
        let mut running = Running::start(mode, steady().with("WORKERS", "1"))?;
        let mut neighbours =
            [running.client(Transport::WebSocket).await?, running.client(Transport::Polling).await?];
        let before = running.fixture.counters()?;
        let flooder = running.client(Transport::WebSocket).await?;
        let enough = Arc::new(AtomicBool::new(false));
        let flood = actix_rt::spawn(flood(flooder, enough.clone()));
        for number in 0..TRIPS {
            for neighbour in &mut neighbours {
                trip(neighbour, number).await?;
            }
        }
        enough.store(true, Ordering::Relaxed);
        let sent = flood.await.map_err(|error| Failure::Unexpected(error.to_string()))??;
        assert!(sent > 10 * TRIPS, "{mode}: only {sent} events are no flood");
        let after = running.fixture.counters()?;
        assert!(after.resident_kib < before.resident_kib + MEMORY_KIB, "{mode}: {before:?} {after:?}");
        leave(neighbours).await?;
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

#[actix_rt::test]
async fn a_peer_that_pings_without_end_and_never_reads_is_bounded_too() -> Outcome {
    for mode in MODES {
        let mut running = Running::start(mode, steady().with("OUTBOX_BYTES", OUTBOX_BYTES))?;
        let mut neighbour = running.client(Transport::WebSocket).await?;
        let before = running.fixture.counters()?;
        let mut peer = silent_peer(&running).await?;
        let pings = CONTROL_PING.repeat(100_000);
        let pinging = actix_rt::spawn(async move {
            let mut sent = 0;
            while sent < PINGED_BYTES && peer.write_raw(&pings).await.is_ok() {
                sent += pings.len();
            }
        });
        let (mut most, mut number) = (0, 0);
        while !pinging.is_finished() {
            trip(&mut neighbour, number).await?;
            number += 1;
            most = most.max(running.fixture.counters()?.resident_kib.saturating_sub(before.resident_kib));
        }
        assert!(most < MEMORY_KIB, "{mode}: {most} KiB for one peer");
        drop(neighbour);
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

/// The next packet that does not tell of somebody who left.
async fn next_but_farewells(session: &mut Session) -> Result<String, Failure> {
    loop {
        let text = session.next_text().await?;
        if !text.starts_with(r#"42["left""#) {
            return Ok(text);
        }
    }
}

/// A WebSocket that is connected to `/` and whose packets nobody takes.
pub(crate) async fn silent_peer(running: &Running) -> Result<WebSocket, Failure> {
    let at = running.endpoint();
    let mut peer = WebSocket::connect(at.address, &at.target(Transport::WebSocket, None)).await?;
    peer.send("40".to_owned()).await?;
    Ok(peer)
}

/// Asks for more and more until the server closes; says whether it did.
async fn ask_and_never_read(mut peer: WebSocket) -> bool {
    let text = "x".repeat(20_000);
    let ask = async { while peer.send(format!(r#"42["message","{text}"]"#)).await.is_ok() {} };
    tokio::time::timeout(CLOSED_WITHIN, ask).await.is_ok()
}

/// Sends events in batches until told to stop; then every one of them has been handled in its place.
async fn flood(mut flooder: Session, enough: Arc<AtomicBool>) -> Result<usize, Failure> {
    let mut sent = 0;
    while !enough.load(Ordering::Relaxed) {
        let events = (0..500).map(|_| Packet::from(r#"42["sum",1,2]"#));
        flooder.send_all(events).await?;
        sent += 500;
        tokio::task::yield_now().await;
    }
    trip(&mut flooder, sent).await?;
    Ok(sent)
}

/// A masked ping without content.
const CONTROL_PING: &[u8] = &[0x89, 0x80, 1, 2, 3, 4];
