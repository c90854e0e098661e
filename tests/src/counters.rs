//! What the server under test counts, and how a test in another process reads it.
//!
//! The server prints one line of JSON for each SIGUSR1, and one at its end.

use std::io;

use actix_web::rt::signal::unix::{SignalKind, signal};
use greenroom::Server;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A reading of a running server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// [`greenroom::Stats`], by name.
    pub stats: Value,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Resident memory in KiB.
    pub resident_kib: u64,
}

impl Counters {
    /// Reads them in the server's own process.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub fn of(io: &Server) -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
        Ok(Self {
            stats: serde_json::to_value(io.stats())?,
            descriptors: std::fs::read_dir("/proc/self/fd")?.count(),
            resident_kib: resident.unwrap_or(0),
        })
    }

    /// One counter.
    #[must_use]
    pub fn count(&self, name: &str) -> i64 {
        self.stats.get(name).and_then(Value::as_i64).unwrap_or(i64::MIN)
    }

    /// The gauges that are zero when all clients are gone.
    #[must_use]
    pub fn left(&self) -> Vec<(&'static str, i64)> {
        GAUGES.into_iter().map(|name| (name, self.count(name))).filter(|(_, count)| *count != 0).collect()
    }
}

/// Prints the counters whenever the process gets a SIGUSR1, from now on.
///
/// # Errors
/// The signal cannot be listened for.
pub fn print_on_signal(io: Server) -> io::Result<()> {
    let mut asked = signal(SignalKind::user_defined1())?;
    actix_web::rt::spawn(async move {
        while asked.recv().await.is_some() {
            print(&io);
        }
    });
    Ok(())
}

/// Prints the counters now.
#[expect(clippy::print_stdout, reason = "a test reads it")]
pub fn print(io: &Server) {
    let counters = Counters::of(io).and_then(|counters| Ok(serde_json::to_string(&counters)?));
    println!("{}", counters.unwrap_or_else(|error| error.to_string()));
}

const GAUGES: [&str; 6] = ["sessions", "sockets", "socket_actors", "rooms", "members", "slots"];
