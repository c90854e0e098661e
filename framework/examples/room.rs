//! A race to twenty clicks: a custom room. Run it with `cargo run -p greenroom --example room`, and join with
//! any Socket.IO client: `io("http://localhost:7000/race")`, then `socket.emit("click", show)`.

use std::collections::BTreeMap;

use greenroom::prelude::*;
use greenroom::room::{Cx, Member, MemberId, Options, Reply, Room, To};
use serde::{Deserialize, Serialize};

/// The state, and here also what everybody sees of it.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Race {
    clicks: BTreeMap<MemberId, u32>,
}

/// What clients send: `emit("click")`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Click,
}

/// What clients are sent besides the state: `on("won", (who) => …)`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Out {
    Won(MemberId),
}

impl Room for Race {
    type In = In;
    type Out = Out;
    type View = Self;
    type Timer = greenroom::room::Nothing;
    type Internal = greenroom::room::Nothing;

    const MAX_PLAYERS: usize = 4;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_event(&mut self, who: &Member, In::Click: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
        if cx.players().count() < 2 {
            return Err(Reject::new("alone", "a race needs two")); // the acknowledgement; nothing has changed
        }
        let clicks = self.clicks.entry(who.id.clone()).or_default();
        *clicks += 1;
        if *clicks == 20 {
            cx.emit(To::All, Out::Won(who.id.clone()));
            cx.close();
        }
        Ok((*clicks).into())
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.room::<Race>("/race").lobby(&io.of("/")); // the lobby: room:list, room:watch, room:create, room:find
    greenroom::serve(io, ("127.0.0.1", 7000)).await
}
