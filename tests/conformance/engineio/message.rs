//! Messages and the packet types.

use greenroom_tests::{Packet, Session, Transport, socketio};

use super::lives;
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, Server};

cases! {
    both eio_5_01_a_text_message_arrives_unchanged,
    both eio_5_02_a_binary_message_arrives_unchanged,
    both eio_5_03_messages_keep_their_order,
    both eio_5_04_text_and_binary_keep_their_order,
    both eio_5_05_an_empty_message_is_a_message,
    both eio_5_06_text_is_utf_8,
    both eio_5_07_a_large_message_arrives_whole,
    both eio_5_08_an_unknown_packet_type_ends_the_session,
    both eio_5_09_a_noop_of_the_client_is_ignored,
    both eio_5_10_an_open_packet_of_the_client_ends_the_session,
    both eio_5_11_an_upgrade_packet_outside_an_upgrade_ends_the_session,
    both eio_5_12_sessions_do_not_hear_each_other,
}

async fn eio_5_01_a_text_message_arrives_unchanged(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    for text in ["4hello", "4 ", "44", "4b", "4{\"a\":[1,2]}", "4\r\n\t", "4\u{0}", "4+%20&="] {
        session.send(text).await?;
        socketio::expect(&mut session, text).await?;
    }
    Ok(())
}

async fn eio_5_02_a_binary_message_arrives_unchanged(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    // Every length modulo 3, since base64 pads.
    for length in [1, 2, 3, 4, 255, 256, 257] {
        let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
        session.send(bytes.clone()).await?;
        socketio::expect(&mut session, bytes).await?;
    }
    Ok(())
}

async fn eio_5_03_messages_keep_their_order(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    for batch in 0..20 {
        session.send_all((0..10).map(|number| format!("4{batch}.{number}").into())).await?;
    }
    for batch in 0..20 {
        for number in 0..10 {
            socketio::expect(&mut session, format!("4{batch}.{number}")).await?;
        }
    }
    Ok(())
}

async fn eio_5_04_text_and_binary_keep_their_order(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    let packets: [Packet; 5] = ["4one".into(), [1].into(), [2, 2].into(), "4two".into(), [3, 3, 3].into()];
    session.send_all(packets.clone()).await?;
    for packet in packets {
        socketio::expect(&mut session, packet).await?;
    }
    Ok(())
}

async fn eio_5_05_an_empty_message_is_a_message(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    let packets: [Packet; 3] = ["4".into(), Packet::Binary(vec![]), "4end".into()];
    session.send_all(packets.clone()).await?;
    for packet in packets {
        socketio::expect(&mut session, packet).await?;
    }
    Ok(())
}

async fn eio_5_06_text_is_utf_8(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    for text in ["4€", "4\u{e4}\u{f6}", "4日本語", "4😀👩‍👩‍👧", "4\u{feff}\u{2028}\u{10ffff}"]
    {
        session.send(text).await?;
        socketio::expect(&mut session, text).await?;
    }
    Ok(())
}

async fn eio_5_07_a_large_message_arrives_whole(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    let text = format!("4{}", "0123456789".repeat(50_000));
    session.send(text.as_str()).await?;
    socketio::expect(&mut session, text).await?;
    let bytes: Vec<u8> = (0..=255).cycle().take(500_000).collect();
    session.send(bytes.clone()).await?;
    socketio::expect(&mut session, bytes).await
}

async fn eio_5_08_an_unknown_packet_type_ends_the_session(transport: Transport) -> Check {
    for mount in MOUNTS {
        for packet in ["abc", "7", "9hello", "-1", " 4hello", "\u{0}", "€", "{\"type\":4}"] {
            let mut session = Session::open(Server::Steady.at(mount)?, transport).await?;
            session.offend([packet.into()]).await?;
            assert_eq!(session.closes().await?, [], "{packet}");
        }
    }
    Ok(())
}

async fn eio_5_09_a_noop_of_the_client_is_ignored(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut session = Session::open(at, transport).await?;
    session.send_all(["6".into(), "6".into()]).await?;
    lives(at, &mut session).await
}

async fn eio_5_10_an_open_packet_of_the_client_ends_the_session(transport: Transport) -> Check {
    for packet in ["0", "0{\"sid\":\"mine\"}"] {
        let mut session = Session::open(Server::Steady.engine()?, transport).await?;
        session.offend([packet.into()]).await?;
        assert_eq!(session.closes().await?, [], "{packet}");
    }
    Ok(())
}

async fn eio_5_11_an_upgrade_packet_outside_an_upgrade_ends_the_session(transport: Transport) -> Check {
    let mut session = Session::open(Server::Steady.engine()?, transport).await?;
    session.offend(["5".into()]).await?;
    assert_eq!(session.closes().await?, []);
    Ok(())
}

async fn eio_5_12_sessions_do_not_hear_each_other(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut one = Session::open(at, transport).await?;
    let mut other = Session::open(at, transport).await?;
    one.send("4for one").await?;
    other.send("4for the other").await?;
    socketio::expect(&mut other, "4for the other").await?;
    socketio::expect(&mut one, "4for one").await
}
