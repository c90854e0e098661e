//! What a server tells the other nodes of its cluster, and what these can tell it.
//!
//! The adapter of most tests is a wire that the test holds: what is published waits until it is delivered.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::adapter::{Adapter, Audience, InProcess, Message, Node, NodeId};
use greenroom::prelude::*;
use greenroom::testing::{SimulatedClient, Simulation};
use greenroom::{Clock, Emitted, ServerSideAnswers};

#[derive(Debug, Clone, Default)]
struct Wire(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    nodes: Vec<Node>,
    published: Vec<(NodeId, Option<NodeId>, Message)>,
}

impl Adapter for Wire {
    fn add(&self, node: Node) {
        self.0.lock().unwrap().nodes.push(node);
    }

    fn publish(&self, from: NodeId, to: Option<NodeId>, message: Message) {
        self.0.lock().unwrap().published.push((from, to, message));
    }

    fn node_count(&self) -> usize {
        self.0.lock().unwrap().nodes.len()
    }
}

impl Wire {
    fn published(&self) -> Vec<Message> {
        self.0.lock().unwrap().published.iter().map(|(_, _, message)| message.clone()).collect()
    }

    /// Everything goes where it has to, answers included.
    fn deliver(&self) {
        loop {
            let (nodes, published) = {
                let mut held = self.0.lock().unwrap();
                (held.nodes.clone(), std::mem::take(&mut held.published))
            };
            if published.is_empty() {
                return;
            }
            for (from, to, message) in published {
                let meant = |node: &&Node| to.map_or(node.id() != from, |to| node.id() == to);
                nodes.iter().filter(meant).for_each(|node| node.deliver(from, message.clone()));
            }
        }
    }
}

/// Two nodes of which the first has a client.
struct Stage {
    wire: Wire,
    io: Server,
    other: Server,
    simulation: Simulation,
    client: SimulatedClient,
}

