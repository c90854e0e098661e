//! A room for clients without a Socket.IO library: JSON over a bare WebSocket, beside Socket.IO.
//! The chapter is docs/guide/gateway.md; run it with `cargo run -p greenroom --example gateway`, and then
//! `websocat ws://127.0.0.1:7000/rooms/wall`: `{}`, and `{"event":"write","args":["hello"]}`.

use actix_web::App;
use greenroom::prelude::*;
use greenroom::room::{Cx, Member, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};

/// The last words that somebody wrote, for all to see.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Wall {
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Write(String),
}

impl Room for Wall {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = Self;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_event(&mut self, _: &Member, In::Write(words): In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        self.words.push(words);
        self.words.drain(..self.words.len().saturating_sub(20));
        Ok(Reply::none())
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.room::<Wall>("/wall");
    let gateway = io.clone();
    greenroom::Serve::new(io)
        .app(move || App::new().service(gateway.gateway("/rooms")))
        .bind(("127.0.0.1", 7000))?
        .run()
        .await
}
