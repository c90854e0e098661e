//! The floor: the cheapest server for the generator's events that we can write.
//!
//! One thread, one poller, frames by hand. A broadcast is encoded once; a recipient gets one
//! write per turn of the loop. It speaks only what the generator sends. A measuring stick, not a
//! server: no limits, no UTF-8 checks, no polling transport.
//!
//! Environment:
//! * `PORT`: where to listen on 127.0.0.1.
//! * `FLUSH=now`: one write per recipient and broadcast, instead of one per recipient and turn.
//! * `TICK_MS=n`: hold broadcasts back and write each room once per `n` milliseconds.
//! * `FAULT=drop|dup|swap`: spoil every 100th broadcast, to check the generator's own checks.
#![forbid(unsafe_code)]

mod connection;
mod events;
mod handshake;
mod rooms;
mod server;

use std::env;
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use loadkit::epoll::{Epoll, Ready};
use loadkit::loopback;

use crate::rooms::Fault;
use crate::server::Server;

/// The listener's token; connections use their slots.
const LISTENER: u64 = u64::MAX;
/// Sockets reported per turn.
const BATCH: usize = 1024;
/// Reference default of Socket.IO.
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Longest wait for a socket, so that pings go out in time.
const IDLE_WAIT: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    loadkit::limits::raise_open_files()?;
    let listener = loopback::listen(env_number("PORT").unwrap_or(0))?;
    let poller = Epoll::new(BATCH)?;
    poller.add(&listener, LISTENER, false)?;
    let flush_now = env::var("FLUSH").is_ok_and(|value| value == "now");
    let fault = env::var("FAULT").ok().as_deref().and_then(Fault::named);
    let mut server = Server::new(poller, flush_now, fault);
    println!("listening");
    run(&mut server, &listener, env_number("TICK_MS").map(Duration::from_millis))
}

fn env_number<T: std::str::FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}

fn run(server: &mut Server, listener: &TcpListener, tick: Option<Duration>) -> io::Result<()> {
    let mut next_tick = Instant::now();
    let mut last_ping = Instant::now();
    loop {
        let wait = match tick {
            Some(_) if server.holds_broadcasts() => next_tick.saturating_duration_since(Instant::now()),
            Some(_) | None => IDLE_WAIT,
        };
        for index in 0..server.poller.wait(wait)? {
            serve_one(server, listener, server.poller.ready(index));
        }
        let now = Instant::now();
        if tick.is_none() || now >= next_tick {
            server.flush_rooms();
            next_tick = now + tick.unwrap_or_default();
        }
        if now.duration_since(last_ping) > PING_INTERVAL {
            last_ping = now;
            server.ping_all();
        }
        server.flush_connections();
    }
}

fn serve_one(server: &mut Server, listener: &TcpListener, ready: Ready) {
    if ready.token == LISTENER {
        while let Ok((stream, _)) = listener.accept() {
            server.accept(stream);
        }
        return;
    }
    let slot = server::slot(ready.token);
    if ready.writable {
        server.flush(slot);
    }
    if ready.readable {
        server.read(slot);
    }
}
