//! What the server answers to each packet of the generator.
//!
//! Spec: Socket.IO protocol › Packet encoding, as far as the generator uses it: text, namespace
//! `/`, strings without escapes.
use crate::server::Server;

impl Server {
    /// Answers one packet, Engine.IO type first.
    pub(crate) fn packet(&mut self, slot: u32, packet: &[u8]) {
        match packet {
            [b'4', b'2', rest @ ..] => self.event(slot, rest),
            [b'4', b'0', ..] => {
                let connected = format!("40{{\"sid\":\"{:020}\"}}", self.connection(slot).sid);
                self.reply(slot, &[connected.as_bytes()]);
            }
            _ => {}
        }
    }

    /// `<id>["<name>",<arguments>]`
    fn event(&mut self, slot: u32, packet: &[u8]) {
        let digits = packet.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (id, array) = packet.split_at(digits);
        let Some((name, arguments)) = string(&array[1..]) else { return };
        match name {
            b"echo" => self.reply(slot, &[b"43", id, b"[", &arguments[1..]]),
            b"say" => self.say(arguments),
            b"join" => self.join(slot, id, arguments),
            b"leave" => self.leave(slot, id, arguments),
            _ => {}
        }
    }

    /// `,"<room>",<payload>]`
    fn say(&mut self, arguments: &[u8]) {
        let Some((room, payload)) = string(&arguments[1..]) else { return };
        if let Some(number) = self.rooms.number(room) {
            self.rooms.broadcast(number, payload);
            if self.flush_now {
                self.flush_rooms();
            }
        }
    }

    /// `,"<room>"]`
    fn join(&mut self, slot: u32, id: &[u8], arguments: &[u8]) {
        let Some((room, _)) = string(&arguments[1..]) else { return };
        let number = self.rooms.join(room, slot);
        self.connection(slot).rooms.push(number);
        self.reply(slot, &[b"43", id, b"[\"ok\"]"]);
    }

    /// `,"<room>"]`
    fn leave(&mut self, slot: u32, id: &[u8], arguments: &[u8]) {
        let Some((room, _)) = string(&arguments[1..]) else { return };
        if let Some(number) = self.rooms.number(room) {
            self.rooms.leave(number, slot);
            self.connection(slot).rooms.retain(|room| *room != number);
        }
        self.reply(slot, &[b"43", id, b"[\"ok\"]"]);
    }
}

/// Splits `"text"rest` into text and rest.
fn string(quoted: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = quoted.strip_prefix(b"\"")?;
    let end = inner.iter().position(|byte| *byte == b'"')?;
    Some((&inner[..end], &inner[end + 1..]))
}
