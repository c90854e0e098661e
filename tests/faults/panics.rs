//! A panic of user code costs that event, and what it had asked for in that turn.

use std::future::{pending, ready};

use greenroom::prelude::*;
use serde_json::Value;

use crate::stage::Stage;

#[actix_rt::test]
async fn a_sync_handler_that_panics_has_sent_nothing_and_its_ack_says_internal() {
    let stage = Stage::new(Config::default());
    let io = stage.io.clone();
    stage.io.of("/").on("fail", move |socket: Socket, ()| -> Result<(), Reject> {
        socket.emit("x", "to itself");
        socket.broadcast().emit("x", "to the others");
        io.emit("x", "to all");
        panic!("as the test wants");
    });
    let (client, other) = (stage.client(0).await, stage.client(1).await);
    let answer = stage.ask(&client, r#"25["fail"]"#).await;
    assert_eq!(codes(&answer), ["internal"]);
    assert_eq!(other.received(), [""; 0]);
    assert_eq!(stage.io.stats().panics, 1);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client, other]).await;
}

#[actix_rt::test]
async fn a_panic_without_an_ack_is_told_as_an_error_event() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on("fail", |_: Socket, ()| -> () { panic!("as the test wants") });
    let client = stage.client(0).await;
    let told = stage.ask(&client, r#"2["fail"]"#).await;
    assert!(told[0].starts_with(r#"2["error",{"code":"internal""#), "{told:?}");
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn joins_and_leaves_of_a_handler_that_panics_have_not_been() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
    stage.io.of("/").on("fail", |socket: Socket, ()| -> () {
        socket.leave("kept");
        socket.join("new").unwrap();
        panic!("as the test wants");
    });
    let client = stage.client(0).await;
    stage.ask(&client, r#"21["join","kept"]"#).await;
    stage.ask(&client, r#"2["fail"]"#).await;

    let rooms: Vec<_> = stage.socket(0).rooms().iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(rooms, ["kept"]);
    stage.io.to("kept").emit("x", 1);
    stage.io.to("new").emit("x", 2);
    stage.run().await;
    assert_eq!(client.received(), [r#"2["x",1]"#]);
    // The list and the index agree, so that it can still join.
    stage.ask(&client, r#"22["join","new"]"#).await;
    stage.io.to("new").emit("x", 3);
    stage.run().await;
    assert_eq!(client.received(), [r#"2["x",3]"#]);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn an_async_handler_that_panics_before_it_waits_has_sent_nothing() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on_async("fail", |socket: Socket, ()| async move {
        socket.emit("x", "lost");
        assert!(socket.id().as_str().is_empty(), "as the test wants");
        Ok(())
    });
    let client = stage.client(0).await;
    assert_eq!(codes(&stage.ask(&client, r#"25["fail"]"#).await), ["internal"]);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn an_async_handler_that_panics_after_it_waited_has_sent_only_what_it_asked_for_before() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on_async("fail", |socket: Socket, ()| async move {
        socket.emit("x", "sent");
        tokio::task::yield_now().await;
        socket.emit("x", "lost");
        assert!(socket.id().as_str().is_empty(), "as the test wants");
        Ok(())
    });
    let client = stage.client(0).await;
    let told = stage.ask(&client, r#"25["fail"]"#).await;
    assert_eq!(told[0], r#"2["x","sent"]"#);
    assert_eq!(codes(&told[1..]), ["internal"]);
    assert_eq!(stage.io.stats().panics, 1);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn a_panic_in_an_argument_or_an_ack_of_the_users_own_type_is_one_of_the_handler() {
    struct Bomb;
    impl<'de> serde::Deserialize<'de> for Bomb {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("as the test wants")
        }
    }
    impl serde::Serialize for Bomb {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("as the test wants")
        }
    }
    let stage = Stage::new(Config::default());
    stage.io.of("/").on("read", |_: Socket, _: Bomb| Ok(()));
    stage.io.of("/").on("write", |_: Socket, ()| Ok(Bomb));
    stage.io.of("/").on_async("write later", |_: Socket, ()| ready(Ok(Bomb)));
    let client = stage.client(0).await;
    for packet in [r#"25["read",1]"#, r#"26["write"]"#, r#"27["write later"]"#] {
        assert_eq!(codes(&stage.ask(&client, packet).await), ["internal"], "{packet}");
    }
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn connect_hooks_that_panic_leave_the_socket_connected_and_the_other_hooks_in_place() {
    let stage = Stage::new(Config::default());
    let root = stage.io.of("/");
    root.on_connect(|socket| {
        socket.emit("x", "lost");
        panic!("as the test wants");
    });
    root.on_connect_async(|socket| async move {
        socket.emit("x", "sent");
        tokio::task::yield_now().await;
        panic!("as the test wants");
    });
    root.on_connect(|socket| drop(socket.emit("x", "the last hook")));
    let client = stage.simulation.open(0);
    let told = stage.ask(&client, "0").await;
    assert_eq!(told[1..], [r#"2["x","sent"]"#, r#"2["x","the last hook"]"#]);
    assert_eq!(stage.io.stats().panics, 2);
    stage.assert_served(&client).await;
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn middleware_that_panics_refuses_the_client_and_says_no_more_than_internal() {
    for late in [false, true] {
        let stage = Stage::new(Config::default());
        stage.io.of("/guarded").middleware(move |socket| async move {
            socket.join("room").unwrap();
            if late {
                tokio::task::yield_now().await;
            }
            panic!("as the test wants");
        });
        let client = stage.client(0).await;
        let told = stage.ask(&client, "0/guarded,").await;
        assert_eq!(told.len(), 1);
        let error: Value = serde_json::from_str(told[0].strip_prefix("4/guarded,").unwrap()).unwrap();
        assert_eq!(error["data"]["code"], "internal");
        assert_eq!((stage.io.stats().panics, stage.io.stats().socket_actors), (1, 1));
        stage.assert_served(&client).await;
        stage.assert_nothing_left_without([client]).await;
    }
}

#[actix_rt::test]
async fn hooks_that_panic_at_the_disconnect_do_not_keep_the_socket() {
    let stage = Stage::new(Config::default());
    let root = stage.io.of("/");
    root.on_disconnecting(|socket, _| {
        socket.broadcast().emit("x", "lost");
        panic!("as the test wants");
    });
    root.on_disconnecting(|socket, _| drop(socket.broadcast().emit("x", "going")));
    root.on_disconnect(|_, _| panic!("as the test wants"));
    root.on_disconnect(|socket, _| drop(socket.broadcast().emit("x", "gone")));
    let (client, other) = (stage.client(0).await, stage.client(1).await);
    stage.socket(0).join("room").unwrap();
    client.abort();
    stage.run().await;
    assert_eq!(other.received(), [r#"2["x","going"]"#, r#"2["x","gone"]"#]);
    assert_eq!(stage.io.stats().panics, 2);
    assert_eq!((stage.io.stats().sockets, stage.io.stats().rooms), (1, 0));
    stage.assert_nothing_left_without([other]).await;
}

#[actix_rt::test]
async fn what_a_socket_holds_may_panic_when_it_is_dropped_and_no_actor_dies_of_it() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "as the test wants");
        }
    }
    let stage = Stage::new(Config::default());
    let other = stage.client(1).await;
    stage.io.of("/bombs").on_connect(|socket| {
        socket.put(Bomb);
        let held = Bomb;
        socket.on("never", move |_: Socket, ()| {
            let _: &Bomb = &held;
        });
    });
    stage.io.of("/bombs").on_async("wait", |_: Socket, ()| async {
        let _held = Bomb;
        pending::<()>().await;
    });
    let client = stage.simulation.open(0);
    client.send_all(["0/bombs,", r#"2/bombs,["wait"]"#]).await;
    stage.run().await;
    client.abort();
    stage.run().await;
    stage.advance(stage.io.config().handler_grace).await;
    drop(client);
    assert_eq!((stage.io.stats().socket_actors, stage.io.stats().actor_deaths), (1, 0));
    assert!(stage.io.stats().panics >= 2, "{:?}", stage.io.stats());
    stage.assert_served(&other).await;
    stage.assert_nothing_left_without([other]).await;
}

/// The error codes in acknowledgements.
fn codes(packets: &[String]) -> Vec<String> {
    let code = |packet: &String| {
        let acked: Value = serde_json::from_str(&packet[packet.find('[')?..]).ok()?;
        Some(acked[0]["error"]["code"].as_str()?.to_owned())
    };
    packets.iter().map(|packet| code(packet).unwrap_or_else(|| packet.clone())).collect()
}
