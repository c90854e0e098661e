//! A token that is replaced while its sockets stay connected.

use std::time::Duration;

use greenroom::AuthError;
use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;

use crate::stage::{MINUTE, Stage};

async fn refresh(stage: &Stage, client: &SimulatedClient, path: &str, token: &str) -> String {
    let answer = stage.ask(client, &format!(r#"2{path},7["auth:refresh","{token}"]"#)).await;
    assert_eq!(answer.len(), 1, "{answer:?}");
    answer[0].clone()
}

async fn expiry(stage: &Stage, client: &SimulatedClient, path: &str) -> String {
    stage.ask(client, &format!(r#"2{path},8["exp"]"#)).await.pop().unwrap()
}

#[actix_rt::test]
async fn a_refreshed_token_moves_the_end_and_replaces_the_claims() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/a", &stage.token("ann", 5 * MINUTE)).await;
    stage.pass(&client, 4 * MINUTE).await;
    let exp = stage.seconds() + 300;
    let answer = refresh(&stage, &client, "/a", &stage.token("ann", 5 * MINUTE)).await;
    assert_eq!(answer, format!(r#"3/a,7[{{"exp":{exp}}}]"#));
    assert_eq!(expiry(&stage, &client, "/a").await, format!("3/a,8[{exp}]"));
    // The old end is none any more; the new one has its own warning.
    assert_eq!(stage.pass(&client, 4 * MINUTE).await, [r#"2/a,["auth:expiring",60]"#]);
    stage.pass(&client, 2 * MINUTE).await;
    assert!(client.is_closed());
    assert_eq!(stage.told(), ["/a connect", "/a forced server close"], "connected all the time");
}

#[actix_rt::test]
async fn sockets_that_came_with_the_same_token_and_rules_are_refreshed_along() {
    let stage = Stage::new(Config::default());
    let (one, other) = (stage.token("ann", 5 * MINUTE), stage.token("ann", 6 * MINUTE));
    let client = stage.client("/a", &one).await;
    stage.join(&client, "/b", &one).await;
    stage.join(&client, "/own", &one).await;
    let stranger = stage.client("/a", &one).await;
    let old = stage.seconds() + 300;
    refresh(&stage, &client, "/a", &other).await;
    let new = old + 60;
    assert_eq!(expiry(&stage, &client, "/b").await, format!("3/b,8[{new}]"));
    assert_eq!(expiry(&stage, &client, "/own").await, format!("3/own,8[{old}]"), "other rules");
    assert_eq!(expiry(&stage, &stranger, "/a").await, format!("3/a,8[{old}]"), "another connection");
    // What has a token of its own keeps it.
    refresh(&stage, &client, "/own", &stage.token("ann", 9 * MINUTE)).await;
    assert_eq!(expiry(&stage, &client, "/a").await, format!("3/a,8[{new}]"));
}

#[actix_rt::test]
async fn a_refused_refresh_says_why_and_changes_nothing() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/a", &stage.token("ann", 5 * MINUTE)).await;
    let exp = stage.seconds() + 300;
    let expired = stage.token("ann", Duration::ZERO);
    let others = stage.token("bob", 9 * MINUTE);
    stage.pass(&client, Duration::from_secs(10)).await;
    let table = [
        (expired.as_str(), "token_expired"),
        (others.as_str(), "token_other_user"),
        ("rubbish", "token_invalid"),
        ("", "token_missing"),
    ];
    for (token, code) in table {
        let answer = refresh(&stage, &client, "/a", token).await;
        assert!(answer.starts_with(&format!(r#"3/a,7[{{"error":{{"code":"{code}""#)), "{answer}");
    }
    let answer = stage.ask(&client, r#"2/a,7["auth:refresh",{"token":1}]"#).await;
    assert!(answer[0].contains("bad_payload"), "{answer:?}");
    let answer = stage.ask(&client, r#"2/a,["auth:refresh","rubbish"]"#).await;
    assert!(answer[0].starts_with(r#"2/a,["error",{"code":"token_invalid""#), "{answer:?}");
    assert_eq!(expiry(&stage, &client, "/a").await, format!("3/a,8[{exp}]"));
    stage.pass(&client, 5 * MINUTE).await;
    assert!(client.is_closed(), "the old token's end has stayed");
}

#[actix_rt::test]
async fn where_no_token_is_needed_a_refresh_is_refused_and_listeners_never_see_one() {
    let stage = Stage::new(Config::default());
    stage.io.of("/open").on("auth:refresh", |_, _: Args| Ok("a listener"));
    let client = stage.client("/open", "").await;
    assert!(refresh(&stage, &client, "/open", "x").await.contains("token_not_needed"));
}

#[actix_rt::test]
async fn the_servers_code_may_refresh_a_token_too() {
    let stage = Stage::new(Config::default());
    stage.io.of("/a").on("swap", |socket: Socket, token: String| {
        let before = socket.claims();
        let after = socket.refresh_token(&token).map_err(|error| Reject::new(error.code(), "no"))?;
        assert_ne!(before.unwrap().expires_at(), after.expires_at());
        Ok((socket.user_id().map(str::to_owned), socket.claims().unwrap().text() == after.text()))
    });
    stage.io.of("/open").on("swap", |socket: Socket, token: String| {
        assert_eq!(socket.refresh_token(&token).unwrap_err(), AuthError::NotNeeded);
        Ok(())
    });
    let client = stage.client("/a", &stage.token("ann", MINUTE)).await;
    stage.join(&client, "/open", "").await;
    drop(client.received());
    let token = stage.token("ann", 9 * MINUTE);
    let answer = stage.ask(&client, &format!(r#"2/a,1["swap","{token}"]"#)).await;
    assert_eq!(answer, [r#"3/a,1["ann",true]"#]);
    assert_eq!(stage.ask(&client, &format!(r#"2/open,2["swap","{token}"]"#)).await, ["3/open,2[]"]);
    assert!(stage.pass(&client, 7 * MINUTE).await.is_empty());
    assert!(!client.is_closed());
}
