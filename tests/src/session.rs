//! An Engine.IO session as a client holds it, over either transport.
//!
//! Owns: the session's id, the WebSocket or the packets of the last poll that were not asked for yet.
//! Keeps: no request is sent that a test did not ask for; heartbeats are the test's affair.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, in_time};
use crate::http::{Exchange, Request, Response};
use crate::packet::{self, Packet};
use crate::websocket::WebSocket;

/// How a session's packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket from the first request on.
    WebSocket,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        })
    }
}

/// Where an Engine.IO server is mounted.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// Address of the listener.
    pub address: SocketAddr,
    /// Path with both slashes.
    pub path: &'static str,
}

impl Endpoint {
    /// Path and query of a request of protocol version 4; `sid` as it is known so far.
    #[must_use]
    pub fn target(&self, transport: Transport, sid: Option<&str>) -> String {
        let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        format!("{}?EIO=4&transport={transport}{sid}", self.path)
    }

    /// Path and another query.
    #[must_use]
    pub fn query(&self, query: &str) -> String {
        format!("{}?{query}", self.path)
    }
}

/// A session over either transport.
#[derive(Debug)]
pub enum Session {
    /// See [`Polling`].
    Polling(Polling),
    /// See [`Direct`].
    WebSocket(Box<Direct>),
}

impl Session {
    /// Performs the handshake.
    ///
    /// # Errors
    /// If the server refuses, or its first packet is not an open packet.
    pub async fn open(at: Endpoint, transport: Transport) -> Result<Self, Failure> {
        match transport {
            Transport::Polling => Polling::open(at).await.map(Self::Polling),
            Transport::WebSocket => Direct::open(at).await.map(Box::new).map(Self::WebSocket),
        }
    }

    /// The payload of the open packet.
    #[must_use]
    pub const fn handshake(&self) -> &Value {
        match self {
            Self::Polling(polling) => &polling.handshake,
            Self::WebSocket(direct) => &direct.handshake,
        }
    }

    /// The id of the session.
    #[must_use]
    pub fn sid(&self) -> &str {
        self.handshake().get("sid").and_then(Value::as_str).unwrap_or_default()
    }

    /// Sends one packet, which the server must take.
    ///
    /// # Errors
    /// If it does not.
    pub async fn send(&mut self, packet: impl Into<Packet>) -> Result<(), Failure> {
        self.send_all([packet.into()]).await
    }

    /// Sends packets together: in one POST, or as frames one after the other.
    ///
    /// # Errors
    /// If the server does not take them.
    pub async fn send_all(&mut self, packets: impl IntoIterator<Item = Packet>) -> Result<(), Failure> {
        match self {
            Self::Polling(polling) => {
                let packets: Vec<Packet> = packets.into_iter().collect();
                polling.send(&packets).await
            }
            Self::WebSocket(direct) => {
                for packet in packets {
                    direct.socket.send(packet).await?;
                }
                Ok(())
            }
        }
    }

    /// Sends packets that may end the session: what becomes of the request itself is open.
    ///
    /// # Errors
    /// Only if no answer comes at all.
    pub async fn offend(&mut self, packets: impl IntoIterator<Item = Packet>) -> Result<(), Failure> {
        let outcome = match self {
            Self::Polling(polling) => {
                let packets: Vec<Packet> = packets.into_iter().collect();
                polling.post(packet::payload(&packets)).await.map(drop)
            }
            Self::WebSocket(_) => self.send_all(packets).await,
        };
        match outcome {
            Err(overdue @ Failure::Overdue(_)) => Err(overdue),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The next packet.
    ///
    /// # Errors
    /// [`Failure::Closed`] if the session has ended, [`Failure::Overdue`] if nothing comes.
    pub async fn next(&mut self) -> Result<Packet, Failure> {
        match self {
            Self::Polling(polling) => polling.next().await,
            Self::WebSocket(direct) => direct.socket.next_packet().await,
        }
    }

    /// The next packet, which must be text.
    ///
    /// # Errors
    /// As [`Self::next`], and if it is binary.
    pub async fn next_text(&mut self) -> Result<String, Failure> {
        self.next().await?.into_text()
    }

    /// Waits for the end of the session, and returns the packets that came before it.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if it stays open.
    pub async fn closes(&mut self) -> Result<Vec<Packet>, Failure> {
        match self {
            Self::Polling(polling) => polling.closes().await,
            Self::WebSocket(direct) => direct.socket.closes().await.map(|(packets, _)| packets),
        }
    }
}

/// A session over WebSocket alone.
#[derive(Debug)]
pub struct Direct {
    /// The connection.
    pub socket: WebSocket,
    handshake: Value,
}

impl Direct {
    async fn open(at: Endpoint) -> Result<Self, Failure> {
        let mut socket = WebSocket::connect(at.address, &at.target(Transport::WebSocket, None)).await?;
        let handshake = open_packet(socket.next_packet().await?)?;
        Ok(Self { socket, handshake })
    }
}

/// A session over HTTP long-polling.
#[derive(Debug)]
pub struct Polling {
    at: Endpoint,
    handshake: Value,
    received: VecDeque<Packet>,
}

impl Polling {
    /// Performs the handshake.
    ///
    /// # Errors
    /// If the server refuses, or does not answer with exactly one open packet.
    pub async fn open(at: Endpoint) -> Result<Self, Failure> {
        let response = Request::get(at.target(Transport::Polling, None)).send(at.address).await?;
        let mut packets = Packet::from_payload(accepted(&response)?)?;
        match (packets.pop(), packets.is_empty()) {
            (Some(packet), true) => {
                Ok(Self { at, handshake: open_packet(packet)?, received: VecDeque::new() })
            }
            (packet, _) => Err(Failure::Unexpected(format!("handshake with {packets:?} and {packet:?}"))),
        }
    }

    /// The id of the session.
    #[must_use]
    pub fn sid(&self) -> &str {
        self.handshake.get("sid").and_then(Value::as_str).unwrap_or_default()
    }

    /// Where the session's requests go: its path and query with the session's id.
    #[must_use]
    pub fn target(&self) -> String {
        self.at.target(Transport::Polling, Some(self.sid()))
    }

    /// Opens the WebSocket to which this session may be upgraded.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn open_upgrade(&self) -> Result<WebSocket, Failure> {
        let target = self.at.target(Transport::WebSocket, Some(self.sid()));
        WebSocket::connect(self.at.address, &target).await
    }

    /// Upgrades the session as a client should, and returns the WebSocket that carries it now.
    ///
    /// # Errors
    /// If the probe is not answered.
    pub async fn upgrade(&self) -> Result<WebSocket, Failure> {
        let mut socket = self.open_upgrade().await?;
        socket.send("2probe").await?;
        let answer = socket.next_packet().await?;
        if answer != Packet::from("3probe") {
            return Err(Failure::Unexpected(format!("{answer:?} instead of 3probe")));
        }
        socket.send("5").await?;
        Ok(socket)
    }

    /// Sends a GET and does not wait for its answer.
    ///
    /// # Errors
    /// If no connection can be made.
    pub async fn start_get(&self) -> Result<Exchange, Failure> {
        Request::get(self.target()).start(self.at.address).await
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self) -> Result<Response, Failure> {
        self.start_get().await?.response().await
    }

    /// Sends a POST with that body.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, body: impl Into<Vec<u8>>) -> Result<Response, Failure> {
        Request::post(self.target(), body)
            .header("Content-Type", "text/plain;charset=UTF-8")
            .send(self.at.address)
            .await
    }

