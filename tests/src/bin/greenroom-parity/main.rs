//! The server under test of the suites for what Socket.IO's server can do beyond the basics
//! (`tests/interop/js/parity-*.test.js`, which say what they expect of it).

mod broadcast;
mod checks;
mod cluster;
mod dynamic;
mod engine;
mod listeners;
mod reasons;
mod recovery;

use std::error::Error;
use std::time::Duration;

use greenroom::Cors;
use greenroom::adapter::InProcess;
use greenroom::parser::MessagePack;
use greenroom::prelude::*;
use greenroom_tests::host::Ports;

fn main() -> Result<(), Box<dyn Error>> {
    let seen = engine::Seen::default();
    let builder = engine::hook(Server::builder().config(engine::config(config()?)?), &seen)?;
    let builder = match setting("PARSER", String::new())?.as_str() {
        "msgpack" => builder.parser(MessagePack),
        _ => builder,
    };
    let io = if setting("NODES", 1)? == 2 {
        let cluster = InProcess::default();
        cluster::run_second(&cluster, config()?)?;
        builder.adapter(cluster).build()
    } else {
        builder.build()
    };
    engine::declare(&io, seen);
    cluster::declare(&io, "first");
    checks::declare(&io);
    dynamic::declare(&io)?;
    broadcast::declare(&io);
    listeners::declare(&io);
    reasons::declare(&io);
    recovery::declare(&io);
    let ports = Ports { clients: setting("PORT", 0)?, operations: 0 };
    greenroom_tests::host::run(io, ports, &setting("MODE", "serve".to_owned())?)
}

fn config() -> Result<Config, Box<dyn Error>> {
    let milliseconds = |name, default| setting(name, default).map(Duration::from_millis);
    Ok(Config {
        ping_interval: milliseconds("PING_INTERVAL_MS", 25_000)?,
        ping_timeout: milliseconds("PING_TIMEOUT_MS", 20_000)?,
        shutdown_timeout: Duration::from_secs(3),
        workers: 2,
        recovery_window: milliseconds("RECOVERY_WINDOW_MS", 0)?,
        recovery_events: setting("RECOVERY_EVENTS", 1_000)?,
        recovery_skips_middleware: setting("SKIP_MIDDLEWARE", false)?,
        cleanup_empty_child_namespaces: setting("CLEANUP_CHILDREN", false)?,
        max_child_namespaces: setting("MAX_CHILDREN", 1_000)?,
        cors: Some(Cors { origins: vec!["*".to_owned()], credentials: false }),
        ..Config::default()
    })
}

/// A value of the environment; one that does not parse ends the process.
fn setting<T: std::str::FromStr<Err: Error + 'static>>(name: &str, default: T) -> Result<T, Box<dyn Error>> {
    match std::env::var(name) {
        Ok(value) => value.parse().map_err(|error| format!("{name}={value}: {error}").into()),
        Err(_) => Ok(default),
    }
}
