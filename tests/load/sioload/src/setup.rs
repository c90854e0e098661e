//! Brings up connections: handshake and namespace; then, after a settling time, the joins.
//!
//! The pause is there because some servers answer CONNECT before their event handlers are in
//! place, and drop what comes at once. (The `connect` scenario does not pause.)
use std::time::{Duration, Instant};

use loadkit::args::{Args, die};

use crate::credentials::Credentials;
use crate::net::{Client, Event, Net};

/// A set-up that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(90);
const TURN: Duration = Duration::from_millis(50);

/// Makes the net that `--port` and `--path` name.
pub(crate) fn net(args: &Args) -> Net {
    let port = args.number("port", 0);
    if port == 0 {
        die("--port is required");
    }
    Net::new(port, &args.text("path", "/socket.io/"))
}

/// Connects `count` connections to the namespace.
pub(crate) fn connect(net: &mut Net, args: &Args, count: usize) {
    let mut setup = Setup::new(args, count);
    setup.connect(net);
    net.poll_for(Duration::from_millis(args.number("settle-ms", 300)), &mut setup);
}

/// Connects `count` connections; each joins the room that `room` names.
pub(crate) fn connect_and_join(net: &mut Net, args: &Args, count: usize, room: impl Fn(usize) -> String) {
    connect(net, args, count);
    Setup::new(args, count).join(net, room);
}

struct Setup {
    credentials: Credentials,
    count: usize,
    /// Requests that may wait for their answer at a time.
    concurrency: usize,
    started: Instant,
    connected: usize,
    joined: usize,
    failed: usize,
}

impl Setup {
    fn new(args: &Args, count: usize) -> Self {
        Self {
            credentials: Credentials::from_args(args),
            count,
            concurrency: args.number("setup-conc", 128),
            started: Instant::now(),
            connected: 0,
            joined: 0,
            failed: 0,
        }
    }

    fn connect(&mut self, net: &mut Net) {
        let mut opened = 0;
        while self.connected < self.count {
            while opened < self.count && opened - self.connected < self.concurrency {
                net.open();
                opened += 1;
            }
            self.turn(net);
        }
    }

    fn join(&mut self, net: &mut Net, room: impl Fn(usize) -> String) {
        let mut asked = 0;
        while self.joined < self.count {
            while asked < self.count && asked - self.joined < self.concurrency {
                net.send(asked, format!("420[\"join\",\"{}\"]", room(asked)).as_bytes());
                asked += 1;
            }
            self.turn(net);
        }
    }

    fn turn(&mut self, net: &mut Net) {
        net.poll(TURN, self);
        if self.failed > 0 {
            let (failed, count, first) = (self.failed, self.count, &net.tally.first_error);
            die(&format!("set-up: {failed} of {count} connections failed; first error: {first:?}"));
        }
        if self.started.elapsed() > PATIENCE {
            let (count, connected, joined) = (self.count, self.connected, self.joined);
            die(&format!("set-up is stuck: of {count} connections {connected} connected, {joined} joined"));
        }
    }
}

impl Client for Setup {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Open => net.send(at, self.credentials.packet(at)),
            Event::Connected => self.connected += 1,
            Event::Ack(0, b"[\"ok\"]") => self.joined += 1,
            Event::Ack(id, answer) => {
                die(&format!("join: ack {id} answered {}", String::from_utf8_lossy(answer)));
            }
            Event::Refused(data) => die(&format!("CONNECT refused: {}", String::from_utf8_lossy(data))),
            Event::Closed => self.failed += 1,
            Event::Message(_) => {}
        }
    }
}
