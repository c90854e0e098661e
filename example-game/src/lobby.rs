//! The lobby: chat in rooms, who is here, and who left.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use greenroom::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{History, Message, Person, RoomId, Rule, Text};

/// What a client says.
#[derive(Deserialize)]
struct Say {
    room: RoomId,
    text: String,
}

/// What a client learns of a room that it enters.
#[derive(Serialize)]
struct Entered {
    room: RoomId,
    members: Vec<Person>,
    history: Vec<Message>,
}

/// Declares `/lobby`: everyone in it gave a name at the login.
pub(crate) fn open(io: &Server) {
    let lobby = io.of("/lobby");
    lobby.middleware(|socket| async move {
        let person: Person = socket.claims().ok_or_else(nobody)?.parse()?;
        socket.put(person);
        Ok(())
    });
    let history: Arc<Mutex<History>> = Arc::default();

    let entered = history.clone();
    lobby.on_async("room:join", move |socket: Socket, room: RoomId| enter(socket, room, entered.clone()));
    lobby.on("room:leave", |socket: Socket, room: RoomId| {
        say_goodbye(&socket, &room, "left");
        socket.leave(room.as_str());
        Ok(json!({}))
    });
    let server = io.clone();
    lobby.on("chat", move |socket: Socket, said: Say| {
        if !is_in(&socket, &said.room) {
            return Err(Reject::new("not_in_room", "Enter the room before you talk in it."));
        }
        let text = Text::new(&said.text).map_err(refused)?;
        let message = remember(&server, &history, said.room, person(&socket)?, text);
        let ack = json!({ "id": message.id, "at": message.at });
        server.of("/lobby").to(message.room.as_str()).emit("chat", message);
        Ok(ack)
    });
    lobby.on_disconnecting(|socket, reason| {
        for room in socket.rooms().into_iter().skip(1) {
            if let Ok(room) = RoomId::try_from(room.as_str().to_owned()) {
                say_goodbye(&socket, &room, reason.as_str());
            }
        }
    });
}

async fn enter(socket: Socket, room: RoomId, history: Arc<Mutex<History>>) -> Result<Entered, Reject> {
    let newcomer = !is_in(&socket, &room);
    socket.join(room.as_str())?;
    if newcomer {
        let joined = json!({ "room": room, "member": person(&socket)? });
        socket.to(room.as_str()).emit("member:joined", joined);
    }
    let present = socket.namespace().to(room.as_str()).sockets().await;
    let members = present.iter().filter_map(|socket| person(socket).ok()).collect();
    let history = history.lock().unwrap_or_else(PoisonError::into_inner).of(&room);
    Ok(Entered { room, members, history })
}

fn say_goodbye(socket: &Socket, room: &RoomId, reason: &str) {
    if let (true, Ok(member)) = (is_in(socket, room), person(socket)) {
        let left = json!({ "room": room, "member": member, "reason": reason });
        socket.to(room.as_str()).emit("member:left", left);
    }
}

fn remember(io: &Server, history: &Mutex<History>, room: RoomId, from: Person, text: Text) -> Message {
    let since_1970 = io.clock().unix_now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    history.lock().unwrap_or_else(PoisonError::into_inner).add(room, from, text, at)
}

fn is_in(socket: &Socket, room: &RoomId) -> bool {
    socket.rooms().iter().any(|joined| joined.as_str() == room.as_str())
}

fn person(socket: &Socket) -> Result<Person, Reject> {
    socket.data::<Person>().map(|person| Person::clone(&person)).ok_or_else(nobody)
}

fn nobody() -> Reject {
    Reject::new("token_invalid", "Give a name first.")
}

fn refused(rule: Rule) -> Reject {
    Reject::new(rule.code(), rule.message())
}
