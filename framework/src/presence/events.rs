//! What clients may say: the listeners of a namespace with presence.
//!
//! *Spec*: `docs/guide/presence.md` › Wire contract.

use std::sync::Arc;

use greenroom_proto::presence::{Place, Report, Scope, UserId};
use greenroom_proto::rooms::RoomName;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::{PresenceCommand, PresenceShared};
use crate::error::Reject;
use crate::namespace::Namespace;
use crate::socket::Socket;

/// `typing`
#[derive(Deserialize)]
struct Typing {
    room: Option<String>,
    on: bool,
}

/// `presence:resync`: of a room, of the namespace (`room: null`), or of those who are watched.
#[derive(Deserialize)]
struct Resync {
    room: Option<String>,
    #[serde(default)]
    watched: bool,
    e: Option<u64>,
    o: Option<u64>,
}

/// All events that clients send.
pub(super) const NAMES: [&str; 4] = ["presence:status", "presence:watch", "presence:resync", "typing"];

/// Listens to clients.
pub(super) fn listen(namespace: &Namespace, shared: &Arc<PresenceShared>) {
    let presence = shared.clone();
    namespace.on("presence:status", move |socket: Socket, report: Report| {
        presence.note(&socket, |news| news.reported(report));
        Ok(())
    });
    let presence = shared.clone();
    namespace.on("typing", move |socket: Socket, Typing { room, on }: Typing| {
        let max_rooms = presence.runtime.config.max_rooms;
        presence.note(&socket, |news| news.types(room.map(RoomName::from), on, max_rooms));
    });
    let presence = shared.clone();
    namespace.on_async("presence:watch", move |socket: Socket, users: Vec<String>| {
        let presence = presence.clone();
        async move {
            let (reply, answer) = oneshot::channel();
            let users = users.into_iter().map(UserId::from).collect();
            let socket = socket.id().clone();
            presence.ask(PresenceCommand::Watch { socket, users, reply }).await?;
            answer.await?.map_err(|refusal| Reject::new("refused", refusal.to_string()))
        }
    });
    let presence = shared.clone();
    namespace.on_async("presence:resync", move |socket: Socket, asked: Resync| {
        let presence = presence.clone();
        async move {
            let (reply, answer) = oneshot::channel();
            let known = asked.e.zip(asked.o).map(|(e, o)| Place { e, o });
            let room = asked.room.map_or(Scope::Namespace, |room| Scope::Room(room.into()));
            let scope = Some(room).filter(|_| !asked.watched);
            let socket = socket.id().clone();
            presence.ask(PresenceCommand::Resync { socket, scope, known, reply }).await?;
            Ok(answer.await?)
        }
    });
}
