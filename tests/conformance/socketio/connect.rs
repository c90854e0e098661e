//! Connection to a namespace.

use std::collections::BTreeSet;
use std::time::Duration;

use greenroom_tests::{Session, Transport, socketio};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ends, is_heard, joined, open};
use crate::case::{Check, cases};
use crate::engineio::varying_bits;
use crate::servers::Server;

cases! {
    both sio_1_01_a_connect_to_the_main_namespace_is_answered_with_an_id,
    both sio_1_02_a_connect_may_carry_a_payload,
    both sio_1_03_a_connect_to_another_namespace_is_answered_with_an_id,
    both sio_1_04_a_connect_to_another_namespace_may_carry_a_payload,
    both sio_1_05_an_unknown_namespace_is_refused,
    both sio_1_06_a_refusal_leaves_the_connection_open,
    both sio_1_07_a_refusal_may_carry_data,
    both sio_1_08_the_socket_id_is_not_the_session_id,
    both sio_1_09_each_namespace_gives_an_id_of_its_own,
    both sio_1_10_socket_ids_are_unique_and_not_guessable,
    both sio_1_11_several_namespaces_share_a_connection,
    both sio_1_12_the_main_namespace_is_not_joined_by_itself,
    both sio_1_13_a_session_that_joins_nothing_ends,
    both sio_1_14_a_session_that_was_only_refused_ends,
    both sio_1_15_a_session_that_joined_in_time_lives_on,
    both sio_1_16_a_payload_that_is_no_object_ends_the_session,
    both sio_1_17_a_query_is_no_part_of_the_namespace,
    both sio_1_18_the_main_namespace_may_be_spelled_out,
    both sio_1_19_the_payload_may_be_any_object,
}

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

