//! A room that is an actor of your own: a stop-watch that works with timers and streams of actix.
//! The chapter is docs/guide/raw-actors.md; run it with `cargo run -p greenroom --example raw_actor`.

use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, SpawnHandle};
use greenroom::prelude::*;
use greenroom::raw::{RawRoom, RoomBackend, RoomMessage};
use greenroom::room::Options;

struct StopWatch {
    room: RawRoom,
    tenths: u64,
    running: Option<SpawnHandle>,
}

impl Actor for StopWatch {
    type Context = Context<Self>;
}

impl RoomBackend for StopWatch {
    fn open(_: &Options, room: RawRoom) -> Result<Self, Reject> {
        Ok(Self { room, tenths: 0, running: None })
    }
}

impl Handler<RoomMessage> for StopWatch {
    type Result = ();

    fn handle(&mut self, message: RoomMessage, ctx: &mut Context<Self>) {
        match message {
            RoomMessage::Join(who) => self.room.admit(&who),
            RoomMessage::Event { name, ack, .. } => match (name.as_str(), self.running.take()) {
                ("start", None) => {
                    self.running = Some(ctx.run_interval(Duration::from_millis(100), |watch, _| {
                        watch.tenths += 1;
                        watch.room.emit_all("time", watch.tenths);
                    }));
                    ack.send(Ok("running"));
                }
                ("stop", Some(running)) => {
                    ctx.cancel_future(running);
                    ack.send(Ok(self.tenths));
                }
                (_, running) => {
                    self.running = running;
                    ack.send(Err::<(), _>(Reject::new("not_now", "start and stop take turns")));
                }
            },
            RoomMessage::Left { .. } | RoomMessage::Closed => {}
        }
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    io.raw_room::<StopWatch>("/watch");
    greenroom::serve(io, ("127.0.0.1", 7000)).await
}
