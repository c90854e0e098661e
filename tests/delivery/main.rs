//! What a packet costs on its way: mailbox messages and encodings, counted where they are made.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

mod eio3;
mod flows;

use greenroom::prelude::*;
use greenroom::testing::{SimulatedClient, Simulation};

const MEMBERS: usize = 1_000;
const WORKERS: usize = 2;

/// From `emit` to the outboxes: namespace, room, and one fanout for each worker, with one to spare.
const MESSAGES_PER_BROADCAST: i64 = 5;

#[actix_rt::test]
async fn a_broadcast_to_a_room_of_1000_on_2_workers_is_at_most_5_messages_and_encoded_once() {
    let crowd = Crowd::gather(|socket| socket.join("crowd").unwrap()).await;
    let cost = crowd.cost_of(|io| io.to("crowd").emit("news", "from outside")).await;
    assert_eq!(cost, Cost { received: MEMBERS, encoded: 1, ..cost });
    assert!(cost.messages <= MESSAGES_PER_BROADCAST, "{cost:?}");
}

#[actix_rt::test]
async fn a_broadcast_to_a_namespace_of_1000_on_2_workers_is_at_most_5_messages_and_encoded_once() {
    let crowd = Crowd::gather(|_| ()).await;
    let cost = crowd.cost_of(|io| io.emit("news", "from outside")).await;
    assert_eq!(cost, Cost { received: MEMBERS, encoded: 1, ..cost });
    assert!(cost.messages <= MESSAGES_PER_BROADCAST, "{cost:?}");
}

#[actix_rt::test]
async fn a_broadcast_by_a_handler_is_at_most_5_messages_more_than_a_handler_that_says_nothing() {
    let crowd = Crowd::gather(|socket| socket.join("crowd").unwrap()).await;
    let silent = crowd.cost_of_event("silent").await;
    for event in ["shout to the room", "shout to everyone"] {
        let cost = crowd.cost_of_event(event).await;
        assert_eq!(cost, Cost { received: MEMBERS - 1, encoded: 1, ..cost }, "{event}");
        assert!(cost.messages - silent.messages <= MESSAGES_PER_BROADCAST, "{event}: {cost:?} {silent:?}");
    }
}

#[actix_rt::test]
async fn a_read_of_50_events_is_one_command_for_the_session_and_one_for_the_socket() {
    let crowd = Crowd::gather(|_| ()).await;
    let before = crowd.io.stats();
    crowd.clients[0].send_all(vec![r#"2["silent"]"#; 50]).await;
    crowd.simulation.run().await;
    assert_eq!(crowd.io.stats().mailbox_messages - before.mailbox_messages, 2);
}

#[actix_rt::test]
async fn the_acknowledgements_of_a_read_of_50_events_are_one_message_to_the_fanout() {
    let crowd = Crowd::gather(|_| ()).await;
    let before = crowd.io.stats();
    crowd.clients[0].send_all(vec![r#"27["echo",1]"#; 50]).await;
    crowd.simulation.run().await;
    assert_eq!(crowd.io.stats().mailbox_messages - before.mailbox_messages, 3);
    assert_eq!(crowd.clients[0].received(), vec!["37[1]"; 50]);
}

#[actix_rt::test]
async fn the_broadcasts_of_one_read_share_messages_from_the_room_to_the_workers() {
    let crowd = Crowd::gather(|socket| socket.join("crowd").unwrap()).await;
    let before = crowd.io.stats();
    let said: Vec<_> = (0..16).map(|number| format!(r#"2["tell the room",{number}]"#)).collect();
    crowd.clients[0].send_all(said.iter().map(String::as_str)).await;
    crowd.simulation.run().await;
    let news: Vec<_> = (0..16).map(|number| format!(r#"2["news",{number}]"#)).collect();
    crowd.clients.iter().for_each(|client| assert_eq!(client.received(), news));
    let cost = crowd.cost_since(before);
    assert_eq!(cost.encoded, 16);
    // How many, the scheduler says: it delays messages by its seed.
    let (to_the_room, one_by_one) = (2 + 2 * 16, 2 * 16);
    assert!(cost.messages - to_the_room <= one_by_one * 3 / 4, "{cost:?}");
}

/// A thousand clients on two workers.
struct Crowd {
    io: Server,
    simulation: Simulation,
    clients: Vec<SimulatedClient>,
}

#[derive(Debug, PartialEq, Eq)]
struct Cost {
    messages: i64,
    encoded: i64,
    received: usize,
}

impl Crowd {
    async fn gather(on_connect: impl Fn(Socket) + Send + Sync + 'static) -> Self {
        let io = Server::new();
        io.of("/").on_connect(on_connect);
        io.of("/").on("silent", |_: Socket, ()| ());
        io.of("/").on("echo", |_: Socket, number: u32| Ok(number));
        io.of("/").on("shout to the room", |socket: Socket, ()| drop(socket.to("crowd").emit("news", ())));
        io.of("/").on("shout to everyone", |socket: Socket, ()| drop(socket.broadcast().emit("news", ())));
        io.of("/").on("tell the room", |socket: Socket, number: u32| {
            socket.namespace().to("crowd").emit("news", number);
        });
        let simulation = Simulation::new(&io, WORKERS, 1);
        let mut clients = Vec::new();
        for number in 0..MEMBERS {
            let client = simulation.open(number % WORKERS);
            client.send("0").await;
            clients.push(client);
        }
        simulation.run().await;
        clients.iter().for_each(|client| assert_eq!(client.received().len(), 1, "the answer to CONNECT"));
        Self { io, simulation, clients }
    }

    async fn cost_of(&self, emit: impl FnOnce(&Server) -> greenroom::Emitted) -> Cost {
        let before = self.io.stats();
        emit(&self.io).result().unwrap();
        self.simulation.run().await;
        self.cost_since(before)
    }

    async fn cost_of_event(&self, event: &str) -> Cost {
        let before = self.io.stats();
        self.clients[0].send(&format!(r#"2["{event}"]"#)).await;
        self.simulation.run().await;
        self.cost_since(before)
    }

    fn cost_since(&self, before: greenroom::Stats) -> Cost {
        let now = self.io.stats();
        let received = self.clients.iter().map(|client| client.received().len()).sum();
        Cost {
            messages: now.mailbox_messages - before.mailbox_messages,
            encoded: now.packets_encoded - before.packets_encoded,
            received,
        }
    }
}
