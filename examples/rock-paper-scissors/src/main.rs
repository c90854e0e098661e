//! The server: `rock-paper-scissors [port]`, or `rock-paper-scissors replay FILE` after a panic.

use std::io::Result;
use std::process::ExitCode;

use greenroom::Replays;
use greenroom::prelude::*;
use rock_paper_scissors::Match;

#[actix_web::main]
async fn main() -> Result<ExitCode> {
    if let Some(done) = Replays::new().of::<Match>().command() {
        return Ok(done);
    }
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(7000);
    let io = Server::new();
    io.room::<Match>("/rps").lobby(&io.of("/"));
    greenroom::serve(io, ("127.0.0.1", port)).await?;
    Ok(ExitCode::SUCCESS)
}
