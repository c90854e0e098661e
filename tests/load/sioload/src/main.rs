//! A load generator for Socket.IO 5 / Engine.IO 4 servers.
//!
//! One thread, one poller, one read buffer, frames by hand: it must cost little beside the server
//! that shares its machine. It checks everything that comes back, and prints one line of JSON.
//! What each scenario and figure means is in `tests/load/README.md`.
#![forbid(unsafe_code)]

mod credentials;
mod meter;
mod net;
mod payload;
mod procfs;
mod scenario;
mod setup;

use loadkit::args::{Args, die};

const USAGE: &str = "\
usage: sioload SCENARIO --port N [--pid SERVER_PID] ...
  idle     --conns N [--hold SECS] [--join]
  connect  --total N --conc C
  echo     --conns C --depth D --size B --secs T
  rooms    --conns C --names K --secs T
  fanout   --rooms R --members M [--senders S] --size B --secs T (--window W | --rate BROADCASTS_PER_S)
  mixed    --rooms R --members M [--hz 10] [--size 40] --secs T [--burst]
  storm    --members M --tokens FILE
  crowd    --members M --watch W --changes N_PER_S --secs T --tokens FILE
  polling  --conns C --size B --secs T
  slow     --members M --secs T [--slow-secs 30] [--rate BYTES_PER_S] [--receive BYTES]
common:    [--warm SECS] [--settle-ms 300] [--setup-conc 128] [--path /socket.io/] [--label TEXT]
           [--auth JSON | --tokens FILE]   what CONNECT carries; FILE has one token per line";

fn main() {
    let mut words = std::env::args().skip(1);
    let Some(scenario) = words.next() else { die(USAGE) };
    let args = Args::parse(words).unwrap_or_else(|word| die(&format!("not an option: {word}\n{USAGE}")));
    if let Err(error) = loadkit::limits::raise_open_files() {
        die(&format!("limit of open files: {error}"));
    }
    match scenario.as_str() {
        "idle" => scenario::idle::run(&args),
        "connect" => scenario::connect::run(&args),
        "echo" => scenario::echo::run(&args),
        "rooms" => scenario::rooms::run(&args),
        "fanout" => scenario::fanout::run(&args),
        "mixed" => scenario::mixed::run(&args),
        "storm" => scenario::storm::run(&args),
        "crowd" => scenario::crowd::run(&args),
        "slow" => scenario::slow::run(&args),
        "polling" => scenario::polling::run(&args),
        _ => die(USAGE),
    }
}
