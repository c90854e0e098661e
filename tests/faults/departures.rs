//! However a client goes, and whenever, it leaves nothing behind.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;
use tokio::sync::Notify;

use crate::stage::{Left, Stage, assert_nothing_left};

/// A way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The close packet of Engine.IO.
    Close,
    /// The connection breaks.
    Abort,
    /// No pong comes.
    PingTimeout,
    /// The client leaves the namespace; then the connection breaks.
    Disconnect,
    /// The server takes it out of the namespace; then the connection breaks.
    Kick,
    /// The server closes the whole connection.
    KickAndClose,
}

const WAYS: [Way; 6] =
    [Way::Close, Way::Abort, Way::PingTimeout, Way::Disconnect, Way::Kick, Way::KickAndClose];

impl Way {
    async fn go(self, stage: &Stage, client: &SimulatedClient) {
        match self {
            Self::Close => client.close(),
            Self::Abort => client.abort(),
            Self::PingTimeout => time_out(stage).await,
            Self::Disconnect => client.send("1").await,
            Self::Kick => stage.newest_socket().disconnect(false),
            Self::KickAndClose => stage.newest_socket().disconnect(true),
        }
        stage.run().await;
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Close | Self::Abort => "transport close",
            Self::PingTimeout => "ping timeout",
            Self::Disconnect => "client namespace disconnect",
            Self::Kick | Self::KickAndClose => "server namespace disconnect",
        }
    }

    /// Whether the connection stays, without the socket.
    fn spares_the_connection(self) -> bool {
        matches!(self, Self::Disconnect | Self::Kick)
    }

    /// Whether the client can do it, or the network, before the server knows its socket.
    fn needs_no_socket(self) -> bool {
        matches!(self, Self::Close | Self::Abort | Self::PingTimeout)
    }
}

async fn time_out(stage: &Stage) {
    stage.advance(stage.io.config().ping_interval).await;
    stage.advance(stage.io.config().ping_timeout).await;
}

/// The socket is gone, and its hooks ran once with the right reason; then the connection is, too.
async fn assert_gone(stage: &Stage, client: SimulatedClient, way: Way) {
    assert_eq!(stage.ended(), [way.reason()], "{way:?}");
    assert_eq!(stage.io.stats().sockets, 0, "{way:?}");
    assert_eq!(client.is_closed(), !way.spares_the_connection(), "{way:?}");
    client.abort();
    stage.run().await;
    assert_nothing_left(&stage.io);
}

#[actix_rt::test]
async fn every_way_out_of_an_idle_socket_leaves_nothing() {
    for way in WAYS {
        let stage = Stage::new(Config::default());
        let client = stage.client(0).await;
        stage.newest_socket().join("room").unwrap();
        stage.run().await;
        way.go(&stage, &client).await;
        assert_gone(&stage, client, way).await;
    }
}

