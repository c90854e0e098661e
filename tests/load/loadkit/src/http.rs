//! Blocking HTTP/1.1 requests on one kept-alive connection: enough for long-polling.
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::{find, loopback};

/// A server that does not answer for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
const READ_SIZE: usize = 16 * 1024;

/// One connection.
#[derive(Debug)]
pub struct Http {
    stream: TcpStream,
    unread: Vec<u8>,
    port: u16,
}

impl Http {
    /// Connects to `port` of this machine; `turn` picks the source address.
    ///
    /// # Errors
    /// What the system answers, for example when nobody listens.
    pub fn connect(port: u16, turn: u32) -> io::Result<Self> {
        let stream = loopback::connect(port, turn)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unread: Vec::new(), port })
    }

    /// Sends a GET; its answer is for [`Self::response`].
    ///
    /// # Errors
    /// What the system answers, for example when the server has closed.
    pub fn get(&mut self, target: &str) -> io::Result<()> {
        let port = self.port;
        self.stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes())
    }

    /// Sends a POST; its answer is for [`Self::response`].
    ///
    /// # Errors
    /// What the system answers, for example when the server has closed.
    pub fn post(&mut self, target: &str, body: &[u8]) -> io::Result<()> {
        let mut request = self.post_head(target, body.len());
        request.extend_from_slice(body);
        self.stream.write_all(&request)
    }

    /// Sends a POST that announces `announced` bytes and brings only `body`.
    ///
    /// # Errors
    /// What the system answers, for example when the server has closed.
    pub fn post_partly(&mut self, target: &str, announced: usize, body: &[u8]) -> io::Result<()> {
        let mut request = self.post_head(target, announced);
        request.extend_from_slice(body);
        self.stream.write_all(&request)
    }

    /// Waits for a response and returns its body.
    ///
    /// # Errors
    /// Any status but 200, a body that is not as announced, or what the system answers.
    pub fn response(&mut self) -> io::Result<Vec<u8>> {
        let end = self.fill_until(0, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.unread[..end]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(io::Error::other(head.lines().next().unwrap_or_default().to_owned()));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        match length {
            Some(length) => {
                let length = length.trim().parse().map_err(io::Error::other)?;
                self.take(end + 4, length)
            }
            None => self.chunks(end + 4),
        }
    }

    /// Gives the socket back, for whoever wants to end it in a special way.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn post_head(&self, target: &str, length: usize) -> Vec<u8> {
        let port = self.port;
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/plain;charset=UTF-8\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        head.into_bytes()
    }

    /// A body in chunks. Spec: RFC 9112 › Chunked Transfer Coding.
    fn chunks(&mut self, start: usize) -> io::Result<Vec<u8>> {
        let mut at = start;
        let mut body = Vec::new();
        loop {
            let line_end = self.fill_until(at, b"\r\n")?;
            let line = String::from_utf8_lossy(&self.unread[at..line_end]).into_owned();
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let data = line_end + 2;
            self.fill_to(data + size + 2)?;
            body.extend_from_slice(&self.unread[data..data + size]);
            at = data + size + 2;
            if size == 0 {
                self.unread.drain(..at);
                return Ok(body);
            }
        }
    }

    /// Takes `length` bytes at `start` and forgets what is before them.
    fn take(&mut self, start: usize, length: usize) -> io::Result<Vec<u8>> {
        self.fill_to(start + length)?;
        Ok(self.unread.drain(..start + length).skip(start).collect())
    }

    fn fill_until(&mut self, from: usize, pattern: &[u8]) -> io::Result<usize> {
        loop {
            if let Some(at) = self.unread.get(from..).and_then(|rest| find(rest, pattern)) {
                return Ok(from + at);
            }
            self.fill()?;
        }
    }

    fn fill_to(&mut self, length: usize) -> io::Result<()> {
        while self.unread.len() < length {
            self.fill()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; READ_SIZE];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}
