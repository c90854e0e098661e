//! `POST /login`: a name becomes a token. `POST /refresh`: a token for who is known already. `POST /logout`: no more
//! of them.

use std::time::UNIX_EPOCH;

use actix_web::{HttpResponse, Responder, post, web};
use greenroom::auth::{JwtAuth, KeyError, Revocation, TokenIssuer, TokenLives};
use greenroom::{Reject, Server};
use serde::Serialize;

use crate::contract::{self, Done, Problem, Welcome};
use crate::domain::Person;

/// What makes and reads the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    issuer: TokenIssuer,
    refresh: JwtAuth,
    lives: TokenLives,
    io: Server,
}

impl Tokens {
    /// Tokens signed with this secret.
    pub(crate) fn new(secret: &str, lives: TokenLives, io: Server) -> Result<Self, KeyError> {
        Ok(Self {
            issuer: TokenIssuer::hs256(secret)?,
            refresh: JwtAuth::hs256(secret)?.for_refresh_tokens(),
            lives,
            io,
        })
    }

    fn welcome(&self, user: Person) -> Result<Welcome, Reject> {
        let now = self.io.clock().unix_now();
        let exp = (now + self.lives.access).duration_since(UNIX_EPOCH)?.as_secs();
        let pair = self.issuer.issue_pair(&user.id, now, self.lives, &user)?;
        Ok(Welcome { token: pair.access, exp, refresh: pair.refresh, user })
    }

    fn renewed(&self, token: &str) -> Result<Welcome, Reject> {
        let again = |code: &'static str| Reject::new(code, "Come in again.");
        let claims = self.refresh.verify(token, self.io.clock().unix_now());
        let claims = claims.map_err(|error| again(error.code()))?;
        if self.io.is_revoked(&claims) {
            return Err(again("token_revoked"));
        }
        self.welcome(claims.parse()?)
    }

    /// Takes a refresh token back. One that is not good has nothing left to take.
    fn take_back(&self, token: &str) -> Result<Done, Reject> {
        if let Ok(claims) = self.refresh.verify(token, self.io.clock().unix_now())
            && let (Some(jti), Some(end)) = (claims.jti(), claims.expires_at())
        {
            self.io.revoke(Revocation::token(jti).until(end))?;
        }
        Ok(Done {})
    }
}

#[post("/login")]
pub(crate) async fn login(tokens: web::Data<Tokens>, form: web::Json<contract::Login>) -> impl Responder {
    let id = uuid::Uuid::new_v4().to_string();
    let person = Person::new(id, &form.name).map_err(|rule| Reject::new(rule.code(), rule.message()));
    answer(person.and_then(|person| tokens.welcome(person)))
}

#[post("/refresh")]
pub(crate) async fn renew(tokens: web::Data<Tokens>, form: web::Json<contract::Refresh>) -> impl Responder {
    answer(tokens.renewed(&form.refresh))
}

#[post("/logout")]
pub(crate) async fn leave(tokens: web::Data<Tokens>, form: web::Json<contract::Refresh>) -> impl Responder {
    answer(tokens.take_back(&form.refresh))
}

fn answer(outcome: Result<impl Serialize, Reject>) -> HttpResponse {
    match outcome {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(reject) => {
            let mut response = match reject.code() {
                "internal" => HttpResponse::InternalServerError(),
                "token_expired" | "token_invalid" | "token_revoked" => HttpResponse::Unauthorized(),
                _ => HttpResponse::BadRequest(),
            };
            let (code, message) = (reject.code().to_owned(), reject.message().to_owned());
            response.json(serde_json::json!({ "error": Problem { code, message } }))
        }
    }
}
