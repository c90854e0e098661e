//! Events and acknowledgements with binary attachments.

use greenroom_tests::{Failure, Packet, Session, Transport, socketio};
use serde_json::{Value, json};

use super::ack::asked;
use super::{each_ends_the_session, ends, is_heard, joined};
use crate::case::{Check, cases};

cases! {
    both sio_5_01_an_event_may_carry_attachments,
    both sio_5_02_an_acknowledgement_of_the_server_may_carry_attachments,
    both sio_5_03_an_acknowledgement_of_the_client_may_carry_attachments,
    both sio_5_04_an_attachment_is_found_by_its_number,
    both sio_5_05_an_attachment_may_stand_in_several_places,
    both sio_5_06_an_attachment_may_stand_at_any_depth,
    both sio_5_07_an_attachment_may_be_empty,
    both sio_5_08_the_order_of_keys_in_a_placeholder_does_not_matter,
    both sio_5_09_a_number_out_of_range_ends_the_session,
    both sio_5_10_a_number_that_is_no_index_ends_the_session,
    both sio_5_11_text_among_attachments_ends_the_session,
    both sio_5_12_an_attachment_of_no_packet_ends_the_session,
    both sio_5_13_too_many_attachments_end_the_session,
    both sio_5_14_ten_attachments_are_not_too_many,
    both sio_5_15_a_count_of_zero_ends_the_session,
    both sio_5_16_a_malformed_count_ends_the_session,
    both sio_5_17_attachments_follow_their_packet_at_once,
    both sio_5_18_a_binary_packet_names_its_namespace,
    both sio_5_19_packets_of_the_transport_may_stand_among_attachments,
    polling sio_5_20_attachments_may_come_in_later_posts,
    both sio_5_21_the_rules_for_payloads_hold_for_binary_packets,
    both sio_5_22_an_unknown_binary_acknowledgement_has_no_effect,
    both sio_5_23_an_event_waits_for_its_attachments,
    both sio_5_24_a_large_attachment_arrives_whole,
}

const TWO: &str = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

async fn sio_5_01_an_event_may_carry_attachments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = |name| format!(r#"452-["{name}",{}"#, TWO.trim_start_matches('['));
    session.send_all([header("message").into(), [1, 2, 3].into(), [4, 5, 6].into()]).await?;
    for packet in [header("message-back").into(), Packet::from([1, 2, 3]), [4, 5, 6].into()] {
        socketio::expect(&mut session, packet).await?;
    }
    Ok(())
}

async fn sio_5_02_an_acknowledgement_of_the_server_may_carry_attachments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = format!(r#"452-789["message-with-ack",{}"#, TWO.trim_start_matches('['));
    session.send_all([header.into(), [1, 2, 3].into(), [4, 5, 6].into()]).await?;
    for packet in [format!("462-789{TWO}").into(), Packet::from([1, 2, 3]), [4, 5, 6].into()] {
        socketio::expect(&mut session, packet).await?;
    }
    Ok(())
}

async fn sio_5_03_an_acknowledgement_of_the_client_may_carry_attachments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let id = asked(&mut session, "bytes?").await?;
    let header = format!(r#"461-{id}[{{"_placeholder":true,"num":0}}]"#);
    session.send_all([header.into(), [7, 8, 9].into()]).await?;
    let answered = socketio::binary(&mut session, "45", "").await?;
    assert_eq!(answered, json!(["answered", { "bytes": [7, 8, 9] }]));
    Ok(())
}

async fn sio_5_04_an_attachment_is_found_by_its_number(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = r#"452-["message",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    let back = echo(&mut session, header, [[1].into(), [2].into()]).await?;
    assert_eq!(back, json!(["message-back", { "bytes": [2] }, { "bytes": [1] }]));
    Ok(())
}

async fn sio_5_05_an_attachment_may_stand_in_several_places(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = r#"451-["message",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":0}]]"#;
    let back = echo(&mut session, header, [[1, 2].into()]).await?;
    assert_eq!(back, json!(["message-back", { "bytes": [1, 2] }, [{ "bytes": [1, 2] }]]));
    Ok(())
}

async fn sio_5_06_an_attachment_may_stand_at_any_depth(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = r#"452-["message",{"a":[0,{"b":{"_placeholder":true,"num":0}}]},"x",[[{"_placeholder":true,"num":1}]]]"#;
    let back = echo(&mut session, header, [[1].into(), [2].into()]).await?;
    assert_eq!(
        back,
        json!(["message-back", { "a": [0, { "b": { "bytes": [1] } }] }, "x", [[{ "bytes": [2] }]]])
    );
    Ok(())
}

