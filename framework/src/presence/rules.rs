//! What an application decides: who a socket is, what is shown of it, where there is presence.
//!
//! Keeps: a panic in a rule is caught and counted; what it was to decide is decided on the safe side.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use greenroom_proto::presence::{Data, Policy, UserId, Visibility};
use greenroom_proto::rooms::RoomName;
use serde_json::Value;

use crate::runtime::Runtime;
use crate::socket::Socket;

type RoomRule = Arc<dyn Fn(&str) -> bool + Send + Sync>;
type Identify = Arc<dyn Fn(&Socket) -> String + Send + Sync>;
type Describe = Arc<dyn Fn(&Socket) -> Value + Send + Sync>;

/// An application's rules.
#[derive(Clone, Default)]
pub(super) struct Rules {
    pub(super) rooms: Option<RoomRule>,
    pub(super) identify: Option<Identify>,
    pub(super) describe: Option<Describe>,
    pub(super) device: Option<Identify>,
    pub(super) policy: Option<Arc<dyn Policy>>,
    /// Events by which a message is sent.
    pub(super) messages: Vec<String>,
}

impl Rules {
    /// Whether a room has presence.
    pub(super) fn covers(&self, room: &RoomName, runtime: &Runtime) -> bool {
        self.rooms.as_ref().is_some_and(|rule| guarded(runtime, || rule(room)).unwrap_or(false))
    }

    /// Who a socket is: the token's user, else the socket is a user of its own.
    pub(super) fn user(&self, socket: &Socket, runtime: &Runtime) -> UserId {
        let known = self.identify.as_ref().and_then(|rule| guarded(runtime, || rule(socket)));
        let known = known.or_else(|| socket.user_id().map(str::to_owned));
        known.unwrap_or_else(|| socket.id().to_string()).into()
    }

    pub(super) fn device(&self, socket: &Socket, runtime: &Runtime) -> Option<String> {
        self.device.as_ref().and_then(|rule| guarded(runtime, || rule(socket)))
    }

    pub(super) fn data(&self, socket: &Socket, runtime: &Runtime) -> Option<Data> {
        let value = self.describe.as_ref().and_then(|rule| guarded(runtime, || rule(socket)))?;
        to_data(&value)
    }

    /// The application's policy, if there is one.
    pub(super) fn guarded_policy(&self, runtime: &Arc<Runtime>) -> Option<impl Policy + 'static> {
        let (policy, runtime) = (self.policy.clone()?, runtime.clone());
        Some(move |viewer: &str, target: &str| {
            guarded(&runtime, || policy.can_see(viewer, target)).unwrap_or(Visibility::Hidden)
        })
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("rooms", &self.rooms.is_some())
            .field("policy", &self.policy.is_some())
            .finish_non_exhaustive()
    }
}

/// JSON as the core takes it; `null` is none.
pub(super) fn to_data(value: &Value) -> Option<Data> {
    let value = Some(value).filter(|value| !value.is_null())?;
    serde_json::value::to_raw_value(value).ok().map(Data::new)
}

fn guarded<T>(runtime: &Runtime, rule: impl FnOnce() -> T) -> Option<T> {
    let answer = catch_unwind(AssertUnwindSafe(rule)).ok();
    if answer.is_none() {
        runtime.metrics.panics.count();
        tracing::error!("a rule of presence panicked");
    }
    answer
}
