//! `POST /login`: a name becomes a token. `POST /refresh`: a token for who is known already.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::{HttpResponse, Responder, post, web};
use greenroom::auth::{JwtAuth, KeyError, TokenIssuer};
use greenroom::{Clock, Reject};

use crate::contract::{self, Problem, Welcome};
use crate::domain::{Person, Rule};

/// How long a refresh token is good for: who comes back within a month is known.
const REFRESH_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Tokens for the lobby.
const LOBBY: &str = "lobby";

/// Tokens that do no more than to ask for another one: the lobby does not take them.
const REFRESH: &str = "refresh";

/// What makes and reads the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    lobby: TokenIssuer,
    refresh: TokenIssuer,
    refreshable: JwtAuth,
    life: Duration,
    clock: Clock,
}

impl Tokens {
    /// Tokens signed with this secret, good for `life`.
    pub(crate) fn new(secret: &str, life: Duration, clock: Clock) -> Result<Self, KeyError> {
        Ok(Self {
            lobby: TokenIssuer::hs256(secret)?.audience(LOBBY),
            refresh: TokenIssuer::hs256(secret)?.audience(REFRESH),
            refreshable: JwtAuth::hs256(secret)?.audience(REFRESH),
            life,
            clock,
        })
    }

    fn welcome(&self, user: Person) -> Result<Welcome, Reject> {
        let now = self.clock.unix_now();
        let exp = (now + self.life).duration_since(UNIX_EPOCH)?.as_secs();
        let token = self.lobby.issue(&user.id, now, self.life, &user)?;
        let refresh = self.refresh.issue(&user.id, now, REFRESH_LIFE, &user)?;
        Ok(Welcome { token, exp, refresh, user })
    }

    fn refreshed(&self, token: &str) -> Result<Welcome, Reject> {
        let verified = self.refreshable.verify(token, self.clock.unix_now());
        let claims = verified.map_err(|error| Reject::new(error.code(), "Come in again."))?;
        self.welcome(claims.parse()?)
    }
}

/// Who may enter the lobby.
pub(crate) fn lobby_auth(secret: &str) -> Result<JwtAuth, KeyError> {
    Ok(JwtAuth::hs256(secret)?.audience(LOBBY))
}

#[post("/login")]
pub(crate) async fn login(tokens: web::Data<Tokens>, form: web::Json<contract::Login>) -> impl Responder {
    let id = uuid::Uuid::new_v4().to_string();
    let person = Person::new(id, &form.name).map_err(|rule: Rule| Reject::new(rule.code(), rule.message()));
    answer(person.and_then(|person| tokens.welcome(person)))
}

#[post("/refresh")]
pub(crate) async fn renew(tokens: web::Data<Tokens>, form: web::Json<contract::Refresh>) -> impl Responder {
    answer(tokens.refreshed(&form.refresh))
}

fn answer(welcome: Result<Welcome, Reject>) -> HttpResponse {
    match welcome {
        Ok(welcome) => HttpResponse::Ok().json(welcome),
        Err(reject) => {
            let mut response = match reject.code() {
                "internal" => HttpResponse::InternalServerError(),
                "token_expired" | "token_invalid" => HttpResponse::Unauthorized(),
                _ => HttpResponse::BadRequest(),
            };
            let (code, message) = (reject.code().to_owned(), reject.message().to_owned());
            response.json(serde_json::json!({ "error": Problem { code, message } }))
        }
    }
}
