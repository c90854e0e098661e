//! The lobby: `cargo run -p example-game`, then open <http://localhost:7000>. `--help` says what it can be told.

mod contract;
mod domain;
mod lobby;
mod login;
mod rooms;
mod secret;
mod settings;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use actix_files::Files;
use actix_web::{App, web};
use clap::Parser as _;
use greenroom::Serve;
use greenroom::prelude::*;
use login::Tokens;
use settings::{Flags, Settings};

#[actix_web::main]
async fn main() -> ExitCode {
    if let Some(done) = rooms::replays().command() {
        return done;
    }
    match start(&Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let settings = flags.settings()?;
    if flags.print_config {
        return Ok(write!(std::io::stdout(), "{settings}")?);
    }
    settings.start_log();
    run(settings).await
}

async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let (lives, presence) = (settings.token_lives(), settings.presence());
    let secret = settings.jwt_secret.map_or_else(|| secret::kept_in(&settings.jwt_secret_file), Ok)?;
    let io = Server::builder().config(settings.server).auth(JwtAuth::hs256(&secret)?).build();
    lobby::open(&io, presence);

    let tokens = Tokens::new(&secret, lives, io.clone())?;
    let page = settings.web_root;
    let app = move || {
        App::new()
            .app_data(web::Data::new(tokens.clone()))
            .service(login::login)
            .service(login::renew)
            .service(login::leave)
            .service(Files::new("/", &page).index_file("index.html"))
    };
    let mut serve = Serve::new(io).app(app).bind((settings.address, settings.port))?;
    if let Some(operations) = settings.operations {
        serve = serve.operations(operations)?;
    }
    for address in serve.addrs() {
        tracing::info!(%address, "the lobby is open at http://{address}");
    }
    for address in serve.operations_addrs() {
        tracing::info!(%address, "an operator finds /metrics, /healthz and /readyz at http://{address}");
    }
    Ok(serve.run().await?)
}
