//! The format of a packet.

use greenroom_tests::{Packet, Transport, socketio};

use super::{each_ends_the_session, ends, is_heard, joined, open};
use crate::case::{Check, cases};

cases! {
    both sio_7_01_an_unknown_type_ends_the_session,
    both sio_7_02_an_empty_packet_ends_the_session,
    both sio_7_03_a_namespace_begins_with_a_slash,
    both sio_7_04_nothing_stands_before_the_payload,
    both sio_7_05_the_main_namespace_is_not_written,
    both sio_7_06_a_packet_that_is_no_handshake_ends_the_session,
    both sio_7_07_many_packets_in_a_row_are_heard,
    websocket sio_7_08_a_session_keeps_its_namespaces_across_the_upgrade,
    both sio_7_09_the_engine_carries_only_messages_up,
    both sio_7_10_white_space_is_no_id,
}

async fn sio_7_01_an_unknown_type_ends_the_session(transport: Transport) -> Check {
    let packets =
        ["4abc", "47", "48[\"message\"]", "49", "4-2[\"message\"]", "4 2[\"message\"]", "4２[\"message\"]"];
    each_ends_the_session(transport, &packets).await
}

async fn sio_7_02_an_empty_packet_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["4"]).await
}

async fn sio_7_03_a_namespace_begins_with_a_slash(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    ends(&mut session, ["40custom,".into()]).await?;
    each_ends_the_session(transport, &[r#"42custom,["message",1]"#, r#"42,["message",1]"#]).await
}

async fn sio_7_04_nothing_stands_before_the_payload(transport: Transport) -> Check {
    let packets = [r#"42x["message",1]"#, r#"422-["message",1]"#, r#"42/,,["message",1]"#];
    each_ends_the_session(transport, &packets).await
}

async fn sio_7_05_the_main_namespace_is_not_written(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send_all([r#"42/,["message",1]"#.into(), r#"42/,5["message-with-ack",1]"#.into()]).await?;
    socketio::expect(&mut session, r#"42["message-back",1]"#).await?;
    socketio::expect(&mut session, "435[1]").await
}

async fn sio_7_06_a_packet_that_is_no_handshake_ends_the_session(transport: Transport) -> Check {
    for packet in ["4abc", "4{}", "4connect"] {
        let mut session = open(transport).await?;
        ends(&mut session, [packet.into()]).await?;
    }
    Ok(())
}

async fn sio_7_07_many_packets_in_a_row_are_heard(transport: Transport) -> Check {
    const COUNT: usize = 500;
    let mut session = joined(transport).await?;
    session.send_all((0..COUNT).map(|number| format!(r#"42["message",{number}]"#).into())).await?;
    for number in 0..COUNT {
        socketio::expect(&mut session, format!(r#"42["message-back",{number}]"#)).await?;
    }
    is_heard(&mut session).await
}

async fn sio_7_08_a_session_keeps_its_namespaces_across_the_upgrade() -> Check {
    let mut session = joined(Transport::Polling).await?;
    socketio::join(&mut session, "/custom").await?;
    let greenroom_tests::Session::Polling(polling) = session else { return Ok(()) };
    polling.send(&[r#"42["message","over polling"]"#.into()]).await?;
    let mut socket = polling.upgrade().await?;
    assert_eq!(socket.next_packet().await?, Packet::from(r#"42["message-back","over polling"]"#));
    for (event, answer) in [
        (r#"42["message",1]"#, r#"42["message-back",1]"#),
        (r#"42/custom,3["message-with-ack",2]"#, "43/custom,3[2]"),
    ] {
        socket.send(event).await?;
        assert_eq!(socket.next_packet().await?, Packet::from(answer));
    }
    Ok(())
}

async fn sio_7_09_the_engine_carries_only_messages_up(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    // A noop or a pong with something that looks like a packet is none.
    session.send_all([r#"62["message",1]"#.into(), r#"32["message",2]"#.into()]).await?;
    is_heard(&mut session).await
}

async fn sio_7_10_white_space_is_no_id(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send_all([r#"42 ["message-with-ack",1]"#.into(), r#"42 ["message",2]"#.into()]).await?;
    socketio::expect(&mut session, r#"42["message-back",2]"#).await?;
    ends(&mut session, [r#"42 1["message-with-ack",1]"#.into()]).await
}
