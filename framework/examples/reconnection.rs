//! A game that waits for who is away: drops, grace, coming back, and leaving.
//! The chapter is docs/guide/reconnection.md; run it with `cargo run -p greenroom --example reconnection`.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::room::{Cx, Grace, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room};
use serde::{Deserialize, Serialize};

/// Players count up to ten in turns. While one of them is away the game stands still.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Count {
    players: BTreeMap<MemberId, Player>,
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<MemberId>,
    over: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Player {
    Here,
    Away,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Next,
}

impl Room for Count {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = Self;
    const MAX_PLAYERS: usize = 2;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        self.players.insert(who.id.clone(), Player::Here);
        Ok(())
    }

    fn on_event(&mut self, who: &Member, In::Next: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        let all_here = self.players.values().all(|player| matches!(player, Player::Here));
        if self.over || self.players.len() < Self::MAX_PLAYERS || !all_here {
            return Err(Reject::new("waiting", "the game waits for somebody, or is over"));
        }
        if self.last.as_ref() == Some(&who.id) {
            return Err(Reject::new("not_your_turn", "it is the other's turn"));
        }
        self.number += 1;
        self.over = self.number == 10;
        self.last = Some(who.id.clone());
        Ok(self.number.into())
    }

    /// The last connection broke: nobody waits before the game has begun.
    fn on_drop(&mut self, who: &Member, _: &mut Cx<Self>) -> Grace {
        if self.number == 0 {
            return Grace::None;
        }
        self.players.insert(who.id.clone(), Player::Away);
        Grace::For(Duration::from_secs(30))
    }

    fn on_reconnect(&mut self, who: &Member, _: &mut Cx<Self>) {
        self.players.insert(who.id.clone(), Player::Here);
    }

    /// Left, or not back in time.
    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.players.remove(&who.id);
        self.over = self.number > 0;
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.room::<Count>("/count");
    greenroom::serve(io, ("127.0.0.1", 7000)).await
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use greenroom::testing::TestRoom;
    use serde_json::json;

    fn game() -> TestRoom<Count> {
        let mut room = TestRoom::new(json!({}));
        assert!(["ann", "bob"].into_iter().all(|who| room.join(who).is_ok()));
        room
    }

    #[test]
    fn the_game_waits_for_who_is_away_and_goes_on() {
        let mut room = game();
        room.call("ann", "next", ()).unwrap();
        room.drop("ann");
        assert_eq!(room.view("bob")["players"]["ann"], "away");
        assert_eq!(room.call("bob", "next", ()).unwrap_err().code(), "waiting");
        room.advance(Duration::from_secs(29));
        room.reconnect("ann").unwrap();
        assert_eq!(room.call("bob", "next", ()).unwrap(), json!(2));
    }

    #[test]
    fn it_does_not_wait_for_ever_nor_before_it_has_begun() {
        let mut room = game();
        room.drop("ann");
        assert!(room.state().players.keys().eq(["bob"]), "before the first number there is no grace");
        room.join("ann").unwrap();
        room.call("ann", "next", ()).unwrap();
        room.drop("ann");
        room.advance(Duration::from_secs(31));
        assert!(room.state().over);
    }
}
