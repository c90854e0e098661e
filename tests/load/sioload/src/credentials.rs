//! What the CONNECT packets carry.
//!
//! Spec: Socket.IO protocol › Packet types › CONNECT.
use std::fs;

use loadkit::args::{Args, die};
use serde_json::json;

/// The CONNECT packets of all connections, Engine.IO type included.
#[derive(Debug)]
pub(crate) struct Credentials(Vec<Vec<u8>>);

impl Credentials {
    /// Takes `--auth JSON` (the same for all) or `--tokens FILE` (one token per line, in turn).
    pub(crate) fn from_args(args: &Args) -> Self {
        let file = args.text("tokens", "");
        if file.is_empty() {
            return Self(vec![connect_packet(&args.text("auth", ""))]);
        }
        let tokens = fs::read_to_string(&file).unwrap_or_else(|error| die(&format!("{file}: {error}")));
        let packets: Vec<_> =
            tokens.lines().map(|token| connect_packet(&json!({ "token": token }).to_string())).collect();
        if packets.is_empty() {
            die(&format!("{file}: no token"));
        }
        Self(packets)
    }

    /// Returns the packet of connection number `index`.
    pub(crate) fn packet(&self, index: usize) -> &[u8] {
        &self.0[index % self.0.len()]
    }
}

fn connect_packet(auth: &str) -> Vec<u8> {
    format!("40{auth}").into_bytes()
}
