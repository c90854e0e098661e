//! Who is in which room, and whom a selection such as `to(a).to(b).except(c)` reaches.
//!
//! **Owns** the membership of one namespace: its members, their rooms, the name of each member's
//! own implicit room. **Takes** joins, leaves, removals and selections. **Emits** a [`Plan`]: which
//! rooms get a packet and whom each must skip. **Keeps** both directions of the membership equal,
//! an entry for a room exactly as long as it has members, and nothing of a member that was removed.
//!
//! The namespace sends every join, leave and packet of a room through that room's mailbox, so a
//! room that skips the members a [`Plan`] names reaches exactly whom the index meant.
//!
//! ```
//! use greenroom_proto::rooms::{RoomIndex, RoomName, Selection};
//!
//! let mut index = RoomIndex::new();
//! for member in [1, 2, 3] {
//!     index.insert(member);
//! }
//! index.join(1, &RoomName::from("red"));
//! index.join(2, &RoomName::from("red"));
//! index.join(2, &RoomName::from("blue"));
//!
//! let plan = index.select(&Selection::to(["red", "blue"]).skip(1));
//!
//! assert_eq!(index.receivers(&plan), [2], "once, although in both rooms");
//! ```

mod index;
mod name;
mod select;

pub use self::{
    index::{Join, Leave, RoomIndex},
    name::RoomName,
    select::{Delivery, Plan, Selection, Skip, Target},
};
