//! Peer: socketioxide on axum, with the generator's events.
//!
//! Environment:
//! * `PORT`: where to listen on 127.0.0.1.
//! * `WORKERS`: tokio worker threads (default 2).
//! * `MAX_BUFFER`: packets that wait per socket (default 16384; with socketioxide's own 128 it
//!   loses packets to members that lag behind).
#![forbid(unsafe_code)]

use std::env;
use std::io;
use std::str::FromStr;

use axum::Router;
use axum::serve::ListenerExt;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::{TcpListener, TcpStream};

const WORKERS: usize = 2;
const MAX_BUFFER: usize = 16_384;

fn main() -> io::Result<()> {
    loadkit::limits::raise_open_files()?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(env_number("WORKERS", WORKERS)).enable_all().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let (layer, io) = SocketIo::builder().max_buffer_size(env_number("MAX_BUFFER", MAX_BUFFER)).build_layer();
    io.ns("/", on_connect);
    let listener = loadkit::loopback::listen(env_number("PORT", 0))?;
    let listener = TcpListener::from_std(listener)?.tap_io(without_delay);
    println!("listening");
    axum::serve(listener, Router::new().layer(layer)).await
}

async fn on_connect(socket: SocketRef) {
    socket.on("join", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
        socket.join(room);
        unless_gone(ack.send("ok"));
    });
    socket.on("leave", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
        socket.leave(room);
        unless_gone(ack.send("ok"));
    });
    socket.on("echo", async |Data::<Value>(value), ack: AckSender| unless_gone(ack.send(&value)));
    socket.on("say", async |socket: SocketRef, Data::<(String, String)>((room, payload))| {
        unless_gone(socket.within(room).emit("said", &payload).await);
    });
}

fn without_delay(stream: &mut TcpStream) {
    unless_gone(stream.set_nodelay(true));
}

/// A send fails when the other side is gone, which is the generator's to notice.
fn unless_gone<E>(sent: Result<(), E>) {
    drop(sent);
}

fn env_number<T: FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
