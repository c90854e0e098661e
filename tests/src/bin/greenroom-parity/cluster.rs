//! A second node in this process, and what nodes tell each other.

use std::error::Error;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use greenroom::Serve;
use greenroom::adapter::InProcess;
use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::broadcast;

/// Where the second node listens.
static SECOND: OnceLock<u16> = OnceLock::new();

/// Starts a node with the same events as `/` has, on a free port.
pub(crate) fn run_second(cluster: &InProcess, config: Config) -> Result<(), Box<dyn Error>> {
    let io = Server::builder().config(config).adapter(cluster.clone()).build();
    declare(&io, "second");
    broadcast::declare(&io);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    SECOND.set(listener.local_addr()?.port()).map_err(|_| "there is a second node already")?;
    thread::spawn(move || actix_web::rt::System::new().block_on(Serve::new(io).listen(listener).run()));
    Ok(())
}

pub(crate) fn declare(io: &Server, name: &'static str) {
    let root = io.of("/");
    root.on("second-node", |_: Socket, ()| Ok(SECOND.get().copied()));
    root.on_server_side("who", move |_: Namespace, ()| Ok(name));
    root.on_server_side("sum", |_: Namespace, numbers: Vec<i64>| Ok(numbers.iter().sum::<i64>()));
    root.on_server_side("tell", move |namespace: Namespace, (room, text): (String, Value)| {
        namespace.local().to(room).emit("told", (name, text));
    });
    root.on_server_side("refuse", |_: Namespace, ()| Err::<(), _>(Reject::new("busy", "not now")));
    root.on("server-side", |socket: Socket, First(event, args): First<String>| {
        socket.namespace().server_side_emit(&event, args).result()?;
        Ok("ok")
    });
    root.on_async("server-side-ask", |socket: Socket, First(event, args): First<String>| async move {
        let request = socket.namespace().server_side_emit_with_ack(&event, args);
        let answers = request.timeout(Duration::from_millis(500)).answers::<Value>().await?;
        let refused: Vec<_> = answers.refused.iter().map(|reject| reject.code().to_owned()).collect();
        Ok(json!({ "received": answers.received, "refused": refused, "missing": answers.missing }))
    });
    root.on("say-local", |socket: Socket, (room, text): (String, Value)| {
        socket.namespace().local().to(room).emit("said", text);
        Ok("ok")
    });
    root.on("say-others", |socket: Socket, First(room, text): First<String>| {
        socket.to(room).emit("said", text);
        Ok("ok")
    });
}
