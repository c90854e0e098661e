//! Events.

use greenroom_tests::{Transport, socketio};
use serde_json::{Value, json};

use super::{each_ends_the_session, is_heard, joined, open};
use crate::case::{Check, cases};

cases! {
    both sio_3_01_an_event_reaches_the_server_with_its_arguments,
    both sio_3_02_an_event_of_the_server_reaches_the_client,
    both sio_3_03_an_event_may_have_any_number_of_arguments,
    both sio_3_04_events_keep_their_order,
    both sio_3_05_an_event_nobody_listens_to_has_no_effect,
    both sio_3_06_a_payload_that_is_no_array_with_a_name_ends_the_session,
    both sio_3_07_a_name_that_is_no_name_ends_the_session,
    both sio_3_08_a_name_may_be_a_number,
    both sio_3_09_reserved_names_end_the_session,
    both sio_3_10_an_event_without_a_payload_ends_the_session,
    both sio_3_11_malformed_json_ends_the_session,
    both sio_3_12_numbers_arrive_digit_by_digit,
    both sio_3_13_text_arrives_unchanged,
    both sio_3_14_values_of_every_kind_arrive_unchanged,
    both sio_3_15_a_large_event_arrives_whole,
    both sio_3_16_namespaces_keep_their_events_apart,
    both sio_3_17_a_placeholder_in_a_plain_event_is_data,
    both sio_3_18_white_space_in_json_does_not_matter,
    both sio_3_19_an_event_has_the_same_meaning_however_it_is_sent,
}

async fn sio_3_01_an_event_reaches_the_server_with_its_arguments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"42["message",1,"2",{"3":[true]}]"#).await?;
    socketio::expect(&mut session, r#"42["message-back",1,"2",{"3":[true]}]"#).await
}

