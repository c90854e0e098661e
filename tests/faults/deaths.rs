//! An actor dies of a bug of our own: its neighbours do not, and clients come back.
//!
//! actix drops an actor whose handler panics while the panic unwinds, and runs nothing again by itself.

use std::sync::{Arc, Mutex};

use greenroom::prelude::*;
use greenroom::testing::{Faults, SimulatedClient, Victim};
use greenroom_tests::random::Random;

use crate::stage::{Stage, assert_nothing_left};
use crate::threads::{open, until};

#[actix_rt::test]
async fn a_dead_session_ends_its_sockets_and_nobody_elses() {
    let stage = Stage::new(Config::default());
    let (client, other) = (stage.client(0).await, stage.client(0).await);
    stage.socket(0).join("room").unwrap();
    stage.run().await;
    stage.crash(Victim::Session(stage.socket(0))).await;

    assert!(client.is_closed());
    assert_eq!(stage.ended(), ["transport close"]);
    assert_eq!(stage.io.stats().actor_deaths, 1);
    comes_back(&stage, 0).await;
    stage.assert_served(&other).await;
    stage.assert_nothing_left_without([other]).await;
}

#[actix_rt::test]
async fn a_dead_socket_closes_its_connection_and_leaves_its_namespace() {
    let stage = Stage::new(Config::default());
    let (client, other) = (stage.client(0).await, stage.client(1).await);
    stage.socket(0).join("room").unwrap();
    stage.socket(1).join("room").unwrap();
    stage.run().await;
    stage.crash(Victim::Socket(stage.socket(0))).await;

    assert!(client.is_closed() && !stage.socket(0).is_connected());
    let stats = stage.io.stats();
    assert_eq!((stats.sessions, stats.sockets, stats.members, stats.actor_deaths), (1, 1, 1, 1));
    comes_back(&stage, 0).await;
    stage.assert_served(&other).await;
    stage.assert_nothing_left_without([other]).await;
}

#[actix_rt::test]
async fn whoever_waits_for_an_acknowledgement_of_a_dead_socket_is_told() {
    let stage = Stage::new(Config::default());
    let client = stage.client(0).await;
    let waiting = actix_rt::spawn(stage.socket(0).emit_with_ack("question", ()).answer::<()>());
    stage.run().await;
    stage.crash(Victim::Socket(stage.socket(0))).await;
    assert!(matches!(waiting.await.unwrap(), Err(AckError::Disconnected)));
    let late = stage.socket(0).emit_with_ack("question", ()).answer::<()>().await;
    assert!(matches!(late, Err(AckError::Disconnected)));
    drop(client);
    assert_nothing_left(&stage.io);
}

#[actix_rt::test]
async fn a_dead_room_is_made_again_with_its_members() {
    let stage = Stage::new(Config::default());
    let clients = [stage.client(0).await, stage.client(1).await, stage.client(1).await];
    stage.socket(0).join("room").unwrap();
    stage.socket(1).join("room").unwrap();
    stage.run().await;
    stage.crash(Victim::Room("/".to_owned(), "room".into())).await;

    let stats = stage.io.stats();
    assert_eq!((stats.rooms, stats.members, stats.actor_deaths, stats.packets_lost), (1, 2, 1, 0));
    stage.io.to("room").emit("x", 1);
    stage.run().await;
    assert_eq!(clients.each_ref().map(|client| client.received().len()), [1, 1, 0]);
    // Nobody noticed, and it still changes as it should.
    stage.socket(0).leave("room");
    stage.socket(2).join("room").unwrap();
    stage.run().await;
    stage.io.to("room").emit("x", 2);
    stage.run().await;
    assert_eq!(clients.each_ref().map(|client| client.received().len()), [0, 1, 1]);
    stage.assert_nothing_left_without(clients).await;
}

