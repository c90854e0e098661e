//! The servers under test: one process for each set of settings that the tests need.
//!
//! Owns: the processes. They start when the first test asks, and end with [`end_all`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

use greenroom_tests::{Endpoint, Failure, Fixture, Settings};

/// The path of the Engine.IO server that sends back every message.
pub(crate) const ENGINE: &str = "/engine.io/";
/// The path of the Socket.IO server.
pub(crate) const SOCKET: &str = "/socket.io/";
/// Both are Engine.IO servers: what only concerns that protocol is tested on both.
pub(crate) const MOUNTS: [&str; 2] = [ENGINE, SOCKET];

/// A set of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// Nothing happens by itself: no ping, no time-out within the time of a test.
    Steady,
    /// The values of the official suites: ping after 300 ms, 200 ms for the pong, 1 s to join a namespace.
    Official,
    /// Pings come fast, and their pongs may be late.
    Lively,
    /// An upgrade must be done within 300 ms, and a namespace joined within 500 ms.
    Hasty,
    /// Payloads of at most [`SMALL_PAYLOAD`] bytes.
    Small,
    /// Pages of other origins than [`ALLOWED_ORIGIN`] are refused.
    Guarded,
}

/// Bytes that [`Server::Small`] takes at once.
pub(crate) const SMALL_PAYLOAD: usize = 1000;
/// The origin that [`Server::Guarded`] accepts.
pub(crate) const ALLOWED_ORIGIN: &str = "http://allowed.example";

impl Server {
    /// Where this server's Engine.IO echo listens; starts the server if need be.
    pub(crate) fn engine(self) -> Result<Endpoint, Failure> {
        self.at(ENGINE)
    }

    /// Where this server's Socket.IO listens; starts the server if need be.
    pub(crate) fn socket(self) -> Result<Endpoint, Failure> {
        self.at(SOCKET)
    }

    /// One of the [`MOUNTS`]; starts the server if need be.
    pub(crate) fn at(self, path: &'static str) -> Result<Endpoint, Failure> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fixture) = running.get(&self) {
            return Ok(Endpoint { address: fixture.address(), path });
        }
        let fixture = Fixture::start(program(), &self.settings())?;
        let address = fixture.address();
        running.insert(self, fixture);
        Ok(Endpoint { address, path })
    }

    fn settings(self) -> Settings {
        const NEVER_MS: &str = "120000";
        let still = Settings::default()
            .with("PING_INTERVAL_MS", NEVER_MS)
            .with("PING_TIMEOUT_MS", NEVER_MS)
            .with("CONNECT_TIMEOUT_MS", NEVER_MS)
            .with("UPGRADE_TIMEOUT_MS", NEVER_MS);
        match self {
            Self::Steady => still,
            Self::Official => Settings::default(),
            Self::Lively => still.with("PING_INTERVAL_MS", "250").with("PING_TIMEOUT_MS", "6000"),
            Self::Hasty => still.with("UPGRADE_TIMEOUT_MS", "300").with("CONNECT_TIMEOUT_MS", "500"),
            Self::Small => still.with("MAX_PAYLOAD", &SMALL_PAYLOAD.to_string()),
            Self::Guarded => still.with("ALLOWED_ORIGINS", ALLOWED_ORIGIN),
        }
    }
}

/// Ends every server.
pub(crate) fn end_all() {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

static RUNNING: Mutex<BTreeMap<Server, Fixture>> = Mutex::new(BTreeMap::new());

fn program() -> OsString {
    std::env::var_os("FIXTURE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_greenroom-fixture").into())
}
