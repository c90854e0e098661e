//! A blocking WebSocket client that speaks just enough Engine.IO and Socket.IO.
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use loadkit::{find, loopback, websocket};
use socket2::SockRef;

/// A server that does not answer for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
const READ_SIZE: usize = 4096;
/// Any key will do for tests.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x88];

/// One WebSocket connection.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl WebSocket {
    /// Connects TCP; `turn` picks the source address.
    pub(crate) fn connect(port: u16, turn: u32) -> io::Result<Self> {
        let stream = loopback::connect(port, turn)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Waits for the response to the upgrade request.
    pub(crate) fn upgraded(&mut self) -> io::Result<()> {
        let end = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end;
            }
            self.fill()?;
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        if head.starts_with(b"HTTP/1.1 101") {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned()))
    }

    /// Sends one text message.
    pub(crate) fn send(&mut self, message: &str) -> io::Result<()> {
        self.write(&text_frame(message))
    }

    /// Waits for a message that starts with `prefix`; answers pings, skips everything else.
    pub(crate) fn expect(&mut self, prefix: &str) -> io::Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let message = loop {
                match self.message() {
                    Some(message) => break message,
                    None => self.fill()?,
                }
            };
            if message.starts_with(prefix.as_bytes()) {
                return Ok(());
            }
            self.answer(&message)?;
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Answers the pings that have come, without waiting.
    pub(crate) fn answer_pings(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        let filled = self.fill();
        self.stream.set_nonblocking(false)?;
        match filled {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Ok(()) | Err(_) => {}
        }
        while let Some(message) = self.message() {
            self.answer(&message)?;
        }
        Ok(())
    }

    /// Says good-bye as a stock client does, and waits for the server's close.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.send("41")?;
        let mut frame = Vec::new();
        websocket::masked_frame(&mut frame, websocket::CLOSE, &1000u16.to_be_bytes(), MASK);
        self.write(&frame)?;
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes with a FIN. (With unread bytes the kernel would send an RST.)
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        while self.fill().is_ok() {}
        Ok(())
    }

    /// Closes with an RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        reset(self.stream)
    }

    /// Reads whatever is there; whether the server has closed.
    pub(crate) fn is_closed_by_server(&mut self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }

    fn answer(&mut self, message: &[u8]) -> io::Result<()> {
        if message == b"2" { self.send("3") } else { Ok(()) }
    }

    /// Takes the next complete message out of what was read.
    fn message(&mut self) -> Option<Vec<u8>> {
        let header = websocket::header(&self.unread)?;
        Some(self.unread.drain(..header.size + header.len).skip(header.size).collect())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; READ_SIZE];
        match self.stream.read(&mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}

/// The upgrade request; with `sid`, of a session that polls.
pub(crate) fn upgrade_request(port: u16, path: &str, sid: Option<&str>) -> String {
    let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    format!(
        "GET {path}?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// One masked text frame.
pub(crate) fn text_frame(message: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    websocket::masked_frame(&mut frame, websocket::TEXT, message.as_bytes(), MASK);
    frame
}

/// Closes with an RST.
pub(crate) fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}