#[actix_rt::test]
async fn emitters_go_on_when_the_room_that_has_their_packets_dies_and_what_was_lost_is_counted() {
    for seed in 0..100 {
        let stage = Stage::seeded(Config { lane_limit: 2, ..Config::default() }, seed);
        stage.io.of("/").on("burst", |socket: Socket, ()| {
            for number in 0..8 {
                socket.within("room").emit("x", number);
                socket.emit("own", number);
            }
            Ok("done")
        });
        let (emitter, member) = (stage.client(0).await, stage.client(1).await);
        stage.socket(0).join("room").unwrap();
        stage.socket(1).join("room").unwrap();
        stage.run().await;

        emitter.send(r#"25["burst"]"#).await;
        for _ in 0..seed % 7 {
            stage.simulation.step();
            tokio::task::yield_now().await;
        }
        stage.crash(Victim::Room("/".to_owned(), "room".into())).await;
        let told = emitter.received();
        let own: Vec<_> = told.iter().filter(|packet| packet.starts_with(r#"2["own""#)).collect();
        assert_eq!(own.len(), 8, "seed {seed}: {told:?}");
        assert_eq!(told.last().unwrap(), r#"35["done"]"#, "seed {seed}");
        let stats = stage.io.stats();
        let arrived = i64::try_from(member.received().len()).unwrap();
        assert_eq!((arrived + stats.packets_lost, stats.actor_deaths), (8, 1), "seed {seed}");
        stage.assert_served(&emitter).await;
        stage.assert_nothing_left_without([emitter, member]).await;
    }
}

#[actix_rt::test]
async fn a_dead_namespace_closes_its_connections_and_clients_find_a_new_one() {
    let stage = Stage::new(Config::default());
    stage.io.of("/other").no_auth();
    let clients = [stage.client(0).await, stage.client(1).await];
    let bystander = stage.simulation.open(0);
    bystander.send("0/other,").await;
    stage.socket(0).join("room").unwrap();
    stage.run().await;
    stage.crash(Victim::Namespace("/".to_owned())).await;

    assert!(clients.iter().all(SimulatedClient::is_closed) && !bystander.is_closed());
    assert_eq!(stage.ended(), ["transport close", "transport close"]);
    let stats = stage.io.stats();
    assert_eq!((stats.sessions, stats.sockets, stats.rooms, stats.actor_deaths), (1, 1, 0, 1));
    comes_back(&stage, 1).await;
    stage.assert_nothing_left_without([bystander]).await;
}

#[actix_rt::test]
async fn a_client_that_connects_while_its_namespace_dies_is_never_left_without_an_answer() {
    for seed in 0..200 {
        let stage = Stage::seeded(Config::default(), seed);
        let first = stage.client(0).await;
        let client = stage.simulation.open(1);
        client.send("0").await;
        for _ in 0..seed % 4 {
            stage.simulation.step();
            tokio::task::yield_now().await;
        }
        stage.crash(Victim::Namespace("/".to_owned())).await;
        let answered = client.received().iter().any(|packet| packet.starts_with("0{"));
        assert!(first.is_closed());
        assert!(client.is_closed() || answered, "seed {seed}");
        if !client.is_closed() {
            stage.assert_served(&client).await;
        }
        stage.assert_nothing_left_without([client]).await;
    }
}

#[actix_rt::test]
async fn a_dead_fanout_closes_the_connections_of_its_worker_alone() {
    let stage = Stage::new(Config::default());
    let clients = [stage.client(0).await, stage.client(0).await];
    let other = stage.client(1).await;
    for number in 0..3 {
        stage.socket(number).join("room").unwrap();
    }
    stage.run().await;
    stage.crash(Victim::Fanout(stage.socket(0))).await;

    assert!(clients.iter().all(SimulatedClient::is_closed));
    assert_eq!(stage.ended(), ["transport close", "transport close"]);
    let stats = stage.io.stats();
    assert_eq!((stats.sessions, stats.members, stats.slots, stats.actor_deaths), (1, 1, 1, 1));
    stage.assert_served(&other).await;
    comes_back(&stage, 0).await;
    stage.assert_nothing_left_without([other]).await;
}

/// Deaths of a run, one every few messages.
const DEATHS: i64 = 40;

#[actix_rt::test]
async fn on_real_threads_actors_die_in_the_middle_of_traffic_and_nothing_is_stuck_or_left() {
    let io = Server::builder().config(Config { mailbox_capacity: 8, ..Config::default() }).build();
    let sockets: Arc<Mutex<Vec<Socket>>> = Arc::default();
    let connected = sockets.clone();
    io.of("/").on_connect(move |socket| connected.lock().unwrap().push(socket));
    io.of("/").on("talk", |socket: Socket, room: String| {
        socket.join(room.as_str())?;
        socket.to(room.as_str()).emit("x", 1);
        socket.broadcast().emit("x", 2);
        Ok(room)
    });
    let threads: Vec<_> = (0..3).map(|_| actix_rt::Arbiter::new()).collect();
    let mut clients: Vec<SimulatedClient> = Vec::new();
    let mut random = Random::new(7);
    while io.stats().actor_deaths < DEATHS {
        clients.retain(|client| !client.is_closed());
        while clients.len() < 9 {
            let client = open(&io, &threads[random.below(threads.len())]).await;
            client.send("0").await;
            clients.push(client);
        }
        for client in &clients {
            client.send(&format!(r#"21["talk","{}"]"#, ["a", "b"][random.below(2)])).await;
            drop(client.received());
        }
        let newest = sockets.lock().unwrap().last().cloned();
        let Some(socket) = newest else { continue };
        let victim = match random.below(5) {
            0 => Victim::Session(socket),
            1 => Victim::Socket(socket),
            2 => Victim::Room("/".to_owned(), "a".into()),
            3 => Victim::Fanout(socket),
            _ => Victim::Namespace("/".to_owned()),
        };
        Faults::new(&io).crash(&victim);
    }
    clients.iter().for_each(SimulatedClient::abort);
    until("nothing is left", || {
        let stats = io.stats();
        stats.sessions + stats.sockets + stats.socket_actors + stats.rooms + stats.members + stats.slots == 0
    })
    .await;
    let client = open(&io, &threads[0]).await;
    client.send_all(["0", r#"21["talk","a"]"#]).await;
    let mut told = Vec::new();
    until("the next client is served", || {
        told.extend(client.received());
        told.last().is_some_and(|packet| packet == r#"31["a"]"#)
    })
    .await;
    threads.iter().for_each(|thread| assert!(thread.stop()));
}

/// A client that was sent away connects again, to the same worker, and everything works.
async fn comes_back(stage: &Stage, worker: usize) {
    let client = stage.client(worker).await;
    stage.assert_served(&client).await;
    stage.newest_socket().join("where they meet").unwrap();
    stage.run().await;
    stage.io.to("where they meet").emit("x", 1);
    stage.io.emit("x", 2);
    stage.run().await;
    assert_eq!(client.received(), [r#"2["x",1]"#, r#"2["x",2]"#]);
    client.abort();
    stage.run().await;
}
