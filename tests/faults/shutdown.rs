//! SIGTERM in the middle of traffic.

use std::process::ExitStatus;
use std::time::Duration;

use greenroom_tests::{Failure, Session, Transport};
use tokio::net::TcpStream;

use crate::running::{MODES, Outcome, Running, steady};
use crate::slow_peer::silent_peer;

const CLIENTS: usize = 20;
/// Answers of 100 KB: more than the buffers of both ends of a connection hold.
const UNREAD: u32 = 200;
/// The fixture drains for three seconds at most.
const PATIENCE: Duration = Duration::from_secs(10);

#[actix_rt::test]
async fn a_server_that_is_told_to_stop_sends_its_clients_away_to_come_back_and_ends_in_time() -> Outcome {
    for mode in MODES {
        let mut running = Running::start(mode, steady())?;
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let transport = if number % 2 == 0 { Transport::WebSocket } else { Transport::Polling };
            let mut client = running.client(transport).await?;
            client.send(r#"420["join","room"]"#).await?;
            clients.push(actix_rt::spawn(talk(client)));
        }
        running.until("there is traffic", |now, _| now.count("deliveries") > 2_000).await?;
        running.fixture.signal("TERM")?;
        for client in clients {
            let last = client.await.map_err(|error| Failure::Unexpected(error.to_string()))?;
            assert!(
                !last.iter().any(|packet| packet == "41"),
                "{mode}: a DISCONNECT, after which nobody comes back"
            );
        }
        let status = ended(&mut running).await?;
        assert!(status.success(), "{mode}: {status}");
        assert!(TcpStream::connect(running.endpoint().address).await.is_err(), "{mode}");
    }
    Ok(())
}

#[actix_rt::test]
async fn a_client_that_does_not_read_neither_holds_up_a_shutdown_nor_what_others_are_owed() -> Outcome {
    for mode in MODES {
        let mut running = Running::start(mode, steady().with("OUTBOX_BYTES", "64000000"))?;
        let mut client = running.client(Transport::WebSocket).await?;
        let mut silent = silent_peer(&running).await?;
        let text = "x".repeat(100_000);
        for _ in 0..UNREAD {
            silent.send(format!(r#"42["message","{text}"]"#)).await?;
        }
        running.until("all is answered", |now, _| now.count("events_out") >= i64::from(UNREAD)).await?;
        client.send(r#"421["message","the last word"]"#).await?;
        running.until("the last word is heard", |now, _| now.count("events_in") > i64::from(UNREAD)).await?;
        running.fixture.signal("TERM")?;
        let rest: Vec<_> = client.closes().await?.into_iter().filter_map(|it| it.into_text().ok()).collect();
        assert!(rest.iter().any(|packet| packet.contains("the last word")), "{mode}: {rest:?}");
        let status = ended(&mut running).await?;
        assert!(status.success(), "{mode}: {status}");
        drop(silent);
    }
    Ok(())
}

async fn ended(running: &mut Running) -> Result<ExitStatus, Failure> {
    let status = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(status) = running.fixture.ended()? {
                return Ok::<_, Failure>(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    status.await.map_err(|_| Failure::Overdue("end of the process"))?
}

/// Talks until the connection ends; returns the last packets.
async fn talk(mut client: Session) -> Vec<String> {
    let mut last = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        if client.send(format!(r#"42{number}["say","room",{number}]"#)).await.is_err() {
            break;
        }
        let answer = format!(r#"43{number}["ok"]"#);
        loop {
            let Ok(text) = client.next_text().await else { return last };
            let answered = text == answer;
            last.push(text);
            if last.len() > 10 {
                last.remove(0);
            }
            if answered {
                break;
            }
        }
    }
    let rest = client.closes().await.unwrap_or_default();
    last.extend(rest.into_iter().filter_map(|packet| packet.into_text().ok()));
    last
}
