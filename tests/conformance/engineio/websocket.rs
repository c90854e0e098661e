//! The WebSocket transport: one packet per frame.

use greenroom_tests::{Endpoint, Failure, Frame, Packet, Session, Transport, WebSocket};

use super::{echoes, lives};
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, SMALL_PAYLOAD, Server};

cases! {
    websocket eio_4_01_each_packet_has_a_message_of_its_own,
    websocket eio_4_02_binary_travels_as_it_is,
    websocket eio_4_03_base64_is_understood_as_well,
    websocket eio_4_04_a_message_over_the_limit_closes_with_1009,
    websocket eio_4_05_a_message_at_the_limit_is_taken,
    websocket eio_4_06_fragments_are_put_together,
    websocket eio_4_07_fragments_over_the_limit_together_close_with_1009,
    websocket eio_4_08_a_broken_frame_ends_only_its_connection,
    websocket eio_4_09_text_that_is_not_utf_8_ends_the_connection,
    websocket eio_4_10_a_second_websocket_of_a_session_is_closed,
    websocket eio_4_11_a_control_ping_is_answered,
    websocket eio_4_12_a_close_frame_is_answered_and_ends_the_session,
    websocket eio_4_13_nothing_is_compressed,
    websocket eio_4_14_an_empty_frame_closes,
    websocket eio_4_15_the_separator_has_no_meaning,
}

async fn eio_4_01_each_packet_has_a_message_of_its_own() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    let texts = ["4one", "4two", "4three"];
    for text in texts {
        socket.send(text).await?;
    }
    for text in texts {
        assert_eq!(socket.next_packet().await?, Packet::from(text));
    }
    Ok(())
}

async fn eio_4_02_binary_travels_as_it_is() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    let bytes: Vec<u8> = (0..=255).collect();
    socket.send(bytes.clone()).await?;
    assert_eq!(socket.next_packet().await?, Packet::Binary(bytes));
    Ok(())
}

async fn eio_4_03_base64_is_understood_as_well() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    socket.send("bAQIDBA==").await?;
    assert_eq!(socket.next_packet().await?, Packet::from([1, 2, 3, 4]));
    Ok(())
}

async fn eio_4_04_a_message_over_the_limit_closes_with_1009() -> Check {
    for mount in MOUNTS {
        let (_, mut text) = open(Server::Small.at(mount)?).await?;
        text.send(format!("4{}", "x".repeat(SMALL_PAYLOAD))).await?;
        assert_eq!(text.closes().await?, (vec![], Some(1009)));
        let (_, mut binary) = open(Server::Small.at(mount)?).await?;
        binary.send(vec![0; SMALL_PAYLOAD + 1]).await?;
        assert_eq!(binary.closes().await?, (vec![], Some(1009)));
    }
    Ok(())
}

async fn eio_4_05_a_message_at_the_limit_is_taken() -> Check {
    let (_, mut socket) = open(Server::Small.engine()?).await?;
    echoes(&mut socket, &format!("4{}", "x".repeat(SMALL_PAYLOAD - 1))).await?;
    socket.send(vec![7; SMALL_PAYLOAD]).await?;
    assert_eq!(socket.next_packet().await?, Packet::Binary(vec![7; SMALL_PAYLOAD]));
    Ok(())
}

async fn eio_4_06_fragments_are_put_together() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    socket.write_raw(&frame(TEXT, b"4he")).await?;
    socket.write_raw(&frame(CONTINUATION, b"l\xe2\x82")).await?;
    // A control frame may stand between them, and a character may be cut.
    socket.write_raw(&frame(FINAL | PING, b"?")).await?;
    socket.write_raw(&frame(FINAL | CONTINUATION, b"\xac!")).await?;
    assert_eq!(socket.next().await?, Frame::Pong(b"?".to_vec()));
    assert_eq!(socket.next_packet().await?, Packet::from("4hel€!"));
    Ok(())
}

async fn eio_4_07_fragments_over_the_limit_together_close_with_1009() -> Check {
    let (_, mut socket) = open(Server::Small.engine()?).await?;
    let half = vec![b'4'; SMALL_PAYLOAD / 2 + 1];
    socket.write_raw(&frame(TEXT, &half)).await?;
    socket.write_raw(&frame(FINAL | CONTINUATION, &half)).await?;
    assert_eq!(socket.closes().await?, (vec![], Some(1009)));
    Ok(())
}

