//! A room with a bug in it: what a panic costs, and how it is played again.
//! The chapter is docs/guide/panics.md; run it with `cargo run -p greenroom --example panics`.
//!
//! `emit("share", 0)` panics. The state is as before, the ack says `room_error`, and a journal lies in
//! `journals/`: `cargo run -p greenroom --example panics -- replay journals/…` leads to the same panic.

use std::process::ExitCode;

use greenroom::Replays;
use greenroom::prelude::*;
use greenroom::room::{Cx, Member, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Purse {
    coins: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Find(u32),
    /// Among so many.
    Share(u32),
}

impl Room for Purse {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = Self;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self { coins: 0 })
    }

    fn on_event(&mut self, _: &Member, event: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Find(coins) => {
                self.coins += coins;
                Ok(Reply::none())
            }
            In::Share(people) => {
                let coins = std::mem::take(&mut self.coins); // already changed when it panics
                self.coins = coins % people;
                Ok((coins / people).into())
            }
        }
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<ExitCode> {
    if let Some(code) = Replays::new().of::<Purse>().command() {
        return Ok(code);
    }
    let config = Config { room_journals: Some("journals".into()), ..Config::default() };
    let io = Server::builder().config(config).build();
    io.room::<Purse>("/purse");
    greenroom::serve(io, ("127.0.0.1", 7000)).await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use greenroom::room::{Ending, replay};
    use greenroom::testing::TestRoom;
    use serde_json::json;

    #[test]
    fn a_panic_costs_one_message_and_leaves_a_journal_that_leads_to_it() {
        let mut room = TestRoom::<Purse>::new(json!({}));
        room.join("ann").unwrap();
        room.call("ann", "find", 7).unwrap();
        assert_eq!(room.call("ann", "share", 0).unwrap_err().code(), "room_error");
        assert_eq!(room.view("ann")["coins"], 7);
        assert_eq!(room.call("ann", "share", 2).unwrap(), json!(3));

        let fault = &room.faults()[0];
        let mut replay = replay::<Purse>(fault.journal.as_ref().unwrap()).unwrap();
        let ending = replay.finish().unwrap();
        assert!(matches!(&ending, Ending::Panic(again) if again.message == fault.message), "{ending:?}");
    }
}
