//! The server's state and its input and output; the answers are in `events`.
//!
//! Owns all connections, rooms and the one read buffer. Takes ready sockets. Keeps: a connection
//! is in `dirty` at most once, and only `flush` removes one.
use std::io::{ErrorKind, Read};
use std::mem;
use std::net::TcpStream;

use loadkit::epoll::Epoll;
use loadkit::websocket;

use crate::connection::{Connection, Stage};
use crate::handshake;
use crate::rooms::{Fault, Rooms};

/// Free room in the read buffer before every read: what one read can bring at most.
const READ_SIZE: usize = 64 * 1024;
/// First size of the read buffer.
const BUFFER_SIZE: usize = 256 * 1024;

/// Everything the one thread holds.
pub(crate) struct Server {
    pub(crate) poller: Epoll,
    pub(crate) rooms: Rooms,
    /// Write each broadcast at once instead of at the end of the turn.
    pub(crate) flush_now: bool,
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
    dirty: Vec<u32>,
    buffer: Vec<u8>,
    next_sid: u64,
}

/// The slot that a poller's token stands for.
#[expect(clippy::cast_possible_truncation, reason = "tokens are made from slots")]
pub(crate) fn slot(token: u64) -> u32 {
    token as u32
}

impl Server {
    pub(crate) fn new(poller: Epoll, flush_now: bool, fault: Option<Fault>) -> Self {
        Self {
            poller,
            rooms: Rooms::new(fault),
            flush_now,
            connections: Vec::new(),
            free: Vec::new(),
            dirty: Vec::new(),
            buffer: vec![0; BUFFER_SIZE],
            next_sid: 1,
        }
    }

    pub(crate) fn accept(&mut self, stream: TcpStream) {
        if stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).is_err() {
            return;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            u32::try_from(self.connections.len() - 1).expect("fewer connections than 2^32")
        });
        if self.poller.add(&stream, u64::from(slot), false).is_ok() {
            self.connections[slot as usize] = Some(Box::new(Connection::new(stream, self.next_sid)));
            self.next_sid += 1;
        } else {
            self.free.push(slot);
        }
    }

    /// Queues one text frame for the connection.
    #[inline]
    pub(crate) fn reply(&mut self, slot: u32, parts: &[&[u8]]) {
        websocket::frame(&mut self.connection(slot).unwritten, websocket::TEXT, parts);
        self.mark(slot);
    }

    pub(crate) fn connection(&mut self, slot: u32) -> &mut Connection {
        self.connections[slot as usize].as_mut().expect("only flush removes a connection")
    }

    /// Reads once and answers what came.
    pub(crate) fn read(&mut self, slot: u32) {
        let Some(connection) = self.connections[slot as usize].as_mut() else { return };
        let mut buffer = mem::take(&mut self.buffer);
        let have = connection.unread.len();
        if buffer.len() < have + READ_SIZE {
            buffer.resize(have + READ_SIZE, 0);
        }
        buffer[..have].copy_from_slice(&connection.unread);
        match (&connection.stream).read(&mut buffer[have..]) {
            Ok(count) if count > 0 => {
                connection.unread.clear();
                let used = self.input(slot, &mut buffer[..have + count]);
                self.connection(slot).unread.extend_from_slice(&buffer[used..have + count]);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.end(slot),
        }
        self.buffer = buffer;
    }

    /// Writes the frames of every dirty room to its members.
    pub(crate) fn flush_rooms(&mut self) {
        let mut dirty = mem::take(&mut self.rooms.dirty);
        for number in dirty.drain(..) {
            self.rooms.room(number).dirty = false;
            self.flush_room(number);
        }
        self.rooms.dirty = dirty;
    }

    pub(crate) fn holds_broadcasts(&self) -> bool {
        !self.rooms.dirty.is_empty()
    }

    /// Writes to every dirty connection.
    pub(crate) fn flush_connections(&mut self) {
        let mut dirty = mem::take(&mut self.dirty);
        for slot in dirty.drain(..) {
            self.flush(slot);
        }
        self.dirty = dirty;
    }

    /// Writes what is queued for the connection, and removes it if it is dead.
    pub(crate) fn flush(&mut self, slot: u32) {
        let Some(connection) = self.connections[slot as usize].as_mut() else { return };
        connection.dirty = false;
        if !connection.unwritten.is_empty() {
            connection.write_queued();
            let blocked = !connection.unwritten.is_empty();
            if blocked != connection.blocked {
                connection.blocked = blocked;
                let watched = self.poller.modify(&connection.stream, u64::from(slot), blocked);
                watched.expect("a live connection is watched");
            }
        }
        if connection.stage == Stage::Dead {
            self.remove(slot);
        }
    }

    /// Queues a ping for every WebSocket.
    pub(crate) fn ping_all(&mut self) {
        for index in 0..self.connections.len() {
            let open = self.connections[index].as_ref().is_some_and(|c| c.stage == Stage::WebSocket);
            if open {
                self.reply(slot(index as u64), &[b"2"]);
            }
        }
    }

    #[inline]
    fn mark(&mut self, slot: u32) {
        let connection = self.connection(slot);
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(slot);
        }
    }

    fn end(&mut self, slot: u32) {
        self.connection(slot).stage = Stage::Dead;
        self.mark(slot);
    }

    /// Answers the request or the frames in `bytes`; returns how many bytes that took.
    fn input(&mut self, slot: u32, bytes: &mut [u8]) -> usize {
        let mut used = 0;
        if self.connection(slot).stage == Stage::Request {
            let Some(end) = loadkit::find(bytes, b"\r\n\r\n") else { return 0 };
            self.upgrade(slot, &bytes[..end]);
            used = end + 4;
        }
        while let Some(header) = websocket::header(&bytes[used..]) {
            let payload = &mut bytes[used + header.size..used + header.size + header.len];
            if let Some(key) = header.mask {
                websocket::apply_mask(payload, key);
            }
            match header.first {
                websocket::TEXT => self.packet(slot, payload),
                websocket::CLOSE => self.close(slot, payload),
                _ => {}
            }
            used += header.size + header.len;
        }
        used
    }

    fn upgrade(&mut self, slot: u32, head: &[u8]) {
        let connection = self.connection(slot);
        connection.stage = Stage::WebSocket;
        connection.unwritten.extend_from_slice(handshake::upgrade_response(head).as_bytes());
        let open = handshake::open_packet(connection.sid);
        self.reply(slot, &[open.as_bytes()]);
    }

    /// Answers the close frame; the flush that writes the answer ends the connection.
    fn close(&mut self, slot: u32, payload: &[u8]) {
        websocket::frame(&mut self.connection(slot).unwritten, websocket::CLOSE, &[payload]);
        self.end(slot);
    }

    fn flush_room(&mut self, number: u32) {
        let mut batch = mem::take(&mut self.rooms.room(number).batch);
        for at in 0..self.rooms.room(number).members.len() {
            let slot = self.rooms.room(number).members[at];
            let connection = self.connection(slot);
            let unfinished = if connection.unwritten.is_empty() {
                connection.write_through(&batch)
            } else {
                connection.unwritten.extend_from_slice(&batch);
                true
            };
            if unfinished {
                self.mark(slot);
            }
        }
        batch.clear();
        self.rooms.room(number).batch = batch;
    }

    fn remove(&mut self, slot: u32) {
        if let Some(connection) = self.connections[slot as usize].take() {
            for number in connection.rooms {
                self.rooms.leave(number, slot);
            }
            self.free.push(slot);
        }
    }
}
