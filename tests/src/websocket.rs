//! A WebSocket client that hands out frames one at a time, and can write bytes that are no frame.
//!
//! Keeps: after [`Frame::Closed`] nothing follows.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest as _};

use crate::failure::{Failure, in_time};
use crate::packet::Packet;
use crate::transcript;

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text or binary message, reassembled.
    Packet(Packet),
    /// The answer to a control ping.
    Pong(Vec<u8>),
    /// The end: with the code of the close frame, or without one if the connection was cut.
    Closed(Option<u16>),
}

/// A WebSocket connection.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<TcpStream>,
    response_headers: Vec<(String, String)>,
}

impl WebSocket {
    /// Connects to `target` (path and query).
    ///
    /// # Errors
    /// [`Failure::WebSocket`] if the server refuses.
    pub async fn connect(address: SocketAddr, target: &str) -> Result<Self, Failure> {
        Self::connect_with(address, target, &[]).await
    }

    /// Connects with more request headers.
    ///
    /// # Errors
    /// [`Failure::WebSocket`] if the server refuses.
    pub async fn connect_with(
        address: SocketAddr,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Failure> {
        transcript::note('>', &format!("WebSocket {target}"));
        let mut request = format!("ws://{address}{target}").into_client_request()?;
        for (name, value) in headers {
            let value = value.parse().map_err(|_| Failure::Unexpected(format!("header {value:?}")))?;
            request.headers_mut().insert(*name, value);
        }
        let tcp = in_time("connect", TcpStream::connect(address)).await?;
        tcp.set_nodelay(true)?;
        let (stream, response) =
            in_time("WebSocket handshake", tokio_tungstenite::client_async(request, tcp)).await?;
        let response_headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Self { response_headers: response_headers.collect(), stream })
    }

    /// A header of the 101, by its name in lower case.
    #[must_use]
    pub fn response_header(&self, name: &str) -> Option<&str> {
        self.response_headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Sends one packet as one message.
    ///
    /// # Errors
    /// [`Failure::WebSocket`] if the connection has ended.
    pub async fn send(&mut self, packet: impl Into<Packet>) -> Result<(), Failure> {
        let packet = packet.into();
        note('>', &packet);
        let message = match packet {
            Packet::Text(text) => Message::text(text),
            Packet::Binary(bytes) => Message::binary(bytes),
        };
        in_time("send a frame", self.stream.send(message)).await
    }

    /// Sends a control ping.
    ///
    /// # Errors
    /// [`Failure::WebSocket`] if the connection has ended.
    pub async fn send_control_ping(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let ping = Message::Ping(payload.to_vec().into());
        in_time("send a frame", self.stream.send(ping)).await
    }

    /// Writes bytes as they are, between two frames.
    ///
    /// # Errors
    /// [`Failure::Io`] if the connection has ended.
    pub async fn write_raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        transcript::note_bytes('>', bytes);
        in_time("write", self.stream.get_mut().write_all(bytes)).await
    }

    /// The next thing that arrives.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if nothing does, [`Failure::WebSocket`] if it is illegal.
    pub async fn next(&mut self) -> Result<Frame, Failure> {
        loop {
            let frame = match in_time("WebSocket frame", self.read()).await? {
                Some(Message::Text(text)) => Frame::Packet(Packet::Text(text.as_str().to_owned())),
                Some(Message::Binary(bytes)) => Frame::Packet(Packet::Binary(bytes.to_vec())),
                Some(Message::Pong(payload)) => Frame::Pong(payload.to_vec()),
                Some(Message::Close(frame)) => Frame::Closed(frame.map(|frame| frame.code.into())),
                Some(Message::Ping(_) | Message::Frame(_)) => continue,
                None => Frame::Closed(None),
            };
            match &frame {
                Frame::Packet(packet) => note('<', packet),
                Frame::Pong(_) | Frame::Closed(_) => transcript::note('<', &format!("{frame:?}")),
            }
            return Ok(frame);
        }
    }

    /// The next packet.
    ///
    /// # Errors
    /// [`Failure::Closed`] if the connection ends instead.
    pub async fn next_packet(&mut self) -> Result<Packet, Failure> {
        loop {
            match self.next().await? {
                Frame::Packet(packet) => return Ok(packet),
                Frame::Pong(_) => {}
                Frame::Closed(code) => return Err(Failure::Closed(format!("WebSocket code {code:?}"))),
            }
        }
    }

    /// Waits for the end, and returns the packets before it and the code of the close frame.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if the connection stays.
    pub async fn closes(&mut self) -> Result<(Vec<Packet>, Option<u16>), Failure> {
        let mut packets = Vec::new();
        let read = async {
            loop {
                match self.next().await {
                    Ok(Frame::Packet(packet)) => packets.push(packet),
                    Ok(Frame::Pong(_)) => {}
                    Ok(Frame::Closed(code)) => return Ok::<_, Failure>(code),
                    Err(failure) => return Err(failure),
                }
            }
        };
        let code = in_time("end of the WebSocket", read).await?;
        Ok((packets, code))
    }

    /// Sends a close frame and waits until the server has closed too.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if it does not.
    pub async fn close(mut self) -> Result<Option<u16>, Failure> {
        transcript::note('>', "close frame");
        in_time("close", self.stream.close(None)).await?;
        self.closes().await.map(|(_, code)| code)
    }

    /// Whether the server has ended the TCP connection; reads what is left of it.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if it stays open.
    pub async fn tcp_ends(&mut self) -> Result<(), Failure> {
        let tcp = self.stream.get_mut();
        let read = async {
            let mut rest = [0_u8; 4096];
            // A reset is an end as well.
            while tcp.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            Ok::<_, Failure>(())
        };
        in_time("end of the TCP connection", read).await
    }

    /// The next message, `None` at the end of the connection however it came.
    async fn read(&mut self) -> Result<Option<Message>, Failure> {
        use tungstenite::error::{Error, ProtocolError};
        match self.stream.next().await {
            None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_))) => Ok(None),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Ok(None),
            Some(Err(error)) => Err(error.into()),
            Some(Ok(message)) => Ok(Some(message)),
        }
    }
}

fn note(mark: char, packet: &Packet) {
    match packet {
        Packet::Text(text) => transcript::note(mark, text),
        Packet::Binary(bytes) => transcript::note_bytes(mark, bytes),
    }
}
