//! Thousands of sockets that join rooms and die in every way, for tests of what a server leaves
//! behind.
//!
//! Every connection has one [`way::Way`] to end. Those that end on the way up do so among the
//! others that still connect; the rest are kept, pings answered, until all had their turn, and then
//! fall together. Prints one line of JSON when all are up and one at the end.
//!
//! `--wait` keeps them up until a line (or the end) comes on standard input.
#![forbid(unsafe_code)]

mod crowd;
mod rise;
mod tally;
mod way;
mod websocket;

use std::io;
use std::time::Duration;

use loadkit::args::{Args, die};

use crate::crowd::{Crowd, Outcome, Plan};
use crate::way::Way;

const USAGE: &str = "\
usage: swarm --port P [--conns 10000] [--seed 1] [--ways clean,fin,rst,...] [--threads 32]
             [--rooms CONNS/10] [--auth JSON] [--path /socket.io/] [--wait | --hold SECS]
             [--linger SECS]   how long half-open sockets stay before the process ends";

fn main() {
    let args = Args::parse(std::env::args().skip(1))
        .unwrap_or_else(|word| die(&format!("not an option: {word}\n{USAGE}")));
    if let Err(error) = loadkit::limits::raise_open_files() {
        die(&format!("limit of open files: {error}"));
    }
    let linger = Duration::from_secs_f64(args.number("linger", 0.0));
    let crowd = Crowd::new(plan(&args), args.number("threads", 32));
    let Outcome { failures, open: _open } = crowd.run(|| wait(&args), linger);
    // Nothing is dropped: the kernel closes what is still open, as after a kill.
    std::process::exit(i32::from(failures > 0));
}

fn plan(args: &Args) -> Plan {
    let count: usize = args.number("conns", 10_000);
    let port = args.number("port", 0);
    if port == 0 {
        die(USAGE);
    }
    let names = args.text("ways", "clean,fin,rst,midconnect,midjoin,midupgrade,polling-abort");
    let ways = names.split(',').map(|name| {
        Way::named(name)
            .unwrap_or_else(|| die(&format!("no way is called {name}; there are {}", Way::names())))
    });
    Plan {
        port,
        count,
        rooms: args.number("rooms", count.div_ceil(10)),
        seed: args.number("seed", 1),
        ways: ways.collect(),
        connect: format!("40{}", args.text("auth", "")),
        path: args.text("path", "/socket.io/"),
    }
}

/// Keeps everybody up for as long as the arguments say.
fn wait(args: &Args) {
    if args.flag("wait") {
        // The end of the input is a sign too.
        drop(io::stdin().read_line(&mut String::new()));
    } else {
        std::thread::sleep(Duration::from_secs_f64(args.number("hold", 0.0)));
    }
}
