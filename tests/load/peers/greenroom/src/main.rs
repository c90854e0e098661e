//! Peer: Greenroom, with the generator's events, written as a user would write them.
//!
//! Environment:
//! * `PORT`: where to listen on 127.0.0.1.
//! * `WORKERS`: worker threads (default 2).
//! * `IDLE_FULL=1`: what a real server holds per connection: a token is required, and every socket
//!   keeps its claims and typed data. (The five handlers are shared by all sockets anyway.)
//! * `PRESENCE=1`: a token is required; rooms `p-…` have presence, and in rooms `n-…` everybody is told of
//!   everybody who comes and goes, as one does it by hand.
//! * `JWT_SECRET`: the secret of the tokens.
//!
//! `/plane` is a custom room of 64 players at 20 Hz.
#![forbid(unsafe_code)]

mod plane;

use std::env;
use std::io;

use greenroom::Args;
use greenroom::prelude::*;
use greenroom::presence::PresenceConfig;
use serde::{Deserialize, Serialize};

const WORKERS: usize = 2;
/// The secret that `bench.py` signs with.
const SECRET: &str = "greenroom-bench-secret-of-32-bytes!";

/// What a small game keeps of a player.
#[derive(Debug, Serialize, Deserialize)]
struct Player {
    name: String,
    score: u64,
    ready: bool,
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    loadkit::limits::raise_open_files()?;
    let config = Config { workers: env_number("WORKERS", WORKERS), ..Config::default() };
    let is_set = |name: &str| env::var(name).is_ok_and(|value| value == "1");
    let io = match (is_set("IDLE_FULL"), is_set("PRESENCE")) {
        (true, _) => with_players(config)?,
        (false, true) => with_presence(config)?,
        (false, false) => Server::builder().config(config).build(),
    };
    listen(&io.of("/"));
    io.room::<plane::Plane>("/plane");
    greenroom::serve(io, ("127.0.0.1", env_number("PORT", 0))).await
}

/// A server that lets in who has a token, and knows every socket's player.
fn with_players(config: Config) -> io::Result<Server> {
    let io = with_tokens(config)?;
    io.of("/").on_connect(|socket| {
        let name = socket.user_id().unwrap_or_default().to_owned();
        socket.put(Player { name, score: 0, ready: false });
    });
    Ok(io)
}

/// A server that lets in who has a token, with both ways to tell who is there.
fn with_presence(config: Config) -> io::Result<Server> {
    let io = with_tokens(config)?;
    io.of("/").room_presence(PresenceConfig::default(), |room| room.starts_with("p-"));
    io.of("/").on("join", |socket: Socket, room: String| {
        if room.starts_with("n-") {
            socket.namespace().to(room).emit("member:joined", socket.user_id().unwrap_or_default());
        }
    });
    io.of("/").on_disconnecting(|socket, _| {
        for room in socket.rooms().iter().filter(|room| room.starts_with("n-")) {
            socket.to(room.clone()).emit("member:left", socket.user_id().unwrap_or_default());
        }
    });
    Ok(io)
}

fn with_tokens(config: Config) -> io::Result<Server> {
    let secret = env::var("JWT_SECRET").unwrap_or_else(|_| SECRET.to_owned());
    let auth = JwtAuth::hs256(secret.as_bytes()).map_err(io::Error::other)?;
    Ok(Server::builder().config(config).auth(auth).build())
}

fn listen(sockets: &Namespace) {
    sockets.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    sockets.on("leave", |socket: Socket, room: String| {
        socket.leave(room);
        Ok("ok")
    });
    sockets.on("echo", |_: Socket, args: Args| Ok(args));
    sockets.on("say", |socket: Socket, (room, payload): (String, String)| {
        socket.namespace().to(room).emit("said", payload);
    });
    sockets.on("ready", |socket: Socket, ready: bool| {
        let score = socket.data::<Player>().map_or(0, |player| player.score);
        socket.put(Player { name: socket.user_id().unwrap_or_default().to_owned(), score, ready });
    });
}

fn env_number<T: std::str::FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
