//! HTTP long-polling: GET to receive, POST to send, one of each at a time.

use std::time::Duration;

use greenroom_tests::http::Request;
use greenroom_tests::{Packet, Polling, Session, Transport};

use super::lives;
use crate::case::{Check, cases};
use crate::servers::{MOUNTS, SMALL_PAYLOAD, Server};

cases! {
    polling eio_3_01_a_poll_is_answered_as_plain_text_in_utf_8,
    polling eio_3_02_a_post_is_answered_with_ok,
    polling eio_3_03_answers_are_not_cached,
    polling eio_3_04_a_poll_waits_until_there_is_a_packet,
    polling eio_3_05_packets_that_wait_leave_in_one_payload,
    polling eio_3_06_a_post_may_carry_several_packets,
    polling eio_3_07_a_second_get_ends_the_session,
    polling eio_3_08_a_second_post_ends_the_session,
    polling eio_3_09_a_body_over_the_limit_is_refused,
    polling eio_3_10_a_body_at_the_limit_is_taken,
    polling eio_3_11_an_aborted_get_ends_the_session,
    polling eio_3_12_an_aborted_post_ends_the_session,
    polling eio_3_13_a_binary_body_is_refused,
    polling eio_3_14_a_body_without_a_content_type_is_text,
    polling eio_3_15_binary_travels_in_base64,
    polling eio_3_16_what_is_not_base64_ends_the_session,
    polling eio_3_17_what_is_not_utf_8_ends_the_session,
    polling eio_3_18_an_empty_packet_ends_the_session,
    polling eio_3_19_get_and_post_overlap_freely,
}

async fn eio_3_01_a_poll_is_answered_as_plain_text_in_utf_8() -> Check {
    let at = Server::Steady.engine()?;
    let handshake = Request::get(at.target(Transport::Polling, None)).send(at.address).await?;
    let polling = Polling::open(at).await?;
    polling.send(&["4€".into(), [1, 2, 3].into()]).await?;
    for response in [handshake, polling.get().await?] {
        assert_eq!(response.status, 200);
        let content_type = response.header("content-type").unwrap_or_default();
        assert_eq!(content_type.to_ascii_lowercase().replace(' ', ""), "text/plain;charset=utf-8");
    }
    Ok(())
}

async fn eio_3_02_a_post_is_answered_with_ok() -> Check {
    for mount in MOUNTS {
        let polling = Polling::open(Server::Steady.at(mount)?).await?;
        let response = polling.post("6").await?;
        assert_eq!((response.status, response.text()?), (200, "ok"));
        // Some browsers offer text/plain as a download.
        let content_type = response.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("text/html"), "{content_type:?}");
    }
    Ok(())
}

async fn eio_3_03_answers_are_not_cached() -> Check {
    let at = Server::Steady.engine()?;
    let handshake = Request::get(at.target(Transport::Polling, None)).send(at.address).await?;
    let polling = Polling::open(at).await?;
    let post = polling.post("4hello").await?;
    for response in [handshake, post, polling.get().await?] {
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    Ok(())
}

async fn eio_3_04_a_poll_waits_until_there_is_a_packet() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    let mut get = polling.start_get().await?;
    assert!(!get.is_answered_within(Duration::from_millis(150)).await?);
    polling.send(&["4hello".into()]).await?;
    assert_eq!(get.response().await?.text()?, "4hello");
    Ok(())
}

async fn eio_3_05_packets_that_wait_leave_in_one_payload() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    for packet in ["4one", "4two", "4three"] {
        polling.send(&[packet.into()]).await?;
    }
    assert_eq!(polling.get().await?.text()?, "4one\u{1e}4two\u{1e}4three");
    Ok(())
}

async fn eio_3_06_a_post_may_carry_several_packets() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    let response = polling.post("4one\u{1e}4two\u{1e}4three").await?;
    assert_eq!((response.status, response.text()?), (200, "ok"));
    assert_eq!(polling.get().await?.text()?, "4one\u{1e}4two\u{1e}4three");
    Ok(())
}

