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

use std::cell::Cell;
use std::rc::Rc;

use super::SimulatedClient;
use super::delay::Delay;
use crate::runtime::worker::Worker;
use crate::server::Server;

/// A server whose workers all live on this thread.
#[derive(Debug)]
pub struct Simulation {
    server: Server,
    workers: Vec<Rc<Worker>>,
    delay: Delay,
    opened: Cell<u32>,
}

impl Simulation {
    /// Runs the server with so many workers; the seed decides the order of all mailboxes. A mailbox is
    /// full at [`Config::mailbox_capacity`](crate::Config::mailbox_capacity).
    ///
    /// # Panics
    /// On a thread that actix does not run.
    #[must_use]
    pub fn new(server: &Server, workers: usize, seed: u64) -> Self {
        Self::with(server, workers, Delay::install(seed, server.shared.runtime.config.mailbox_capacity))
    }

    /// As [`new`](Self::new), but messages are handled in the order in which they were sent, and written down:
    /// a flow, to be read and compared.
    ///
    /// # Panics
    /// On a thread that actix does not run.
    #[must_use]
    pub fn in_order(server: &Server, workers: usize) -> Self {
        Self::with(server, workers, Delay::install_in_order(server.shared.runtime.config.mailbox_capacity))
    }

    #[expect(clippy::expect_used, reason = "a test without a System has to end at once")]
    fn with(server: &Server, workers: usize, delay: Delay) -> Self {
        let runtime = &server.shared.runtime;
        let start = |_| Worker::start(runtime).expect("a simulation runs on a thread of actix");
        Self {
            server: server.clone(),
            workers: (0..workers).map(start).collect(),
            delay,
            opened: Cell::new(0),
        }
    }

    /// Opens a session on one of the workers.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    pub fn open(&self, worker: usize) -> SimulatedClient {
        self.move_to(worker);
        SimulatedClient::open(&self.server)
    }

    /// As [`open`](Self::open), as a client of Engine.IO 3 does, whether the server allows it or not.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    pub fn open_eio3(&self, worker: usize) -> SimulatedClient {
        self.move_to(worker);
        SimulatedClient::open_eio3(&self.server)
    }

    #[expect(clippy::expect_used, reason = "a test that asks for what is not there has to end at once")]
    fn move_to(&self, worker: usize) {
        let worker = self.workers.get(worker).expect("there is such a worker");
        worker.make_current(&self.server.shared.runtime);
        self.opened.set(self.opened.get() + 1);
    }

    /// Delivers all messages, in the order that the seed decides, until nothing happens any more.
    pub async fn run(&self) {
        let mut idle = 0;
        while idle < TURNS_UNTIL_IDLE + self.opened.get() / TASKS_PER_TURN {
            if self.step() {
                idle = 0
            } else {
                idle += 1
            }
            tokio::task::yield_now().await;
        }
    }

    /// Delivers one message, if any is under way.
    pub fn step(&self) -> bool {
        self.delay.deliver_one()
    }

    /// The messages since the last call, in the order of sending, a line each: `whom: what`. Actors of a kind
    /// are numbered by their first message. Nothing unless the simulation is [`in_order`](Self::in_order).
    #[must_use]
    pub fn take_trace(&self) -> Vec<String> {
        self.delay.take_trace()
    }

    /// Moves the server's manual clock, and lets everything happen that is due.
    pub async fn advance(&self, by: std::time::Duration) {
        self.server.clock().advance(by);
        self.run().await;
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        Worker::forget(&self.server.shared.runtime);
    }
}

/// Turns without a message after which nothing is under way: more than the hops of any flow.
const TURNS_UNTIL_IDLE: u32 = 8;
/// Tasks that the runtime polls for certain in a turn; each client has a few.
const TASKS_PER_TURN: u32 = 16;
