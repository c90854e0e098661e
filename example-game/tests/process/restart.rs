//! What was handed out before a restart is good after it.

use greenroom_tests::http::Request;
use greenroom_tests::{Failure, Session, Transport};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::Running;

#[actix_web::test]
async fn pages_come_back_after_a_restart_with_the_tokens_that_they_have() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let before = Running::start(folder.path())?;
    let (status, welcome) = before.post("/login", json!({ "name": "Ann" })).await?;
    assert_eq!(status, 200, "{welcome}");
    before.stop().await?;

    let after = Running::start(folder.path())?;
    assert!(answer(&after, &welcome["token"]).await?.starts_with("40/lobby,{\"sid\""));
    let (status, again) = after.post("/refresh", json!({ "refresh": welcome["refresh"] })).await?;
    assert_eq!((status, &again["user"]), (200, &welcome["user"]));
    after.stop().await?;

    let elsewhere = TempDir::new()?;
    let another = Running::start(elsewhere.path())?;
    let refused = answer(&another, &welcome["token"]).await?;
    assert!(refused.starts_with("44/lobby,") && refused.contains("token_invalid"), "{refused}");
    another.stop().await
}

#[actix_web::test]
async fn who_has_signed_out_gets_no_more_tokens() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let running = Running::start(folder.path())?;
    let (_, welcome) = running.post("/login", json!({ "name": "Ann" })).await?;
    let refresh = json!({ "refresh": welcome["refresh"] });
    assert_eq!(running.post("/logout", refresh.clone()).await?, (200, json!({})));
    let (status, refused) = running.post("/refresh", refresh.clone()).await?;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("token_revoked")));
    assert_eq!(running.post("/logout", refresh).await?.0, 200, "who is out is out");
    assert_eq!(running.post("/logout", json!({ "refresh": welcome["token"] })).await?.0, 200);
    assert!(
        answer(&running, &welcome["token"]).await?.starts_with("40/lobby,"),
        "an access token is no refresh token"
    );
    running.stop().await
}

#[actix_web::test]
async fn the_page_and_an_operators_routes_are_on_ports_of_their_own() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let running = Running::start(folder.path())?;
    assert_eq!(Request::get("/").send(running.clients).await?.text()?, "the page");
    assert_eq!(Request::get("/readyz").send(running.operations).await?.text()?, "ready\n");
    assert!(Request::get("/metrics").send(running.operations).await?.text()?.contains("greenroom_ready 1"));
    assert_eq!(Request::get("/metrics").send(running.clients).await?.status, 404);
    running.stop().await
}

/// What a CONNECT with this token is answered.
async fn answer(running: &Running, token: &Value) -> Result<String, Failure> {
    let mut session = Session::open(running.endpoint(), Transport::WebSocket).await?;
    session.send(format!("40/lobby,{}", json!({ "token": token }))).await?;
    session.next_text().await
}