    /// Sends packets in one POST, which must be answered with `ok`.
    ///
    /// # Errors
    /// If it is not.
    pub async fn send(&self, packets: &[Packet]) -> Result<(), Failure> {
        let response = self.post(packet::payload(packets)).await?;
        match accepted(&response)? {
            "ok" => Ok(()),
            body => Err(Failure::Unexpected(format!("POST answered with {body:?}"))),
        }
    }

    /// The next packet; polls if none is left of the last poll.
    ///
    /// # Errors
    /// [`Failure::Closed`] if the poll is refused, [`Failure::Overdue`] if it is not answered.
    pub async fn next(&mut self) -> Result<Packet, Failure> {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return Ok(packet);
            }
            let response = self.get().await?;
            self.received.extend(Packet::from_payload(accepted(&response)?)?);
        }
    }

    /// Polls until the server knows the session no more, and returns the packets that still came, without
    /// the `noop` and `close` that end a poll.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if a poll stays unanswered, since the session lives.
    pub async fn closes(&mut self) -> Result<Vec<Packet>, Failure> {
        let mut packets: Vec<Packet> = self.received.drain(..).collect();
        let poll = async {
            loop {
                let response = self.get().await?;
                if response.status != 200 {
                    return is_unknown(&response).map(|()| packets);
                }
                let polled = Packet::from_payload(response.text()?)?;
                packets.extend(polled.into_iter().filter(|packet| !is_end_of_poll(packet)));
            }
        };
        in_time("end of the session", poll).await
    }

    /// Waits until the server knows the session no more, without polling: a poll would meet one that is
    /// still there.
    ///
    /// # Errors
    /// [`Failure::Overdue`] if the session stays.
    pub async fn is_forgotten(&self) -> Result<(), Failure> {
        let ask = async {
            loop {
                // A noop changes nothing.
                let response = self.post("6").await?;
                if response.status != 200 {
                    return is_unknown(&response);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        in_time("end of the session", ask).await
    }
}

fn is_end_of_poll(packet: &Packet) -> bool {
    matches!(packet, Packet::Text(text) if text == "6" || text == "1")
}

fn is_unknown(response: &Response) -> Result<(), Failure> {
    let unknown = serde_json::json!({ "code": 1, "message": "Session ID unknown" });
    if response.status == 400 && serde_json::from_slice::<Value>(&response.body)? == unknown {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{response:?} instead of the refusal of an unknown session")))
}

/// The text of a successful answer.
fn accepted(response: &Response) -> Result<&str, Failure> {
    if response.status == 200 {
        return response.text();
    }
    Err(Failure::Closed(format!("HTTP {} {}", response.status, String::from_utf8_lossy(&response.body))))
}

fn open_packet(packet: Packet) -> Result<Value, Failure> {
    let text = packet.into_text()?;
    match text.strip_prefix('0') {
        Some(payload) => Ok(serde_json::from_str(payload)?),
        None => Err(Failure::Unexpected(format!("{text:?} instead of an open packet"))),
    }
}