async fn eio_4_08_a_broken_frame_ends_only_its_connection() -> Check {
    let at = Server::Steady.engine()?;
    let mut neighbour = Session::open(at, Transport::WebSocket).await?;
    let reserved_bit = frame(FINAL | 0x40 | TEXT, b"4hello");
    let unknown_opcode = frame(FINAL | 0x3, b"4hello");
    let unknown_control = frame(FINAL | 0xb, b"");
    let continuation_of_nothing = frame(FINAL | CONTINUATION, b"4hello");
    let fragmented_control = frame(PING, b"");
    let not_masked = [&[FINAL | TEXT, 6][..], b"4hello"].concat();
    let endless = [&[FINAL | TEXT, 0x80 | 127][..], &[0xff; 8], &[0; 4]].concat();
    for bytes in [
        reserved_bit,
        unknown_opcode,
        unknown_control,
        continuation_of_nothing,
        fragmented_control,
        not_masked,
        endless,
    ] {
        let (_, mut socket) = open(at).await?;
        socket.write_raw(&bytes).await?;
        assert_eq!(socket.closes().await?.0, [], "{bytes:x?}");
    }
    lives(at, &mut neighbour).await
}

async fn eio_4_09_text_that_is_not_utf_8_ends_the_connection() -> Check {
    for text in [&b"4\xff"[..], b"4\xc3", b"4\xed\xa0\x80"] {
        let (_, mut socket) = open(Server::Steady.engine()?).await?;
        socket.write_raw(&frame(FINAL | TEXT, text)).await?;
        assert_eq!(socket.closes().await?.0, [], "{text:x?}");
    }
    Ok(())
}

async fn eio_4_10_a_second_websocket_of_a_session_is_closed() -> Check {
    let at = Server::Steady.engine()?;
    let (sid, mut first) = open(at).await?;
    let target = at.target(Transport::WebSocket, Some(&sid));
    // Refused before it opens, or closed after: the specification asks for the end.
    if let Ok(mut second) = WebSocket::connect(at.address, &target).await {
        drop(second.send("2probe").await);
        second.closes().await?;
    }
    echoes(&mut first, "4still here").await
}

async fn eio_4_11_a_control_ping_is_answered() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    socket.send_control_ping(b"payload").await?;
    assert_eq!(socket.next().await?, Frame::Pong(b"payload".to_vec()));
    echoes(&mut socket, "4hello").await
}

async fn eio_4_12_a_close_frame_is_answered_and_ends_the_session() -> Check {
    let at = Server::Steady.engine()?;
    let (sid, mut socket) = open(at).await?;
    socket.write_raw(&frame(FINAL | CLOSE, &1000_u16.to_be_bytes())).await?;
    assert_eq!(socket.closes().await?, (vec![], Some(1000)));
    // Our end of the TCP connection: some servers wait for it.
    drop(socket);
    super::close::becomes_unknown(at, &sid).await
}

async fn eio_4_13_nothing_is_compressed() -> Check {
    let at = Server::Steady.engine()?;
    let target = at.target(Transport::WebSocket, None);
    let offer = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];
    let mut socket = WebSocket::connect_with(at.address, &target, &offer).await?;
    assert_eq!(socket.response_header("sec-websocket-extensions"), None);
    assert!(socket.next_packet().await?.into_text()?.starts_with('0'));
    echoes(&mut socket, &format!("4{}", "x".repeat(10_000))).await
}

async fn eio_4_14_an_empty_frame_closes() -> Check {
    for mount in MOUNTS {
        let (_, mut socket) = open(Server::Steady.at(mount)?).await?;
        socket.send("").await?;
        assert_eq!(socket.closes().await?.0, []);
    }
    Ok(())
}

async fn eio_4_15_the_separator_has_no_meaning() -> Check {
    let (_, mut socket) = open(Server::Steady.engine()?).await?;
    echoes(&mut socket, "4one\u{1e}4two").await
}

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const FINAL: u8 = 0x80;

/// A frame of a client: masked, with a key that changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// A session over WebSocket: its id, and the connection itself.
async fn open(at: Endpoint) -> Result<(String, WebSocket), Failure> {
    let session = Session::open(at, Transport::WebSocket).await?;
    let sid = session.sid().to_owned();
    match session {
        Session::WebSocket(direct) => Ok((sid, direct.socket)),
        Session::Polling(_) => Err(Failure::Unexpected("polling instead of a WebSocket".to_owned())),
    }
}
