//! A whole server on one thread, without a network, in an order that a seed decides.
//!
//! ```
//! use greenroom::prelude::*;
//! use greenroom::testing::Simulation;
//!
//! #[actix_rt::main]
//! async fn main() {
//!     let io = Server::new();
//!     io.of("/").on("hello", |_socket, name: String| Ok(format!("hello {name}")));
//!
//!     let simulation = Simulation::new(&io, 2, 1);
//!     let client = simulation.open(0);
//!     client.send("0").await;                      // a Socket.IO packet: CONNECT to `/`
//!     client.send(r#"20["hello","Ada"]"#).await;
//!     simulation.run().await;
//!     assert_eq!(client.received().last().map(String::as_str), Some(r#"30["hello Ada"]"#));
//! }
//! ```

use std::rc::Rc;
use std::sync::Arc;

use greenroom_proto::engineio::{Message, Packet, frame};
use greenroom_proto::session::WireId;

use super::delay::Delay;
use crate::runtime::worker::Worker;
use crate::server::Server;
use crate::session::{Handshake, ReadBudget, SessionHandle, WireLine};

/// A server whose workers all live on this thread.
#[derive(Debug)]
pub struct Simulation {
    server: Server,
    workers: Vec<Rc<Worker>>,
    delay: Delay,
}

/// A client of a [`Simulation`]: the far end of a WebSocket that is not there.
#[derive(Debug)]
pub struct SimulatedClient {
    session: SessionHandle,
    wire: WireId,
    budget: Arc<ReadBudget>,
}

impl Simulation {
    /// Runs the server with so many workers; the seed decides the order of all mailboxes.
    ///
    /// # Panics
    /// On a thread that actix does not run.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without a System has to end at once")]
    pub fn new(server: &Server, workers: usize, seed: u64) -> Self {
        let runtime = &server.shared.runtime;
        let start = |_| Worker::start(runtime).expect("a simulation runs on a thread of actix");
        Self {
            server: server.clone(),
            workers: (0..workers).map(start).collect(),
            delay: Delay::install(seed),
        }
    }

    /// Opens a session on one of the workers.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that asks for what is not there has to end at once")]
    pub fn open(&self, worker: usize) -> SimulatedClient {
        let worker = self.workers.get(worker).expect("there is such a worker");
        worker.make_current(&self.server.shared.runtime);
        let issued = self.server.shared.runtime.clock.unix_now();
        let handshake = Handshake::new("/socket.io/?EIO=4&transport=websocket", std::iter::empty(), issued);
        let opened = self.server.engine.open_websocket(handshake, WireLine::new());
        let (session, wire) = opened.expect("a simulated server takes sessions");
        SimulatedClient { session, wire, budget: ReadBudget::new() }
    }

    /// Delivers all messages, in the order that the seed decides, until nothing happens any more.
    pub async fn run(&self) {
        let mut idle = 0;
        while idle < TURNS_UNTIL_IDLE {
            if self.delay.deliver_one() {
                idle = 0
            } else {
                idle += 1
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        Worker::forget(&self.server.shared.runtime);
    }
}

impl SimulatedClient {
    /// Sends a Socket.IO packet, as one read of the wire; waits until it is read.
    pub async fn send(&self, packet: &str) {
        let permit = self.budget.take(packet.len());
        let message = Packet::Message(Message::Text(packet.into()));
        self.session.read(self.wire, vec![message], permit);
        tokio::task::yield_now().await;
    }

    /// Breaks the connection.
    pub fn abort(&self) {
        self.session.abort(crate::DisconnectReason::TransportClose);
    }

    /// Takes the Socket.IO packets that have come, without the packets of Engine.IO.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        self.session.outbox().with(|outbox| {
            let waiting: Vec<u8> = outbox.front(usize::MAX).flatten().copied().collect();
            outbox.advance(waiting.len());
            let texts = frame::iter(&waiting).map(|(_, text)| String::from_utf8_lossy(text).into_owned());
            texts.filter_map(|text| text.strip_prefix('4').map(str::to_owned)).collect()
        })
    }
}

/// Turns without a message after which nothing is under way: more than the hops of any flow.
const TURNS_UNTIL_IDLE: u32 = 8;
