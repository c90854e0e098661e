//! All connections: threads bring them up, keep them, and let them fall together.
//!
//! Each thread has its own share of the connections, by number, so the seed decides which
//! connection ends how. Only the interleaving of the threads is left to the machine.
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use loadkit::random::Random;
use serde_json::json;

use crate::rise;
use crate::tally::Tally;
use crate::way::Way;
use crate::websocket::WebSocket;

/// How often a thread answers the pings of the connections that it keeps.
const SWEEP: Duration = Duration::from_millis(200);

/// What to do.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) port: u16,
    pub(crate) count: usize,
    /// Room names to choose from.
    pub(crate) rooms: usize,
    pub(crate) seed: u64,
    /// Ways to end, in equal shares.
    pub(crate) ways: Vec<Way>,
    /// The CONNECT packet.
    pub(crate) connect: String,
    pub(crate) path: String,
}

/// The connections of a run.
pub(crate) struct Crowd {
    plan: Plan,
    /// How each connection ends, by number.
    ways: Vec<Way>,
    threads: usize,
    /// Threads whose connections have all had their turn.
    risen: AtomicUsize,
    /// Connections that are up.
    up: AtomicUsize,
    fall: AtomicBool,
}

/// Connections that wait for their end, with their ways.
type Kept = Vec<(Way, WebSocket)>;

/// What a run leaves.
pub(crate) struct Outcome {
    /// Connections that did not end as planned.
    pub(crate) failures: u64,
    /// Connections for the end of the process to close.
    pub(crate) open: Vec<(Way, WebSocket)>,
}

impl Crowd {
    pub(crate) fn new(plan: Plan, threads: usize) -> Self {
        let mut ways: Vec<_> = plan.ways.iter().copied().cycle().take(plan.count).collect();
        Random::new(plan.seed).shuffle(&mut ways);
        Self { plan, ways, threads, risen: 0.into(), up: 0.into(), fall: false.into() }
    }

    /// Runs everything; `wait` returns when those that are up may fall. Prints the counts.
    pub(crate) fn run(&self, wait: impl FnOnce(), linger: Duration) -> Outcome {
        let mut total = Tally::default();
        let mut open = Kept::new();
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..self.threads).map(|thread| scope.spawn(move || self.share(thread))).collect();
            while self.risen.load(Ordering::Acquire) < self.threads {
                thread::sleep(SWEEP);
            }
            println!("{}", json!({ "stage": "up", "up": self.up.load(Ordering::Acquire) }));
            wait();
            self.fall.store(true, Ordering::Release);
            for thread in threads {
                let (tally, left) = thread.join().expect("no thread panics");
                total.absorb(tally);
                open.extend(left);
            }
        });
        thread::sleep(linger);
        total.closed_by_server = closed_by_server(&mut open);
        println!("{}", total.json());
        Outcome { failures: total.failures(), open }
    }

    /// One thread's life; returns its counts and what stays open to the end.
    fn share(&self, thread: usize) -> (Tally, Kept) {
        let mut tally = Tally::default();
        let mut kept = self.rise(thread, &mut tally);
        self.up.fetch_add(kept.len(), Ordering::Release);
        self.risen.fetch_add(1, Ordering::Release);
        while !self.fall.load(Ordering::Acquire) {
            thread::sleep(SWEEP);
            sweep(&mut kept, &mut tally);
        }
        Random::new(self.plan.seed.wrapping_add(thread as u64)).shuffle(&mut kept);
        let left = fall(kept, &mut tally);
        (tally, left)
    }

    fn rise(&self, thread: usize, tally: &mut Tally) -> Kept {
        let mut kept = Kept::new();
        let mut swept = Instant::now();
        for at in (thread..self.ways.len()).step_by(self.threads) {
            let way = self.ways[at];
            match rise::rise(&self.plan, at, way) {
                Ok(Some(socket)) => kept.push((way, socket)),
                Ok(None) => tally.end(way),
                Err(error) => tally.fail(way, &error),
            }
            if swept.elapsed() > SWEEP {
                swept = Instant::now();
                sweep(&mut kept, tally);
            }
        }
        kept
    }
}

/// Answers pings; a connection that the server has ended before its time has failed.
fn sweep(kept: &mut Kept, tally: &mut Tally) {
    kept.retain_mut(|(way, socket)| match socket.answer_pings() {
        Ok(()) => true,
        Err(error) => {
            tally.fail(*way, &error);
            false
        }
    });
}

/// Ends every connection in its way; returns those that are to stay open.
fn fall(kept: Kept, tally: &mut Tally) -> Kept {
    let mut left = Kept::new();
    for (way, socket) in kept {
        match end(way, socket) {
            Ok(None) => tally.end(way),
            Ok(Some(socket)) => {
                tally.end(way);
                left.push((way, socket));
            }
            Err(error) => tally.fail(way, &error),
        }
    }
    left
}

fn end(way: Way, socket: WebSocket) -> io::Result<Option<WebSocket>> {
    match way {
        Way::Clean => socket.close().map(|()| None),
        Way::Fin => socket.finish().map(|()| None),
        Way::Rst => socket.reset().map(|()| None),
        Way::HalfOpen | Way::Exit => Ok(Some(socket)),
        Way::MidConnect | Way::MidJoin | Way::MidUpgrade | Way::PollingAbort => Ok(None),
    }
}

fn closed_by_server(open: &mut Kept) -> u64 {
    open.iter_mut().map(|(_, socket)| u64::from(socket.is_closed_by_server())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(seed: u64) -> Vec<Way> {
        let plan = Plan {
            port: 1,
            count: 100,
            rooms: 10,
            seed,
            ways: vec![Way::Clean, Way::Fin, Way::Rst, Way::MidJoin],
            connect: "40".to_owned(),
            path: "/socket.io/".to_owned(),
        };
        Crowd::new(plan, 8).ways
    }

    #[test]
    fn the_seed_decides_who_ends_how_in_equal_shares() {
        assert_eq!(ways(7), ways(7));
        assert_ne!(ways(7), ways(8));
        for way in [Way::Clean, Way::Fin, Way::Rst, Way::MidJoin] {
            assert_eq!(ways(7).iter().filter(|other| **other == way).count(), 25);
        }
    }
}
