//! How often a client may do what it may: events, CONNECTs, sessions.

use std::time::Duration;

use greenroom::prelude::*;
use greenroom_tests::http::Request;
use greenroom_tests::{Failure, Session, Settings, Transport, WebSocket, socketio};

use crate::running::{MODES, Outcome, Running, steady};
use crate::stage::Stage;

const TRANSPORTS: [Transport; 2] = [Transport::Polling, Transport::WebSocket];

fn limited() -> Config {
    Config {
        events_per_second: 10,
        event_burst: 2,
        max_refused_events: 3,
        refused_events_window: Duration::from_secs(1),
        ..Config::default()
    }
}

const REFUSED: &str = r#"{"code":"rate_limited","message":"too many events"}"#;

#[actix_rt::test]
async fn an_event_too_many_is_refused_and_not_handled_and_time_makes_it_good() {
    let stage = Stage::new(limited());
    let client = stage.client(0).await;
    client.send_all([r#"21["echo",1]"#, r#"22["echo",2]"#, r#"23["echo",3]"#, r#"2["echo",4]"#]).await;
    stage.run().await;
    let refused = format!(r#"33[{{"error":{REFUSED}}}]"#);
    // Without an acknowledgement it is an event.
    let told = format!(r#"2["error",{REFUSED}]"#);
    assert_eq!(client.received(), ["31[1]".to_owned(), "32[2]".to_owned(), refused, told]);
    assert_eq!(stage.io.stats().events_refused, 2);
    stage.advance(Duration::from_millis(100)).await;
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn who_goes_on_is_disconnected_for_good_and_who_pauses_is_not() {
    let stage = Stage::new(limited());
    let (patient, flood) = (stage.client(0).await, stage.client(1).await);
    for _ in 0..3 {
        patient.send_all([r#"2["echo"]"#; 5]).await;
        stage.run().await;
        stage.advance(Duration::from_secs(2)).await;
    }
    assert!(!patient.is_closed());
    drop(flood.received());
    flood.send_all([r#"2["echo"]"#; 50]).await;
    stage.run().await;
    let received = flood.received();
    // Two handled, three refused, one too many; the forty-four behind it are for nobody.
    assert_eq!(received.len(), 5, "{received:?}");
    assert_eq!(received.last().unwrap(), "1", "a DISCONNECT, after which stock clients stay away");
    assert!(flood.is_closed());
    assert_eq!(stage.ended(), ["server namespace disconnect"]);
    stage.assert_nothing_left_without([patient, flood]).await;
}

#[actix_rt::test]
async fn acknowledgements_are_no_events_and_are_never_refused() {
    let stage = Stage::new(limited());
    stage.io.of("/").on_async("ask", |socket: Socket, ()| async move {
        let mut sum = 0;
        for number in 0..20 {
            sum += socket.emit_with_ack("question", number).answer::<u32>().await?;
        }
        Ok(sum)
    });
    let client = stage.client(0).await;
    let mut received = stage.ask(&client, r#"21["ask"]"#).await;
    for number in 0..20 {
        assert_eq!(received, [format!(r#"2{number}["question",{number}]"#)]);
        received = stage.ask(&client, &format!("3{number}[1]")).await;
    }
    assert_eq!(received, ["31[20]"]);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn connects_of_a_session_are_limited_too() {
    let config = Config { connects_per_second: 10, connect_burst: 3, ..Config::default() };
    let stage = Stage::new(config);
    let client = stage.client(0).await;
    client.send_all(["1", "0", "1", "0", "0/nowhere,"]).await;
    stage.run().await;
    let received = client.received();
    let refused = |packet: &String| packet.starts_with(r#"4/nowhere,{"data":{"code":"rate_limited"}"#);
    assert_eq!((received.len(), received.iter().filter(|packet| refused(packet)).count()), (3, 1));
    stage.assert_served(&client).await;
    stage.advance(Duration::from_millis(100)).await;
    assert!(stage.ask(&client, "0/nowhere,").await[0].contains("Invalid namespace"));
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn events_are_limited_over_real_sockets() -> Outcome {
    for (mode, transport) in MODES.into_iter().flat_map(|mode| TRANSPORTS.map(|transport| (mode, transport)))
    {
        let settings = steady().with("EVENTS_PER_SECOND", "1").with("EVENT_BURST", "3");
        let mut running = Running::start(mode, settings.with("MAX_REFUSED_EVENTS", "5"))?;
        let mut client = running.client(transport).await?;
        let events = (0..20).map(|number| format!(r#"42{number}["message-with-ack",1]"#).into());
        client.offend(events).await?;
        let packets: Vec<String> =
            client.closes().await?.into_iter().map(|packet| packet.into_text()).collect::<Result<_, _>>()?;
        let refused = packets.iter().filter(|packet| packet.contains("rate_limited")).count();
        let answered = packets.iter().filter(|packet| packet.ends_with("[1]")).count();
        assert!((3..=5).contains(&answered) && refused >= 5, "{mode}, {transport:?}: {packets:?}");
        assert!(packets.contains(&"41".to_owned()), "{mode}, {transport:?}: {packets:?}");
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

#[actix_rt::test]
async fn an_address_has_its_share_of_sessions_however_they_end() -> Outcome {
    for mode in MODES {
        let settings = steady().with("MAX_SESSIONS_PER_ADDRESS", "2");
        let mut running = Running::start(mode, settings)?;
        for _ in 0..3 {
            let mut closed = running.client(Transport::Polling).await?;
            let broken = running.client(Transport::WebSocket).await?;
            for transport in TRANSPORTS {
                let target = running.endpoint().target(transport, None);
                let request = match transport {
                    Transport::Polling => Request::get(target),
                    Transport::WebSocket => Request::upgrade(target),
                };
                assert_eq!(request.send(running.fixture.address()).await?.status, 429, "{mode}");
            }
            closed.offend(["1".into()]).await?;
            drop(broken);
            running.until_nothing_is_left().await?;
        }
    }
    Ok(())
}

#[actix_rt::test]
async fn behind_a_trusted_proxy_it_is_the_clients_address_that_counts() -> Outcome {
    let limit = |settings: Settings| settings.with("MAX_SESSIONS_PER_ADDRESS", "1");
    let trusting = Running::start("serve", limit(steady()).with("TRUSTED_PROXIES", "127.0.0.1"))?;
    let _one = open_for(&trusting, "203.0.113.1").await?;
    let _other = open_for(&trusting, "2001:db8:1:2::1").await?;
    assert!(open_for(&trusting, "203.0.113.1").await.is_err());
    assert!(open_for(&trusting, "2001:db8:1:2::9").await.is_err(), "the same network of 64 bits");
    // What the client wrote stands left of what the proxy has seen, and further proxies right of it.
    let _spoofed = open_for(&trusting, "198.51.100.7, 203.0.113.5").await?;
    assert!(open_for(&trusting, "198.51.100.8, 203.0.113.5, 127.0.0.1").await.is_err());
    let _innocent = open_for(&trusting, "198.51.100.7").await?;
    // Who is no trusted proxy may write what it likes.
    let stranger = Running::start("serve", limit(steady()))?;
    let _one = open_for(&stranger, "203.0.113.1").await?;
    assert!(open_for(&stranger, "203.0.113.2").await.is_err());
    Ok(())
}

async fn open_for(running: &Running, client: &str) -> Result<WebSocket, Failure> {
    let target = running.endpoint().target(Transport::WebSocket, None);
    let headers = [("x-forwarded-for", client)];
    WebSocket::connect_with(running.fixture.address(), &target, &headers).await
}

#[actix_rt::test]
async fn connects_are_limited_over_real_sockets() -> Outcome {
    let settings = steady().with("CONNECTS_PER_SECOND", "1").with("CONNECT_BURST", "2");
    let running = Running::start("serve", settings)?;
    let mut client = Session::open(running.endpoint(), Transport::WebSocket).await?;
    socketio::join(&mut client, "/").await?;
    client.send_all((0..10).map(|_| "40/nowhere,".into())).await?;
    for number in 0..10 {
        let refusal = client.next_text().await?;
        assert!(refusal.starts_with("44/nowhere,"), "{refusal}");
        assert!(number < 4 || refusal.contains("rate_limited"), "{number}: {refusal}");
    }
    Ok(())
}
