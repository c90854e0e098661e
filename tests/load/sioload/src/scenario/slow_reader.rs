//! The member that reads as slowly as it is told to, in a thread of its own.
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use loadkit::args::{Args, die};
use loadkit::{loopback, websocket};

/// Pauses between two reads of a slow member.
const PAUSE: Duration = Duration::from_millis(100);

/// What the thread is told, and what it tells.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Bytes per second; 0 is all there is.
    pub(super) rate: AtomicU64,
    pub(super) over: AtomicBool,
    /// The newest step that anybody has seen.
    pub(super) newest: AtomicU64,
    /// That of the last frame that the slow member has read.
    pub(super) step: AtomicU64,
    pub(super) frames: AtomicU64,
    /// By how many steps it was behind, when it read slowly.
    pub(super) most_behind: AtomicU64,
}

/// What went wrong.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Patches that did not begin where the one before them ended.
    pub(super) gaps: u64,
    pub(super) closed: bool,
}

struct Reader {
    shared: Arc<Shared>,
    stream: TcpStream,
    unread: Vec<u8>,
    offset: Option<u64>,
    outcome: Outcome,
}

/// Joins the room, and reads until it is over.
pub(super) fn start(args: &Args, shared: Arc<Shared>) -> JoinHandle<Outcome> {
    let port = args.number("port", 0);
    let receive: usize = args.number("receive", 8 * 1024);
    thread::spawn(move || {
        let stream = loopback::connect_with_buffer(port, receive / 2);
        let stream = stream.unwrap_or_else(|error| die(&format!("the slow member: {error}")));
        let mut reader =
            Reader { shared, stream, unread: Vec::new(), offset: None, outcome: Outcome::default() };
        if let Err(error) = reader.join(port).and_then(|()| reader.read_on()) {
            reader.outcome.closed = error.kind() != ErrorKind::Other;
            if error.kind() == ErrorKind::Other {
                die(&format!("the slow member: {error}"));
            }
        }
        reader.outcome
    })
}

impl Reader {
    fn join(&mut self, port: u16) -> std::io::Result<()> {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {}:{port}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            Ipv4Addr::LOCALHOST
        );
        self.stream.write_all(request.as_bytes())?;
        let end = loop {
            if let Some(end) = loadkit::find(&self.unread, b"\r\n\r\n") {
                break end + 4;
            }
            self.read(4096)?;
        };
        self.unread.drain(..end);
        self.say("40/plane,{}")
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        let mut frame = Vec::new();
        websocket::masked_frame(&mut frame, websocket::TEXT, text.as_bytes(), [1, 2, 3, 4]);
        self.stream.write_all(&frame)
    }

    fn read_on(&mut self) -> std::io::Result<()> {
        while !self.shared.over.load(Ordering::Relaxed) {
            match usize::try_from(self.shared.rate.load(Ordering::Relaxed)).unwrap_or(0) {
                0 => self.read(64 * 1024)?,
                rate => {
                    self.read(rate / 10)?;
                    thread::sleep(PAUSE);
                }
            }
            self.take_frames()?;
        }
        Ok(())
    }

    fn read(&mut self, most: usize) -> std::io::Result<()> {
        let have = self.unread.len();
        self.unread.resize(have + most, 0);
        let count = self.stream.read(&mut self.unread[have..])?;
        self.unread.truncate(have + count);
        if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn take_frames(&mut self) -> std::io::Result<()> {
        while let Some(header) = websocket::header(&self.unread) {
            let frame: Vec<u8> = self.unread.drain(..header.size + header.len).skip(header.size).collect();
            if frame == b"2" {
                self.say("3")?;
            } else {
                self.take(&frame);
            }
        }
        Ok(())
    }

    fn take(&mut self, frame: &[u8]) {
        let Some(step) = step(frame) else { return };
        let from = number(frame, b"\"from\":");
        self.outcome.gaps += u64::from(from.is_some() && from != self.offset);
        self.offset = number(frame, b"\"o\":");
        self.shared.frames.fetch_add(1, Ordering::Relaxed);
        self.shared.step.store(step, Ordering::Relaxed);
        let behind = self.shared.newest.load(Ordering::Relaxed).saturating_sub(step);
        if self.shared.rate.load(Ordering::Relaxed) != 0 {
            self.shared.most_behind.fetch_max(behind, Ordering::Relaxed);
        }
    }
}

/// The step that a frame of the room brings.
pub(super) fn step(frame: &[u8]) -> Option<u64> {
    number(frame, b"\"step\":")
}

fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let rest = &text[loadkit::find(text, key)? + key.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}
