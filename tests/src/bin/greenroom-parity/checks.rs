//! `/checks`: single questions of Socket.IO's own tests.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom::ListenerId;
use greenroom::prelude::*;

/// Whether a socket counted as connected while its middleware ran.
#[derive(Clone, Copy)]
struct Early(bool);

pub(crate) fn declare(io: &Server) {
    // The leading slash may be left out.
    let checks = io.of("checks");
    checks.middleware(|socket| async move {
        socket.put(Early(socket.is_connected()));
        Ok(())
    });
    checks.on("connected", |socket: Socket, ()| {
        Ok((socket.data::<Early>().map(|early| early.0), socket.is_connected()))
    });
    checks.on("send-me", |socket: Socket, args: Args| socket.send(args));
    checks.on("emit-reserved", |socket: Socket, name: String| {
        let refused =
            |emitted: greenroom::Emitted| matches!(emitted.result(), Err(EmitError::ReservedName(_)));
        Ok([refused(socket.emit(&name, ())), refused(socket.namespace().emit(&name, ()))].map(Some).to_vec())
    });
    checks.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    checks.on_async("fetch-many", |socket: Socket, rooms: Vec<String>| async move {
        let all = rooms.into_iter().fold(socket.namespace().everyone(), Broadcast::to);
        Ok(all.fetch_sockets().await.iter().map(|socket| socket.id().to_string()).collect::<Vec<_>>())
    });
    checks.on("leave-and-join", |socket: Socket, room: String| {
        socket.disconnect(false);
        let _too_late = socket.join(room);
    });
    checks.on("echo", |_: Socket, args: Args| Ok(args));
    checks.once("first", |socket: Socket, ()| Ok(socket.id().to_string()));
    listeners(&checks);
    checks.on("narrow", |socket: Socket, room: String| {
        let everyone = socket.namespace().everyone();
        everyone.clone().to(room).emit("told", "room");
        everyone.emit("told", "everyone");
        Ok("ok")
    });
}

/// Which listeners of `tick` a socket has heard, and one to take off.
struct Ticks {
    heard: Arc<Mutex<Vec<&'static str>>>,
    first: ListenerId,
}

fn listeners(checks: &Namespace) {
    checks.on("listen", |socket: Socket, ()| {
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let noting = |name: &'static str| {
            let heard = heard.clone();
            move |_: Socket, _: Args| heard.lock().unwrap_or_else(PoisonError::into_inner).push(name)
        };
        let first = socket.on("tick", noting("first"));
        socket.once("tick", noting("once"));
        socket.on("tick", noting("last"));
        socket.put(Ticks { heard, first });
        Ok("ok")
    });
    checks.on("heard", |socket: Socket, ()| {
        let ticks = socket.data::<Ticks>();
        Ok(ticks
            .map(|ticks| std::mem::take(&mut *ticks.heard.lock().unwrap_or_else(PoisonError::into_inner))))
    });
    checks.on("remove-first", |socket: Socket, ()| {
        Ok(socket.data::<Ticks>().map(|ticks| socket.remove_listener(ticks.first)))
    });
    checks.on("off", |socket: Socket, ()| Ok(socket.off("tick")));
}
