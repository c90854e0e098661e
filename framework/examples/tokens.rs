//! The life of a token. Run it with `cargo run -p greenroom --example tokens`; it prints what to do.
#![expect(clippy::print_stdout, reason = "an example tells its reader what to type")]

use std::error::Error;
use std::time::Duration;

use greenroom::auth::{Revocation, TokenIssuer, TokenLives};
use greenroom::prelude::*;
use serde::{Deserialize, Serialize};

/// Of course a real one is read from the environment.
const SECRET: &str = "a secret of at least thirty-two bytes";

/// What the login knows of a player, and signs.
#[derive(Serialize, Deserialize)]
struct Player {
    name: String,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = JwtAuth::hs256(SECRET)?.audience("members");
    let config = Config { token_expiry_warning: Duration::from_secs(30), ..Config::default() };
    let io = Server::builder().config(config).auth(auth.clone()).build();
    login(&io, &auth)?;
    members(&io);

    // A minute, to see it expire; what is read from a token may be anything that serde knows.
    let lives = TokenLives { access: Duration::from_secs(60), ..TokenLives::default() };
    let issuer = TokenIssuer::hs256(SECRET)?.audience("members");
    let pair =
        issuer.issue_pair("user-1", io.clock().unix_now(), lives, &Player { name: "Ann".to_owned() })?;
    println!("With socket.io-client, in Node or a page:\n");
    println!("  let token = '{}'", pair.access);
    println!("  const login = io('http://localhost:7000/login')");
    println!("  const socket = io('http://localhost:7000/members', {{ auth: (give) => give({{ token }}) }})");
    println!("  socket.onAny(console.log).on('connect_error', (error) => console.log(error.data))");
    println!("  socket.on('auth:expiring', async () => {{");
    println!("    token = await login.emitWithAck('refresh', '{}')", pair.refresh);
    println!("    console.log(await socket.emitWithAck('auth:refresh', token))");
    println!("  }})\n  socket.emit('log me out everywhere')");
    Ok(greenroom::serve(io, ("127.0.0.1", 7000)).await?)
}

/// What a login's route would do, as events of a namespace that needs no token.
fn login(io: &Server, auth: &JwtAuth) -> Result<(), Box<dyn Error>> {
    let (issuer, rules) = (TokenIssuer::hs256(SECRET)?.audience("members"), auth.for_refresh_tokens());
    let server = io.clone();
    io.of("/login").no_auth().on("refresh", move |_: Socket, token: String| {
        let now = server.clock().unix_now();
        let claims =
            rules.verify(&token, now).map_err(|error| Reject::new(error.code(), error.to_string()))?;
        if server.is_revoked(&claims) {
            return Err(Reject::new("token_revoked", "please log in"));
        }
        let extra = claims.parse::<Player>()?;
        Ok(issuer.issue(claims.sub(), now, Duration::from_secs(60), &extra)?)
    });
    Ok(())
}

/// Whoever has no token gets `connect_error` with `data.code` being `token_missing`.
fn members(io: &Server) {
    let members = io.of("/members");
    members.on_connect(|socket| {
        socket.emit("hello", socket.user_id());
    });
    let server = io.clone();
    members.on("log me out everywhere", move |socket: Socket, ()| {
        let user = socket.user_id().ok_or_else(|| Reject::new("no_user", "who are you?"))?;
        Ok(server.revoke(Revocation::user(user))?)
    });
}
