//! Keys that change while the server runs.

use greenroom::auth::{Algorithm, Key, Keys, Revocation, TokenIssuer};
use greenroom::prelude::*;

use crate::stage::{MINUTE, Stage};

const JUNE: &str = "the secret of June, thirty-two bytes";
const JULY: &str = "the secret of July, thirty-two bytes";

fn key(secret: &str) -> Key {
    Key::secret(Algorithm::Hs256, secret).unwrap()
}

fn token(stage: &Stage, kid: &str, secret: &str) -> String {
    let issuer = TokenIssuer::hs256(secret).unwrap().key_id(kid);
    issuer.issue("ann", stage.now(), 9 * MINUTE, &()).unwrap()
}

/// `/own` with a key of its own.
fn rotating(stage: &Stage) -> Keys {
    let auth = JwtAuth::new().key("june", key(JUNE));
    let keys = auth.keys();
    stage.io.of("/own").auth(auth);
    keys
}

#[actix_rt::test]
async fn a_new_key_is_good_at_once_and_the_old_one_until_it_is_taken_away() {
    let stage = Stage::new(Config::default());
    let keys = rotating(&stage);
    let client = stage.client("/own", &token(&stage, "june", JUNE)).await;
    let next = token(&stage, "july", JULY);
    let refresh = format!(r#"2/own,1["auth:refresh","{next}"]"#);
    assert!(stage.ask(&client, &refresh).await[0].contains("token_invalid"));
    keys.insert("july", key(JULY));
    assert!(stage.ask(&client, &refresh).await[0].contains("exp"));
    // Both are good: the old one's tokens live on.
    let older = stage.client("/own", &token(&stage, "june", JUNE)).await;
    assert!(keys.remove("june") && !keys.remove("june"));
    let answer = stage.connect(&stage.simulation.open(1), "/own", &token(&stage, "june", JUNE)).await;
    assert!(answer[0].contains("token_invalid"), "{answer:?}");
    // Who is connected stays until its token's end, unless that is revoked.
    stage.simulation.run().await;
    assert!(!older.is_closed() && !client.is_closed());
    stage.io.revoke(Revocation::key("june")).unwrap();
    stage.simulation.run().await;
    assert!(older.is_closed() && !client.is_closed());
}

#[actix_rt::test]
async fn all_named_keys_are_replaced_in_one_step() {
    let stage = Stage::new(Config::default());
    let keys = rotating(&stage);
    keys.replace([("july", key(JULY)), ("august", key(JUNE))]);
    let mut ids = keys.ids();
    ids.sort();
    assert_eq!(ids, ["august", "july"]);
    let client = stage.simulation.open(0);
    assert!(stage.connect(&client, "/own", &token(&stage, "june", JUNE)).await[0].contains("token_invalid"));
    stage.join(&client, "/own", &token(&stage, "july", JULY)).await;
}

#[actix_rt::test]
async fn the_key_without_a_name_changes_too() {
    let stage = Stage::new(Config::default());
    let keys = rotating(&stage);
    let unnamed =
        |secret| TokenIssuer::hs256(secret).unwrap().issue("ann", stage.now(), MINUTE, &()).unwrap();
    let client = stage.simulation.open(0);
    assert!(stage.connect(&client, "/own", &unnamed(JULY)).await[0].contains("token_invalid"));
    keys.set_default(Some(key(JULY)));
    stage.join(&client, "/own", &unnamed(JULY)).await;
    keys.set_default(None);
    let other = stage.simulation.open(1);
    assert!(stage.connect(&other, "/own", &unnamed(JULY)).await[0].contains("token_invalid"));
}
