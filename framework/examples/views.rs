//! What members see: a table for all, a plan for the own team, a hand of cards for oneself.
//! The chapter is docs/guide/state-and-views.md; run it with `cargo run -p greenroom --example views`.

use std::collections::BTreeMap;

use greenroom::prelude::*;
use greenroom::room::{Audience, Cx, LeaveReason, Member, MemberId, Nothing, Options, Reply, Room, Secret};
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Cards {
    teams: BTreeMap<MemberId, Team>,
    hands: BTreeMap<MemberId, Vec<u64>>,
    plans: BTreeMap<Team, String>,
    table: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Team {
    Red,
    Blue,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Play(u64),
    Plan(String),
}

/// What a team shares. A team without a plan has no such field: `null` would say that it is gone.
#[derive(Serialize)]
struct View {
    table: Vec<u64>,
    cards_left: BTreeMap<MemberId, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
}

#[derive(Serialize)]
struct Hand<'a> {
    hand: &'a [u64],
}

impl Room for Cards {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = View;
    const MAX_PLAYERS: usize = 4;

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self::default())
    }

    fn on_join(&mut self, who: &Member, cx: &mut Cx<Self>) -> Result<(), Reject> {
        let team = if self.teams.len().is_multiple_of(2) { Team::Red } else { Team::Blue };
        self.teams.insert(who.id.clone(), team);
        self.hands.insert(who.id.clone(), (0..3).map(|_| 1 + cx.roll(13)).collect());
        Ok(())
    }

    fn on_event(&mut self, who: &Member, event: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {
            In::Play(card) => {
                let hand = self.hands.entry(who.id.clone()).or_default();
                let place = hand.iter().position(|own| *own == card);
                hand.remove(place.ok_or(Reject::new("not_yours", "you do not have that card"))?);
                self.table.push(card);
            }
            In::Plan(plan) => drop(self.teams.get(&who.id).map(|team| self.plans.insert(*team, plan))),
        }
        Ok(Reply::none())
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.teams.remove(&who.id);
        self.hands.remove(&who.id);
    }

    /// One view for each team ...
    fn audience(&self, who: &Member) -> Audience {
        self.teams.get(&who.id).map_or(Audience::Shared, |team| Audience::Group(*team as u64))
    }

    /// ... which is asked for with any of its members ...
    fn view(&self, who: &Member) -> View {
        let cards_left = self.hands.iter().map(|(id, hand)| (id.clone(), hand.len())).collect();
        let plan = self.teams.get(&who.id).and_then(|team| self.plans.get(team)).cloned();
        View { table: self.table.clone(), cards_left, plan }
    }

    /// ... and beside it what one member alone sees.
    fn secret(&self, who: &Member) -> Secret {
        self.hands.get(&who.id).map_or_else(Secret::none, |hand| Secret::of(Hand { hand }))
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.room::<Cards>("/cards");
    greenroom::serve(io, ("127.0.0.1", 7000)).await
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use greenroom::testing::TestRoom;
    use serde_json::json;

    #[test]
    fn a_plan_is_seen_by_the_team_and_a_hand_by_nobody_else() {
        let mut room = TestRoom::<Cards>::new(json!({}));
        ["ann", "bob", "cat"].into_iter().for_each(|who| room.join(who).unwrap());
        room.call("ann", "plan", "aces first").unwrap();
        assert_eq!(room.view("cat")["plan"], "aces first");
        assert_eq!(room.view("bob").get("plan"), None);

        let card = room.view("bob")["hand"][0].clone();
        room.call("bob", "play", &card).unwrap();
        assert_eq!(room.view("ann")["table"], json!([card]));
        assert_eq!(room.view("ann")["cards_left"], json!({ "ann": 3, "bob": 2, "cat": 3 }));
        assert_eq!(room.call("bob", "play", 14).unwrap_err().code(), "not_yours");
    }
}
