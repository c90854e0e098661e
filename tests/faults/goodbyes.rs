//! What a socket still has to say when its connection closes arrives, and then the connection ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use greenroom::prelude::*;

use crate::stage::{Stage, assert_nothing_left};

/// Says goodbye, to its own client and to a room that it is in itself.
fn says_goodbye(namespace: &Namespace) {
    namespace.on_disconnecting(|socket: Socket, _| {
        socket.namespace().to("room").emit("bye", "to the room");
        socket.emit("bye", "to itself");
    });
}

#[actix_rt::test]
async fn a_server_that_shuts_down_still_brings_what_disconnecting_hooks_say() {
    for seed in 0..100 {
        let stage =
            Stage::seeded(Config { mailbox_capacity: 1 + seed % 3, ..Config::default() }, seed as u64);
        says_goodbye(&stage.io.of("/"));
        let client = stage.client(0).await;
        stage.socket(0).join("room").unwrap();
        stage.run().await;
        let io = stage.io.clone();
        let closed = actix_rt::spawn(async move { io.close().await });
        stage.run().await;
        let told = client.received();
        assert_eq!(told, [r#"2["bye","to the room"]"#, r#"2["bye","to itself"]"#], "seed {seed}");
        assert!(client.is_closed(), "seed {seed}");
        stage.advance(Duration::from_millis(20)).await;
        closed.await.unwrap();
        assert_nothing_left(&stage.io);
    }
}

#[actix_rt::test]
async fn acknowledgements_that_wait_in_a_lane_leave_before_the_connection_ends() {
    for seed in 0..200 {
        let stage = Stage::seeded(Config::default(), seed);
        let handled = Arc::new(AtomicUsize::new(0));
        let count = handled.clone();
        stage.io.of("/").on("ask", move |socket: Socket, number: u32| {
            count.fetch_add(1, Ordering::Relaxed);
            // The acknowledgement waits for this one, which reaches its own client.
            socket.namespace().to("room").emit("x", number);
            Ok(number)
        });
        let client = stage.client(0).await;
        let other = stage.client(1).await;
        stage.socket(0).join("room").unwrap();
        stage.socket(1).join("room").unwrap();
        stage.run().await;
        client.send_all([r#"21["ask",1]"#, r#"22["ask",2]"#]).await;
        // As soon as the handlers have run, something of it is still under way.
        while handled.load(Ordering::Relaxed) < 2 {
            assert!(stage.simulation.step(), "seed {seed}");
            tokio::task::yield_now().await;
        }
        let io = stage.io.clone();
        actix_rt::spawn(async move { io.close().await });
        stage.run().await;
        let told = client.received();
        assert_eq!(told, [r#"2["x",1]"#, "31[1]", r#"2["x",2]"#, "32[2]"], "seed {seed}");
        assert!(client.is_closed() && other.is_closed(), "seed {seed}");
        stage.advance(Duration::from_millis(20)).await;
        assert_nothing_left(&stage.io);
    }
}

#[actix_rt::test]
async fn a_closed_connection_says_goodbye_in_each_namespace_before_it_is_left() {
    for seed in 0..100 {
        let stage = Stage::seeded(Config::default(), seed);
        stage.io.of("/other").on_disconnecting(|socket: Socket, reason| {
            socket.emit("bye", reason.as_str());
        });
        says_goodbye(&stage.io.of("/"));
        let client = stage.client(0).await;
        client.send("0/other,").await;
        stage.run().await;
        drop(client.received());
        stage.socket(0).disconnect(true);
        stage.run().await;
        let told = client.received();
        let expected =
            [r#"2["bye","to itself"]"#, "1", r#"2/other,["bye","server namespace disconnect"]"#, "1/other,"];
        assert_eq!(told, expected, "seed {seed}");
        assert!(client.is_closed(), "seed {seed}");
        assert_nothing_left(&stage.io);
    }
}

#[actix_rt::test]
async fn a_socket_whose_last_words_cannot_leave_holds_its_connection_for_a_bounded_time() {
    let stage = Stage::new(Config::default());
    says_goodbye(&stage.io.of("/"));
    let client = stage.client(0).await;
    client.stall(true);
    stage.socket(0).disconnect(true);
    stage.run().await;
    assert!(!client.is_closed());
    stage.advance(stage.io.config().close_timeout + Duration::from_millis(20)).await;
    assert!(client.is_closed());
    stage.advance(stage.io.config().handler_grace + Duration::from_millis(20)).await;
    assert_nothing_left(&stage.io);
}
