//! Built with `panic = "abort"`: a room must be refused before the server starts, since a panic in one would end
//! all of them. `Server::room` asks the same question.

use std::process::ExitCode;

use greenroom_proto::reject::Reject;
use greenroom_proto::room::{Cx, Member, Nothing, Options, Reply, Room, RoomError, check};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Empty;

impl Room for Empty {
    type In = Nothing;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = ();

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self)
    }

    fn on_event(&mut self, _: &Member, event: Nothing, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        match event {}
    }

    fn view(&self, _: &Member) {}
}

fn main() -> ExitCode {
    let checked = check::<Empty>();
    let refused = checked == Err(RoomError::PanicAborts);
    println!(
        "a room in a program that a panic ends: {checked:?}, {}",
        if refused { "as it should" } else { "wrong" }
    );
    if refused { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
