//! The same questions over HTTP, for back ends that are not Greenroom.
//!
//! *Spec*: `docs/guide/presence.md` › HTTP. Keeps: answers are what others see, so who is invisible is
//! offline here, too; without the token nothing is answered.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use greenroom_proto::presence::{Scope, UserId, Watched};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{Presence, PresenceError};

/// What each request needs.
struct Api {
    presence: Presence,
    token: Box<[u8]>,
}

/// Where a page of a room begins, and how long it is.
#[derive(Deserialize)]
struct Page {
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Ids {
    ids: String,
}

#[derive(Serialize)]
struct Seen<'a> {
    id: &'a str,
    #[serde(flatten)]
    seen: Watched,
}

/// The token is shorter than 32 bytes, and could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token of the presence API has less than {MIN_TOKEN} bytes")]
pub struct TokenTooShort;

/// Bytes that a server token needs at least: 128 random bits as hexadecimal digits are 32.
const MIN_TOKEN: usize = 32;

impl Presence {
    /// Answers questions about this presence over HTTP to whoever has the token, below a path of any
    /// actix-web `App`.
    ///
    /// # Errors
    /// [`TokenTooShort`] below 32 bytes.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::PresenceConfig;
    /// # fn example(io: Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let presence = io.of("/").presence(PresenceConfig::default());
    /// presence.http("/presence", "0123456789abcdef0123456789abcdef")?; // checked here, once
    /// HttpServer::new(move || {
    ///     let api = presence.http("/presence", "0123456789abcdef0123456789abcdef");
    ///     App::new().service(io.routes()).configure(|app| {
    ///         api.into_iter().for_each(|api| drop(app.service(api)));
    ///     })
    /// });
    /// # Ok(()) }
    /// ```
    pub fn http(&self, path: &str, token: &str) -> Result<actix_web::Scope, TokenTooShort> {
        if token.len() < MIN_TOKEN {
            return Err(TokenTooShort);
        }
        let api = web::Data::from(Arc::new(Api { presence: self.clone(), token: token.as_bytes().into() }));
        Ok(web::scope(path)
            .app_data(api)
            .route("/users", web::get().to(users))
            .route("/users/{id}", web::get().to(user))
            .route("/rooms/{room}", web::get().to(room))
            .route("/namespace", web::get().to(namespace)))
    }
}

async fn user(request: HttpRequest, api: web::Data<Api>, id: web::Path<String>) -> HttpResponse {
    answer_users(&request, &api, &[id.as_str()]).await.unwrap_or_else(|refused| refused)
}

async fn users(request: HttpRequest, api: web::Data<Api>, asked: web::Query<Ids>) -> HttpResponse {
    let ids: Vec<&str> = asked.ids.split(',').filter(|id| !id.is_empty()).collect();
    answer_users(&request, &api, &ids).await.unwrap_or_else(|refused| refused)
}

async fn room(
    request: HttpRequest,
    api: web::Data<Api>,
    name: web::Path<String>,
    page: web::Query<Page>,
) -> HttpResponse {
    let scope = Scope::Room(name.into_inner().into());
    answer_room(&request, &api, scope, page.into_inner()).await.unwrap_or_else(|refused| refused)
}

async fn namespace(request: HttpRequest, api: web::Data<Api>, page: web::Query<Page>) -> HttpResponse {
    answer_room(&request, &api, Scope::Namespace, page.into_inner()).await.unwrap_or_else(|refused| refused)
}

async fn answer_users(request: &HttpRequest, api: &Api, ids: &[&str]) -> Result<HttpResponse, HttpResponse> {
    api.admit(request)?;
    if ids.len() > api.presence.config().max_watched {
        return Err(refusal(HttpResponse::BadRequest(), "too_many_users"));
    }
    let seen = api.presence.seen(ids).await.map_err(unavailable)?;
    let users: Vec<_> = ids.iter().zip(seen).map(|(id, seen)| Seen { id, seen }).collect();
    Ok(match (request.match_info().get("id"), users.first()) {
        (Some(_), Some(user)) => HttpResponse::Ok().json(user),
        _ => HttpResponse::Ok().json(serde_json::json!({ "users": users })),
    })
}

async fn answer_room(
    request: &HttpRequest,
    api: &Api,
    scope: Scope,
    page: Page,
) -> Result<HttpResponse, HttpResponse> {
    api.admit(request)?;
    let most = api.presence.config().max_listed;
    let limit = page.limit.unwrap_or(most).min(most);
    let after = page.after.map(UserId::from);
    let view = api.presence.page(scope.clone(), after, limit).await.map_err(unavailable)?;
    let is_full = limit > 0 && view.users.len() == limit;
    let next = view.users.keys().next_back().filter(|_| is_full);
    Ok(HttpResponse::Ok().json(serde_json::json!({
        "room": scope, "counts": view.counts, "users": view.users, "next": next,
    })))
}

impl Api {
    /// Compares without telling by its time how much of the token is right.
    fn admit(&self, request: &HttpRequest) -> Result<(), HttpResponse> {
        let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
        let given = header.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
        if bool::from(given.ct_eq(&self.token)) {
            return Ok(());
        }
        let mut response = HttpResponse::Unauthorized();
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        Err(refusal(response, "unauthorized"))
    }
}

fn unavailable(_: PresenceError) -> HttpResponse {
    refusal(HttpResponse::ServiceUnavailable(), "unavailable")
}

fn refusal(mut response: actix_web::HttpResponseBuilder, code: &str) -> HttpResponse {
    response.json(serde_json::json!({ "error": { "code": code } }))
}
