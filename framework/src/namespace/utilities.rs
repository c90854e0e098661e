//! What [`Namespace`] does with all its sockets, and who is told of rooms.

use std::sync::Arc;

use greenroom_proto::rooms::RoomName;

use super::{Namespace, RoomEvent};
use crate::error::Emitted;
use crate::event::IntoArgs;
use crate::socket::{BroadcastRequest, Socket};

impl Namespace {
    /// Emits an event that everyone acknowledges, see [`Broadcast::emit_with_ack`](crate::Broadcast::emit_with_ack).
    pub fn emit_with_ack(&self, event: &str, args: impl IntoArgs) -> BroadcastRequest {
        self.everyone().emit_with_ack(event, args)
    }

    /// All sockets of the namespace.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # async fn example(io: Server) {
    /// let players = io.of("/game").fetch_sockets().await.len();
    /// # }
    /// ```
    pub async fn fetch_sockets(&self) -> Vec<Socket> {
        self.everyone().fetch_sockets().await
    }

    /// Makes everyone join rooms.
    pub fn sockets_join<R: Into<RoomName>>(&self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.everyone().sockets_join(rooms)
    }

    /// Makes everyone leave rooms.
    pub fn sockets_leave<R: Into<RoomName>>(&self, rooms: impl IntoIterator<Item = R>) -> Emitted {
        self.everyone().sockets_leave(rooms)
    }

    /// Disconnects everyone from this namespace, or closes their whole connections.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn disconnect_sockets(&self, close: bool) -> Emitted {
        self.everyone().disconnect_sockets(close)
    }

    /// Runs when a room comes into being, is joined or left, or ends, in the order in which that happens
    /// (Socket.IO's `create-room`, `join-room`, `leave-room`, `delete-room` of the adapter). It runs in
    /// the namespace: all its sockets wait for it.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::RoomEvent;
    /// # fn example(io: Server) {
    /// io.of("/").on_room_event(|event| match event {
    ///     RoomEvent::Created(room) => println!("{room} is new"),
    ///     RoomEvent::Deleted(room) => println!("{room} is empty"),
    ///     _ => {}
    /// });
    /// # }
    /// ```
    pub fn on_room_event(&self, hook: impl Fn(RoomEvent) + Send + Sync + 'static) -> &Self {
        let hook: Arc<dyn Fn(RoomEvent) + Send + Sync> = Arc::new(hook);
        self.shared().room_hooks.rcu(|hooks| {
            let mut hooks = hooks.as_deref().cloned().unwrap_or_default();
            hooks.push(hook.clone());
            Some(Arc::new(hooks))
        });
        self
    }
}
