//! One client connection: its socket and what is still to read or to write.
use std::io::{ErrorKind, Write};
use std::net::TcpStream;

use loadkit::random::Random;
use loadkit::websocket;

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// TCP is not there yet.
    Connecting,
    /// The upgrade request is out.
    Upgrading,
    /// Frames both ways.
    WebSocket,
    /// No socket.
    Closed,
}

/// How far a write came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wrote {
    All,
    Part,
    Failed,
}

/// One connection.
pub(super) struct Connection {
    /// `None` exactly in [`Phase::Closed`].
    pub(super) stream: Option<TcpStream>,
    pub(super) phase: Phase,
    /// An incomplete response or frame.
    pub(super) unread: Vec<u8>,
    /// We asked for the close, so the peer's close is not an error.
    pub(super) closing: bool,
    /// Stands in the list of connections to flush.
    pub(super) dirty: bool,
    /// Watched for writing.
    pub(super) blocked: bool,
    unwritten: Vec<u8>,
    written: usize,
    mask: u32,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, random: &mut Random) -> Self {
        let [a, b, c, d, ..] = random.bits().to_ne_bytes();
        Self {
            stream: Some(stream),
            phase: Phase::Connecting,
            // A new socket is watched for writing, which tells that TCP is there.
            blocked: true,
            mask: u32::from_ne_bytes([a, b, c, d]),
            ..Self::closed()
        }
    }

    pub(super) fn closed() -> Self {
        Self {
            stream: None,
            phase: Phase::Closed,
            unread: Vec::new(),
            closing: false,
            dirty: false,
            blocked: false,
            unwritten: Vec::new(),
            written: 0,
            mask: 0,
        }
    }

    pub(super) fn close(&mut self) {
        // A connection that stands in the list of dirty ones stays there until the flush.
        *self = Self { dirty: self.dirty, ..Self::closed() };
    }

    pub(super) fn ask_upgrade(&mut self, request: &[u8]) {
        self.phase = Phase::Upgrading;
        self.unwritten.extend_from_slice(request);
    }

    /// Queues one frame under a new mask.
    pub(super) fn queue(&mut self, first: u8, payload: &[u8]) {
        self.mask = self.mask.rotate_left(5) ^ 0x5bd1_e995;
        websocket::masked_frame(&mut self.unwritten, first, payload, self.mask.to_ne_bytes());
    }

    /// Writes what is queued, as far as the kernel takes it.
    pub(super) fn write(&mut self) -> Wrote {
        let Some(stream) = &mut self.stream else { return Wrote::All };
        while self.written < self.unwritten.len() {
            match stream.write(&self.unwritten[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Wrote::Part,
                Err(_) => return Wrote::Failed,
            }
        }
        self.unwritten.clear();
        self.written = 0;
        Wrote::All
    }
}