async fn sio_5_07_an_attachment_may_be_empty(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    let back = echo(&mut session, header, [Packet::Binary(vec![])]).await?;
    assert_eq!(back, json!(["message-back", { "bytes": [] }]));
    Ok(())
}

async fn sio_5_08_the_order_of_keys_in_a_placeholder_does_not_matter(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for placeholder in [r#"{"num":0,"_placeholder":true}"#, r#"{ "num" : 0 , "_placeholder" : true }"#] {
        let header = format!(r#"451-["message",{placeholder}]"#);
        let back = echo(&mut session, &header, [[5].into()]).await?;
        assert_eq!(back, json!(["message-back", { "bytes": [5] }]));
    }
    Ok(())
}

async fn sio_5_09_a_number_out_of_range_ends_the_session(transport: Transport) -> Check {
    placeholders_end_the_session(transport, &["1", "-1", "10", "1e9", "18446744073709551616"]).await
}

async fn sio_5_10_a_number_that_is_no_index_ends_the_session(transport: Transport) -> Check {
    let strings = ["\"0\"", "\"length\"", "\"__proto__\"", "\"constructor\""];
    placeholders_end_the_session(transport, &strings).await?;
    placeholders_end_the_session(transport, &["null", "true", "[0]", "{}"]).await
}

async fn sio_5_11_text_among_attachments_ends_the_session(transport: Transport) -> Check {
    for text in [r#"42["message",1]"#, "41", "431[]", "40/custom,"] {
        let mut session = joined(transport).await?;
        let header = r#"451-["message",{"_placeholder":true,"num":0}]"#;
        ends(&mut session, [header.into(), text.into(), [1].into()]).await?;
    }
    Ok(())
}

async fn sio_5_12_an_attachment_of_no_packet_ends_the_session(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    ends(&mut session, [[1, 2, 3].into()]).await?;
    // One more than was announced is of no packet either.
    let mut session = joined(transport).await?;
    let header = r#"451-["unknown",{"_placeholder":true,"num":0}]"#;
    ends(&mut session, [header.into(), [1].into(), [2].into()]).await
}

async fn sio_5_13_too_many_attachments_end_the_session(transport: Transport) -> Check {
    let packets = ["4511-[\"message\"]", "45999999-[\"message\"]", "4618446744073709551616-1[]"];
    each_ends_the_session(transport, &packets).await
}

async fn sio_5_14_ten_attachments_are_not_too_many(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let placeholders: String =
        (0..10).map(|number| format!(r#",{{"_placeholder":true,"num":{number}}}"#)).collect();
    let attachments = (0..10).map(|number| [number; 3].into());
    let back = echo(&mut session, &format!(r#"4510-["message"{placeholders}]"#), attachments).await?;
    let mut wanted = vec![json!("message-back")];
    wanted.extend((0..10).map(|number| json!({ "bytes": vec![number; 3] })));
    assert_eq!(back, Value::Array(wanted));
    Ok(())
}

async fn sio_5_15_a_count_of_zero_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["450-[\"message\"]", "4500-[\"message\"]", "460-1[]"]).await
}

async fn sio_5_16_a_malformed_count_ends_the_session(transport: Transport) -> Check {
    let packets = [
        "45[\"message\"]",
        "45-[\"message\"]",
        "451[\"message\"]",
        "451",
        "45--1-[]",
        "451.5-[\"message\"]",
        "45x-[]",
        "46[]",
    ];
    each_ends_the_session(transport, &packets).await
}

async fn sio_5_17_attachments_follow_their_packet_at_once(transport: Transport) -> Check {
    const ROUNDS: u8 = 20;
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    for round in 0..ROUNDS {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        let main = format!(r#"451-["message",{placeholder}]"#);
        let custom = format!(r#"451-/custom,["message",{placeholder}]"#);
        let plain = format!(r#"42["message",{round}]"#);
        session.send_all([main.into(), [round].into(), custom.into(), [round].into(), plain.into()]).await?;
    }
    for _ in 0..3 * ROUNDS {
        // Text that announces an attachment, and then that attachment; or text alone.
        let text = session.next_text().await?;
        if text.starts_with("451-") {
            assert!(matches!(session.next().await?, Packet::Binary(_)), "after {text}");
        }
    }
    is_heard(&mut session).await
}

async fn sio_5_18_a_binary_packet_names_its_namespace(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    let arguments = r#"{"_placeholder":true,"num":0}]"#;
    session.send_all([format!(r#"451-/custom,["message",{arguments}"#).into(), [1].into()]).await?;
    let back = socketio::binary(&mut session, "45", "/custom,").await?;
    assert_eq!(back, json!(["message-back", { "bytes": [1] }]));
    session.send_all([format!(r#"451-/custom,8["message-with-ack",{arguments}"#).into(), [2].into()]).await?;
    let ack = socketio::binary(&mut session, "46", "/custom,8").await?;
    assert_eq!(ack, json!([{ "bytes": [2] }]));
    Ok(())
}

async fn sio_5_19_packets_of_the_transport_may_stand_among_attachments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let header = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    session.send_all([header.into(), "3".into(), "6".into(), [1].into()]).await?;
    let back = socketio::binary(&mut session, "45", "").await?;
    assert_eq!(back, json!(["message-back", { "bytes": [1] }]));
    Ok(())
}

async fn sio_5_20_attachments_may_come_in_later_posts() -> Check {
    let mut session = joined(Transport::Polling).await?;
    let header = r#"452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    for packet in [header.into(), Packet::from([1]), [2].into()] {
        session.send(packet).await?;
    }
    let back = socketio::binary(&mut session, "45", "").await?;
    assert_eq!(back, json!(["message-back", { "bytes": [1] }, { "bytes": [2] }]));
    Ok(())
}

async fn sio_5_21_the_rules_for_payloads_hold_for_binary_packets(transport: Transport) -> Check {
    let headers = [
        "451-{}",
        "451-[]",
        "451-null",
        r#"451-[{"_placeholder":true,"num":0}]"#,
        r#"451-["disconnect",{"_placeholder":true,"num":0}]"#,
        r#"451-["message",{"_placeholder":true,"num":0}"#,
        r#"461-1{"_placeholder":true,"num":0}"#,
    ];
    for header in headers {
        let mut session = joined(transport).await?;
        ends(&mut session, [header.into(), [1].into()]).await?;
    }
    Ok(())
}

async fn sio_5_22_an_unknown_binary_acknowledgement_has_no_effect(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send_all([r#"461-99[{"_placeholder":true,"num":0}]"#.into(), [1].into()]).await?;
    is_heard(&mut session).await
}

async fn sio_5_23_an_event_waits_for_its_attachments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session
        .send_all([r#"42["message",1]"#.into(), r#"451-["message",{"_placeholder":true,"num":0}]"#.into()])
        .await?;
    // The event before it is answered; the answer to this one has to wait.
    socketio::expect(&mut session, r#"42["message-back",1]"#).await?;
    session.send_all([[2].into(), r#"42["message",3]"#.into()]).await?;
    let back = socketio::binary(&mut session, "45", "").await?;
    assert_eq!(back, json!(["message-back", { "bytes": [2] }]));
    socketio::expect(&mut session, r#"42["message-back",3]"#).await
}

async fn sio_5_24_a_large_attachment_arrives_whole(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let bytes: Vec<u8> = (0..=255).cycle().take(500_000).collect();
    let header = |name| format!(r#"451-["{name}",{{"_placeholder":true,"num":0}}]"#);
    session.send_all([header("message").into(), bytes.clone().into()]).await?;
    socketio::expect(&mut session, header("message-back")).await?;
    socketio::expect(&mut session, bytes).await
}

/// Sends an event with attachments, and returns what comes back, placeholders resolved.
async fn echo(
    session: &mut Session,
    header: &str,
    attachments: impl IntoIterator<Item = Packet>,
) -> Result<Value, Failure> {
    session.send_all(std::iter::once(header.into()).chain(attachments)).await?;
    socketio::binary(session, "45", "").await
}

/// Sends an event with one attachment and this as the number in its placeholder: it must end the session.
async fn placeholders_end_the_session(transport: Transport, numbers: &[&str]) -> Check {
    for number in numbers {
        let mut session = joined(transport).await?;
        let header = format!(r#"451-["message",{{"_placeholder":true,"num":{number}}}]"#);
        ends(&mut session, [header.into(), [1].into()]).await?;
    }
    Ok(())
}
