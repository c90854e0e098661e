//! `POST /login`: a name becomes a token.

use std::time::Duration;

use actix_web::{HttpResponse, Responder, post, web};
use greenroom::Clock;
use greenroom::auth::TokenIssuer;
use serde::Deserialize;
use serde_json::json;

use crate::domain::Person;

/// How long a token lets its bearer connect.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// What the login needs.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) issuer: TokenIssuer,
    pub(crate) clock: Clock,
}

#[derive(Deserialize)]
struct Form {
    name: String,
}

#[post("/login")]
pub(crate) async fn login(login: web::Data<Login>, form: web::Json<Form>) -> impl Responder {
    let id = uuid::Uuid::new_v4().to_string();
    let person = match Person::new(id, &form.name) {
        Ok(person) => person,
        Err(rule) => {
            let error = json!({ "code": rule.code(), "message": rule.message() });
            return HttpResponse::BadRequest().json(json!({ "error": error }));
        }
    };
    let claims = json!({ "id": person.id, "name": person.name });
    match login.issuer.issue(&person.id, login.clock.unix_now(), TOKEN_LIFE, &claims) {
        Ok(token) => HttpResponse::Ok().json(json!({ "token": token, "user": person })),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}
