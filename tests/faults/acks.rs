//! Acknowledgements that a client owes: in time, late, twice, never.

use std::time::Duration;

use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;

use crate::stage::Stage;

const SECOND: Duration = Duration::from_secs(1);

/// A question under way, and the number that its answer has to bear.
async fn ask(
    stage: &Stage,
    client: &SimulatedClient,
    timeout: Duration,
) -> (actix_rt::task::JoinHandle<Result<u32, AckError>>, String) {
    let question = stage.newest_socket().emit_with_ack("question", ()).timeout(timeout);
    let waiting = actix_rt::spawn(question.answer::<u32>());
    stage.run().await;
    let asked = client.received();
    let number = asked[0].strip_prefix('2').and_then(|rest| rest.strip_suffix(r#"["question"]"#));
    (waiting, number.unwrap().to_owned())
}

#[actix_rt::test]
async fn an_answer_in_the_last_moment_is_heard_and_one_behind_it_is_not() {
    let stage = Stage::new(Config::default());
    let client = stage.client(0).await;
    let (heard, number) = ask(&stage, &client, 10 * SECOND).await;
    stage.advance(10 * SECOND - Duration::from_millis(1)).await;
    client.send(&format!("3{number}[1]")).await;
    stage.run().await;
    assert_eq!(heard.await.unwrap().unwrap(), 1);

    let (late, number) = ask(&stage, &client, SECOND).await;
    stage.advance(SECOND + Duration::from_millis(10)).await;
    client.send(&format!("3{number}[2]")).await;
    stage.run().await;
    assert!(matches!(late.await.unwrap(), Err(AckError::Timeout)));
    assert_eq!(stage.io.stats().acks_timed_out, 1);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn without_a_timeout_of_its_own_a_question_has_that_of_the_configuration() {
    let stage = Stage::new(Config { ack_timeout: 3 * SECOND, ..Config::default() });
    let client = stage.client(0).await;
    let waiting = actix_rt::spawn(stage.newest_socket().emit_with_ack("question", ()).answer::<()>());
    stage.run().await;
    stage.advance(2 * SECOND).await;
    assert!(!waiting.is_finished());
    stage.advance(SECOND + Duration::from_millis(10)).await;
    assert!(matches!(waiting.await.unwrap(), Err(AckError::Timeout)));
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn a_second_answer_and_one_that_nobody_asked_for_are_ignored() {
    let stage = Stage::new(Config::default());
    let client = stage.client(0).await;
    let (first, number) = ask(&stage, &client, SECOND).await;
    client.send_all([format!("3{number}[1]").as_str(), format!("3{number}[2]").as_str(), "3999[3]"]).await;
    stage.run().await;
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let (second, number) = ask(&stage, &client, SECOND).await;
    client.send(&format!("3{number}[4]")).await;
    stage.run().await;
    assert_eq!(second.await.unwrap().unwrap(), 4);
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn an_answer_of_another_form_is_an_error_of_the_one_who_asked() {
    let stage = Stage::new(Config::default());
    let client = stage.client(0).await;
    let (waiting, number) = ask(&stage, &client, SECOND).await;
    client.send(&format!(r#"3{number}["no number"]"#)).await;
    stage.run().await;
    assert!(matches!(waiting.await.unwrap(), Err(AckError::Decode(_))));
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn a_handler_asks_and_is_answered_while_its_client_sends_on() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on_async("ask me", |socket: Socket, ()| async move {
        let answer = socket.emit_with_ack("question", ()).timeout(SECOND).answer::<u32>().await;
        answer.map_err(|error| Reject::new("no_answer", error.to_string()))
    });
    let client = stage.client(0).await;
    assert_eq!(stage.ask(&client, r#"21["ask me"]"#).await, [r#"20["question"]"#]);
    assert_eq!(stage.ask(&client, r#"22["echo",5]"#).await, ["32[5]"]);
    assert_eq!(stage.ask(&client, "30[7]").await, ["31[7]"]);
    stage.ask(&client, r#"23["ask me"]"#).await;
    stage.advance(2 * SECOND).await;
    assert!(client.received()[0].contains("no_answer"));
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn one_socket_asks_the_client_of_another_that_never_answers() {
    let stage = Stage::new(Config::default());
    let (asker, silent) = (stage.client(0).await, stage.client(1).await);
    let target = stage.newest_socket();
    stage.io.of("/").on_async("ask", move |_: Socket, ()| {
        let question = target.emit_with_ack("question", ()).timeout(SECOND);
        async move { Ok(matches!(question.answer::<()>().await, Err(AckError::Timeout))) }
    });
    assert_eq!(stage.ask(&asker, r#"21["ask"]"#).await, [""; 0]);
    stage.advance(2 * SECOND).await;
    assert_eq!(asker.received(), ["31[true]"]);
    stage.assert_nothing_left_without([asker, silent]).await;
}

#[actix_rt::test]
async fn a_question_in_middleware_fails_at_once_since_nobody_can_answer_yet() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").middleware(|socket| async move {
        let answer = socket.emit_with_ack("question", ()).answer::<()>().await;
        answer.map_err(|error| Reject::new("no_answer", error.to_string()))
    });
    let client = stage.simulation.open(0);
    assert!(stage.ask(&client, "0").await.last().unwrap().contains("no_answer"));
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn a_question_that_nobody_waits_for_any_more_makes_room_for_another() {
    let stage = Stage::new(Config { max_pending_acks: 2, ..Config::default() });
    let client = stage.client(0).await;
    for _ in 0..5 {
        let waiting = actix_rt::spawn(stage.newest_socket().emit_with_ack("question", ()).answer::<()>());
        stage.run().await;
        waiting.abort();
        stage.run().await;
    }
    assert_eq!(client.received().len(), 5);
    stage.assert_nothing_left_without([client]).await;
}
