//! The answer to the upgrade request, and the Engine.IO open packet.
//!
//! Spec: RFC 6455 › Opening Handshake; Engine.IO protocol › Handshake.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Returns the response to the request whose header block is `head`.
pub(crate) fn upgrade_response(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(websocket_key).unwrap_or_default();
    let mut digest = Sha1::new();
    digest.update(key.as_bytes());
    digest.update(ACCEPT_GUID);
    let accept = STANDARD.encode(digest.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Returns the open packet of session `sid`, with the reference's intervals.
pub(crate) fn open_packet(sid: u64) -> String {
    format!(
        "0{{\"sid\":\"{sid:020}\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\
         \"maxPayload\":1000000}}"
    )
}

fn websocket_key(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_key_of_the_specification() {
        let response = upgrade_response(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
        assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }
}
