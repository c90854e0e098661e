//! A thread ends while its server lives on elsewhere, as when one of two listeners that share it stops:
//! what was at home there is made again, or its clients come back.

use actix_rt::Arbiter;
use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;

use crate::threads::{open, until};

fn server() -> Server {
    let io = Server::new();
    io.of("/").on("join", |socket: Socket, room: String| socket.join(room));
    io.of("/").on("echo", |_: Socket, args: Args| Ok(args));
    io
}

/// A client that is connected to `/`.
async fn client(io: &Server, thread: &Arbiter) -> SimulatedClient {
    let client = open(io, thread).await;
    client.send("0").await;
    until("it is connected", || client.received().iter().any(|packet| packet.starts_with("0{"))).await;
    client
}

#[actix_rt::test]
async fn a_room_is_made_again_on_the_thread_of_another_member() {
    for _ in 0..20 {
        let io = server();
        let (staying, ending) = (Arbiter::new(), Arbiter::new());
        // The first one brings the namespace here; the first of a room brings the room there.
        let member = client(&io, &staying).await;
        let guest = client(&io, &ending).await;
        guest.send_all([r#"2["join","a"]"#, r#"2["join","b"]"#]).await;
        until("there are rooms", || io.stats().rooms == 2).await;
        member.send_all([r#"2["join","a"]"#, r#"2["join","b"]"#]).await;
        until("both are there", || io.stats().members == 4).await;

        assert!(ending.stop());
        until("the guest is gone, and the rooms are not", || {
            let stats = io.stats();
            (stats.sessions, stats.sockets, stats.rooms, stats.members) == (1, 1, 2, 2)
        })
        .await;
        io.to("a").emit("x", 1);
        io.to("b").emit("x", 2);
        let mut told = Vec::new();
        until("the member hears of it", || {
            told.extend(member.received());
            told.len() == 2
        })
        .await;
        assert_eq!(told, [r#"2["x",1]"#, r#"2["x",2]"#]);
        member.abort();
        until("nothing is left", || io.stats().sessions + io.stats().rooms == 0).await;
        assert!(staying.stop());
    }
}

#[actix_rt::test]
async fn a_namespace_closes_its_connections_elsewhere_and_they_find_a_new_one() {
    for _ in 0..20 {
        let io = server();
        let (staying, ending) = (Arbiter::new(), Arbiter::new());
        let _first = client(&io, &ending).await;
        let other = client(&io, &staying).await;
        assert!(ending.stop());
        until("the other one is sent away", || other.is_closed()).await;
        until("nothing is left", || io.stats().sessions + io.stats().sockets == 0).await;

        let back = client(&io, &staying).await;
        back.send_all([r#"2["join","room"]"#, r#"21["echo",1]"#]).await;
        until("it is served", || back.received().iter().any(|packet| packet == "31[1]")).await;
        io.to("room").emit("x", 1);
        until("its room is there", || back.received().iter().any(|packet| packet == r#"2["x",1]"#)).await;
        back.abort();
        until("nothing is left", || io.stats().sessions + io.stats().rooms == 0).await;
        assert!(staying.stop());
    }
}