/// Which of the two arrives second is the server's to say: that one is refused, the other one ended.
async fn eio_3_07_a_second_get_ends_the_session() -> Check {
    let mut polling = Polling::open(Server::Steady.engine()?).await?;
    let (one, other) = (polling.start_get().await?, polling.start_get().await?);
    let (one, other) = (one.response().await?, other.response().await?);
    let (ended, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((ended.status, ended.text()?), (200, "1"));
    assert_eq!(refused.status, 400);
    assert_eq!(polling.closes().await?, []);
    Ok(())
}

async fn eio_3_08_a_second_post_ends_the_session() -> Check {
    let at = Server::Steady.engine()?;
    let mut polling = Polling::open(at).await?;
    let first = Request::post(polling.target(), "4hello").start_with(at.address, 3).await?;
    // The server takes the two from different connections: wait until the first has reached it.
    let second = loop {
        let response = polling.post("6").await?;
        if response.status != 200 {
            break response;
        }
    };
    assert_eq!(second.status, 400);
    assert_eq!(polling.closes().await?, []);
    drop(first);
    Ok(())
}

async fn eio_3_09_a_body_over_the_limit_is_refused() -> Check {
    for mount in MOUNTS {
        let polling = Polling::open(Server::Small.at(mount)?).await?;
        let response = polling.post(message_of(SMALL_PAYLOAD + 1)).await?;
        assert_eq!(response.status, 413);
    }
    Ok(())
}

async fn eio_3_10_a_body_at_the_limit_is_taken() -> Check {
    let polling = Polling::open(Server::Small.engine()?).await?;
    // Bytes are counted, not characters.
    let message = format!("4{}", "€".repeat((SMALL_PAYLOAD - 1) / 3));
    assert_eq!(message.len(), SMALL_PAYLOAD);
    polling.send(&[message.as_str().into()]).await?;
    assert_eq!(polling.get().await?.text()?, message);
    Ok(())
}

async fn eio_3_11_an_aborted_get_ends_the_session() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    drop(polling.start_get().await?);
    polling.is_forgotten().await
}

async fn eio_3_12_an_aborted_post_ends_the_session() -> Check {
    let at = Server::Steady.engine()?;
    let mut polling = Polling::open(at).await?;
    drop(Request::post(polling.target(), "4hello").start_with(at.address, 3).await?);
    assert_eq!(polling.closes().await?, []);
    Ok(())
}

async fn eio_3_13_a_binary_body_is_refused() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let request = Request::post(polling.target(), [4, 1, 2, 3]);
    let response = request.header("Content-Type", "application/octet-stream").send(at.address).await?;
    assert_eq!(response.status, 400);
    Ok(())
}

async fn eio_3_14_a_body_without_a_content_type_is_text() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    let response = Request::post(polling.target(), "4hello").send(at.address).await?;
    assert_eq!((response.status, response.text()?), (200, "ok"));
    assert_eq!(polling.get().await?.text()?, "4hello");
    Ok(())
}

async fn eio_3_15_binary_travels_in_base64() -> Check {
    let polling = Polling::open(Server::Steady.engine()?).await?;
    let response = polling.post("4hello\u{1e}bAQIDBA==").await?;
    assert_eq!((response.status, response.text()?), (200, "ok"));
    assert_eq!(polling.get().await?.text()?, "4hello\u{1e}bAQIDBA==");
    Ok(())
}

async fn eio_3_16_what_is_not_base64_ends_the_session() -> Check {
    for packet in ["b!!!!", "bAQ=DBA==", "bAQIDB", "b\u{e4}\u{e4}"] {
        let at = Server::Steady.engine()?;
        let mut session = Session::open(at, Transport::Polling).await?;
        session.offend([packet.into()]).await?;
        assert_eq!(session.closes().await?, [], "{packet}");
    }
    Ok(())
}

async fn eio_3_17_what_is_not_utf_8_ends_the_session() -> Check {
    for body in [&b"4\xff"[..], b"4\xc3", b"4\xed\xa0\x80", b"4\xc0\x80"] {
        let mut polling = Polling::open(Server::Steady.engine()?).await?;
        let response = polling.post(body).await?;
        assert_ne!(response.status, 200, "{body:?}");
        assert_eq!(polling.closes().await?, [], "{body:?}");
    }
    Ok(())
}

async fn eio_3_18_an_empty_packet_ends_the_session() -> Check {
    for body in ["", "\u{1e}", "\u{1e}4hello", "4hello\u{1e}"] {
        for mount in MOUNTS {
            let mut session = Session::open(Server::Steady.at(mount)?, Transport::Polling).await?;
            let packets: Vec<Packet> = body.split('\u{1e}').map(Packet::from).collect();
            session.offend(packets).await?;
            session.closes().await?;
        }
    }
    Ok(())
}

async fn eio_3_19_get_and_post_overlap_freely() -> Check {
    let at = Server::Steady.engine()?;
    let polling = Polling::open(at).await?;
    for round in 0..20 {
        let get = polling.start_get().await?;
        let message = format!("4{round}");
        polling.send(&[message.as_str().into()]).await?;
        assert_eq!(get.response().await?.text()?, message);
    }
    let mut session = Session::Polling(polling);
    lives(at, &mut session).await
}

/// A message packet of so many bytes.
fn message_of(bytes: usize) -> String {
    format!("4{}", "x".repeat(bytes - 1))
}
