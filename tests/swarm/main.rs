//! Thousands of sockets, in processes of their own, that join rooms and die in every way.
//!
//! `SWARM_SOCKETS` says how many (10,000: some 12,000 descriptors of the server, half as many of the
//! clients). A suite of its own, so that it does not slow those that watch the time.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

#[path = "../faults/running.rs"]
mod running;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use greenroom_tests::{Failure, Settings};

use running::{MODES, Outcome, Running, steady};

const WAYS: &str = "clean,fin,rst,halfopen,exit,midconnect,midjoin,midupgrade,polling-abort";
/// Long enough for the server's heartbeat to find the half-open ones.
const LINGER_SECONDS: &str = "8";
/// A clean end takes half a second where an `App` hosts the server, and a thread ends its sockets one by one:
/// few enough for those that wait to have their pings answered in time.
const SOCKETS_PER_THREAD: usize = 20;

#[actix_rt::test]
async fn thousands_of_sockets_that_die_in_every_way_leave_nothing() -> Outcome {
    let swarm = build_swarm()?;
    let sockets =
        std::env::var("SWARM_SOCKETS").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000_usize);
    let threads = sockets.div_ceil(SOCKETS_PER_THREAD).to_string();
    let sockets = sockets.to_string();
    for mode in MODES {
        let settings = steady()
            .with("PING_INTERVAL_MS", "1500")
            .with("PING_TIMEOUT_MS", "5000")
            .with("CONNECT_TIMEOUT_MS", "3000")
            .with("REQUEST_TIMEOUT_MS", "3000");
        let mut running = start_for_thousands(mode, settings)?;
        let port = running.endpoint().address.port().to_string();
        let arguments = ["--port", &port, "--conns", &sockets, "--threads", &threads, "--ways", WAYS];
        let output = Command::new(&swarm)
            .args(arguments)
            .args(["--linger", LINGER_SECONDS])
            .stderr(Stdio::inherit())
            .output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{mode}: {told}");
        running.until_nothing_is_left().await?;
        let after = running.fixture.counters()?;
        assert_eq!((after.count("actor_deaths"), after.count("panics")), (0, 0), "{mode}");
    }
    Ok(())
}

/// The swarm lives in a workspace of its own, with the load generator.
fn build_swarm() -> Result<PathBuf, Failure> {
    let load = Path::new(env!("CARGO_MANIFEST_DIR")).join("load");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "-p", "swarm", "--manifest-path"])
        .arg(load.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", load.join("target"))
        .status()?;
    if built.success() {
        return Ok(load.join("target/debug/swarm"));
    }
    Err(Failure::Unexpected("the swarm cannot be built".to_owned()))
}

/// The shell raises the limit of open files as far as it may.
fn start_for_thousands(mode: &str, settings: Settings) -> Result<Running, Failure> {
    let program = env!("CARGO_BIN_EXE_greenroom-fixture");
    let script = std::env::temp_dir().join(format!("greenroom-fixture-{}-{mode}.sh", std::process::id()));
    std::fs::write(&script, format!("#!/bin/sh\nulimit -n \"$(ulimit -Hn)\"\nexec '{program}'\n"))?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700))?;
    let running = Running::start_program(script.as_ref(), &settings.with("MODE", mode));
    std::fs::remove_file(&script)?;
    running
}