async fn sio_3_02_an_event_of_the_server_reaches_the_client(transport: Transport) -> Check {
    for (namespace, event) in [("/", r#"42["auth",{}]"#), ("/custom", r#"42/custom,["auth",{}]"#)] {
        let mut session = open(transport).await?;
        session.send(format!("40{}", socketio::prefix(namespace))).await?;
        socketio::connected(&mut session, namespace).await?;
        socketio::expect(&mut session, event).await?;
    }
    Ok(())
}

async fn sio_3_03_an_event_may_have_any_number_of_arguments(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for count in [0, 1, 2, 3, 10, 100] {
        let arguments: String = (0..count).map(|number| format!(",{number}")).collect();
        session.send(format!(r#"42["message"{arguments}]"#)).await?;
        socketio::expect(&mut session, format!(r#"42["message-back"{arguments}]"#)).await?;
    }
    Ok(())
}

async fn sio_3_04_events_keep_their_order(transport: Transport) -> Check {
    const BATCHES: usize = 20;
    let mut session = joined(transport).await?;
    for batch in 0..BATCHES {
        let packets = (0..10).map(|number| format!(r#"42["message",{batch},{number}]"#).into());
        session.send_all(packets).await?;
    }
    for batch in 0..BATCHES {
        for number in 0..10 {
            socketio::expect(&mut session, format!(r#"42["message-back",{batch},{number}]"#)).await?;
        }
    }
    Ok(())
}

async fn sio_3_05_an_event_nobody_listens_to_has_no_effect(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for name in ["unknown", "", "Message", "auth", "message-back", "error", "__proto__", "toString"] {
        session.send(format!(r#"42["{name}",1]"#)).await?;
    }
    is_heard(&mut session).await
}

async fn sio_3_06_a_payload_that_is_no_array_with_a_name_ends_the_session(transport: Transport) -> Check {
    let packets = ["42{}", "42[]", "42\"message\"", "42null", "42true", r#"42{"0":"message"}"#, "421[]"];
    each_ends_the_session(transport, &packets).await
}

async fn sio_3_07_a_name_that_is_no_name_ends_the_session(transport: Transport) -> Check {
    let packets = ["42[null]", "42[true]", "42[{}]", r#"42[["message"]]"#, r#"42[{"toString":"message"},1]"#];
    each_ends_the_session(transport, &packets).await
}

async fn sio_3_08_a_name_may_be_a_number(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send_all(["42[1,2]".into(), "42[0]".into(), "42[-1.5]".into()]).await?;
    is_heard(&mut session).await
}

async fn sio_3_09_reserved_names_end_the_session(transport: Transport) -> Check {
    let packets = [
        r#"42["connect"]"#,
        r#"42["connect_error",{"message":"forged"}]"#,
        r#"42["disconnect","forged"]"#,
        r#"42["disconnecting"]"#,
        r#"42["newListener"]"#,
        r#"42["removeListener"]"#,
        // The same name, written otherwise.
        r#"42["\u0064isconnect"]"#,
    ];
    each_ends_the_session(transport, &packets).await
}

async fn sio_3_10_an_event_without_a_payload_ends_the_session(transport: Transport) -> Check {
    each_ends_the_session(transport, &["42", "421"]).await
}

async fn sio_3_11_malformed_json_ends_the_session(transport: Transport) -> Check {
    let packets = [
        r#"42["message""#,
        r#"42["message",]"#,
        r#"42["message",1]x"#,
        r#"42["message",1][]"#,
        "42[message]",
        r#"42['message']"#,
        r#"42["message",01]"#,
        r#"42["message",NaN]"#,
        r#"42["message","\x"]"#,
        "42[\"message\",\"\n\"]",
    ];
    each_ends_the_session(transport, &packets).await
}

async fn sio_3_12_numbers_arrive_digit_by_digit(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for number in [
        "1.0",
        "-0",
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "0.1000000000000000055511151231257827",
        "1E5",
        "1e400",
        "123456789012345678901234567890",
    ] {
        session.send(format!(r#"42["message",{number},[{number}]]"#)).await?;
        socketio::expect(&mut session, format!(r#"42["message-back",{number},[{number}]]"#)).await?;
    }
    Ok(())
}

async fn sio_3_13_text_arrives_unchanged(transport: Transport) -> Check {
    let texts = [
        r#""""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0000\u001e\u2028""#,
        r#""€ 日本語 😀""#,
        r#""\ud83d\ude00""#,
        r#""[1,2]},{""#,
    ];
    echo(transport, &texts).await
}

async fn sio_3_14_values_of_every_kind_arrive_unchanged(transport: Transport) -> Check {
    let nested = format!("{}{}", "[".repeat(50), "]".repeat(50));
    let values = [
        "null",
        "true",
        "false",
        "0",
        "-1.25",
        "[]",
        "{}",
        r#"[null,[],{},""]"#,
        r#"{"":"","a":{"b":{"c":[{"d":null}]}},"length":3}"#,
        nested.as_str(),
    ];
    echo(transport, &values).await
}

async fn sio_3_15_a_large_event_arrives_whole(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    let text = "0123456789".repeat(40_000);
    session.send(format!(r#"42["message","{text}"]"#)).await?;
    socketio::expect(&mut session, format!(r#"42["message-back","{text}"]"#)).await?;
    is_heard(&mut session).await
}

async fn sio_3_16_namespaces_keep_their_events_apart(transport: Transport) -> Check {
    const ROUNDS: usize = 20;
    let mut session = joined(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    for round in 0..ROUNDS {
        let main = format!(r#"42["message",{round}]"#);
        session.send_all([main.into(), format!(r#"42/custom,["message",{round}]"#).into()]).await?;
    }
    // Each namespace keeps its order; between them there is none.
    let (mut main, mut custom) = (Vec::new(), Vec::new());
    for _ in 0..2 * ROUNDS {
        let text = session.next_text().await?;
        if text.starts_with("42/custom,") { custom.push(text) } else { main.push(text) }
    }
    let wanted = |prefix: &str| -> Vec<String> {
        (0..ROUNDS).map(|round| format!(r#"42{prefix}["message-back",{round}]"#)).collect()
    };
    assert_eq!((main, custom), (wanted(""), wanted("/custom,")));
    Ok(())
}

async fn sio_3_17_a_placeholder_in_a_plain_event_is_data(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send(r#"42["message",{"_placeholder":true,"num":0}]"#).await?;
    socketio::expect(&mut session, r#"42["message-back",{"_placeholder":true,"num":0}]"#).await
}

async fn sio_3_18_white_space_in_json_does_not_matter(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send("42[ \"message\" ,\t{ \"a\" : [ 1 , 2 ] } ,\r\n\"b\" ] ").await?;
    let text = session.next_text().await?;
    let event: Value = serde_json::from_str(text.strip_prefix("42").unwrap_or_default())?;
    assert_eq!(event, json!(["message-back", { "a": [1, 2] }, "b"]));
    Ok(())
}

async fn sio_3_19_an_event_has_the_same_meaning_however_it_is_sent(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    for name in [r#""message""#, r#""m\u0065ssage""#] {
        session.send(format!("42[{name},1]")).await?;
        socketio::expect(&mut session, r#"42["message-back",1]"#).await?;
    }
    Ok(())
}

/// Sends JSON values as arguments, and compares what comes back as values.
async fn echo(transport: Transport, values: &[&str]) -> Check {
    let mut session = joined(transport).await?;
    for value in values {
        session.send(format!(r#"42["message",{value}]"#)).await?;
        let text = session.next_text().await?;
        let event: Value = serde_json::from_str(text.strip_prefix("42").unwrap_or_default())?;
        assert_eq!(event, json!(["message-back", serde_json::from_str::<Value>(value)?]));
    }
    Ok(())
}
