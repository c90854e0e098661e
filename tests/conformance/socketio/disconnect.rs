//! Disconnection from a namespace.

use greenroom_tests::{Session, Transport, socketio};

use super::{ends, is_heard, joined};
use crate::case::{Check, cases};
use crate::servers::Server;

cases! {
    both sio_6_01_the_client_may_leave_a_namespace,
    both sio_6_02_the_other_namespaces_stay,
    both sio_6_03_the_connection_stays_without_a_namespace,
    both sio_6_04_an_event_after_disconnect_ends_the_session,
    both sio_6_05_a_namespace_may_be_joined_again,
    both sio_6_06_a_disconnect_with_a_payload_ends_the_session,
    both sio_6_07_the_server_may_end_a_namespace,
    both sio_6_08_the_server_may_end_the_connection,
    both sio_6_09_what_was_sent_before_a_disconnect_is_heard,
    both sio_6_10_a_namespace_is_left_by_each_session_for_itself,
}

async fn sio_6_01_the_client_may_leave_a_namespace(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    // No answer is due: the next packet answers the next event.
    session.send("41/custom,").await?;
    is_heard(&mut session).await
}

async fn sio_6_02_the_other_namespaces_stay(transport: Transport) -> Check {
    for leave in ["41/custom,", "41/custom"] {
        let mut session = joined(transport).await?;
        socketio::join(&mut session, "/custom").await?;
        session.send_all([leave.into(), r#"42["message","message to main namespace"]"#.into()]).await?;
        socketio::expect(&mut session, r#"42["message-back","message to main namespace"]"#).await?;
    }
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    session.send_all(["41".into(), r#"42/custom,["message",1]"#.into()]).await?;
    socketio::expect(&mut session, r#"42/custom,["message-back",1]"#).await
}

async fn sio_6_03_the_connection_stays_without_a_namespace(transport: Transport) -> Check {
    let mut session = Session::open(Server::Lively.socket()?, transport).await?;
    session.send("40").await?;
    socketio::connected(&mut session, "/").await?;
    socketio::expect(&mut session, r#"42["auth",{}]"#).await?;
    session.send("41").await?;
    for _ in 0..2 {
        socketio::expect(&mut session, "2").await?;
        session.send("3").await?;
    }
    Ok(())
}

async fn sio_6_04_an_event_after_disconnect_ends_the_session(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    session.send("41/custom,").await?;
    is_heard(&mut session).await?;
    ends(&mut session, [r#"42/custom,["message",1]"#.into()]).await
}

async fn sio_6_05_a_namespace_may_be_joined_again(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let first = socketio::join(&mut session, "/custom").await?;
    session.send("41/custom,").await?;
    is_heard(&mut session).await?;
    let second = socketio::join(&mut session, "/custom").await?;
    assert_ne!(first, second);
    session.send(r#"42/custom,["message",1]"#).await?;
    socketio::expect(&mut session, r#"42/custom,["message-back",1]"#).await
}

async fn sio_6_06_a_disconnect_with_a_payload_ends_the_session(transport: Transport) -> Check {
    for packet in ["41{}", "41[]", "41\"bye\"", "41x"] {
        let mut session = joined(transport).await?;
        ends(&mut session, [packet.into()]).await?;
    }
    Ok(())
}

async fn sio_6_07_the_server_may_end_a_namespace(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    session.send(r#"42["kick",false]"#).await?;
    socketio::expect(&mut session, "41").await?;
    session.send(r#"42/custom,["message",1]"#).await?;
    socketio::expect(&mut session, r#"42/custom,["message-back",1]"#).await?;
    socketio::join(&mut session, "/").await.map(drop)
}

async fn sio_6_08_the_server_may_end_the_connection(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    session.send(r#"42["kick",true]"#).await?;
    let mut last = session.closes().await?;
    last.sort_by_key(|packet| format!("{packet:?}"));
    assert_eq!(last, ["41".into(), "41/custom,".into()]);
    Ok(())
}

async fn sio_6_09_what_was_sent_before_a_disconnect_is_heard(transport: Transport) -> Check {
    let mut leaving = joined(transport).await?;
    let mut staying = Session::open(Server::Steady.socket()?, transport).await?;
    let id = socketio::join(&mut staying, "/").await?;
    // Each socket is in the room of its own id.
    leaving.send_all([format!(r#"42["say","{id}","last words"]"#).into(), "41".into()]).await?;
    socketio::expect(&mut staying, r#"42["said","last words"]"#).await
}

async fn sio_6_10_a_namespace_is_left_by_each_session_for_itself(transport: Transport) -> Check {
    let mut leaving = joined(transport).await?;
    let mut staying = joined(transport).await?;
    socketio::join(&mut leaving, "/custom").await?;
    leaving.send("41").await?;
    // The answer shows that the server is past the DISCONNECT.
    leaving.send(r#"42/custom,["message",1]"#).await?;
    socketio::expect(&mut leaving, r#"42/custom,["message-back",1]"#).await?;
    is_heard(&mut staying).await
}
