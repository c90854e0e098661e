//! What becomes of a socket when its token ends.

use std::time::Duration;

use greenroom::prelude::*;

use crate::stage::{MINUTE, Stage};

#[actix_rt::test]
async fn an_expired_token_closes_the_transport_after_a_warning() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/a", &stage.token("ann", 5 * MINUTE)).await;
    stage.join(&client, "/open", "").await;
    assert_eq!(stage.pass(&client, 4 * MINUTE).await, [r#"2/a,["auth:expiring",60]"#]);
    // A minute, and the leeway that clocks may differ by: not one event more is handled.
    assert!(stage.pass(&client, MINUTE + JwtAuth::DEFAULT_LEEWAY - Duration::from_secs(1)).await.is_empty());
    assert!(!client.is_closed());
    stage.told();
    let farewell = stage.pass(&client, Duration::from_secs(1) + Duration::from_millis(10)).await;
    assert!(client.is_closed());
    // Stock clients stay away after a DISCONNECT: there is none, for either namespace.
    assert!(farewell.is_empty(), "{farewell:?}");
    assert_eq!(stage.told(), ["/a forced server close", "/open forced server close"]);
    assert_eq!((stage.io.stats().sessions, stage.io.stats().socket_actors), (0, 0));
}

#[actix_rt::test]
async fn an_event_of_the_moment_after_the_end_is_not_handled() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/a", &stage.token("ann", MINUTE)).await;
    stage.pass(&client, MINUTE).await;
    stage.io.clock().advance(JwtAuth::DEFAULT_LEEWAY + Duration::from_millis(20));
    tokio::task::yield_now().await;
    let late = stage.ask(&client, r#"2/a,1["exp"]"#).await;
    assert!(late.is_empty() && client.is_closed(), "{late:?}");
}

#[actix_rt::test]
async fn a_token_that_expires_within_the_warning_is_warned_of_when_half_of_its_life_is_over() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/a", &stage.token("ann", Duration::from_secs(20))).await;
    assert!(stage.pass(&client, Duration::from_secs(9)).await.is_empty());
    assert_eq!(stage.pass(&client, Duration::from_secs(1)).await, [r#"2/a,["auth:expiring",10]"#]);
}

#[actix_rt::test]
async fn the_warning_is_a_setting_and_may_be_none() {
    let config = Config { token_expiry_warning: Duration::ZERO, ..Config::default() };
    let stage = Stage::new(config);
    let client = stage.client("/a", &stage.token("ann", MINUTE)).await;
    assert!(stage.pass(&client, 2 * MINUTE).await.is_empty());
    assert!(client.is_closed());
}

#[actix_rt::test]
async fn a_token_that_ends_while_middleware_decides_connects_nobody() {
    let stage = Stage::new(Config::default());
    let (open, gate) = tokio::sync::watch::channel(false);
    stage.io.of("/a").middleware(move |_| {
        let mut gate = gate.clone();
        async move {
            gate.wait_for(|open| *open).await?;
            Ok(())
        }
    });
    let client = stage.simulation.open(0);
    stage.connect(&client, "/a", &stage.token("ann", Duration::from_secs(1))).await;
    stage.pass(&client, Duration::from_secs(7)).await;
    open.send(true).unwrap();
    stage.simulation.run().await;
    assert!(client.is_closed());
    assert!(stage.told().is_empty(), "no hook has seen it");
    assert_eq!((stage.io.stats().sockets, stage.io.stats().socket_actors), (0, 0));
}

#[actix_rt::test]
async fn sockets_without_a_token_stay() {
    let stage = Stage::new(Config::default());
    let client = stage.client("/open", &stage.token("ann", MINUTE)).await;
    stage.pass(&client, 3 * MINUTE).await;
    assert_eq!(stage.ask(&client, r#"2/open,1["exp"]"#).await, ["3/open,1[null]"]);
}
