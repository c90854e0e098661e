//! The lobby's own limits are in use.

use greenroom_tests::{Failure, Packet, Session, Transport};
use serde_json::json;
use tempfile::TempDir;

use crate::stage::Running;

#[actix_web::test]
async fn events_that_come_too_often_are_refused_in_their_acknowledgements_and_the_rest_is_answered()
-> Result<(), Failure> {
    const EVENTS: usize = 600;
    let folder = TempDir::new()?;
    let running = Running::start(folder.path())?;
    let (_, welcome) = running.post("/login", json!({ "name": "Ann" })).await?;
    let mut session = Session::open(running.endpoint(), Transport::WebSocket).await?;
    session.send(format!("40/lobby,{}", json!({ "token": welcome["token"] }))).await?;
    session
        .send_all((0..EVENTS).map(|id| Packet::from(format!(r#"42/lobby,{id}["echo",{{}}]"#).as_str())))
        .await?;
    let (mut done, mut refused) = (0, 0);
    while done + refused < EVENTS {
        let text = session.next_text().await?;
        if text.starts_with("43/lobby,") {
            if text.contains("rate_limited") { refused += 1 } else { done += 1 }
        }
    }
    // 200 at once, and 100 for each second that it took.
    assert!(done >= 200 && refused > 0, "{done} done, {refused} refused");
    running.stop().await
}
