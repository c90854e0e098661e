//! A server on one thread, its clients, and the proof that nothing is left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::testing::{Faults, SimulatedClient, Simulation, Victim};
use greenroom::{Clock, Stats};

/// A server on two workers of one thread, with a clock that stands still.
pub(crate) struct Stage {
    pub(crate) io: Server,
    pub(crate) simulation: Simulation,
    sockets: Arc<Mutex<Vec<Socket>>>,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    pub(crate) fn new(config: Config) -> Self {
        Self::seeded(config, 1)
    }

    pub(crate) fn seeded(config: Config, seed: u64) -> Self {
        let io = Server::builder().config(config).clock(Clock::manual()).build();
        let simulation = Simulation::new(&io, 2, seed);
        let (sockets, ended) = (Arc::<Mutex<Vec<Socket>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (connected, left) = (sockets.clone(), ended.clone());
        io.of("/").on_connect(move |socket| connected.lock().unwrap().push(socket));
        io.of("/").on_disconnect(move |_, reason| left.lock().unwrap().push(reason.to_string()));
        io.of("/").on("echo", |_: Socket, args: Args| Ok(args));
        Self { io, simulation, sockets, ended }
    }

    /// A client that is connected to `/`.
    pub(crate) async fn client(&self, worker: usize) -> SimulatedClient {
        let client = self.simulation.open(worker);
        client.send("0").await;
        self.run().await;
        let answer = client.received();
        assert!(answer[0].starts_with(r#"0{"sid""#), "{answer:?}");
        client
    }

    /// The sockets of `/`, in the order of their admission.
    pub(crate) fn socket(&self, number: usize) -> Socket {
        self.sockets.lock().unwrap()[number].clone()
    }

    /// The socket that was admitted last.
    pub(crate) fn newest_socket(&self) -> Socket {
        self.sockets.lock().unwrap().last().unwrap().clone()
    }

    /// Why sockets of `/` have been disconnected so far.
    pub(crate) fn ended(&self) -> Vec<String> {
        self.ended.lock().unwrap().clone()
    }

    pub(crate) async fn run(&self) {
        self.simulation.run().await;
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.simulation.advance(by).await;
    }

    pub(crate) async fn crash(&self, victim: Victim) {
        Faults::new(&self.io).crash(&victim);
        self.run().await;
    }

    /// Sends an event of `/` and returns what the client gets.
    pub(crate) async fn ask(&self, client: &SimulatedClient, packet: &str) -> Vec<String> {
        client.send(packet).await;
        self.run().await;
        client.received()
    }

    /// The client is served as if nothing had been.
    pub(crate) async fn assert_served(&self, client: &SimulatedClient) {
        drop(client.received());
        assert_eq!(self.ask(client, r#"299["echo","still here"]"#).await, [r#"399["still here"]"#]);
    }

    /// Breaks the connections, and nothing of them is left.
    pub(crate) async fn assert_nothing_left_without(
        &self,
        clients: impl IntoIterator<Item = SimulatedClient>,
    ) {
        for client in clients {
            client.abort();
        }
        self.run().await;
        assert_nothing_left(&self.io);
    }
}

/// Nothing of any client is left.
pub(crate) fn assert_nothing_left(io: &Server) {
    assert_eq!(Left::of(&io.stats()), Left::default());
}

/// What a client may leave behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    sessions: i64,
    sockets: i64,
    socket_actors: i64,
    rooms: i64,
    members: i64,
    slots: i64,
}

impl Left {
    pub(crate) fn of(stats: &Stats) -> Self {
        Self {
            sessions: stats.sessions,
            sockets: stats.sockets,
            socket_actors: stats.socket_actors,
            rooms: stats.rooms,
            members: stats.members,
            slots: stats.slots,
        }
    }
}
