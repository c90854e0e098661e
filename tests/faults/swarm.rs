//! Thousands of sockets, in processes of their own, that join rooms and die in every way.
//!
//! `SWARM_SOCKETS` says how many (2,000); the figure is 10,000.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use greenroom_tests::Failure;

use crate::running::{MODES, Outcome, Running, steady};

const WAYS: &str = "clean,fin,rst,halfopen,exit,midconnect,midjoin,midupgrade,polling-abort";
/// Long enough for the server's heartbeat to find the half-open ones.
const LINGER_SECONDS: &str = "4";

#[actix_rt::test]
async fn thousands_of_sockets_that_die_in_every_way_leave_nothing() -> Outcome {
    let swarm = build_swarm()?;
    let sockets = std::env::var("SWARM_SOCKETS").unwrap_or_else(|_| "2000".to_owned());
    for mode in MODES {
        let settings = steady()
            .with("PING_INTERVAL_MS", "1500")
            .with("PING_TIMEOUT_MS", "1500")
            .with("CONNECT_TIMEOUT_MS", "3000")
            .with("REQUEST_TIMEOUT_MS", "3000");
        let mut running = Running::start_for_thousands(mode, settings)?;
        let port = running.endpoint().address.port().to_string();
        let arguments = ["--port", &port, "--conns", &sockets, "--ways", WAYS, "--linger", LINGER_SECONDS];
        let output = Command::new(&swarm).args(arguments).stderr(Stdio::inherit()).output()?;
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
