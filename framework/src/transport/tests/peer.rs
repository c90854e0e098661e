//! The other side: HTTP requests and a WebSocket, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// One request on a connection of its own.
pub(super) struct Request {
    pub(super) stream: TcpStream,
}

impl Request {
    pub(super) async fn send(addr: SocketAddr, head: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!("{head}\r\nHost: localhost\r\n{length}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self { stream }
    }

    /// All bytes up to the end of the connection.
    pub(super) async fn raw_answer(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.stream.read_to_end(&mut bytes);
        tokio::time::timeout(PATIENCE, read).await.expect("the end in time").unwrap();
        bytes
    }

    pub(super) async fn answer(mut self) -> Answer {
        tokio::time::timeout(PATIENCE, read_answer(&mut self.stream)).await.expect("an answer in time").0
    }
}

pub(super) async fn get(addr: SocketAddr, query: &str) -> Answer {
    request(addr, "GET", query, "").await
}

pub(super) async fn post(addr: SocketAddr, sid: &str, body: &str) -> Answer {
    request(addr, "POST", &format!("EIO=4&transport=polling&sid={sid}"), body).await
}

pub(super) async fn poll(addr: SocketAddr, sid: &str) -> Answer {
    get(addr, &format!("EIO=4&transport=polling&sid={sid}")).await
}

pub(super) async fn request(addr: SocketAddr, method: &str, query: &str, body: &str) -> Answer {
    Request::send(addr, &format!("{method} /socket.io/?{query} HTTP/1.1"), body).await.answer().await
}

/// Opens a session over polling.
pub(super) async fn open(addr: SocketAddr) -> String {
    let answer = get(addr, "EIO=4&transport=polling").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    sid(&answer.body)
}

pub(super) fn sid(open: &str) -> String {
    let open: serde_json::Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

/// What comes out of a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16),
    /// The connection ended without a close frame.
    Gone,
}

/// A WebSocket.
#[derive(Debug)]
pub(super) struct Ws {
    pub(super) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Ws {
    /// Opens a session over WebSocket alone.
    pub(super) async fn open(addr: SocketAddr) -> (Self, String) {
        let mut ws = Self::connect(addr, "EIO=4&transport=websocket", "").await.unwrap();
        let Received::Text(open) = ws.receive().await else { panic!("no open packet") };
        (ws, sid(&open))
    }

    /// Sends the upgrade request of a session.
    pub(super) async fn join(addr: SocketAddr, sid: &str) -> Result<Self, Answer> {
        Self::connect(addr, &format!("EIO=4&transport=websocket&sid={sid}"), "").await
    }

    /// Joins a session and takes it over.
    pub(super) async fn upgrade(addr: SocketAddr, sid: &str) -> Self {
        let mut ws = Self::join(addr, sid).await.unwrap();
        ws.send("2probe").await;
        assert_eq!(ws.receive().await, Received::Text("3probe".into()));
        ws.send("5").await;
        ws
    }

    pub(super) async fn connect(addr: SocketAddr, query: &str, headers: &str) -> Result<Self, Answer> {
        Self::connect_and_say(addr, query, headers, &[]).await
    }

    /// Sends frames in the same segment as the request.
    pub(super) async fn connect_and_say(
        addr: SocketAddr,
        query: &str,
        headers: &str,
        early: &[u8],
    ) -> Result<Self, Answer> {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut request = upgrade_request(query, headers).into_bytes();
        request.extend_from_slice(early);
        stream.write_all(&request).await.unwrap();
        Self::shake_hands(stream, Vec::new()).await
    }

    /// Sends the request in the same segment as another one, and gives the answer to that as well.
    pub(super) async fn connect_behind(addr: SocketAddr, first: &str, query: &str) -> (Answer, Self) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let both = format!("{first}\r\nHost: localhost\r\n\r\n{}", upgrade_request(query, ""));
        stream.write_all(both.as_bytes()).await.unwrap();
        let read = read_answer(&mut stream);
        let (answer, rest) = tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
        (answer, Self::shake_hands(stream, rest).await.unwrap())
    }

    /// Reads the answer to an upgrade request; `read` is what has come of it already.
    async fn shake_hands(mut stream: TcpStream, read: Vec<u8>) -> Result<Self, Answer> {
        let reading = read_head(&mut stream, read);
        let (head, rest) = tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time");
        if status(&head) == 101 {
            assert!(
                head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
                "{head}"
            );
            return Ok(Self { stream, buffer: rest });
        }
        Err(finish_answer(&mut stream, head, rest).await.0)
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    pub(super) async fn send_frame(&mut self, first: u8, content: &[u8]) {
        self.stream.write_all(&masked(first, content)).await.unwrap();
    }

    pub(super) async fn receive_text(&mut self) -> String {
        let received = self.receive().await;
        let Received::Text(text) = received else { panic!("no text: {received:?}") };
        text
    }

    pub(super) async fn receive(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.next_frame()).await.expect("a frame in time")
    }

    async fn next_frame(&mut self) -> Received {
        loop {
            if let Some((opcode, content, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return match opcode {
                    1 => Received::Text(String::from_utf8(content).unwrap()),
                    2 => Received::Binary(content),
                    10 => Received::Pong(content),
                    8 => Received::Close(u16::from_be_bytes([content[0], content[1]])),
                    other => panic!("opcode {other}"),
                };
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return Received::Gone,
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
            }
        }
    }
}

pub(super) fn masked(first: u8, content: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first];
    match content.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn parse(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (length, start) = match second {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap())).unwrap(), 10),
        short => (usize::from(short), 2),
    };
    let content = bytes.get(start..start + length)?.to_vec();
    Some((first & 0x0f, content, start + length))
}

fn upgrade_request(query: &str, headers: &str) -> String {
    format!(
        "GET /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

/// Reads an answer, and gives what came behind it.
async fn read_answer(stream: &mut TcpStream) -> (Answer, Vec<u8>) {
    let (head, rest) = read_head(stream, Vec::new()).await;
    finish_answer(stream, head, rest).await
}

async fn read_head(stream: &mut TcpStream, mut bytes: Vec<u8>) -> (String, Vec<u8>) {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return (String::from_utf8(bytes).unwrap(), rest);
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the connection ended inside of an answer's head: {bytes:?}");
        bytes.extend_from_slice(&chunk[..count]);
    }
}

async fn finish_answer(stream: &mut TcpStream, head: String, mut body: Vec<u8>) -> (Answer, Vec<u8>) {
    let mut answer = Answer { status: status(&head), head, body: String::new() };
    let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the connection ended inside of a body");
        body.extend_from_slice(&chunk[..count]);
    }
    let rest = body.split_off(length);
    answer.body = String::from_utf8(body).unwrap();
    (answer, rest)
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

const PATIENCE: Duration = Duration::from_secs(10);
