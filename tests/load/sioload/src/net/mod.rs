//! All client connections of a run.
//!
//! Owns the sockets, one poller and one read buffer. Takes messages to send; they are written at
//! the end of the turn, all of a connection in one write. Tells the scenario what comes
//! ([`Event`]). Keeps: a connection stands in `dirty` at most once; a closed one has no socket.
mod connection;
mod input;

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use loadkit::epoll::{Epoll, Ready};
use loadkit::random::Random;
use loadkit::{loopback, websocket};

pub(crate) use self::connection::Phase;
use self::connection::{Connection, Wrote};

/// Sockets reported per turn.
const BATCH: usize = 1024;
/// First size of the read buffer.
const BUFFER_SIZE: usize = 256 * 1024;
/// A normal closure. Spec: RFC 6455 › Defined Status Codes.
const NORMAL_CLOSURE: [u8; 2] = 1000u16.to_be_bytes();

/// What a connection tells the scenario.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// Engine.IO open packet: it is time for CONNECT.
    Open,
    /// The namespace is connected.
    Connected,
    /// CONNECT_ERROR with its data.
    Refused(&'a [u8]),
    /// An event's array.
    Message(&'a [u8]),
    /// An acknowledgement's id and array.
    Ack(u32, &'a [u8]),
    /// The socket is gone. (A close that we had not begun is counted in the [`Tally`].)
    Closed,
}

/// A scenario: it answers events by sending.
pub(crate) trait Client {
    /// Takes one event of connection number `at`.
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>);
}

/// What all connections together counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) reads: u64,
    pub(crate) pings: u64,
    pub(crate) unexpected_closes: u64,
    pub(crate) protocol_errors: u64,
    pub(crate) first_error: Option<String>,
}

/// The connections of a run.
pub(crate) struct Net {
    pub(crate) tally: Tally,
    pub(crate) random: Random,
    connections: Vec<Connection>,
    poller: Epoll,
    dirty: Vec<usize>,
    failed: VecDeque<usize>,
    buffer: Vec<u8>,
    port: u16,
    request: Vec<u8>,
    started: Instant,
    opened: u32,
}

impl Net {
    /// Makes a run against `port` of this machine, with the Engine.IO path `path`.
    pub(crate) fn new(port: u16, path: &str) -> Self {
        let request = format!(
            "GET {path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {}\r\n\r\n",
            input::KEY
        );
        Self {
            tally: Tally::default(),
            random: Random::new(1),
            connections: Vec::new(),
            poller: Epoll::new(BATCH).expect("a descriptor for the poller"),
            dirty: Vec::new(),
            failed: VecDeque::new(),
            buffer: vec![0; BUFFER_SIZE],
            port,
            request: request.into_bytes(),
            started: Instant::now(),
            opened: 0,
        }
    }

    /// Nanoseconds since the generator's start.
    pub(crate) fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Starts one more connection.
    pub(crate) fn open(&mut self) {
        let connection = self.start();
        self.connections.push(connection);
        self.watch(self.connections.len() - 1);
    }

    /// Starts a connection in the place of the closed one number `at`.
    pub(crate) fn reopen(&mut self, at: usize) {
        self.connections[at] = self.start();
        self.watch(at);
    }

    /// Adds `count` places without a connection, for [`Self::reopen`].
    pub(crate) fn reserve(&mut self, count: usize) {
        self.connections.extend((0..count).map(|_| Connection::closed()));
    }

    /// Queues one text message; it is written at the end of the turn.
    pub(crate) fn send(&mut self, at: usize, message: &[u8]) {
        self.frame(at, websocket::TEXT, message);
    }

    /// Queues a Socket.IO DISCONNECT and a WebSocket close.
    pub(crate) fn begin_close(&mut self, at: usize) {
        self.send(at, b"41");
        self.frame(at, websocket::CLOSE, &NORMAL_CLOSURE);
        self.connections[at].closing = true;
    }

    /// Closes the socket without a word and without an event.
    pub(crate) fn abort(&mut self, at: usize) {
        self.connections[at].close();
    }

    pub(crate) fn phase(&self, at: usize) -> Phase {
        self.connections[at].phase
    }

    /// Runs turns for `duration`.
    pub(crate) fn poll_for(&mut self, duration: Duration, client: &mut impl Client) {
        const TURN: Duration = Duration::from_millis(5);
        let started = Instant::now();
        while started.elapsed() < duration {
            self.poll(TURN.min(duration), client);
        }
    }

    /// One turn: waits at most `timeout`, hands on what came, writes what that queued.
    pub(crate) fn poll(&mut self, timeout: Duration, client: &mut impl Client) {
        self.flush_all();
        let count = self.poller.wait(timeout).expect("the poller is ours");
        for index in 0..count {
            let ready = self.poller.ready(index);
            self.turn(ready, client);
        }
        while let Some(at) = self.failed.pop_front() {
            self.closed(at, client);
        }
        self.flush_all();
    }

    fn turn(&mut self, ready: Ready, client: &mut impl Client) {
        let at = usize::try_from(ready.token).expect("tokens are places");
        if ready.writable {
            if self.connections[at].phase == Phase::Connecting {
                self.connections[at].ask_upgrade(&self.request);
            }
            self.flush(at);
        }
        if ready.readable {
            self.read(at, client);
        }
    }

    fn start(&mut self) -> Connection {
        self.opened += 1;
        let stream = loopback::start_connect(self.port, self.opened).expect("a socket that connects");
        Connection::new(stream, &mut self.random)
    }

    fn watch(&mut self, at: usize) {
        let stream = self.connections[at].stream.as_ref().expect("just started");
        self.poller.add(stream, at as u64, true).expect("a new socket can be watched");
    }

    fn frame(&mut self, at: usize, first: u8, payload: &[u8]) {
        let connection = &mut self.connections[at];
        if connection.phase != Phase::WebSocket {
            return;
        }
        connection.queue(first, payload);
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(at);
        }
    }

    fn flush_all(&mut self) {
        let mut dirty = mem::take(&mut self.dirty);
        for at in dirty.drain(..) {
            self.connections[at].dirty = false;
            self.flush(at);
        }
        self.dirty = dirty;
    }

    fn flush(&mut self, at: usize) {
        let connection = &mut self.connections[at];
        let blocked = match connection.write() {
            Wrote::All => false,
            Wrote::Part => true,
            Wrote::Failed => return self.failed.push_back(at),
        };
        if let Some(stream) = &connection.stream
            && connection.blocked != blocked
        {
            self.poller.modify(stream, at as u64, blocked).expect("a live socket is watched");
            connection.blocked = blocked;
        }
    }

    fn closed(&mut self, at: usize, client: &mut impl Client) {
        let connection = &mut self.connections[at];
        if connection.stream.is_none() {
            return;
        }
        let asked = connection.closing;
        connection.close();
        self.tally.unexpected_closes += u64::from(!asked);
        client.on(self, at, Event::Closed);
    }

    /// Counts something that no correct server does; the first one is told in the report.
    fn protocol_error(&mut self, what: impl FnOnce() -> String) {
        self.tally.protocol_errors += 1;
        self.tally.first_error.get_or_insert_with(what);
    }
}
