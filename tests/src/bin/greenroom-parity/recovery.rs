//! `/recover`: clients come back and get what they missed, where `RECOVERY_WINDOW_MS` is set. `/guarded`:
//! the same behind middleware that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use greenroom::prelude::*;
use serde_json::{Value, json};

#[derive(Default)]
struct Score(AtomicU32);

pub(crate) fn declare(io: &Server) {
    behave(&io.of("/recover"));
    let counted: Arc<AtomicU32> = Arc::default();
    let guarded = io.of("/counted");
    let calls = counted.clone();
    guarded.middleware(move |_| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    guarded.on("calls", move |_: Socket, ()| Ok(counted.load(Ordering::Relaxed)));
    behave(&guarded);
}

fn behave(namespace: &Namespace) {
    namespace.on_connect(|socket| {
        if !socket.recovered() {
            socket.put(Score::default());
        }
    });
    namespace.on("state", |socket: Socket, ()| {
        let rooms: Vec<_> = socket.rooms().iter().skip(1).map(|room| room.as_str().to_owned()).collect();
        let score = socket.data::<Score>().map(|score| score.0.load(Ordering::Relaxed));
        Ok(json!({ "recovered": socket.recovered(), "rooms": rooms, "score": score }))
    });
    namespace.on("goal", |socket: Socket, ()| {
        if let Some(score) = socket.data::<Score>() {
            score.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok("ok")
    });
    namespace.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    namespace.on("leave", |socket: Socket, room: String| socket.leave(room));
    // To a room, to everyone for `null`; with attachments, too.
    namespace.on("say", |socket: Socket, First(room, rest): First<Option<String>>| {
        let everyone = socket.namespace().everyone();
        room.into_iter().fold(everyone, Broadcast::to).emit("said", rest);
        Ok("ok")
    });
    namespace.on("say-volatile", |socket: Socket, (room, text): (String, Value)| {
        socket.namespace().to(room).volatile().emit("said", text);
        Ok("ok")
    });
    namespace.on_async("count", |socket: Socket, room: String| async move {
        Ok(socket.namespace().to(room).fetch_sockets().await.len())
    });
    namespace.on("go", |socket: Socket, close: bool| socket.disconnect(close));
}
