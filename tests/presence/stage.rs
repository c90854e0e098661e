//! A server with presence, and pages that keep what they were told.

use std::time::Duration;

use greenroom::Clock;
use greenroom::prelude::*;
use greenroom::presence::{Presence, PresenceConfig};
use greenroom::testing::{SimulatedClient, Simulation};
use serde_json::{Value, json};

pub(crate) struct Stage {
    pub(crate) io: Server,
    pub(crate) simulation: Simulation,
    pub(crate) presence: Presence,
}

/// A browser's page.
pub(crate) struct Page(pub(crate) SimulatedClient);

impl Stage {
    /// A server on two workers, whose rooms that begin with `chat-` have presence.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(Config::default(), PresenceConfig::default(), seed)
    }

    pub(crate) fn with(config: Config, presence: PresenceConfig, seed: u64) -> Self {
        let io = Server::builder().config(config).clock(Clock::manual()).build();
        let presence = io.of("/").room_presence(presence, |room| room.starts_with("chat-"));
        presence
            .identify(|socket| {
                socket.auth::<Value>().unwrap_or_default()["user"].as_str().unwrap_or("nobody").to_owned()
            })
            .describe(|socket| json!({ "name": socket.auth::<Value>().unwrap_or_default()["user"] }))
            .message_event("say");
        io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
        io.of("/").on("leave", |socket: Socket, room: String| socket.leave(room));
        io.of("/").on("say", |socket: Socket, (room, text): (String, String)| {
            socket.to(room).emit("said", text);
        });
        io.of("/").on("kick me", |socket: Socket, ()| socket.disconnect(false));
        let simulation = Simulation::new(&io, 2, seed);
        Self { io, simulation, presence }
    }

    /// Somebody opens the page; it is in the room.
    pub(crate) async fn open(&self, user: &str, worker: usize) -> Page {
        let client = self.simulation.open(worker);
        client.send(&format!("0{}", json!({ "user": user }))).await;
        client.send(r#"2["join","chat-1"]"#).await;
        self.simulation.run().await;
        Page(client)
    }

    /// Lets time pass in steps, so that what is due one after the other happens one after the other.
    pub(crate) async fn pass(&self, ms: u64) {
        for _ in 0..ms.div_ceil(100) {
            self.simulation.advance(Duration::from_millis(100)).await;
        }
    }

    /// The answer to a question, which is on its way through the actors.
    pub(crate) async fn ask<T: 'static>(&self, question: impl Future<Output = T> + 'static) -> T {
        let asked = actix_rt::spawn(question);
        self.simulation.run().await;
        asked.await.unwrap()
    }
}

impl Page {
    /// What it was told of others since it was asked last.
    pub(crate) fn told(&self) -> Vec<(String, Value)> {
        let events = self.0.received().into_iter().filter_map(|packet| {
            let event: (String, Value) = serde_json::from_str(packet.strip_prefix('2')?).ok()?;
            Some(event)
        });
        events.filter(|(event, _)| event != "presence:self").collect()
    }

    pub(crate) async fn says(&self, event: &str, payload: Value) {
        self.0.send(&format!("2{}", json!([event, payload]))).await;
    }
}
