//! The lobby: `cargo run -p example-game`, then open <http://localhost:7000>.
//!
//! `PORT` (7000), `WEB_ROOT` (the built page), `JWT_SECRET` (32 bytes or more; random if it is not
//! given, and then tokens end with the process), `TOKEN_SECONDS` (900: how long a token is good) and
//! `OPERATIONS` (`127.0.0.1:9000`, say: where an operator finds `/metrics`, `/healthz` and `/readyz`; nowhere
//! if it is not given) may be set in the environment.

mod contract;
mod domain;
mod lobby;
mod login;

use std::error::Error;
use std::time::Duration;

use actix_files::Files;
use actix_web::{App, web};
use greenroom::Serve;
use greenroom::prelude::*;
use login::Tokens;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_env_filter(setting("RUST_LOG", "info")).init();
    let secret = setting("JWT_SECRET", &random_secret());
    let io = Server::builder().auth(JwtAuth::hs256(&secret)?).build();
    lobby::open(&io);

    let life = Duration::from_secs(setting("TOKEN_SECONDS", "900").parse()?);
    let tokens = Tokens::new(&secret, life, io.clone())?;
    let page = setting("WEB_ROOT", concat!(env!("CARGO_MANIFEST_DIR"), "/../client-demo/web/dist"));
    let app = move || {
        App::new()
            .app_data(web::Data::new(tokens.clone()))
            .service(login::login)
            .service(login::renew)
            .service(Files::new("/", &page).index_file("index.html"))
    };
    let port: u16 = setting("PORT", "7000").parse()?;
    tracing::info!("the lobby is open at http://localhost:{port}");
    let mut serve = Serve::new(io).app(app).bind(("127.0.0.1", port))?;
    if let Ok(operations) = std::env::var("OPERATIONS") {
        serve = serve.operations(operations)?;
    }
    Ok(serve.run().await?)
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Two random UUIDs: more than the 32 bytes that HS256 asks for.
fn random_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
