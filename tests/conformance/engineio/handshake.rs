//! How a session begins.

use std::collections::BTreeSet;

use greenroom_tests::http::Request;
use greenroom_tests::{Session, Transport, WebSocket};
use serde_json::{Value, json};

use super::{ids_of_sessions, lives, varying_bits};
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, SMALL_PAYLOAD, Server};

cases! {
    both eio_2_01_the_open_packet_comes_first_and_has_five_fields,
    both eio_2_02_the_upgrades_depend_on_the_transport,
    both eio_2_03_the_open_packet_says_the_settings_of_the_server,
    both eio_2_04_ids_of_sessions_are_unique_and_not_guessable,
    both eio_2_05_ids_of_sessions_fit_into_a_query,
    both eio_2_06_the_handshake_succeeds_with_the_status_of_its_transport,
    both eio_2_07_messages_flow_right_after_the_handshake,
}

/// Enough ids to see what varies, few enough to be quick.
const SAMPLE: usize = 256;

async fn eio_2_01_the_open_packet_comes_first_and_has_five_fields(transport: Transport) -> Check {
    for mount in MOUNTS {
        let session = Session::open(Server::Steady.at(mount)?, transport).await?;
        let fields = session.handshake().as_object();
        let names: BTreeSet<&str> = fields.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let wanted = ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"];
        assert_eq!(names, BTreeSet::from(wanted));
        assert!(session.handshake()["sid"].is_string());
        for name in ["maxPayload", "pingInterval", "pingTimeout"] {
            assert!(session.handshake()[name].is_u64(), "{name} of {}", session.handshake());
        }
    }
    Ok(())
}

async fn eio_2_02_the_upgrades_depend_on_the_transport(transport: Transport) -> Check {
    let upgrades = match transport {
        Transport::Polling => json!(["websocket"]),
        Transport::WebSocket => json!([]),
    };
    for mount in MOUNTS {
        let session = Session::open(Server::Steady.at(mount)?, transport).await?;
        assert_eq!(session.handshake()["upgrades"], upgrades);
    }
    Ok(())
}

async fn eio_2_03_the_open_packet_says_the_settings_of_the_server(transport: Transport) -> Check {
    let official = [("pingInterval", 300), ("pingTimeout", 200), ("maxPayload", 1_000_000)];
    let lively = [("pingInterval", 250), ("pingTimeout", 6000), ("maxPayload", 1_000_000)];
    for mount in MOUNTS {
        for (server, settings) in [(Server::Official, official), (Server::Lively, lively)] {
            let session = Session::open(server.at(mount)?, transport).await?;
            for (name, value) in settings {
                assert_eq!(session.handshake()[name], Value::from(value), "{name} of {server:?}");
            }
        }
        let session = Session::open(Server::Small.at(mount)?, transport).await?;
        assert_eq!(session.handshake()["maxPayload"], Value::from(SMALL_PAYLOAD));
    }
    Ok(())
}

async fn eio_2_04_ids_of_sessions_are_unique_and_not_guessable(transport: Transport) -> Check {
    let ids = ids_of_sessions(Server::Steady.engine()?, transport, SAMPLE).await?;
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), SAMPLE);
    // 96 bits of randomness, less what a sample of this size cannot show.
    assert!(varying_bits(&ids) >= 90.0, "{} bits vary, as in {:?}", varying_bits(&ids), ids.first());
    Ok(())
}

async fn eio_2_05_ids_of_sessions_fit_into_a_query(transport: Transport) -> Check {
    for sid in ids_of_sessions(Server::Steady.engine()?, transport, 16).await? {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(sid.bytes().all(is_plain), "{sid}");
    }
    Ok(())
}

async fn eio_2_06_the_handshake_succeeds_with_the_status_of_its_transport(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let target = at.target(transport, None);
    match transport {
        Transport::Polling => {
            let response = Request::get(target).send(at.address).await?;
            assert_eq!(response.status, 200);
            assert!(response.text()?.starts_with("0{"));
        }
        Transport::WebSocket => {
            let response = Request::upgrade(target.as_str()).send(at.address).await?;
            assert_eq!(response.status, 101);
            // From the specification of the WebSocket, for the key that was sent.
            assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
            let mut socket = WebSocket::connect(at.address, &target).await?;
            assert!(socket.next_packet().await?.into_text()?.starts_with("0{"));
        }
    }
    Ok(())
}

async fn eio_2_07_messages_flow_right_after_the_handshake(transport: Transport) -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        let mut session = Session::open(at, transport).await?;
        lives(at, &mut session).await?;
    }
    Ok(())
}
