//! A custom room: quick draw, the duel of the guide's first chapter, with its tests.
//! Run it with `cargo run -p greenroom --example room`, and them with
//! `cargo test -p greenroom --features testing --example room`.

use std::time::Duration;

use greenroom::prelude::*;
use greenroom::room::prelude::*;
use serde::{Deserialize, Serialize};

/// Who draws first after the signal wins; who draws before it has lost.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Draw {
    players: Vec<MemberId>,
    signal: bool,
    winner: Option<MemberId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Draw,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Signal;

impl Room for Draw {
    type In = In;
    type Out = Nothing;
    type Timer = Signal;
    type Internal = Nothing;
    type View = Self;
    const MAX_PLAYERS: usize = 2;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        self.players.push(who.id.clone());
        if self.players.len() == Self::MAX_PLAYERS {
            let pause = Duration::from_millis(2_000 + cx.roll(4_000));
            cx.after(pause, Signal);
            cx.lock(true);
        }
        Ok(())
    }

    fn on_event(&mut self, who: &Member, In::Draw: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        if self.players.len() < Self::MAX_PLAYERS || self.winner.is_some() {
            return Err(Reject::new("no_duel", "there is no duel at the moment"));
        }
        self.winner = if self.signal { Some(who.id.clone()) } else { self.other(who) };
        Ok((self.winner.as_ref() == Some(&who.id)).into())
    }

    fn on_timer(&mut self, _: Signal, _: &mut Cx<Self>) {
        self.signal = true;
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.winner = self.winner.take().or_else(|| self.other(who));
    }

    fn view(&self, _: &Member) -> Self {
        self.clone()
    }
}

impl Draw {
    fn other(&self, than: &Member) -> Option<MemberId> {
        self.players.iter().find(|id| **id != than.id).cloned()
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.room::<Draw>("/draw");
    greenroom::serve(io, ("127.0.0.1", 7000)).await
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the test fails")]

    use std::time::Duration;

    use greenroom::testing::TestRoom;
    use serde_json::json;

    use super::Draw;

    fn duel() -> TestRoom<Draw> {
        let mut room = TestRoom::new(json!({}));
        room.join("ann").unwrap();
        room.join("bob").unwrap();
        room
    }

    #[test]
    fn who_draws_after_the_signal_wins() {
        let mut room = duel();
        room.advance(Duration::from_secs(6));
        assert_eq!(room.call("bob", "draw", ()).unwrap(), json!(true));
        assert_eq!(room.view("ann")["winner"], "bob");
        assert_eq!(room.call("ann", "draw", ()).unwrap_err().code(), "no_duel");
    }

    #[test]
    fn who_draws_too_early_has_lost() {
        let mut room = duel();
        assert_eq!(room.call("bob", "draw", ()).unwrap(), json!(false));
        assert_eq!(room.state().winner.as_deref(), Some("ann"));
    }

    #[test]
    fn a_tunnel_costs_nothing_but_leaving_does() {
        let mut room = duel();
        room.drop("ann");
        room.advance(Duration::from_secs(29));
        room.reconnect("ann").unwrap();
        assert_eq!(room.state().winner, None);

        room.drop("ann");
        room.advance(Duration::from_secs(31));
        assert_eq!(room.state().winner.as_deref(), Some("bob"));
        assert_eq!(room.join("cat").unwrap_err().code(), "locked");
    }
}
