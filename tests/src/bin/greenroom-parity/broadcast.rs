//! `/`: acknowledgements of many, what is done with all sockets of a room, what happens to rooms.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::{Answers, RoomEvent};
use serde_json::{Value, json};

pub(crate) fn declare(io: &Server) {
    let root = io.of("/");
    root.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    root.on("rooms", |socket: Socket, ()| {
        Ok(socket.rooms().iter().map(|room| room.as_str().to_owned()).collect::<Vec<_>>())
    });
    root.on("put", |socket: Socket, name: String| {
        socket.put(name);
        Ok("ok")
    });
    root.on("say", |socket: Socket, (room, text): (String, Value)| {
        socket.namespace().to(room).emit("said", text);
        Ok("ok")
    });
    acknowledgements(io);
    utilities(io);
    volatile(&root);
    room_events(&root);
}

fn acknowledgements(io: &Server) {
    let root = io.of("/");
    let server = io.clone();
    root.on_async("vote", move |_: Socket, (room, timeout_ms): (String, u64)| {
        let to = server.to(room.as_str()).timeout(Duration::from_millis(timeout_ms));
        async move { Ok(told(to.emit_with_ack("vote?", room).answers::<Args>().await?)) }
    });
    root.on_async("vote-others", |socket: Socket, room: String| async move {
        let answers = socket.to(room.as_str()).emit_with_ack("vote?", room).answers::<Args>().await?;
        Ok(told(answers))
    });
    let server = io.clone();
    root.on_async("vote-everyone", move |_: Socket, ()| {
        let request = server.emit_with_ack("vote?", ()).timeout(Duration::from_secs(5));
        async move { Ok(told(request.answers::<Args>().await?)) }
    });
}

/// `{ received: { id: answer }, missing: { id: why } }`
fn told(answers: Answers<Args>) -> Value {
    let received = answers.received.into_iter().map(|(id, answer)| (id.to_string(), answer.parse().ok()));
    let missing = answers.missing.into_iter().map(|(id, why)| {
        let why = match why {
            AckError::Timeout => "timeout",
            AckError::Disconnected => "disconnected",
            AckError::Emit(_) | AckError::Decode(_) | _ => "other",
        };
        (id.to_string(), json!(why))
    });
    let received: serde_json::Map<String, Value> =
        received.map(|(id, answer)| (id, answer.unwrap_or(Value::Null))).collect();
    json!({ "received": received, "missing": missing.collect::<serde_json::Map<_, _>>() })
}

fn utilities(io: &Server) {
    let root = io.of("/");
    let server = io.clone();
    root.on_async("fetch", move |_: Socket, room: Option<String>| {
        let server = server.clone();
        async move {
            let sockets = match room {
                Some(room) => server.to(room).fetch_sockets().await,
                None => server.fetch_sockets().await,
            };
            Ok(sockets.iter().map(describe).collect::<Vec<_>>())
        }
    });
    let server = io.clone();
    root.on("sockets-join", move |_: Socket, (from, to): (Option<String>, String)| {
        let from = from.map_or_else(|| server.of("/").everyone(), |room| server.to(room));
        from.sockets_join([to.as_str()]);
        server.to(to.as_str()).emit("said", ("joined", to));
        Ok("ok")
    });
    let server = io.clone();
    root.on("sockets-leave", move |_: Socket, (from, room): (Option<String>, String)| {
        let from = from.map_or_else(|| server.of("/").everyone(), |room| server.to(room));
        from.sockets_leave([room.as_str()]);
        server.to(room).emit("said", "still there");
        Ok("ok")
    });
    let server = io.clone();
    root.on("disconnect-sockets", move |_: Socket, (room, close): (Option<String>, bool)| {
        let those = room.map_or_else(|| server.of("/").everyone(), |room| server.to(room));
        those.clone().emit("said", "bye");
        those.disconnect_sockets(close);
        Ok("ok")
    });
}

/// Id, rooms, data and a part of the handshake.
fn describe(socket: &Socket) -> Value {
    let rooms: Vec<_> = socket.rooms().iter().skip(1).map(|room| room.as_str().to_owned()).collect();
    json!({
        "id": socket.id(),
        "rooms": rooms,
        "data": socket.data::<String>().map(|name| (*name).clone()),
        "marker": socket.handshake().query_param("marker"),
    })
}

fn volatile(root: &Namespace) {
    root.on("burst", |socket: Socket, (room, count): (String, u32)| {
        for number in 0..count {
            socket.namespace().to(room.as_str()).volatile().emit("position", number);
        }
        socket.namespace().to(room).emit("burst-over", count);
        Ok("ok")
    });
}

/// What happened, to which room, and who did it.
type Noted = (&'static str, String, Option<String>);

/// What happened to rooms.
fn room_events(root: &Namespace) {
    let log: Arc<Mutex<Vec<Noted>>> = Arc::default();
    let noted = log.clone();
    root.on_room_event(move |event| {
        let entry = match event {
            RoomEvent::Created(room) => ("create-room", room, None),
            RoomEvent::Joined(room, socket) => ("join-room", room, Some(socket.id().to_string())),
            RoomEvent::Left(room, socket) => ("leave-room", room, Some(socket.id().to_string())),
            RoomEvent::Deleted(room) => ("delete-room", room, None),
            _ => return,
        };
        let (what, room, who) = entry;
        noted.lock().unwrap_or_else(PoisonError::into_inner).push((what, room.as_str().to_owned(), who));
    });
    root.on("room-events", move |_: Socket, room: String| {
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(log
            .iter()
            .filter(|(_, of, _)| *of == room)
            .map(|(what, _, who)| json!([what, who]))
            .collect::<Vec<_>>())
    });
}