async fn sio_1_01_a_connect_to_the_main_namespace_is_answered_with_an_id(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send("40").await?;
    socketio::connected(&mut session, "/").await?;
    socketio::expect(&mut session, r#"42["auth",{}]"#).await
}

async fn sio_1_02_a_connect_may_carry_a_payload(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send(r#"40{"token":"123"}"#).await?;
    socketio::connected(&mut session, "/").await?;
    socketio::expect(&mut session, r#"42["auth",{"token":"123"}]"#).await
}

async fn sio_1_03_a_connect_to_another_namespace_is_answered_with_an_id(transport: Transport) -> Check {
    // The comma may be missing at the end of a packet: clients leave it out.
    for connect in ["40/custom,", "40/custom"] {
        let mut session = open(transport).await?;
        session.send(connect).await?;
        socketio::connected(&mut session, "/custom").await?;
        socketio::expect(&mut session, r#"42/custom,["auth",{}]"#).await?;
    }
    Ok(())
}

async fn sio_1_04_a_connect_to_another_namespace_may_carry_a_payload(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send(r#"40/custom,{"token":"abc"}"#).await?;
    socketio::connected(&mut session, "/custom").await?;
    socketio::expect(&mut session, r#"42/custom,["auth",{"token":"abc"}]"#).await
}

async fn sio_1_05_an_unknown_namespace_is_refused(transport: Transport) -> Check {
    for namespace in ["/random", "/Custom", "/custom/", "/custom2", "/cust", "//", "/__proto__"] {
        let mut session = open(transport).await?;
        session.send(format!("40{namespace},")).await?;
        socketio::expect(&mut session, format!(r#"44{namespace},{{"message":"Invalid namespace"}}"#)).await?;
    }
    Ok(())
}

async fn sio_1_06_a_refusal_leaves_the_connection_open(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send("40/random,").await?;
    socketio::expect(&mut session, r#"44/random,{"message":"Invalid namespace"}"#).await?;
    is_heard(&mut session).await?;
    socketio::join(&mut session, "/custom").await.map(drop)
}

async fn sio_1_07_a_refusal_may_carry_data(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send(r#"40/middleware,{"fail":true}"#).await?;
    let text = session.next_text().await?;
    let payload = text.strip_prefix("44/middleware,").unwrap_or_default();
    let payload: Value = serde_json::from_str(payload)?;
    assert_eq!(payload, json!({ "message": "refused", "data": { "why": "fail" } }));
    // Nothing of it remains: the same session may try again.
    session.send("40/middleware,").await?;
    socketio::connected(&mut session, "/middleware").await.map(drop)
}

async fn sio_1_08_the_socket_id_is_not_the_session_id(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    let socket = socketio::join(&mut session, "/").await?;
    let (socket, sid) = (socket.as_str(), session.sid());
    assert!(!socket.contains(sid) && !sid.contains(socket), "session {sid}, socket {socket}");
    // Nor can one be told from the other: most characters differ.
    let same = socket.bytes().zip(sid.bytes()).filter(|(one, other)| one == other).count();
    assert!(same * 2 < sid.len(), "session {sid}, socket {socket}");
    Ok(())
}

async fn sio_1_09_each_namespace_gives_an_id_of_its_own(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    let main = socketio::join(&mut session, "/").await?;
    let custom = socketio::join(&mut session, "/custom").await?;
    assert_ne!(main, custom);
    Ok(())
}

async fn sio_1_10_socket_ids_are_unique_and_not_guessable(transport: Transport) -> Check {
    const SAMPLE: usize = 256;
    let mut ids = Vec::new();
    for _ in 0..SAMPLE {
        let mut session = open(transport).await?;
        ids.push(socketio::join(&mut session, "/").await?);
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), SAMPLE);
    assert!(varying_bits(&ids) >= 90.0, "{} bits vary, as in {:?}", varying_bits(&ids), ids.first());
    Ok(())
}

async fn sio_1_11_several_namespaces_share_a_connection(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    socketio::join(&mut session, "/").await?;
    socketio::join(&mut session, "/custom").await?;
    session.send(r#"42/custom,["message",1]"#).await?;
    socketio::expect(&mut session, r#"42/custom,["message-back",1]"#).await?;
    is_heard(&mut session).await
}

async fn sio_1_12_the_main_namespace_is_not_joined_by_itself(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    ends(&mut session, [r#"42["message",1]"#.into()]).await
}

async fn sio_1_13_a_session_that_joins_nothing_ends(transport: Transport) -> Check {
    let start = Instant::now();
    let mut session = Session::open(Server::Hasty.socket()?, transport).await?;
    assert_eq!(session.closes().await?, []);
    assert!(start.elapsed() >= CONNECT_TIMEOUT.mul_f64(0.9), "after {:?}", start.elapsed());
    Ok(())
}

async fn sio_1_14_a_session_that_was_only_refused_ends(transport: Transport) -> Check {
    let mut session = Session::open(Server::Hasty.socket()?, transport).await?;
    session.send("40/random,").await?;
    socketio::expect(&mut session, r#"44/random,{"message":"Invalid namespace"}"#).await?;
    assert_eq!(session.closes().await?, []);
    Ok(())
}

async fn sio_1_15_a_session_that_joined_in_time_lives_on(transport: Transport) -> Check {
    let mut session = Session::open(Server::Hasty.socket()?, transport).await?;
    socketio::join(&mut session, "/").await?;
    // Nothing but the time itself can show that nothing happens when it is over.
    tokio::time::sleep(CONNECT_TIMEOUT + Duration::from_millis(200)).await;
    is_heard(&mut session).await
}

async fn sio_1_16_a_payload_that_is_no_object_ends_the_session(transport: Transport) -> Check {
    for packet in ["40[]", "40\"token\"", "40null", "40true", "40{", "40{\"a\":1}x", "40/custom,[1]"] {
        let mut session = open(transport).await?;
        ends(&mut session, [packet.into()]).await?;
    }
    Ok(())
}

async fn sio_1_17_a_query_is_no_part_of_the_namespace(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send(r#"40/custom?token=abc&x=1,{"token":"auth"}"#).await?;
    socketio::connected(&mut session, "/custom").await?;
    socketio::expect(&mut session, r#"42/custom,["auth",{"token":"auth"}]"#).await?;
    session.send(r#"42/custom,["message",1]"#).await?;
    socketio::expect(&mut session, r#"42/custom,["message-back",1]"#).await
}

async fn sio_1_18_the_main_namespace_may_be_spelled_out(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    session.send(r#"40/,{"token":"123"}"#).await?;
    socketio::connected(&mut session, "/").await?;
    socketio::expect(&mut session, r#"42["auth",{"token":"123"}]"#).await?;
    session.send(r#"42/,["message",1]"#).await?;
    socketio::expect(&mut session, r#"42["message-back",1]"#).await
}

async fn sio_1_19_the_payload_may_be_any_object(transport: Transport) -> Check {
    let payloads = [
        "{}",
        r#"{"sid":"mine","__proto__":{"admin":true}}"#,
        r#"{"token":null,"nested":{"list":[1,"two",[3]],"€":"\u0000"}}"#,
    ];
    for payload in payloads {
        let mut session = open(transport).await?;
        session.send(format!("40{payload}")).await?;
        let sid = socketio::connected(&mut session, "/").await?;
        assert_ne!(sid, "mine");
        let text = session.next_text().await?;
        let event: Value = serde_json::from_str(text.strip_prefix("42").unwrap_or_default())?;
        assert_eq!(event, json!(["auth", serde_json::from_str::<Value>(payload)?]));
    }
    Ok(())
}
