//! The HTTP API, in an `App` of its own.

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use greenroom::presence::{Manual, TokenTooShort};
use serde_json::{Value, json};

use super::stage::Stage;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn get(stage: &Stage, path: &str, token: Option<&str>) -> (StatusCode, Value) {
    let api = stage.presence.http("/presence", TOKEN).unwrap();
    let (path, token) = (path.to_owned(), token.map(str::to_owned));
    let request = async move {
        let app = init_service(App::new().service(api)).await;
        let request = TestRequest::get().uri(&path);
        let request = match token {
            Some(token) => request.insert_header(("authorization", format!("Bearer {token}"))),
            None => request,
        };
        let response = call_service(&app, request.to_request()).await;
        (response.status(), read_body_json(response).await)
    };
    stage.ask(request).await
}

#[actix_rt::test]
async fn back_ends_ask_who_is_there_with_the_token_only() {
    let stage = Stage::new(1);
    stage.open("ann", 0).await;
    stage.open("bob", 1).await;
    let (status, user) = get(&stage, "/presence/users/ann", Some(TOKEN)).await;
    assert_eq!(
        (status, user),
        (StatusCode::OK, json!({ "id": "ann", "status": "online", "data": { "name": "ann" } }))
    );
    let (_, users) = get(&stage, "/presence/users?ids=bob,cy", Some(TOKEN)).await;
    assert_eq!(
        (&users["users"][0]["status"], &users["users"][1]),
        (&json!("online"), &json!({ "id": "cy", "status": "offline" }))
    );
    let (_, room) = get(&stage, "/presence/rooms/chat-1?limit=1", Some(TOKEN)).await;
    assert_eq!((&room["counts"]["total"], &room["next"]), (&json!(2), &json!("ann")));
    let (_, rest) = get(&stage, "/presence/rooms/chat-1?limit=1&after=ann", Some(TOKEN)).await;
    assert!(rest["users"]["bob"].is_object());
    let (_, namespace) = get(&stage, "/presence/namespace", Some(TOKEN)).await;
    assert_eq!(namespace["counts"]["online"], json!(2));
    for wrong in
        [None, Some(""), Some("0123456789abcdef0123456789abcdeX"), Some("0123456789abcdef0123456789abcdef0")]
    {
        let (status, body) = get(&stage, "/presence/users/ann", wrong).await;
        assert_eq!(
            (status, body),
            (StatusCode::UNAUTHORIZED, json!({ "error": { "code": "unauthorized" } }))
        );
    }
    assert_eq!(stage.presence.http("/presence", "short").err(), Some(TokenTooShort));
}

#[actix_rt::test]
async fn who_is_invisible_is_offline_there_too() {
    let stage = Stage::new(2);
    stage.open("ann", 0).await;
    let presence = stage.presence.clone();
    stage.ask(async move { presence.set_manual("ann", Some(Manual::Invisible)).await.unwrap() }).await;
    stage.pass(3_000).await;
    let (_, user) = get(&stage, "/presence/users/ann", Some(TOKEN)).await;
    assert_eq!(user["status"], json!("offline"));
    let (_, room) = get(&stage, "/presence/rooms/chat-1", Some(TOKEN)).await;
    assert_eq!((&room["users"], &room["counts"]["total"]), (&json!({}), &json!(0)));
}
