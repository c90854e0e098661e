//! Packets that are out of place.

use greenroom_tests::{Packet, Transport, socketio};

use super::{ends, is_heard, joined, open};
use crate::case::{Check, cases};

cases! {
    both sio_2_01_an_event_before_connect_ends_the_session,
    both sio_2_02_any_other_packet_before_connect_ends_the_session,
    both sio_2_03_an_event_for_a_namespace_not_joined_ends_the_session,
    both sio_2_04_an_event_for_a_refused_namespace_ends_the_session,
    both sio_2_05_a_second_connect_ends_the_session,
    both sio_2_06_a_refusal_from_the_client_ends_the_session,
    both sio_2_07_what_follows_a_violation_is_not_heard,
    both sio_2_08_a_violation_ends_its_session_alone,
}

async fn sio_2_01_an_event_before_connect_ends_the_session(transport: Transport) -> Check {
    let mut session = open(transport).await?;
    ends(&mut session, [r#"42["message",1]"#.into()]).await
}

async fn sio_2_02_any_other_packet_before_connect_ends_the_session(transport: Transport) -> Check {
    let ack: Packet = "431[]".into();
    let disconnect: Packet = "41".into();
    let refusal: Packet = r#"44{"message":"no"}"#.into();
    let header: Packet = r#"451-["message",{"_placeholder":true,"num":0}]"#.into();
    let header_of_ack: Packet = r#"461-1[{"_placeholder":true,"num":0}]"#.into();
    let attachment = Packet::from([1, 2, 3]);
    let sequences: [Vec<Packet>; 6] = [
        vec![ack],
        vec![disconnect],
        vec![refusal],
        vec![header, attachment.clone()],
        vec![header_of_ack, attachment.clone()],
        vec![attachment],
    ];
    for packets in sequences {
        let mut session = open(transport).await?;
        ends(&mut session, packets).await?;
    }
    Ok(())
}

async fn sio_2_03_an_event_for_a_namespace_not_joined_ends_the_session(transport: Transport) -> Check {
    for packet in [r#"42/custom,["message",1]"#, "41/custom,", "43/custom,1[]", r#"42/random,["message"]"#] {
        let mut session = joined(transport).await?;
        ends(&mut session, [packet.into()]).await?;
    }
    Ok(())
}

async fn sio_2_04_an_event_for_a_refused_namespace_ends_the_session(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    session.send("40/random,").await?;
    socketio::expect(&mut session, r#"44/random,{"message":"Invalid namespace"}"#).await?;
    ends(&mut session, [r#"42/random,["message",1]"#.into()]).await
}

async fn sio_2_05_a_second_connect_ends_the_session(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    ends(&mut session, ["40".into()]).await?;
    let mut session = open(transport).await?;
    socketio::join(&mut session, "/custom").await?;
    ends(&mut session, [r#"40/custom,{"token":"x"}"#.into()]).await
}

async fn sio_2_06_a_refusal_from_the_client_ends_the_session(transport: Transport) -> Check {
    for packet in [r#"44{"message":"no"}"#, r#"44"no""#, r#"44/custom,{"message":"no"}"#] {
        let mut session = joined(transport).await?;
        ends(&mut session, [packet.into()]).await?;
    }
    Ok(())
}

async fn sio_2_07_what_follows_a_violation_is_not_heard(transport: Transport) -> Check {
    let mut session = joined(transport).await?;
    ends(&mut session, ["42{}".into(), r#"42["message","after"]"#.into()]).await
}

async fn sio_2_08_a_violation_ends_its_session_alone(transport: Transport) -> Check {
    let mut neighbour = joined(transport).await?;
    let mut session = joined(transport).await?;
    ends(&mut session, ["4abc".into()]).await?;
    is_heard(&mut neighbour).await
}
