//! Full mailboxes: whoever sends waits, or is told so; nothing is lost, reordered or stuck.

use std::sync::{Arc, Mutex};

use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;

use crate::stage::{Stage, assert_nothing_left};
use crate::threads::{open, until};

const NARROW: usize = 2;

#[actix_rt::test]
async fn emits_from_outside_are_refused_while_too_many_wait_and_those_taken_arrive_in_order() {
    for seed in 0..50 {
        let stage = Stage::seeded(Config { mailbox_capacity: 8, ..Config::default() }, seed);
        let client = stage.client(0).await;
        stage.newest_socket().join("room").unwrap();
        stage.run().await;
        let (mut taken, mut refused) = (Vec::new(), 0);
        for number in 0..100 {
            let to = if number % 3 == 0 { stage.io.of("/").everyone() } else { stage.io.to("room") };
            match to.emit("n", number).result() {
                Ok(()) => taken.push(format!(r#"2["n",{number}]"#)),
                Err(error) => {
                    assert!(matches!(error, EmitError::Full), "{error}");
                    refused += 1;
                    stage.simulation.step();
                    tokio::task::yield_now().await;
                }
            }
        }
        stage.run().await;
        assert!(refused > 0 && !taken.is_empty());
        assert_eq!(client.received(), taken, "seed {seed}");
        stage.io.emit("n", "again").result().unwrap();
        stage.run().await;
        assert_eq!(client.received().len(), 1);
        stage.assert_nothing_left_without([client]).await;
    }
}

#[actix_rt::test]
async fn who_emits_on_a_socket_from_outside_is_refused_too_and_can_still_move_and_end_it() {
    for seed in 0..50 {
        let config = Config { mailbox_capacity: NARROW, lane_limit: NARROW, ..Config::default() };
        let stage = Stage::seeded(config, seed);
        let client = stage.client(0).await;
        let socket = stage.newest_socket();
        let (mut taken, mut refused) = (Vec::new(), 0);
        for number in 0..20 {
            match socket.emit("n", number).result() {
                Ok(()) => taken.push(format!(r#"2["n",{number}]"#)),
                Err(error) => {
                    assert!(matches!(error, EmitError::Full), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0 && !taken.is_empty());
        socket.join("room").unwrap();
        socket.leave("room");
        socket.join("another").unwrap();
        stage.run().await;
        assert_eq!(client.received(), taken, "seed {seed}");
        assert_eq!((stage.io.stats().rooms, stage.io.stats().members), (1, 1));
        while socket.emit("n", 0).result().is_ok() {}
        socket.disconnect(true);
        stage.run().await;
        assert!(client.is_closed() && !socket.is_connected(), "seed {seed}");
        assert_nothing_left(&stage.io);
    }
}

#[actix_rt::test]
async fn the_answer_to_a_connect_comes_before_what_the_connect_hook_sends_also_through_full_mailboxes() {
    for seed in 0..200 {
        let stage = Stage::seeded(Config { mailbox_capacity: 1, ..Config::default() }, seed);
        stage.io.of("/").on_connect(|socket| {
            socket.emit("x", "welcome");
            socket.broadcast().emit("x", "joined");
        });
        let clients: Vec<_> = (0..4).map(|_| stage.simulation.open(0)).collect();
        for client in &clients {
            client.send("0").await;
        }
        stage.run().await;
        for client in &clients {
            // Others may have connected before it asked to.
            let told = client.received();
            let mine = told.iter().position(|packet| packet.contains("welcome")).unwrap();
            assert!(told[0].starts_with("0{") && mine > 0, "seed {seed}: {told:?}");
        }
        stage.assert_nothing_left_without(clients).await;
    }
}

/// Clients on their threads, and what each emitter sends.
const THREADS: usize = 4;
const CLIENTS: usize = 12;
const BURSTS: usize = 20;
const PER_BURST: usize = 20;

/// On real threads, with mailboxes and lanes that are always full: everyone gets what every emitter sent,
/// complete and in its order.
#[actix_rt::test]
async fn on_real_threads_full_mailboxes_lose_nothing_and_keep_the_order_of_each_emitter() {
    let config = Config { mailbox_capacity: NARROW, lane_limit: 4, ..Config::default() };
    let io = Server::builder().config(config).build();
    register(&io);
    let threads: Vec<_> = (0..THREADS).map(|_| actix_rt::Arbiter::new()).collect();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let client = open(&io, &threads[number % THREADS]).await;
        client.send("0").await;
        client.send(&format!(r#"2["join","{}"]"#, ["a", "b"][number % 2])).await;
        clients.push(client);
    }
    until("all are in their rooms", || io.stats().members == i64::try_from(CLIENTS).unwrap()).await;
    for burst in 0..BURSTS {
        for (number, client) in clients.iter().enumerate() {
            client.send(&format!(r#"2["burst",{number},{burst}]"#)).await;
        }
    }
    let mut received: Vec<Vec<Vec<usize>>> = vec![vec![Vec::new(); CLIENTS]; CLIENTS];
    until("everything has come", || {
        for (number, client) in clients.iter().enumerate() {
            for packet in client.received() {
                if let Some((emitter, count)) = numbers(&packet) {
                    received[number][emitter].push(count);
                }
            }
        }
        received.iter().flatten().all(|counts| counts.len() >= BURSTS * PER_BURST)
    })
    .await;
    let expected: Vec<_> = (0..BURSTS * PER_BURST).collect();
    for (recipient, emitters) in received.iter().enumerate() {
        for (emitter, counts) in emitters.iter().enumerate() {
            assert!(*counts == expected, "from {emitter} to {recipient}: {counts:?}");
        }
    }
    assert!(io.stats().mailbox_full > 0, "the mailboxes were never full: {:?}", io.stats());
    clients.iter().for_each(SimulatedClient::abort);
    until("nothing is left", || io.stats().socket_actors == 0 && io.stats().rooms == 0).await;
    assert_nothing_left(&io);
    threads.iter().for_each(|thread| assert!(thread.stop()));
}

/// Everyone gets every number of every emitter, each on another way.
fn register(io: &Server) {
    let sockets: Arc<Mutex<Vec<Socket>>> = Arc::default();
    let connected = sockets.clone();
    io.of("/").on_connect(move |socket| connected.lock().unwrap().push(socket));
    io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
    let server = io.clone();
    io.of("/").on("burst", move |_: Socket, (emitter, burst): (usize, usize)| {
        for number in burst * PER_BURST..(burst + 1) * PER_BURST {
            let packet = (emitter, number);
            match number % 4 {
                0 => drop(server.emit("n", packet)),
                1 => drop(server.to("a").to("b").emit("n", packet)),
                2 => {
                    server.to("a").emit("n", packet);
                    server.to("b").emit("n", packet);
                }
                _ => {
                    let sockets = sockets.lock().unwrap().clone();
                    sockets.iter().for_each(|socket| drop(socket.emit("n", packet)));
                }
            }
        }
    });
}

fn numbers(packet: &str) -> Option<(usize, usize)> {
    let (_, emitter, number): (String, usize, usize) =
        serde_json::from_str(packet.strip_prefix('2')?).ok()?;
    Some((emitter, number))
}
