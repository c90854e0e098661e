//! Tests of rooms: without a network, on a clock that the test moves. A program has them with the feature
//! `testing` of `greenroom`, as `greenroom::testing`.
//!
//! ```
//! use std::time::Duration;
//! # extern crate greenroom_proto as greenroom;
//! use greenroom::room::prelude::*;
//! use greenroom::testing::TestRoom;
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//! # use std::collections::BTreeMap;
//! # #[derive(Clone, Serialize, Deserialize)] struct Dice { rolls: BTreeMap<MemberId, u64> }
//! # #[derive(Deserialize)] #[serde(rename_all = "snake_case")] enum In { Roll }
//! # impl Room for Dice {
//! #     type In = In; type Out = Nothing; type Timer = Nothing; type Internal = Nothing; type View = Dice;
//! #     fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> { Ok(Self { rolls: BTreeMap::new() }) }
//! #     fn on_event(&mut self, who: &Member, _: In, cx: &mut Cx<Self>) -> Result<Reply, Reject> {
//! #         if self.rolls.contains_key(&who.id) { return Err(Reject::new("once", "you have rolled")); }
//! #         let rolled = cx.roll(6) + 1;
//! #         self.rolls.insert(who.id.clone(), rolled);
//! #         Ok(rolled.into())
//! #     }
//! #     fn view(&self, _: &Member) -> Self { self.clone() }
//! # }
//!
//! let mut room = TestRoom::<Dice>::new(json!({}));
//! room.join("ann").unwrap();
//! let rolled = room.call("ann", "roll", ()).unwrap();
//! assert_eq!(room.patch("ann"), json!({ "rolls": { "ann": rolled } }));
//! assert_eq!(room.call("ann", "roll", ()).unwrap_err().code(), "once");
//!
//! room.drop("ann");
//! room.advance(Duration::from_secs(29));
//! room.reconnect("ann").unwrap();
//! assert_eq!(room.view("ann"), json!({ "rolls": { "ann": rolled } }));
//! ```

mod client;
mod link;
mod random;
mod room;

pub use client::{merge, state_hash};
pub use link::Fault;
pub use random::{Chance, RandomRun, RunReport, random_run};
pub use room::{TestRoom, TestSetup};

// What a test room tells and is told.
pub use super::{CloseReason, FaultReport, Join, Listing, SocketKey};
