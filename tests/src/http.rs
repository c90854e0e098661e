//! HTTP/1.1 by hand: one request per connection, written in the pieces that a test wants.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::failure::{Failure, in_time};
use crate::transcript;

const MAX_HEADERS: usize = 64;

/// A request; `Host` and `Content-Length` are added when it is written.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST of `body`, without a content type.
    #[must_use]
    pub fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", target) }
    }

    /// A GET that asks for a WebSocket.
    #[must_use]
    pub fn upgrade(target: impl Into<String>) -> Self {
        Self::get(target)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// See [`Exchange::response`].
    pub async fn send(&self, address: SocketAddr) -> Result<Response, Failure> {
        self.start(address).await?.response().await
    }

    /// Sends it; the answer is read later, or never.
    ///
    /// # Errors
    /// [`Failure::Io`] if the connection cannot be made.
    pub async fn start(&self, address: SocketAddr) -> Result<Exchange, Failure> {
        self.start_with(address, self.body.len()).await
    }

    /// Sends it with the first `sent` bytes of its body only.
    ///
    /// # Errors
    /// [`Failure::Io`] if the connection cannot be made.
    pub async fn start_with(&self, address: SocketAddr, sent: usize) -> Result<Exchange, Failure> {
        let mut stream = in_time("connect", TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        let body = self.body.get(..sent).unwrap_or(&self.body);
        transcript::note('>', &format!("{} {}", self.method, self.target));
        if !body.is_empty() {
            transcript::note('>', &String::from_utf8_lossy(body));
        }
        let mut bytes = self.head(address).into_bytes();
        bytes.extend_from_slice(body);
        in_time("send a request", stream.write_all(&bytes)).await?;
        Ok(Exchange { stream, read: Vec::new() })
    }

    fn head(&self, address: SocketAddr) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {address}\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head + "\r\n"
    }
}

/// A request that was sent and not answered yet. Dropped, it is aborted.
#[derive(Debug)]
pub struct Exchange {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Exchange {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if there is none, [`Failure::Closed`] if the connection ends before it is
    /// complete, [`Failure::Http`] if it is not HTTP.
    pub async fn response(mut self) -> Result<Response, Failure> {
        let response = in_time("answer to a request", self.read_response()).await?;
        transcript::note('<', &format!("{} {}", response.status, String::from_utf8_lossy(&response.body)));
        Ok(response)
    }

    /// Whether an answer has begun to arrive within the time.
    ///
    /// # Errors
    /// [`Failure::Io`] if the connection broke.
    pub async fn is_answered_within(&mut self, time: std::time::Duration) -> Result<bool, Failure> {
        match tokio::time::timeout(time, self.fill()).await {
            Ok(more) => more.map(|_| true),
            Err(_) => Ok(false),
        }
    }

    async fn read_response(&mut self) -> Result<Response, Failure> {
        let (mut response, length) = loop {
            if let Some(head) = self.parse_head()? {
                break head;
            }
            self.fill_more().await?;
        };
        match length {
            Length::Known(length) => {
                while self.read.len() < length {
                    self.fill_more().await?;
                }
                self.read.truncate(length);
            }
            Length::Chunked => return self.read_chunks(response).await,
            Length::UntilEnd => while self.fill().await? {},
        }
        response.body = std::mem::take(&mut self.read);
        Ok(response)
    }

    /// Takes the head off what was read, once it is complete.
    fn parse_head(&mut self) -> Result<Option<(Response, Length)>, Failure> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(end) = parsed.parse(&self.read)? else { return Ok(None) };
        let headers = parsed.headers.iter().map(|field| {
            (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned())
        });
        let response = Response {
            status: parsed.code.unwrap_or_default(),
            headers: headers.collect(),
            body: Vec::new(),
        };
        let length = response.length();
        self.read.drain(..end);
        Ok(Some((response, length)))
    }

    async fn read_chunks(&mut self, mut response: Response) -> Result<Response, Failure> {
        loop {
            let (start, size) = loop {
                match httparse::parse_chunk_size(&self.read) {
                    Ok(httparse::Status::Complete((start, size))) => break (start, usize::try_from(size)),
                    Ok(httparse::Status::Partial) => self.fill_more().await?,
                    Err(error) => return Err(Failure::Unexpected(format!("chunk: {error}"))),
                }
            };
            let size = size.map_err(|error| Failure::Unexpected(error.to_string()))?;
            while self.read.len() < start + size + 2 {
                self.fill_more().await?;
            }
            let chunk: Vec<u8> = self.read.drain(..start + size + 2).collect();
            if size == 0 {
                return Ok(response);
            }
            response.body.extend_from_slice(chunk.get(start..start + size).unwrap_or_default());
        }
    }

    async fn fill_more(&mut self) -> Result<(), Failure> {
        if self.fill().await? {
            return Ok(());
        }
        Err(Failure::Closed("the connection ended before the answer was complete".to_owned()))
    }

    /// Reads once; false at the end of the stream.
    async fn fill(&mut self) -> Result<bool, Failure> {
        Ok(self.stream.read_buf(&mut self.read).await? > 0)
    }
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Known(usize),
    Chunked,
    UntilEnd,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is not UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.body).map_err(|error| Failure::Unexpected(error.to_string()))
    }

    fn length(&self) -> Length {
        if matches!(self.status, 101 | 204 | 304) {
            return Length::Known(0);
        }
        if self.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            return Length::Chunked;
        }
        match self.header("content-length").and_then(|length| length.trim().parse().ok()) {
            Some(length) => Length::Known(length),
            None => Length::UntilEnd,
        }
    }
}
