//! Tokens that are taken back while their sockets are connected.

use std::time::Duration;

use greenroom::auth::{Revocation, RevocationsFull, TokenIssuer};
use greenroom::prelude::*;
use serde_json::json;

use crate::stage::{MINUTE, SECRET, Stage};

#[actix_rt::test]
async fn a_revoked_user_is_out_everywhere_at_once_and_nobody_else_is() {
    let stage = Stage::new(Config::default());
    let (ann, bob) = (stage.token("ann", 9 * MINUTE), stage.token("bob", 9 * MINUTE));
    let phone = stage.client("/a", &ann).await;
    let page = stage.client("/b", &ann).await;
    stage.join(&page, "/open", "").await;
    let other = stage.client("/a", &bob).await;
    stage.told();
    stage.io.clock().advance(Duration::from_secs(1));
    stage.io.revoke(Revocation::user("ann")).unwrap();
    stage.simulation.run().await;
    assert!(phone.is_closed() && page.is_closed() && !other.is_closed());
    // No DISCONNECT: a client may come back, with a token that is better.
    assert!(phone.received().is_empty() && page.received().is_empty());
    let mut told = stage.told();
    told.sort();
    assert_eq!(told, ["/a forced server close", "/b forced server close", "/open forced server close"]);
    assert_eq!(stage.io.stats().sessions, 1);
}

#[actix_rt::test]
async fn who_comes_back_with_a_revoked_token_is_told_so_and_a_new_login_is_let_in() {
    let stage = Stage::new(Config::default());
    let old = stage.token("ann", 9 * MINUTE);
    stage.io.clock().advance(Duration::from_secs(1));
    stage.io.revoke(Revocation::user("ann")).unwrap();
    let client = stage.simulation.open(0);
    let answer = stage.connect(&client, "/a", &old).await;
    assert_eq!(answer, [r#"4/a,{"data":{"code":"token_revoked"},"message":"token revoked"}"#]);
    stage.io.clock().advance(Duration::from_secs(1));
    stage.join(&client, "/a", &stage.token("ann", 9 * MINUTE)).await;
    // A refresh with the revoked one is refused, and ends nothing.
    let answer = stage.ask(&client, &format!(r#"2/a,1["auth:refresh","{old}"]"#)).await;
    assert!(answer[0].contains("token_revoked") && !client.is_closed(), "{answer:?}");
}

#[actix_rt::test]
async fn one_token_is_revoked_by_its_id() {
    let stage = Stage::new(Config::default());
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let token = |jti: &str| issuer.issue("ann", stage.now(), 9 * MINUTE, &json!({ "jti": jti })).unwrap();
    let (stolen, own) = (stage.client("/a", &token("1")).await, stage.client("/a", &token("2")).await);
    stage.io.revoke(Revocation::token("1")).unwrap();
    stage.simulation.run().await;
    assert!(stolen.is_closed() && !own.is_closed());
    let claims = JwtAuth::hs256(SECRET).unwrap().verify(&token("1"), stage.now()).unwrap();
    assert!(stage.io.is_revoked(&claims));
    // What it was refreshed to counts, not what it came with.
    let next = token("3");
    stage.ask(&own, &format!(r#"2/a,1["auth:refresh","{next}"]"#)).await;
    stage.io.revoke(Revocation::token("2")).unwrap();
    stage.simulation.run().await;
    assert!(!own.is_closed());
    stage.io.revoke(Revocation::token("3")).unwrap();
    stage.simulation.run().await;
    assert!(own.is_closed());
}

/// Neither a member of its namespace nor refused: nobody finds it but itself.
#[actix_rt::test]
async fn a_token_that_is_revoked_while_middleware_decides_connects_nobody() {
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
    stage.connect(&client, "/a", &stage.token("ann", 9 * MINUTE)).await;
    stage.io.clock().advance(Duration::from_secs(1));
    stage.io.revoke(Revocation::user("ann")).unwrap();
    stage.simulation.run().await;
    open.send(true).unwrap();
    stage.simulation.run().await;
    assert!(client.is_closed());
    assert!(stage.told().is_empty(), "no hook has seen it");
    assert_eq!((stage.io.stats().sockets, stage.io.stats().socket_actors), (0, 0));
}

/// In whatever order the mailboxes are emptied: a revoked client stays in no schedule.
#[actix_rt::test]
async fn no_schedule_of_connects_refreshes_and_revocations_lets_a_revoked_token_stay() {
    for seed in 0..300 {
        let stage = Stage::seeded(Config::default(), seed);
        let issuer = TokenIssuer::hs256(SECRET).unwrap();
        let token = |jti| issuer.issue("ann", stage.now(), 9 * MINUTE, &json!({ "jti": jti })).unwrap();
        let (coming, refreshing) = (stage.simulation.open(0), stage.client("/b", &token("old")).await);
        coming.send(&format!(r#"0/a,{{"token":"{}"}}"#, token("x"))).await;
        refreshing.send(&format!(r#"2/b,["auth:refresh","{}"]"#, token("x"))).await;
        for _ in 0..seed % 12 {
            stage.simulation.step();
            tokio::task::yield_now().await;
        }
        stage.io.revoke(Revocation::token("x")).unwrap();
        stage.simulation.run().await;
        let refused = |packets: Vec<String>| packets.iter().any(|packet| packet.contains("token_revoked"));
        assert!(coming.is_closed() || refused(coming.received()), "seed {seed}");
        assert!(refreshing.is_closed() || refused(refreshing.received()), "seed {seed}");
    }
}

#[actix_rt::test]
async fn what_can_not_be_remembered_is_said_and_still_ends_who_is_there() {
    let stage = Stage::new(Config { max_revocations: 1, ..Config::default() });
    let client = stage.client("/a", &stage.token("ann", 9 * MINUTE)).await;
    stage.io.revoke(Revocation::token("some other")).unwrap();
    stage.io.clock().advance(Duration::from_secs(1));
    assert_eq!(stage.io.revoke(Revocation::user("ann")), Err(RevocationsFull));
    stage.simulation.run().await;
    assert!(client.is_closed());
}
