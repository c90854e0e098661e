//! Acknowledgements, in both directions.

use greenroom_tests::{Failure, Session, Transport, socketio};
use serde_json::{Value, json};

use super::{each_ends_the_session, is_heard, joined};
use crate::case::{Check, cases};

cases! {
    both sio_4_01_an_event_with_an_id_is_acknowledged_with_it,
    both sio_4_02_zero_is_an_id_like_any_other,
    both sio_4_03_an_id_may_be_large,
    both sio_4_04_an_acknowledgement_may_be_empty,
    both sio_4_05_an_acknowledgement_names_its_namespace,
    both sio_4_06_an_event_without_an_id_is_not_acknowledged,
    both sio_4_07_several_events_may_wait_for_their_acknowledgement,
    both sio_4_08_an_id_may_be_used_again,
    both sio_4_09_the_server_may_ask_for_an_acknowledgement,
    both sio_4_10_questions_of_the_server_have_different_ids,
    both sio_4_11_an_acknowledgement_may_have_any_number_of_arguments,
    both sio_4_12_an_unknown_acknowledgement_has_no_effect,
    both sio_4_13_a_second_acknowledgement_has_no_effect,
    both sio_4_14_a_payload_that_is_no_array_ends_the_session,
    both sio_4_15_an_acknowledgement_without_a_payload_ends_the_session,
    both sio_4_16_an_acknowledgement_without_an_id_ends_the_session,
    both sio_4_17_an_id_that_is_no_number_ends_the_session,
    both sio_4_18_an_acknowledgement_concerns_its_namespace_alone,
}

async fn sio_4_01_an_event_with_an_id_is_acknowledged_with_it(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#).await?;
    socketio::expect(&mut session, r#"43456[1,"2",{"3":[false]}]"#).await
}

async fn sio_4_02_zero_is_an_id_like_any_other(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"420["message-with-ack","zero"]"#).await?;
    socketio::expect(&mut session, r#"430["zero"]"#).await
}

async fn sio_4_03_an_id_may_be_large(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for id in [2_u64.pow(31), 2_u64.pow(32), 2_u64.pow(53) - 1] {
        session.send(format!(r#"42{id}["message-with-ack",1]"#)).await?;
        socketio::expect(&mut session, format!("43{id}[1]")).await?;
    }
    Ok(())
}

async fn sio_4_04_an_acknowledgement_may_be_empty(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"427["message-with-ack"]"#).await?;
    socketio::expect(&mut session, "437[]").await
}

async fn sio_4_05_an_acknowledgement_names_its_namespace(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    session.send(r#"42/custom,13["message-with-ack","bar"]"#).await?;
    socketio::expect(&mut session, r#"43/custom,13["bar"]"#).await
}

async fn sio_4_06_an_event_without_an_id_is_not_acknowledged(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"42["message-with-ack",1]"#).await?;
    is_heard(&mut session).await
}

async fn sio_4_07_several_events_may_wait_for_their_acknowledgement(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let ids = [5, 3, 12, 0, 1];
    session.send_all(ids.map(|id| format!(r#"42{id}["message-with-ack","{id}"]"#).into())).await?;
    let mut acks = Vec::new();
    for _ in ids {
        acks.push(session.next_text().await?);
    }
    acks.sort();
    let mut wanted: Vec<String> = ids.iter().map(|id| format!(r#"43{id}["{id}"]"#)).collect();
    wanted.sort();
    assert_eq!(acks, wanted);
    Ok(())
}

async fn sio_4_08_an_id_may_be_used_again(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for round in 0..3 {
        session.send(format!(r#"421["message-with-ack",{round}]"#)).await?;
        socketio::expect(&mut session, format!("431[{round}]")).await?;
    }
    Ok(())
}

async fn sio_4_09_the_server_may_ask_for_an_acknowledgement(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let id = asked(&mut session, "how?").await?;
    session.send(format!(r#"43{id}[{{"like":["this"]}}]"#)).await?;
    socketio::expect(&mut session, r#"42["answered",{"like":["this"]}]"#).await
}

async fn sio_4_10_questions_of_the_server_have_different_ids(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let one = asked(&mut session, "one").await?;
    let two = asked(&mut session, "two").await?;
    assert_ne!(one, two);
    // Answered the other way round.
    session.send(format!("43{two}[2]")).await?;
    socketio::expect(&mut session, r#"42["answered",2]"#).await?;
    session.send(format!("43{one}[1]")).await?;
    socketio::expect(&mut session, r#"42["answered",1]"#).await
}

async fn sio_4_11_an_acknowledgement_may_have_any_number_of_arguments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for (arguments, first) in [("[]", "null"), ("[1]", "1"), ("[1,2,3]", "1")] {
        let id = asked(&mut session, "many?").await?;
        session.send(format!("43{id}{arguments}")).await?;
        socketio::expect(&mut session, format!(r#"42["answered",{first}]"#)).await?;
    }
    Ok(())
}

async fn sio_4_12_an_unknown_acknowledgement_has_no_effect(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for packet in ["430[]", "4399[1,2]", "439007199254740991[{}]"] {
        session.send(packet).await?;
    }
    is_heard(&mut session).await
}

async fn sio_4_13_a_second_acknowledgement_has_no_effect(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let id = asked(&mut session, "once?").await?;
    session.send_all([format!("43{id}[1]").into(), format!("43{id}[2]").into()]).await?;
    socketio::expect(&mut session, r#"42["answered",1]"#).await?;
    is_heard(&mut session).await
}

async fn sio_4_14_a_payload_that_is_no_array_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["431{}", "431\"x\"", "431null", "431true", "431["]).await
}

async fn sio_4_15_an_acknowledgement_without_a_payload_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["431"]).await
}

async fn sio_4_16_an_acknowledgement_without_an_id_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["43[]", "43[1]"]).await
}

async fn sio_4_17_an_id_that_is_no_number_ends_the_session(transport: Transport) -> Check {
    let packets = [
        r#"42abc["message-with-ack",1,"2",{"3":[false]}]"#,
        r#"42-1["message-with-ack"]"#,
        r#"421.5["message-with-ack"]"#,
        r#"421e3["message-with-ack"]"#,
        r#"420x1["message-with-ack"]"#,
        r#"42１["message-with-ack"]"#,
    ];
    each_ends_the_session(transport, &packets).await
}

async fn sio_4_18_an_acknowledgement_concerns_its_namespace_alone(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    let id = asked(&mut session, "here?").await?;
    session.send(format!(r#"43/custom,{id}["elsewhere"]"#)).await?;
    is_heard(&mut session).await?;
    session.send(format!(r#"43{id}["here"]"#)).await?;
    socketio::expect(&mut session, r#"42["answered","here"]"#).await
}

/// Has the server ask, and returns the id of its question.
pub(super) async fn asked(session: &mut Session, question: &str) -> Result<u64, Failure> {
    session.send(format!(r#"42["ask-me","{question}"]"#)).await?;
    let text = session.next_text().await?;
    let rest = text.strip_prefix("42").unwrap_or_default();
    let (id, payload) = rest.split_at(rest.find('[').unwrap_or_default());
    assert_eq!(serde_json::from_str::<Value>(payload)?, json!(["question", question]));
    id.parse().map_err(|_| Failure::Unexpected(format!("{text:?} instead of a question with an id")))
}