impl Stage {
    async fn new() -> Self {
        let wire = Wire::default();
        let make = || Server::builder().clock(Clock::manual()).adapter(wire.clone()).build();
        let (io, other) = (make(), make());
        io.of("/").on_connect(|socket| drop(socket.emit("hello", ())));
        let simulation = Simulation::new(&io, 2, 1);
        let client = simulation.open(0);
        client.send("0").await;
        simulation.run().await;
        assert_eq!(client.received().last().map(String::as_str), Some(r#"2["hello"]"#));
        Self { wire, io, other, simulation, client }
    }

    async fn send(&self, packet: &str) -> Vec<String> {
        self.client.send(packet).await;
        self.simulation.run().await;
        self.client.received()
    }

    /// An event that the other node is to answer, under way.
    async fn ask(&self, event: &str) -> actix_rt::task::JoinHandle<ServerSideAnswers<u32>> {
        let request = self.io.server_side_emit_with_ack(event, ()).timeout(Duration::from_secs(1));
        let waiting = actix_rt::spawn(async { request.answers::<u32>().await.unwrap() });
        self.simulation.run().await;
        waiting
    }
}

/// What a message is and whom it is for, in short.
fn short(message: &Message) -> String {
    let rooms =
        |to: &Audience| to.rooms.iter().map(|room| room.as_str().to_owned()).collect::<Vec<_>>().join("+");
    match message {
        Message::Emit { to, event, args, volatile } => {
            format!("{event}{} to {} {}", args.json(), rooms(to), if *volatile { "volatile" } else { "" })
        }
        Message::Join { to, .. } => format!("join of {}", rooms(to)),
        Message::Leave { to, .. } => format!("leave of {}", rooms(to)),
        Message::Disconnect { to, close } => format!("disconnect of {}, {close}", rooms(to)),
        other @ (Message::ServerSide { .. } | Message::Answer { .. } | _) => format!("{other:?}"),
    }
}

#[actix_rt::test]
async fn other_nodes_are_told_in_the_order_in_which_a_handler_asks() {
    let stage = Stage::new().await;
    let io = stage.io.clone();
    stage.io.of("/").on("go", move |socket: Socket, ()| {
        io.to("a").emit("one", 1);
        io.to("a").sockets_join(["b"]);
        socket.to("b").to("c").volatile().emit("two", ("x", 2));
        io.local().emit("here", ());
        socket.broadcast().local().emit("here", ());
        io.to("b").sockets_leave(["a"]);
        io.to("c").local().disconnect_sockets(true);
        io.to("c").disconnect_sockets(true);
        socket.emit("mine", ());
    });
    stage.send(r#"2["go"]"#).await;
    let told: Vec<_> = stage.wire.published().iter().map(short).collect();
    let expected =
        ["one[1] to a ", "join of a", r#"two["x",2] to b+c volatile"#, "leave of b", "disconnect of c, true"];
    assert_eq!(told, expected);
}

#[actix_rt::test]
async fn a_handler_that_panics_tells_other_nodes_nothing() {
    let stage = Stage::new().await;
    let io = stage.io.clone();
    stage.io.of("/").on("go", move |_: Socket, ()| -> Emitted {
        io.emit("news", 1);
        io.server_side_emit("news", 1);
        panic!("on purpose");
    });
    stage.send(r#"2["go"]"#).await;
    assert_eq!(stage.wire.published().len(), 0);
}

#[actix_rt::test]
async fn what_another_node_emits_reaches_the_clients_here_and_goes_no_further() {
    let stage = Stage::new().await;
    stage.other.emit("news", "from afar");
    stage.other.to("nobody").emit("news", "for others");
    stage.other.of("/unknown").emit("news", "elsewhere");
    stage.wire.deliver();
    stage.simulation.run().await;
    assert_eq!(stage.client.received(), [r#"2["news","from afar"]"#]);
    assert_eq!(stage.wire.published().len(), 0);
}

#[actix_rt::test]
async fn answers_come_back_and_refusals_and_panics_are_answers() {
    let stage = Stage::new().await;
    let listening = stage.other.of("/");
    listening.on_server_side("seven", |_: Namespace, ()| Ok(7));
    listening.on_server_side("no", |_: Namespace, ()| Err::<u32, _>(Reject::new("no", "not today")));
    listening.on_server_side("panic", |_: Namespace, ()| -> Result<u32, Reject> { panic!("on purpose") });
    let mut found = Vec::new();
    for event in ["seven", "no", "panic"] {
        let waiting = stage.ask(event).await;
        stage.wire.deliver();
        let answers = waiting.await.unwrap();
        let refused: Vec<_> = answers.refused.iter().map(|reject| reject.code().to_owned()).collect();
        found.push((answers.received, refused.join(" "), answers.missing));
    }
    let expected = [(vec![7], String::new(), 0), (vec![], "no".into(), 0), (vec![], "internal".into(), 0)];
    assert_eq!(found, expected);
    assert_eq!(stage.other.stats().panics, 1);
}

#[actix_rt::test]
async fn a_node_that_does_not_answer_is_counted_when_its_time_is_over() {
    let stage = Stage::new().await;
    stage.other.of("/").on_server_side("mute", |_: Namespace, ()| {});
    let waiting = stage.ask("mute").await;
    stage.wire.deliver();
    stage.simulation.run().await;
    assert!(!waiting.is_finished());
    stage.io.clock().advance(Duration::from_millis(1_001));
    let answers = waiting.await.unwrap();
    assert_eq!((answers.received.len(), answers.refused.len(), answers.missing), (0, 0, 1));
}

#[actix_rt::test]
async fn a_server_that_has_closed_hears_nothing_more() {
    let stage = Stage::new().await;
    let (heard, hears) = channel();
    stage.other.of("/").on_server_side("e", move |_: Namespace, ()| heard.send(()).unwrap());
    stage.io.server_side_emit("e", ());
    stage.wire.deliver();
    assert!(hears.try_recv().is_ok());
    stage.other.close().await;
    stage.io.server_side_emit("e", ());
    stage.wire.deliver();
    assert!(hears.try_recv().is_err());
}

/// A listener that stands still until it is let go, and how often it was called.
fn held_up(io: &Server) -> (Receiver<()>, Sender<()>) {
    let ((called, calls), (let_go, go)) = (channel(), channel::<()>());
    let go = Mutex::new(go);
    io.of("/").on_server_side("slow", move |_: Namespace, ()| {
        called.send(()).unwrap();
        go.lock().unwrap().recv().ok();
    });
    (calls, let_go)
}

#[test]
fn a_node_that_stands_still_loses_what_its_queue_cannot_hold_and_holds_up_nobody() {
    let cluster = InProcess::default();
    let narrow = Config { mailbox_capacity: 2, ..Config::default() };
    let slow = Server::builder().config(narrow).adapter(cluster.clone()).build();
    let io = Server::builder().adapter(cluster.clone()).build();
    let (calls, let_go) = held_up(&slow);
    io.server_side_emit("slow", ());
    calls.recv_timeout(Duration::from_secs(10)).unwrap();
    for _ in 0..5 {
        io.server_side_emit("slow", ());
    }
    assert_eq!((slow.stats().node_messages_lost, io.stats().node_messages_lost), (3, 0));
    for _ in 0..3 {
        let_go.send(()).unwrap();
    }
    for _ in 0..2 {
        calls.recv_timeout(Duration::from_secs(10)).unwrap();
    }
    drop(slow);
    assert_eq!(cluster.node_count(), 1);
}
