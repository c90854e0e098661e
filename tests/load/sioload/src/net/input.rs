//! Reading: the upgrade's response, frames, packets.
//!
//! Spec: RFC 6455 › Data Framing; Engine.IO protocol › Packet encoding; Socket.IO protocol ›
//! Packet encoding. Packets are recognised by their first bytes, whatever else they hold is
//! checked by the scenario.
use std::io::{ErrorKind, Read};
use std::mem;

use loadkit::websocket;

use super::{BUFFER_SIZE, Client, Event, Net, Phase};

/// The key that every upgrade sends, and what the server must make of it: the example of RFC 6455.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pplmbitxaq9kygzzhzrbk+xoo=";

/// Free room in the read buffer before every read.
const READ_SIZE: usize = 64 * 1024;
/// Bytes of a refused response or packet that the report tells.
const EXCERPT: usize = 120;

impl Net {
    /// Reads once and hands on what is complete.
    pub(super) fn read(&mut self, at: usize, client: &mut impl Client) {
        let connection = &mut self.connections[at];
        let Some(stream) = &mut connection.stream else { return };
        let mut buffer = mem::take(&mut self.buffer);
        let have = connection.unread.len();
        if buffer.len() < have + READ_SIZE {
            buffer.resize(have + BUFFER_SIZE, 0);
        }
        buffer[..have].copy_from_slice(&connection.unread);
        self.tally.reads += 1;
        match stream.read(&mut buffer[have..]) {
            Ok(count) if count > 0 => {
                connection.unread.clear();
                let used = self.digest(at, &buffer[..have + count], client);
                self.connections[at].unread.extend_from_slice(&buffer[used..have + count]);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.failed.push_back(at),
        }
        self.buffer = buffer;
    }

    /// Returns how many bytes were complete.
    fn digest(&mut self, at: usize, bytes: &[u8], client: &mut impl Client) -> usize {
        let mut used = 0;
        if self.connections[at].phase == Phase::Upgrading {
            let Some(end) = loadkit::find(bytes, b"\r\n\r\n") else { return 0 };
            self.upgraded(at, &bytes[..end]);
            used = end + 4;
        }
        while let Some(header) = websocket::header(&bytes[used..]) {
            let payload = &bytes[used + header.size..used + header.size + header.len];
            used += header.size + header.len;
            self.tally.frames += 1;
            if header.mask.is_some() {
                self.protocol_error(|| "masked frame from the server".to_owned());
            }
            self.framed(at, header.first, payload, client);
        }
        used
    }

    fn upgraded(&mut self, at: usize, head: &[u8]) {
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        if !head.starts_with("http/1.1 101") {
            self.protocol_error(|| format!("upgrade refused: {}", excerpt(head.as_bytes())));
            self.failed.push_back(at);
            return;
        }
        if !head.contains(ACCEPT) {
            self.protocol_error(|| "wrong Sec-WebSocket-Accept".to_owned());
        }
        if head.contains("permessage-deflate") {
            self.protocol_error(|| "compression that was not offered".to_owned());
        }
        self.connections[at].phase = Phase::WebSocket;
    }

    fn framed(&mut self, at: usize, first: u8, payload: &[u8], client: &mut impl Client) {
        match first {
            websocket::TEXT => self.packet(at, payload, client),
            websocket::PING => self.frame(at, websocket::PONG, payload),
            websocket::PONG => {}
            websocket::CLOSE => {
                if !self.connections[at].closing {
                    self.frame(at, websocket::CLOSE, payload);
                }
                self.failed.push_back(at);
            }
            other => self.protocol_error(|| format!("frame that starts with {other:#x}")),
        }
    }

    fn packet(&mut self, at: usize, packet: &[u8], client: &mut impl Client) {
        match packet {
            [b'4', b'2', array @ ..] => client.on(self, at, Event::Message(array)),
            [b'4', b'3', rest @ ..] => match ack(rest) {
                Some((id, array)) => client.on(self, at, Event::Ack(id, array)),
                None => self.protocol_error(|| "acknowledgement without an id".to_owned()),
            },
            b"2" => {
                self.tally.pings += 1;
                self.send(at, b"3");
            }
            [b'0', ..] => client.on(self, at, Event::Open),
            [b'4', b'0', ..] => client.on(self, at, Event::Connected),
            [b'4', b'4', data @ ..] => client.on(self, at, Event::Refused(data)),
            b"6" | b"41" => {}
            other => self.protocol_error(|| format!("unexpected packet: {}", excerpt(other))),
        }
    }
}

/// Splits an acknowledgement into id and array.
fn ack(packet: &[u8]) -> Option<(u32, &[u8])> {
    let digits = packet.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (id, array) = packet.split_at(digits);
    Some((str::from_utf8(id).ok()?.parse().ok()?, array))
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT)]).into_owned()
}
