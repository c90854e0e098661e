//! Every limit of a client, and that it gets no further.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::prelude::*;
use tokio::sync::Notify;

use crate::stage::{Stage, assert_nothing_left};

#[actix_rt::test]
async fn a_socket_is_in_max_rooms_rooms_at_most() {
    let stage = Stage::new(Config { max_rooms: 2, ..Config::default() });
    stage.io.of("/").on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("joined")
    });
    stage.io.of("/").on("leave", |socket: Socket, room: String| socket.leave(room));
    let client = stage.client(0).await;
    for room in ["a", "b", "a"] {
        assert_eq!(stage.ask(&client, &format!(r#"21["join","{room}"]"#)).await, [r#"31["joined"]"#]);
    }
    assert!(stage.ask(&client, r#"22["join","c"]"#).await[0].contains("too_many_rooms"));
    assert_eq!((stage.io.stats().rooms, stage.io.stats().members), (2, 2));
    stage.ask(&client, r#"2["leave","a"]"#).await;
    assert_eq!(stage.ask(&client, r#"23["join","c"]"#).await, [r#"33["joined"]"#]);
    stage.assert_nothing_left_without([client]).await;
}

/// A flood of them would fill the fanout's mailbox, which refuses none.
#[actix_rt::test]
async fn all_refusals_of_one_read_are_one_command() {
    let stage = Stage::new(Config::default());
    let client = stage.client(0).await;
    let before = stage.io.stats().fanout_messages;
    client.send_all(["0/nowhere,"; 100]).await;
    stage.run().await;
    assert_eq!(stage.io.stats().fanout_messages - before, 1);
    let refused = client.received().into_iter().filter(|packet| packet.starts_with("4/nowhere,"));
    assert_eq!(refused.count(), 100);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn the_name_of_a_room_has_max_room_name_bytes_at_most() {
    let stage = Stage::new(Config { max_room_name: 8, ..Config::default() });
    stage.io.of("/").allow_client_rooms(|_, _| true);
    let client = stage.client(0).await;
    assert_eq!(stage.ask(&client, r#"21["join","12345678"]"#).await, [r#"31["12345678"]"#]);
    assert!(stage.ask(&client, r#"22["join","123456789"]"#).await[0].contains("bad_room"));
    assert_eq!(stage.io.stats().rooms, 1);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn middleware_that_never_decides_refuses_in_time() {
    let stage = Stage::new(Config::default());
    stage.io.of("/slow").middleware(|_| std::future::pending());
    let client = stage.simulation.open(0);
    client.send("0/slow,").await;
    stage.run().await;
    stage.advance(stage.io.config().middleware_timeout + Duration::from_millis(20)).await;
    assert!(client.received().iter().any(|packet| packet.contains("unavailable")));
    assert_eq!(stage.io.stats().socket_actors, 0);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn middleware_may_look_for_other_sockets() {
    let stage = Stage::new(Config::default());
    let io = stage.io.clone();
    stage.io.of("/one").middleware(move |_| {
        let io = io.clone();
        async move {
            match io.of("/one").everyone().sockets().await.len() {
                0 => Ok(()),
                _ => Err(Reject::new("taken", "somebody is here already")),
            }
        }
    });
    let (first, second) = (stage.simulation.open(0), stage.simulation.open(1));
    assert!(stage.ask(&first, "0/one,").await.last().unwrap().starts_with("0/one,{"));
    assert!(stage.ask(&second, "0/one,").await.last().unwrap().contains("taken"));
    stage.assert_nothing_left_without([first, second]).await;
}

#[actix_rt::test]
async fn nothing_of_a_socket_runs_after_its_last_hook() {
    let stage = Stage::new(Config::default());
    let ran: Arc<Mutex<Vec<&str>>> = Arc::default();
    let chat = stage.io.of("/chat");
    let (first, second, last) = (ran.clone(), ran.clone(), ran.clone());
    chat.on("quit", move |socket: Socket, ()| {
        first.lock().unwrap().push("first");
        socket.disconnect(false);
    });
    chat.on("quit", move |_: Socket, ()| second.lock().unwrap().push("second"));
    chat.on_disconnect(move |_, _| last.lock().unwrap().push("gone"));
    let client = stage.simulation.open(0);
    client.send("0/chat,").await;
    stage.ask(&client, r#"2/chat,["quit"]"#).await;
    assert_eq!(*ran.lock().unwrap(), ["first", "gone"]);
    stage.assert_nothing_left_without([client]).await;
}

/// The two sockets of one client share a slot, and nothing else.
#[actix_rt::test]
async fn a_socket_waits_for_another_namespace_of_its_client_in_time() {
    let stage = Stage::new(Config::default());
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (answers, chat) = (told.clone(), Arc::<Mutex<Option<Socket>>>::default());
    let connected = chat.clone();
    stage.io.of("/chat").on_connect(move |socket| *connected.lock().unwrap() = Some(socket));
    stage.io.of("/").on_async("ask", move |_: Socket, ()| {
        let (answers, chat) = (answers.clone(), chat.lock().unwrap().clone().unwrap());
        async move {
            let answer = chat.emit_with_ack("question", ()).answer::<()>().await;
            answers.lock().unwrap().push(format!("{answer:?}"));
        }
    });
    let client = stage.client(0).await;
    stage.ask(&client, "0/chat,").await;
    stage.ask(&client, r#"2["ask"]"#).await;
    stage.advance(stage.io.config().ack_timeout + Duration::from_millis(20)).await;
    assert_eq!(*told.lock().unwrap(), ["Err(Timeout)"]);
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn a_session_has_max_namespaces_open_at_most() {
    let stage = Stage::new(Config { max_namespaces: 2, ..Config::default() });
    stage.io.of("/a").no_auth();
    stage.io.of("/b").no_auth();
    let client = stage.client(0).await;
    assert!(stage.ask(&client, "0/a,").await[0].starts_with("0/a,"));
    assert!(stage.ask(&client, "0/b,").await[0].contains("too_many_namespaces"));
    client.send("1/a,").await;
    assert!(stage.ask(&client, "0/b,").await[0].starts_with("0/b,"));
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn a_client_that_connects_and_leaves_in_a_loop_gets_no_more_actors_than_twice_the_limit() {
    let stage = Stage::new(Config { max_namespaces: 2, ..Config::default() });
    stage.io.of("/").on_async("wait", |_: Socket, ()| std::future::pending::<()>());
    let client = stage.client(0).await;
    for _ in 0..20 {
        client.send_all([r#"2["wait"]"#, "1"]).await;
        stage.run().await;
        client.send("0").await;
        stage.run().await;
        if client.is_closed() || client.received().iter().any(|packet| packet.starts_with('4')) {
            break;
        }
    }
    assert!(stage.io.stats().socket_actors <= 4, "{:?}", stage.io.stats());
    client.abort();
    stage.run().await;
    stage.advance(stage.io.config().handler_grace + Duration::from_millis(20)).await;
    assert_nothing_left(&stage.io);
}

#[actix_rt::test]
async fn a_client_owes_max_pending_acks_acknowledgements_at_most() {
    let stage = Stage::new(Config { max_pending_acks: 2, ..Config::default() });
    let client = stage.client(0).await;
    let ask = || actix_rt::spawn(stage.newest_socket().emit_with_ack("question", ()).answer::<()>());
    let waiting = [ask(), ask()];
    stage.run().await;
    let refused = ask();
    assert!(matches!(refused.await.unwrap(), Err(AckError::Emit(EmitError::Full))));
    client.send("30[]").await;
    stage.run().await;
    let one_more = ask();
    stage.run().await;
    assert!(!one_more.is_finished());
    assert_eq!(client.received().len(), 3);
    stage.assert_nothing_left_without([client]).await;
    let [first, second] = waiting;
    assert!(first.await.unwrap().is_ok());
    assert!(matches!(second.await.unwrap(), Err(AckError::Disconnected)));
}

#[actix_rt::test]
async fn events_wait_in_their_order_while_max_async_handlers_run_and_acknowledgements_do_not() {
    let stage = Stage::new(Config { max_async_handlers: 2, ..Config::default() });
    let (order, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (started, opened) = (order.clone(), gate.clone());
    stage.io.of("/").on_async("wait", move |_: Socket, number: u32| {
        started.lock().unwrap().push(number);
        let opened = opened.clone();
        async move { opened.notified().await }
    });
    let started = order.clone();
    stage.io.of("/").on("note", move |_: Socket, number: u32| started.lock().unwrap().push(number));
    let client = stage.client(0).await;
    let question = actix_rt::spawn(stage.newest_socket().emit_with_ack("question", ()).answer::<u32>());
    stage.run().await;
    let events = [
        r#"2["wait",1]"#,
        r#"2["note",2]"#,
        r#"2["wait",3]"#,
        r#"2["note",4]"#,
        "30[7]",
        r#"2["wait",5]"#,
        r#"2["note",6]"#,
    ];
    client.send_all(events).await;
    stage.run().await;
    assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    assert_eq!(question.await.unwrap().unwrap(), 7);
    gate.notify_one();
    stage.run().await;
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5]);
    gate.notify_one();
    stage.run().await;
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5, 6]);
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn async_handlers_start_in_the_order_of_arrival_also_if_some_never_wait() {
    let stage = Stage::new(Config::default());
    stage.io.of("/").on_async("echo at once", |socket: Socket, number: u32| async move {
        socket.emit("started", number);
        if number.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
    });
    let client = stage.client(0).await;
    let events: Vec<_> = (0..20).map(|number| format!(r#"2["echo at once",{number}]"#)).collect();
    client.send_all(events.iter().map(String::as_str)).await;
    stage.run().await;
    let expected: Vec<_> = (0..20).map(|number| format!(r#"2["started",{number}]"#)).collect();
    assert_eq!(client.received(), expected);
}

#[actix_rt::test]
async fn a_client_whose_handlers_are_behind_is_not_read_on() {
    let config = Config { max_async_handlers: 1, read_ahead_bytes: 2_000, ..Config::default() };
    let stage = Stage::new(config);
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    stage.io.of("/").on_async("wait", move |_: Socket, _: String| {
        let opened = opened.clone();
        async move { opened.notified().await }
    });
    let client = stage.client(0).await;
    let event = format!(r#"2["wait","{}"]"#, "x".repeat(500));
    for _ in 0..5 {
        assert!(client.is_read());
        client.send(&event).await;
        stage.run().await;
    }
    assert!(!client.is_read());
    for _ in 0..5 {
        gate.notify_one();
        stage.run().await;
    }
    assert!(client.is_read());
    stage.assert_served(&client).await;
}

#[actix_rt::test]
async fn a_packet_whose_attachments_do_not_come_in_time_ends_the_connection() {
    let stage = Stage::new(Config { attachments_timeout: Duration::from_secs(5), ..Config::default() });
    let client = stage.client(0).await;
    client.send(r#"51-["echo",{"_placeholder":true,"num":0}]"#).await;
    stage.run().await;
    stage.advance(Duration::from_secs(4)).await;
    assert!(!client.is_closed());
    stage.advance(Duration::from_secs(2)).await;
    assert!(client.is_closed());
    assert_eq!(stage.ended(), ["forced close"]);
    assert_nothing_left(&stage.io);
}

#[actix_rt::test]
async fn a_session_that_joins_no_namespace_in_time_is_closed() {
    let stage = Stage::new(Config { connect_timeout: Duration::from_secs(5), ..Config::default() });
    let idle = stage.simulation.open(0);
    let client = stage.client(1).await;
    stage.advance(Duration::from_secs(4)).await;
    assert!(!idle.is_closed());
    stage.advance(Duration::from_secs(2)).await;
    assert!(idle.is_closed() && !client.is_closed());
    stage.assert_nothing_left_without([client]).await;
}

#[actix_rt::test]
async fn a_client_that_does_not_read_is_closed_at_outbox_bytes_and_its_room_goes_on() {
    let stage = Stage::new(Config { outbox_bytes: 10_000, ..Config::default() });
    let (slow, other) = (stage.client(0).await, stage.client(0).await);
    for number in 0..2 {
        stage.socket(number).join("room").unwrap();
    }
    stage.run().await;
    slow.stall(true);
    let text = "x".repeat(1_000);
    let mut most = 0;
    for number in 0..20 {
        stage.io.to("room").emit("news", (number, text.as_str()));
        stage.run().await;
        most = most.max(slow.waiting_bytes());
    }
    assert!((9_000..=10_000).contains(&most), "{most}");
    assert!(slow.is_closed());
    assert_eq!(stage.ended(), ["transport error"]);
    assert_eq!(stage.io.stats().slow_clients_closed, 1);
    assert_eq!(other.received().len(), 20);
    stage.assert_nothing_left_without([other]).await;
}

#[actix_rt::test]
async fn volatile_packets_are_left_out_for_a_client_that_does_not_read_and_counted() {
    let stage = Stage::new(Config::default());
    let (slow, other) = (stage.client(0).await, stage.client(1).await);
    slow.stall(true);
    stage.run().await;
    for number in 0..5 {
        stage.io.of("/").everyone().volatile().emit("position", number);
        stage.run().await;
    }
    assert_eq!((slow.waiting_bytes(), other.received().len()), (0, 5));
    assert_eq!(stage.io.stats().volatile_dropped, 5);
    slow.stall(false);
    stage.assert_served(&slow).await;
    stage.assert_nothing_left_without([slow, other]).await;
}
