//! Which messages a flow is made of: a change of a flow is a change of its text in `flows/`.
//!
//! `make flows` writes the texts; without it they are compared.

use std::path::Path;

use greenroom::prelude::*;
use greenroom::testing::{SimulatedClient, Simulation};

/// A server, its messages, and what its clients see, written down step by step.
struct Script {
    io: Server,
    simulation: Simulation,
    text: String,
}

impl Script {
    /// Two workers, with the events that the steps need.
    fn new() -> Self {
        let io = Server::new();
        io.of("/").on("join", |socket: Socket, room: String| {
            socket.join(room)?;
            Ok("joined")
        });
        io.of("/").on("leave", |socket: Socket, room: String| {
            socket.leave(room);
            Ok("left")
        });
        io.of("/").on("say", |socket: Socket, (room, text): (String, String)| {
            socket.namespace().to(room).emit("said", text);
            Ok("sent")
        });
        let simulation = Simulation::in_order(&io, 2);
        Self { io, simulation, text: String::new() }
    }

    /// Writes down what happens until nothing does any more.
    async fn step(&mut self, what: &str, clients: &[(&str, &SimulatedClient)]) {
        self.simulation.run().await;
        self.text += &format!("# {what}\n");
        for line in self.simulation.take_trace() {
            self.text += &format!("{line}\n");
        }
        for (name, client) in clients {
            for packet in client.received() {
                // The ids of sockets are random.
                let packet = packet.split_once("\"sid\"").map_or(&*packet, |(front, _)| front);
                self.text += &format!("-> {name}: {packet}\n");
            }
        }
        self.text.push('\n');
    }
}

#[actix_rt::test]
async fn connect_join_broadcast_leave_and_a_broken_connection() {
    let mut script = Script::new();
    let (ann, bob) = (script.simulation.open(0), script.simulation.open(1));
    script.step("two sessions are opened, on two workers", &[("ann", &ann), ("bob", &bob)]).await;
    ann.send("0").await;
    script.step("ann connects", &[("ann", &ann)]).await;
    bob.send("0").await;
    script.step("bob connects", &[("bob", &bob)]).await;
    ann.send(r#"21["join","red"]"#).await;
    script.step("ann joins a room, which comes into being", &[("ann", &ann)]).await;
    bob.send(r#"21["join","red"]"#).await;
    script.step("bob joins it", &[("bob", &bob)]).await;
    ann.send(r#"22["say","red","hello"]"#).await;
    script.step("ann says something to both", &[("ann", &ann), ("bob", &bob)]).await;
    bob.send(r#"22["leave","red"]"#).await;
    script.step("bob leaves it", &[("bob", &bob)]).await;
    ann.abort();
    script.step("the connection of ann breaks, and the room is empty", &[("ann", &ann)]).await;
    bob.send("1").await;
    script.step("bob leaves the namespace", &[("bob", &bob)]).await;
    bob.close();
    script.step("bob closes the connection", &[("bob", &bob)]).await;
    assert_eq!((script.io.stats().sessions, script.io.stats().sockets, script.io.stats().rooms), (0, 0, 0));
    compare("life", &script.text);
}

#[actix_rt::test]
async fn a_server_that_shuts_down() {
    let mut script = Script::new();
    let ann = script.simulation.open(0);
    ann.send("0").await;
    ann.send(r#"21["join","red"]"#).await;
    script.simulation.run().await;
    drop((script.simulation.take_trace(), ann.received()));
    let io = script.io.clone();
    let closing = actix_rt::spawn(async move { io.close().await });
    script.step("the server closes", &[("ann", &ann)]).await;
    closing.await.unwrap();
    assert!(ann.is_closed());
    compare("shutdown", &script.text);
}

/// The flow is as the file says; or the file is written, if that is wanted.
fn compare(name: &str, flow: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("delivery/flows").join(name).with_extension("txt");
    if std::env::var_os("WRITE_FLOWS").is_some() {
        return std::fs::write(file, flow).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(flow, written, "if this is meant: `make flows`");
}
