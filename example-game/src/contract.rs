//! What page and server say to each other: every event with its payload and its answer.
//!
//! The page's types are written from these (`client-demo/web/src/contract.generated.ts`). Who is where,
//! what they do and who types is told by the framework: see `contract/presence.rs`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ts_rs::TS;

use crate::domain::{Entered, Message, MessageId, Person, RoomId};

/// What a client asks: an event with one payload, and what its acknowledgement carries.
pub(crate) trait Request: DeserializeOwned + TS + 'static {
    const NAME: &'static str;
    type Answer: Serialize + TS + 'static;
}

/// What the server tells: an event with one payload.
pub(crate) trait Event: Serialize + TS + 'static {
    const NAME: &'static str;
}

/// The namespace that all of this is spoken in.
pub(crate) const NAMESPACE: &str = "/lobby";

/// The answer to `POST /login` and to `POST /refresh`.
#[derive(Debug, Serialize, TS)]
pub(crate) struct Welcome {
    /// For CONNECT, as `auth: { token }`.
    pub(crate) token: String,
    /// When the token ends, in seconds since 1970.
    pub(crate) exp: u64,
    /// For `POST /refresh`, which gives a new token.
    pub(crate) refresh: String,
    pub(crate) user: Person,
}

/// The body of `POST /login`.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct Login {
    pub(crate) name: String,
}

/// The body of `POST /refresh`, and of `POST /logout`, after which it gives no other.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct Refresh {
    pub(crate) refresh: String,
}

/// Why something was refused: in an acknowledgement, an answer of HTTP, or the event `error`.
#[derive(Debug, Serialize, TS)]
pub(crate) struct Problem {
    /// For programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
}

/// An acknowledgement that says no more than that it was done.
#[derive(Debug, Serialize, TS)]
pub(crate) struct Done {}

/// Enters a room.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct JoinRoom {
    pub(crate) room: RoomId,
}

/// Leaves a room.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct LeaveRoom {
    pub(crate) room: RoomId,
}

/// Says something in a room.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct Say {
    pub(crate) room: RoomId,
    pub(crate) text: String,
}

/// A message as it was taken.
#[derive(Debug, Serialize, TS)]
pub(crate) struct Said {
    #[ts(as = "String")]
    pub(crate) id: MessageId,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

/// Measures the way there and back.
#[derive(Debug, Deserialize, TS)]
pub(crate) struct Echo {}

macro_rules! requests {
    ($($name:literal: $payload:ty => $answer:ty),* $(,)?) => {
        $(impl Request for $payload {
            const NAME: &'static str = $name;
            type Answer = $answer;
        })*
        #[cfg(test)]
        fn requests(page: &mut tests::Page) {
            $(page.request::<$payload>();)*
        }
    };
}

macro_rules! events {
    ($($name:literal: $payload:ty),* $(,)?) => {
        $(impl Event for $payload {
            const NAME: &'static str = $name;
        })*
        #[cfg(test)]
        fn events(page: &mut tests::Page) {
            $(page.event::<$payload>();)*
        }
    };
}

requests! {
    "room:join": JoinRoom => Entered,
    "room:leave": LeaveRoom => Done,
    "chat": Say => Said,
    "echo": Echo => Done,
}

events! {
    "chat": Message,
    "error": Problem,
}

#[cfg(test)]
mod presence;
#[cfg(test)]
mod tests;
