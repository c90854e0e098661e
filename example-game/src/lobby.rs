//! The lobby: chat in rooms, who is here, and who left.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use greenroom::Clock;
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
    let history = Arc::new(Mutex::new(History::new(milliseconds(io.clock()))));

    let entered = history.clone();
    lobby.on_async("room:join", move |socket: Socket, room: RoomId| enter(socket, room, entered.clone()));
    lobby.on_async("room:leave", |socket: Socket, room: RoomId| async move {
        if is_in(&socket, &room) {
            socket.leave(room.as_str());
            say_goodbye(&socket, &room, "left").await?;
        }
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
        let rooms = socket.rooms().into_iter().skip(1);
        for room in rooms.filter_map(|room| RoomId::try_from(room.as_str().to_owned()).ok()) {
            let socket = socket.clone();
            // Goes on when the socket has ended: it asks who of this person is still there.
            actix_web::rt::spawn(async move { say_goodbye(&socket, &room, reason.as_str()).await });
        }
    });
}

/// Several sockets of one person, a lingering one before a reconnect for example, are one member.
async fn enter(socket: Socket, room: RoomId, history: Arc<Mutex<History>>) -> Result<Entered, Reject> {
    let (me, again) = (person(&socket)?, is_in(&socket, &room));
    socket.join(room.as_str())?;
    let mut members = others_in(&socket, &room).await;
    if !members.contains(&me) {
        if !again {
            let joined = json!({ "room": room, "member": me });
            socket.to(room.as_str()).emit("member:joined", joined);
        }
        members.push(me);
    }
    let history = history.lock().unwrap_or_else(PoisonError::into_inner).of(&room);
    Ok(Entered { room, members, history })
}

/// Tells the others, unless another socket of this person is still in the room.
async fn say_goodbye(socket: &Socket, room: &RoomId, reason: &str) -> Result<(), Reject> {
    let member = person(socket)?;
    if !others_in(socket, room).await.contains(&member) {
        let left = json!({ "room": room, "member": member, "reason": reason });
        let others = socket.namespace().to(room.as_str()).except(socket.id().as_str());
        others.emit("member:left", left);
    }
    Ok(())
}

/// The people that the other sockets in the room belong to, each once.
async fn others_in(socket: &Socket, room: &RoomId) -> Vec<Person> {
    let present = socket.namespace().to(room.as_str()).sockets().await;
    let others = present.iter().filter(|other| other.id() != socket.id());
    let mut people = Vec::new();
    for other in others.filter_map(|other| person(other).ok()) {
        if !people.contains(&other) {
            people.push(other);
        }
    }
    people
}

fn remember(io: &Server, history: &Mutex<History>, room: RoomId, from: Person, text: Text) -> Message {
    let at = milliseconds(io.clock());
    history.lock().unwrap_or_else(PoisonError::into_inner).add(room, from, text, at)
}

/// Since 1970.
fn milliseconds(clock: &Clock) -> u64 {
    let since_1970 = clock.unix_now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
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