#[actix_rt::test]
async fn every_way_out_at_every_step_of_connect_and_join_leaves_nothing() {
    for way in WAYS.into_iter().filter(|way| way.needs_no_socket() || *way == Way::Disconnect) {
        for seed in 0..300 {
            let stage = Stage::seeded(Config::default(), seed);
            stage.io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
            let witness = stage.simulation.open(1);
            witness.send_all(["0", r#"2["join","a"]"#]).await;
            let client = stage.simulation.open(0);
            let joins = ["0", r#"21["join","a"]"#, r#"22["join","b"]"#, r#"23["join","c"]"#];
            client.send_all(joins).await;
            for _ in 0..seed / 10 {
                stage.simulation.step();
                tokio::task::yield_now().await;
            }
            if way == Way::PingTimeout {
                witness.close();
            }
            way.go(&stage, &client).await;
            client.abort();
            witness.abort();
            stage.run().await;
            assert_eq!(Left::of(&stage.io.stats()), Left::default(), "{way:?}, seed {seed}");
            assert!(stage.ended().len() <= 2, "{way:?}, seed {seed}: {:?}", stage.ended());
        }
    }
}

#[actix_rt::test]
async fn every_way_out_while_middleware_waits_leaves_nothing_and_runs_no_hook() {
    for way in WAYS.into_iter().filter(|way| way.needs_no_socket()) {
        let stage = Stage::new(Config::default());
        stage.io.of("/").middleware(|socket| async move {
            socket.join("room").unwrap();
            pending().await
        });
        let client = stage.simulation.open(0);
        client.send_all(["0", r#"21["echo",1]"#]).await;
        stage.run().await;
        assert_eq!((stage.io.stats().socket_actors, stage.io.stats().sockets), (1, 0));
        way.go(&stage, &client).await;
        assert_eq!(stage.ended(), [""; 0]);
        assert_nothing_left(&stage.io);
    }
}

#[actix_rt::test]
async fn a_client_that_leaves_while_middleware_waits_is_gone_when_it_is_through() {
    let stage = Stage::new(Config::default());
    let through = Arc::new(Notify::new());
    let gate = through.clone();
    stage.io.of("/").middleware(move |_| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok(())
        }
    });
    let client = stage.simulation.open(0);
    client.send_all(["0", "1"]).await;
    stage.run().await;
    through.notify_one();
    stage.run().await;
    assert_gone(&stage, client, Way::Disconnect).await;
}

#[actix_rt::test]
async fn handlers_that_run_finish_within_their_grace() {
    for way in WAYS {
        let stage = Stage::new(Config::default());
        let (finish, finished) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (gate, count) = (finish.clone(), finished.clone());
        stage.io.of("/").on_async("wait", move |socket: Socket, ()| {
            let (gate, count) = (gate.clone(), count.clone());
            async move {
                gate.notified().await;
                socket.broadcast().emit("finished", ());
                count.fetch_add(1, Ordering::Relaxed);
                Ok("nobody hears this")
            }
        });
        let client = stage.client(0).await;
        client.send(r#"21["wait"]"#).await;
        stage.run().await;
        way.go(&stage, &client).await;
        assert_eq!(stage.ended(), [way.reason()], "the hooks do not wait");
        assert_eq!((stage.io.stats().sockets, stage.io.stats().socket_actors), (0, 1), "{way:?}");
        let other = stage.client(1).await;
        finish.notify_one();
        stage.run().await;
        assert_eq!(finished.load(Ordering::Relaxed), 1, "{way:?}");
        assert_eq!(other.received(), [r#"2["finished"]"#]);
        assert!(!client.received().iter().any(|packet| packet.starts_with('3')), "{way:?}");
        client.abort();
        stage.assert_nothing_left_without([other]).await;
    }
}

#[actix_rt::test]
async fn handlers_that_do_not_finish_are_dropped_after_their_grace() {
    for way in WAYS {
        let stage = Stage::new(Config::default());
        let dropped = Arc::new(());
        let held = Arc::downgrade(&dropped);
        stage.io.of("/").on_async("wait", move |_: Socket, ()| {
            let held = held.upgrade();
            async move {
                pending::<()>().await;
                drop(held);
            }
        });
        let client = stage.client(0).await;
        client.send(r#"2["wait"]"#).await;
        stage.run().await;
        assert_eq!(Arc::strong_count(&dropped), 2);
        way.go(&stage, &client).await;
        stage.advance(stage.io.config().handler_grace - Duration::from_millis(20)).await;
        assert_eq!(Arc::strong_count(&dropped), 2, "{way:?}");
        stage.advance(Duration::from_millis(40)).await;
        assert_eq!(Arc::strong_count(&dropped), 1, "{way:?}");
        assert_gone(&stage, client, way).await;
    }
}

#[actix_rt::test]
async fn what_a_client_sends_after_its_socket_left_does_not_stop_the_reading() {
    let config = Config { read_ahead_bytes: 1_000, ..Config::default() };
    let stage = Stage::new(config);
    stage.io.of("/").on_async("wait", |_: Socket, ()| pending::<()>());
    let client = stage.client(0).await;
    client.send(r#"2["wait"]"#).await;
    stage.run().await;
    stage.newest_socket().disconnect(false);
    stage.run().await;
    for _ in 0..10 {
        client.send(r#"2["echo","while a handler of the old socket still runs"]"#).await;
    }
    stage.run().await;
    assert!(client.is_read());
    stage.advance(stage.io.config().handler_grace + Duration::from_millis(20)).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn pending_acknowledgements_are_answered_with_disconnected() {
    for way in WAYS {
        let stage = Stage::new(Config::default());
        let client = stage.client(0).await;
        let question = stage.newest_socket().emit_with_ack("question", ()).timeout(Duration::from_secs(3600));
        let waiting = actix_rt::spawn(question.answer::<()>());
        stage.run().await;
        way.go(&stage, &client).await;
        assert!(matches!(waiting.await.unwrap(), Err(AckError::Disconnected)), "{way:?}");
        let late = stage.newest_socket().emit_with_ack("question", ()).answer::<()>().await;
        assert!(matches!(late, Err(AckError::Disconnected)), "{way:?}");
        assert_gone(&stage, client, way).await;
    }
}

#[actix_rt::test]
async fn a_handler_that_asks_a_client_that_has_gone_goes_on() {
    let stage = Stage::new(Config::default());
    let (asker, gone) = (stage.client(0).await, stage.client(1).await);
    let target = stage.newest_socket();
    stage.io.of("/").on_async("ask", move |_: Socket, ()| {
        let question = target.emit_with_ack("question", ());
        async move { Ok(question.answer::<()>().await.unwrap_err().to_string()) }
    });
    gone.abort();
    stage.run().await;
    let answer = stage.ask(&asker, r#"21["ask"]"#).await;
    assert_eq!(answer, [r#"31["the socket closed before the client acknowledged"]"#]);
    stage.assert_nothing_left_without([asker]).await;
}

#[actix_rt::test]
async fn operations_that_wait_in_the_lane_still_leave_and_the_socket_leaves_behind_them() {
    for way in WAYS {
        for seed in 0..50 {
            let stage = Stage::seeded(Config { lane_limit: 4, ..Config::default() }, seed);
            stage.io.of("/").on("burst", |socket: Socket, ()| {
                for number in 0..3 {
                    socket.to("a").emit("n", number);
                    socket.to("a").to("b").emit("n", number + 10);
                    socket.to("b").emit("n", number + 20);
                }
            });
            let other = stage.client(1).await;
            stage.newest_socket().join("a").unwrap();
            stage.newest_socket().join("b").unwrap();
            let client = stage.client(0).await;
            stage.newest_socket().join("a").unwrap();
            stage.run().await;
            client.send(r#"2["burst"]"#).await;
            for _ in 0..seed % 5 {
                stage.simulation.step();
                tokio::task::yield_now().await;
            }
            if way == Way::PingTimeout {
                // Time would end the other one, too.
                continue;
            }
            way.go(&stage, &client).await;
            let expected: Vec<_> =
                (0..3).flat_map(|n| [n, n + 10, n + 20]).map(|n| format!(r#"2["n",{n}]"#)).collect();
            let received = other.received();
            // The server's word may come before the event; in between there is nothing.
            let came_first = received.is_empty() && matches!(way, Way::Kick | Way::KickAndClose);
            assert!(came_first || received == expected, "{way:?}, seed {seed}: {received:?}");
            assert_eq!(stage.ended(), [way.reason()], "seed {seed}");
            client.abort();
            stage.assert_nothing_left_without([other]).await;
        }
    }
}

#[actix_rt::test]
async fn a_client_comes_back_into_the_namespace_that_it_is_just_leaving() {
    for seed in 0..200 {
        let stage = Stage::seeded(Config { max_namespaces: 2, ..Config::default() }, seed);
        stage.io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
        let client = stage.client(0).await;
        let again = ["1", "0", r#"21["join","room"]"#, "1", "0", r#"22["join","room"]"#];
        if seed % 2 == 0 {
            client.send_all(again).await;
        } else {
            for packet in again {
                client.send(packet).await;
                stage.simulation.step();
            }
        }
        stage.run().await;
        let told = client.received();
        assert_eq!(told.iter().filter(|packet| packet.starts_with("0{")).count(), 2, "seed {seed}: {told:?}");
        assert_eq!(stage.ended(), ["client namespace disconnect"; 2], "seed {seed}");
        let left = stage.io.stats();
        assert_eq!((left.sockets, left.rooms, left.members), (1, 1, 1), "seed {seed}");
        stage.io.to("room").emit("x", 1);
        stage.run().await;
        assert_eq!(client.received(), [r#"2["x",1]"#], "seed {seed}");
        stage.assert_nothing_left_without([client]).await;
    }
}

#[actix_rt::test]
async fn handlers_of_the_last_socket_do_not_take_its_successor_along() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on_async("wait", |socket: Socket, ()| async move {
        pending::<()>().await;
        drop(socket);
    });
    let client = stage.client(0).await;
    client.send_all([r#"2["wait"]"#, "1", "0"]).await;
    stage.run().await;
    assert_eq!(stage.io.stats().socket_actors, 2);
    // The old one joins nothing and ends nothing any more.
    let old = stage.socket(0);
    old.join("room").unwrap();
    old.disconnect(false);
    assert!(matches!(old.emit("x", 0).result(), Err(EmitError::Closed)));
    stage.advance(stage.io.config().handler_grace + Duration::from_millis(20)).await;
    assert_eq!((stage.io.stats().socket_actors, stage.io.stats().rooms), (1, 0));
    stage.io.emit("x", 1);
    stage.run().await;
    assert_eq!(client.received().last().unwrap(), r#"2["x",1]"#);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn leaving_one_namespace_leaves_the_others_of_the_connection_alone() {
    for way in [Way::Disconnect, Way::Kick] {
        let stage = Stage::new(Config::default());
        stage.io.of("/other").on("echo", |_: Socket, number: u32| Ok(number));
        let client = stage.client(0).await;
        client.send("0/other,").await;
        way.go(&stage, &client).await;
        drop(client.received());
        assert_eq!(stage.ask(&client, r#"2/other,1["echo",7]"#).await, [r#"3/other,1[7]"#]);
        assert_eq!(stage.io.stats().sockets, 1);
        stage.assert_nothing_left_without([client]).await;
    }
}

#[actix_rt::test]
async fn a_closed_connection_still_brings_what_was_sent_before_also_what_waited_in_the_lane() {
    for seed in 0..100 {
        let stage =
            Stage::seeded(Config { mailbox_capacity: 1 + seed % 2, ..Config::default() }, seed as u64);
        let io = stage.io.clone();
        stage.io.of("/").on("quit", move |socket: Socket, ()| {
            io.to("room").emit("x", "to the room");
            socket.emit("x", "to itself");
            socket.disconnect(true);
        });
        let client = stage.client(0).await;
        stage.newest_socket().join("room").unwrap();
        stage.run().await;
        let told = stage.ask(&client, r#"2["quit"]"#).await;
        assert_eq!(told, [r#"2["x","to the room"]"#, r#"2["x","to itself"]"#, "1"], "seed {seed}");
        assert_gone(&stage, client, Way::KickAndClose).await;
    }
}

#[actix_rt::test]
async fn a_handler_that_disconnects_its_socket_says_nothing_after_the_farewell() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on("quit", |socket: Socket, ()| {
        socket.emit("x", "before");
        socket.disconnect(false);
        socket.emit("x", "behind");
        Ok("acknowledged")
    });
    let client = stage.client(0).await;
    assert_eq!(stage.ask(&client, r#"21["quit"]"#).await, [r#"2["x","before"]"#, "1"]);
    assert_gone(&stage, client, Way::Kick).await;
}
