//! A server with rooms on two workers of one thread, and its clients.

use std::time::Duration;

use greenroom::Clock;
use greenroom::prelude::*;
use greenroom::testing::{Faults, SimulatedClient, Simulation, Victim};
use serde_json::Value;

/// A server, its clock, and the order of its mailboxes.
pub(crate) struct Stage {
    pub(crate) io: Server,
    pub(crate) simulation: Simulation,
}

impl Stage {
    pub(crate) fn new(seed: u64, declare: impl FnOnce(&Server)) -> Self {
        Self::with(Config::default(), seed, declare)
    }

    pub(crate) fn with(config: Config, seed: u64, declare: impl FnOnce(&Server)) -> Self {
        let io = Server::builder().config(config).clock(Clock::manual()).build();
        declare(&io);
        let simulation = Simulation::new(&io, 2, seed);
        Self { io, simulation }
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

    /// A client that asks to join; not waited for.
    pub(crate) async fn ask(&self, worker: usize, path: &'static str, auth: &Value) -> Client {
        let client = Client { wire: self.simulation.open(worker), path };
        client.connect(auth).await;
        client
    }

    /// A client that has joined, and what it was told of itself.
    pub(crate) async fn join(&self, worker: usize, path: &'static str, auth: &Value) -> (Client, Value) {
        let client = self.ask(worker, path, auth).await;
        self.run().await;
        let joined = client.joined();
        (client, joined)
    }
}

/// One connection with one namespace.
pub(crate) struct Client {
    pub(crate) wire: SimulatedClient,
    path: &'static str,
}

impl Client {
    pub(crate) async fn connect(&self, auth: &Value) {
        self.wire.send(&format!("0{},{auth}", self.path)).await;
    }

    pub(crate) async fn disconnect(&self) {
        self.wire.send(&format!("1{},", self.path)).await;
    }

    /// Sends an event, with an acknowledgement if there is a number.
    pub(crate) async fn emit(&self, ack: Option<u64>, event: &str, arg: &Value) {
        let ack = ack.map_or(String::new(), |ack| ack.to_string());
        self.wire.send(&format!("2{},{ack}{}", self.path, serde_json::json!([event, arg]))).await;
    }

    /// What has come since, without the path: `0{…}`, `2["event",…]`, `31[…]`.
    pub(crate) fn received(&self) -> Vec<String> {
        let packets = self.wire.received();
        packets.iter().map(|packet| packet.replacen(&format!("{},", self.path), "", 1)).collect()
    }

    /// The events of this name that have come since, by their first argument; all others are forgotten.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let events = self.received().into_iter().filter_map(|packet| {
            let event: Value = serde_json::from_str(packet.strip_prefix('2')?).ok()?;
            (event[0] == name).then(|| event[1].clone())
        });
        events.collect()
    }

    /// The answer to CONNECT and `joined`, which must be the first that comes.
    pub(crate) fn joined(&self) -> Value {
        let received = self.received();
        assert!(received.first().is_some_and(|first| first.starts_with(r#"0{"sid":"#)), "{received:?}");
        let joined: Value = serde_json::from_str(&received[1][1..]).unwrap();
        assert_eq!(joined[0], "joined", "{received:?}");
        joined[1].clone()
    }

    /// The refusal of its CONNECT, which must be all that came.
    pub(crate) fn refusal(&self) -> Value {
        let received = self.received();
        assert!(received.len() == 1 && received[0].starts_with('4'), "{received:?}");
        serde_json::from_str(&received[0][1..]).unwrap()
    }
}

/// Sends an event and returns what it is answered; whatever else came is forgotten.
pub(crate) async fn call(stage: &Stage, client: &Client, event: &str, arg: &Value) -> Value {
    client.emit(Some(1), event, arg).await;
    stage.run().await;
    let received = client.received();
    let ack = received.iter().find_map(|packet| packet.strip_prefix("31"));
    serde_json::from_str::<Value>(ack.unwrap_or_else(|| panic!("{received:?}"))).unwrap()[0].clone()
}
