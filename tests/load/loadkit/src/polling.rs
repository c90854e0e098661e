//! A blocking Engine.IO session over long-polling: one connection for the pending GET, one for
//! the POSTs.
//!
//! Spec: Engine.IO protocol › HTTP long-polling.
use std::collections::VecDeque;
use std::io;

use crate::find;
use crate::http::Http;

/// Separates the packets of a payload.
const SEPARATOR: u8 = 0x1e;

/// A session and what it has received.
#[derive(Debug)]
pub struct Session {
    /// The connection of the GETs.
    pub get: Http,
    /// The connection of the POSTs.
    pub post: Http,
    /// Path and query of this session's requests.
    pub target: String,
    /// The session's id.
    pub sid: String,
    /// A GET is out.
    pending: bool,
    received: VecDeque<Vec<u8>>,
}

impl Session {
    /// Shakes hands with `port` of this machine; `turn` picks the source address.
    ///
    /// # Errors
    /// A refusal, an answer that is not an open packet, or what the system answers.
    pub fn open(port: u16, turn: u32, path: &str) -> io::Result<Self> {
        let (mut get, post) = (Http::connect(port, turn)?, Http::connect(port, turn)?);
        let base = format!("{path}?EIO=4&transport=polling");
        get.get(&base)?;
        let open = get.response()?;
        let sid = session_id(&open).ok_or_else(|| io::Error::other("no sid in the open packet"))?;
        let target = format!("{base}&sid={sid}");
        Ok(Self { get, post, target, sid, pending: false, received: VecDeque::new() })
    }

    /// Connects to the namespace with `connect`, Engine.IO type included.
    ///
    /// # Errors
    /// A refusal by the namespace, or as [`Self::receive`].
    pub fn connect(&mut self, connect: &[u8]) -> io::Result<()> {
        self.send(connect)?;
        let answer = self.receive()?;
        if answer.starts_with(b"40") {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()))
    }

    /// Posts one packet.
    ///
    /// # Errors
    /// Any status but 200, or what the system answers.
    pub fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.post.post(&self.target, packet)?;
        self.post.response().map(drop)
    }

    /// Sends a GET, unless one is pending or packets are here already.
    ///
    /// # Errors
    /// What the system answers.
    pub fn poll(&mut self) -> io::Result<()> {
        if !self.pending && self.received.is_empty() {
            self.get.get(&self.target)?;
            self.pending = true;
        }
        Ok(())
    }

    /// Returns the next packet, polling for it; pings are answered and NOOPs skipped.
    ///
    /// # Errors
    /// Any status but 200, or what the system answers.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.received.pop_front() {
                Some(packet) if packet == b"2" => self.send(b"3")?,
                Some(packet) if packet == b"6" => {}
                Some(packet) => return Ok(packet),
                None => {
                    self.poll()?;
                    let body = self.get.response()?;
                    self.pending = false;
                    self.received.extend(body.split(|byte| *byte == SEPARATOR).map(<[u8]>::to_vec));
                }
            }
        }
    }

    /// Whether a packet is here that [`Self::receive`] would return without a request.
    #[must_use]
    pub fn has_received(&self) -> bool {
        self.received.iter().any(|packet| packet != b"2" && packet != b"6")
    }
}

/// Cuts the id out of an open packet, whose JSON has no escapes there.
fn session_id(open: &[u8]) -> Option<String> {
    let after = &open[find(open, b"\"sid\":\"")? + 7..];
    let end = after.iter().position(|byte| *byte == b'"')?;
    String::from_utf8(after[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::session_id;

    #[test]
    fn the_id_is_found_wherever_it_stands() {
        assert_eq!(session_id(b"0{\"upgrades\":[],\"sid\":\"a-B_3\"}").as_deref(), Some("a-B_3"));
        assert_eq!(session_id(b"0{\"upgrades\":[]}"), None);
    }
}
