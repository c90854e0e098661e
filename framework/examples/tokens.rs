//! A namespace for token holders. Run it with `cargo run -p greenroom --example tokens`; it prints what to do.
#![expect(clippy::print_stdout, reason = "an example tells its reader what to type")]
#![expect(clippy::disallowed_methods, reason = "a login asks the system for the time")]

use std::error::Error;
use std::time::{Duration, SystemTime};

use greenroom::auth::{JwtAuth, TokenIssuer};
use greenroom::prelude::*;
use serde::{Deserialize, Serialize};

/// Of course a real one is read from the environment.
const SECRET: &str = "a secret of at least thirty-two bytes";

/// What the login knows of a player, and signs.
#[derive(Serialize, Deserialize)]
struct Player {
    name: String,
    level: u32,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let io = Server::new();
    io.of("/").on_connect(|socket| {
        socket.emit("hello", "stranger");
    });
    members(&io.of("/members"))?;
    println!("With socket.io-client, in Node or a page:\n");
    println!("  io('http://localhost:7000/members', {{ auth: {{ token: '{}' }} }})", login()?);
    println!("    .on('hello', console.log).on('connect_error', (error) => console.log(error.data));");
    greenroom::serve(io, ("127.0.0.1", 7000)).await?;
    Ok(())
}

/// Whoever has no token gets `connect_error` with `data.code` being `token_missing`.
fn members(members: &Namespace) -> Result<(), Box<dyn Error>> {
    members.auth(JwtAuth::hs256(SECRET)?.audience("members"));
    members.middleware(|socket| async move {
        let player: Player =
            socket.claims().ok_or_else(|| Reject::new("no_token", "who are you?"))?.parse()?;
        if player.level < 3 {
            let wanted = serde_json::json!({ "code": "level_too_low", "wanted": 3 });
            return Err(Reject::new("level_too_low", "come back at level 3").with_data(wanted));
        }
        socket.put(player);
        Ok(())
    });
    members.on_connect(|socket| {
        if let Some(player) = socket.data::<Player>() {
            socket.emit("hello", (&player.name, socket.user_id()));
        }
    });
    Ok(())
}

/// What a login endpoint would do after it has checked a password.
fn login() -> Result<String, Box<dyn Error>> {
    let player = Player { name: "Ann".to_owned(), level: 7 };
    let issuer = TokenIssuer::hs256(SECRET)?.audience("members");
    Ok(issuer.issue("user-1", SystemTime::now(), Duration::from_secs(3_600), &player)?)
}
