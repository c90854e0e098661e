//! A server with an echo, in `serve` or in an `App`.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer};
use bytes::Bytes;
use greenroom_proto::engineio::{Message, Packet};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::fanout::{FanoutCommand, Push};
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::runtime::worker::Worker;
use crate::serve::Serve;
use crate::server::{Server, ServerBuilder};
use crate::session::{Engine, Messages, ReadPermit, SessionApp, SessionCx, SessionHandle};

/// Where the endpoint lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosting {
    Serve,
    Routes,
}

pub(super) const BOTH: [Hosting; 2] = [Hosting::Serve, Hosting::Routes];

/// A running server.
pub(super) struct Host {
    pub(super) addr: SocketAddr,
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Clock,
    pub(super) reasons: Reasons,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<actix_rt::task::JoinHandle<std::io::Result<()>>>,
}

/// How sessions ended, in order.
pub(super) type Reasons = Arc<Mutex<Vec<DisconnectReason>>>;

/// Sends back what it gets; a few words are commands.
struct Echo {
    worker: Rc<Worker>,
    runtime: Arc<Runtime>,
    reasons: Reasons,
    /// Kept until the session ends.
    permits: Vec<ReadPermit>,
    closed: bool,
}

impl Echo {
    fn send(&self, packet: Bytes, delivery: Delivery, cx: &SessionCx<'_>) {
        let push = Push { to: cx.session().slot().slot, packet, delivery, is_event: true };
        let command = FanoutCommand::Push(smallvec::smallvec![push]);
        assert!(self.worker.handle.fanout.send(&self.runtime, command).is_ok());
    }

    fn send_text(&self, text: &str, cx: &SessionCx<'_>) {
        self.send(Packet::Message(Message::Text(text.into())).encode(), Delivery::Reliable, cx);
    }
}

impl SessionApp for Echo {
    fn receive(&mut self, messages: Messages, mut permit: ReadPermit, cx: &mut SessionCx<'_>) {
        for message in messages {
            match &message {
                Message::Text(text) if text == "close" => {
                    cx.close(DisconnectReason::ServerNamespaceDisconnect)
                }
                Message::Text(text) if text == "goodbye" => {
                    self.send_text("farewell", cx);
                    cx.close(DisconnectReason::ServerNamespaceDisconnect);
                }
                Message::Text(text) if text == "hold" => self.permits.push(permit.share()),
                Message::Text(text) if text == "panic" => panic!("told to"),
                Message::Text(text) if text.starts_with("count ") => {
                    let count: u32 = text.trim_start_matches("count ").parse().unwrap();
                    (0..count).for_each(|number| self.send_text(&number.to_string(), cx));
                }
                Message::Text(text) if text == "flood" => {
                    let packet = Packet::Message(Message::Text("x".repeat(60_000).into())).encode();
                    (0..100).for_each(|_| self.send(packet.clone(), Delivery::Reliable, cx));
                }
                Message::Text(_) | Message::Binary(_) => {
                    self.send(Packet::Message(message.clone()).encode(), Delivery::Reliable, cx);
                }
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_deadline(&mut self, _: Instant, _: &mut SessionCx<'_>) {}

    fn closed(&mut self, reason: DisconnectReason, _: &mut SessionCx<'_>) {
        assert!(!std::mem::replace(&mut self.closed, true), "closed twice");
        self.reasons.lock().unwrap().push(reason);
    }
}

impl Host {
    pub(super) async fn start(hosting: Hosting, config: Config) -> Self {
        Self::start_with(hosting, config, Clock::system()).await
    }

    pub(super) async fn start_with(hosting: Hosting, config: Config, clock: Clock) -> Self {
        Self::start_as(hosting, config, clock, |builder| builder).await
    }

    /// With hooks.
    pub(super) async fn start_as(
        hosting: Hosting,
        config: Config,
        clock: Clock,
        set: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let runtime = Runtime::new(config.clone(), clock.clone());
        let reasons = Reasons::default();
        let engine = Engine::new(runtime.clone(), {
            let reasons = reasons.clone();
            Arc::new(move |_: &SessionHandle, worker| {
                let (runtime, reasons) = (runtime.clone(), reasons.clone());
                Box::new(Echo { worker, runtime, reasons, permits: Vec::new(), closed: false })
                    as Box<dyn SessionApp>
            })
        });
        let io = Server { engine: engine.clone(), ..set(Server::builder().config(config)).build() };
        let (stop, stopped) = oneshot::channel::<()>();
        let (addr, ended) = match hosting {
            Hosting::Serve => start_serve(io, stopped),
            Hosting::Routes => start_routes(io, stopped),
        };
        Self { addr, engine, clock, reasons, stop: Some(stop), ended: Some(ended) }
    }

    /// Waits until no session is left, and says how they ended.
    pub(super) async fn all_ended(&self) -> Vec<DisconnectReason> {
        eventually("all sessions have ended", || self.engine.len() == 0).await;
        let stats = self.engine.runtime().stats();
        assert_eq!((stats.sessions, stats.slots), (0, 0));
        self.reasons.lock().unwrap().clone()
    }

    /// Stops the server and waits for it.
    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        let mut ended = self.ended.take().unwrap();
        // A manual clock goes on: sessions that nobody ends have to time out.
        loop {
            match tokio::time::timeout(Duration::from_millis(5), &mut ended).await {
                Ok(result) => return result.unwrap().unwrap(),
                Err(_) => self.clock.advance(Duration::from_millis(50)),
            }
        }
    }
}

fn start_serve(
    io: Server,
    stopped: oneshot::Receiver<()>,
) -> (SocketAddr, actix_rt::task::JoinHandle<std::io::Result<()>>) {
    let serve = Serve::new(io).bind(("127.0.0.1", 0)).unwrap().stop_on(async move { drop(stopped.await) });
    let addr = serve.addrs()[0];
    (addr, actix_rt::spawn(serve.run()))
}

fn start_routes(
    io: Server,
    stopped: oneshot::Receiver<()>,
) -> (SocketAddr, actix_rt::task::JoinHandle<std::io::Result<()>>) {
    let routes = io.clone();
    let server = io.tune(HttpServer::new(move || App::new().service(routes.routes())));
    let server = server.workers(2).disable_signals().shutdown_timeout(1).bind(("127.0.0.1", 0)).unwrap();
    let addr = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    let engine = io.engine;
    let running = actix_rt::spawn(server);
    let ended = actix_rt::spawn(async move {
        drop(stopped.await);
        engine.drain(Duration::from_secs(1), async {}).await;
        handle.stop(false).await;
        running.await.unwrap()
    });
    (addr, ended)
}

/// Two workers, and times for tests.
pub(super) fn config() -> Config {
    Config { workers: 2, shutdown_timeout: Duration::from_millis(300), ..Config::default() }
}

/// Waits until something is true that happens on another thread.
pub(super) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("in ten seconds it never came true that {what}");
}
