//! One connection: its socket and what is still to read or to write.
use std::io::{ErrorKind, Write};
use std::net::TcpStream;

/// A connection, from accept to close.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) stage: Stage,
    /// Stands in the server's list of connections to flush.
    pub(crate) dirty: bool,
    /// Watched for writing, because the last write stopped half-way.
    pub(crate) blocked: bool,
    pub(crate) sid: u64,
    /// Rooms joined, by number.
    pub(crate) rooms: Vec<u32>,
    /// An incomplete request or frame.
    pub(crate) unread: Vec<u8>,
    pub(crate) unwritten: Vec<u8>,
}

/// What a connection does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The upgrade request is not complete.
    Request,
    /// Frames both ways.
    WebSocket,
    /// Removed at the next flush.
    Dead,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, sid: u64) -> Self {
        Self {
            stream,
            stage: Stage::Request,
            dirty: false,
            blocked: false,
            sid,
            rooms: Vec::new(),
            unread: Vec::new(),
            unwritten: Vec::new(),
        }
    }

    /// Writes `bytes` past the queue, which must be empty. What the kernel does not take is queued;
    /// true if something is left to do for this connection.
    #[inline]
    pub(crate) fn write_through(&mut self, bytes: &[u8]) -> bool {
        match (&self.stream).write(bytes) {
            Ok(written) if written == bytes.len() => return false,
            Ok(written) => self.unwritten.extend_from_slice(&bytes[written..]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.unwritten.extend_from_slice(bytes),
            Err(_) => self.stage = Stage::Dead,
        }
        true
    }

    /// Writes what is queued, as far as the kernel takes it.
    #[inline]
    pub(crate) fn write_queued(&mut self) {
        match (&self.stream).write(&self.unwritten) {
            Ok(written) if written == self.unwritten.len() => self.unwritten.clear(),
            Ok(written) => drop(self.unwritten.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.stage = Stage::Dead,
        }
    }
}
