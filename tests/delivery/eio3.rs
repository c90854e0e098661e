//! Clients of Engine.IO 3 among those of 4: what they are told, and that it costs no encoding more.

use std::time::Duration;

use greenroom::Clock;
use greenroom::prelude::*;
use greenroom::testing::Simulation;

/// With a namespace `/game`, and `/` if it is declared.
fn server(config: Config, with_root: bool) -> (Server, Simulation) {
    let io = Server::builder().config(config).clock(Clock::manual()).build();
    let game = io.of("/game");
    game.on("echo", |_: Socket, args: Args| Ok(args));
    if with_root {
        io.of("/").on_connect(|socket| drop(socket.emit("welcome", socket.id())));
    }
    let simulation = Simulation::new(&io, 2, 1);
    (io, simulation)
}

#[actix_rt::test]
async fn the_main_namespace_is_joined_without_connect_and_its_answer_says_nothing() {
    let (_io, simulation) = server(Config::default(), true);
    let client = simulation.open_eio3(0);
    simulation.run().await;
    let received = client.received();
    let [connected, welcome] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(connected, "0");
    assert!(welcome.starts_with(r#"2["welcome",""#), "{welcome}");
}

#[actix_rt::test]
async fn a_main_namespace_that_nobody_declared_is_neither_joined_nor_refused() {
    let patience = Duration::from_secs(10);
    let config = Config { connect_timeout: patience, ..Config::default() };
    let (_io, simulation) = server(config, false);
    let (client, idle) = (simulation.open_eio3(0), simulation.open_eio3(1));
    client.send("0/game?token=x,").await;
    client.send(r#"2/game,7["echo",1]"#).await;
    simulation.run().await;
    assert_eq!(client.received(), ["0/game,", "3/game,7[1]"]);
    simulation.advance(patience + Duration::from_millis(20)).await;
    assert!(idle.is_closed() && idle.received().is_empty(), "it asked for nothing in time");
    assert!(!client.is_closed());
}

#[actix_rt::test]
async fn a_refusal_is_its_message_or_its_data() {
    let (io, simulation) = server(Config::default(), false);
    io.of("/game").middleware(|socket: Socket| async move {
        let reject = Reject::new("no", "not you");
        match socket.auth::<serde_json::Value>() {
            Some(auth) if auth["data"] == "yes" => Err(reject.with_data(serde_json::json!({ "why": 1 }))),
            _ => Err(reject),
        }
    });
    let client = simulation.open_eio3(0);
    for (connect, answer) in [
        ("0/game,", r#"4/game,"not you""#),
        ("0/game?data=yes,", r#"4/game,{"why":1}"#),
        ("0/nowhere,", r#"4/nowhere,"Invalid namespace""#),
    ] {
        client.send(connect).await;
        simulation.run().await;
        assert_eq!(client.received(), [answer], "{connect}");
    }
}

#[actix_rt::test]
async fn a_broadcast_to_clients_of_both_is_encoded_once() {
    let (io, simulation) = server(Config::default(), true);
    let old = simulation.open_eio3(0);
    let clients = [simulation.open(0), simulation.open(1)];
    for client in &clients {
        client.send("0").await;
    }
    simulation.run().await;
    drop((old.received(), clients.each_ref().map(|client| client.received())));
    let before = io.stats().packets_encoded;
    io.emit("news", 1).result().unwrap();
    io.emit("news", 2).result().unwrap();
    simulation.run().await;
    assert_eq!(io.stats().packets_encoded - before, 2);
    for client in [&old, &clients[0], &clients[1]] {
        assert_eq!(client.received(), [r#"2["news",1]"#, r#"2["news",2]"#]);
    }
}

#[actix_rt::test]
async fn where_clients_may_come_back_these_are_told_no_secret_for_it() {
    let window = Config { recovery_window: Duration::from_secs(60), ..Config::default() };
    let (_io, simulation) = server(window, true);
    let (old, new) = (simulation.open_eio3(0), simulation.open(0));
    new.send("0").await;
    simulation.run().await;
    assert!(new.received()[0].contains(r#""pid":"#));
    assert_eq!(old.received()[0], "0");
}
