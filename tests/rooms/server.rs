//! What server code does with rooms, and what it decides about those who join.

use std::time::Duration;

use greenroom::auth::{Revocation, TokenIssuer};
use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::party::{Internal, Party};
use crate::stage::Stage;

const SECRET: &str = "a secret of at least thirty-two bytes";

/// Runs the stage until the answer is there.
async fn answer<T: 'static>(stage: &Stage, question: impl Future<Output = T> + 'static) -> T {
    let question = actix_rt::spawn(question);
    stage.run().await;
    question.await.unwrap()
}

#[actix_rt::test]
async fn server_code_makes_rooms_finds_them_and_ends_them() {
    for seed in 0..10 {
        let stage = Stage::new(seed, |io| drop(io.room::<Party>("/party")));
        let rooms = stage.io.rooms::<Party>().unwrap();
        let id = answer(&stage, {
            let rooms = rooms.clone();
            async move { rooms.create(json!({ "mode": "fast" })).await }
        })
        .await
        .unwrap();
        assert_eq!(rooms.list(&greenroom::ListQuery::default())[0].label["mode"], "fast");
        let path: &'static str = format!("/party/{id}").leak();
        let (ann, joined) = stage.join(0, path, &json!({})).await;
        assert_eq!(joined["room"], id.as_str());
        let room = answer(&stage, {
            let (rooms, id) = (rooms.clone(), id.clone());
            async move { rooms.find(id).await }
        })
        .await
        .unwrap();
        room.send(Internal::Add(7)).unwrap();
        stage.run().await;
        assert_eq!(ann.events("patch").last().unwrap()["d"], json!({ "count": 7 }));
        room.close();
        stage.run().await;
        assert_eq!(ann.received(), [r#"2["dismissed",{"reason":"server"}]"#, "1"]);
        let none = answer(&stage, {
            let rooms = rooms.clone();
            async move { rooms.find(id).await.is_none() }
        })
        .await;
        assert!(none);
        let refused = answer(&stage, async move { rooms.create(json!({ "broken": true })).await }).await;
        assert_eq!(refused.unwrap_err().code(), "bad_options");
    }
}

#[actix_rt::test]
async fn a_revoked_token_ends_its_sockets_in_rooms_too() {
    let stage = Stage::new(1, |io| {
        io.room::<Party>("/party").auth(JwtAuth::hs256(SECRET).unwrap());
    });
    let now = stage.io.clock().unix_now();
    let issuer = TokenIssuer::hs256(SECRET).unwrap();
    let auth = |user: &str| -> Value {
        json!({ "token": issuer.issue(user, now, Duration::from_secs(900), &()).unwrap() })
    };
    let (ann, _) = stage.join(0, "/party", &auth("ann")).await;
    let (bob, _) = stage.join(1, "/party", &auth("bob")).await;
    stage.advance(Duration::from_secs(1)).await;
    stage.io.revoke(Revocation::user("ann")).unwrap();
    stage.run().await;
    assert!(ann.wire.is_closed() && !bob.wire.is_closed());
}

#[actix_rt::test]
async fn middleware_decides_before_a_room_is_looked_for() {
    let stage = Stage::new(2, |io| {
        io.room::<Party>("/party").middleware(|socket| async move {
            let wanted: Value = socket.auth().unwrap_or_default();
            if wanted["adult"] == true { Ok(()) } else { Err(Reject::new("too_young", "not today")) }
        });
    });
    let young = stage.ask(0, "/party", &json!({})).await;
    stage.run().await;
    assert_eq!(young.refusal()["data"]["code"], "too_young");
    assert_eq!(stage.io.stats().custom_rooms, 0);
    stage.join(0, "/party", &json!({ "adult": true })).await;
    assert_eq!(stage.io.stats().custom_rooms, 1);
}
