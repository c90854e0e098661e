//! The times that a session keeps.

use std::time::Duration;

/// How long a session waits for what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// From the handshake, or from a pong, to the next ping. Default 25 s, as in the reference.
    pub ping_interval: Duration,
    /// From a ping, or from the last packet after it, to the end of the session. Default 20 s, as in the reference.
    pub ping_timeout: Duration,
    /// How long an upgrade may take; a failed one leaves the session on polling. Default 10 s, as in the reference.
    pub upgrade_timeout: Duration,
    /// Pause between two answers without content to polls during an upgrade. Default 100 ms, as in the reference.
    pub upgrade_noop_interval: Duration,
    /// From a handshake over polling to the first request of the session. Default 20 s: then a stock
    /// client has given up the attempt (its option `timeout`), and nobody will come.
    pub claim_timeout: Duration,
    /// How long a closing session may take to flush what it still has. Default 10 s: a stock client polls
    /// again at once, so only a peer that reads too slowly or is gone takes longer.
    pub close_timeout: Duration,
    /// Whether a session may move from polling to WebSocket. Default yes.
    pub allow_upgrades: bool,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            upgrade_noop_interval: Duration::from_millis(100),
            claim_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(10),
            allow_upgrades: true,
        }
    }
}
