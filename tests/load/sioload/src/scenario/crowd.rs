//! One room so large that it gets numbers, and members who watch some of the others by name.
//!
//! Unit: one change of somebody's status, which everybody is to know of as a number and those who watch
//! by name. Memory is per member, with its list.
use std::time::{Duration, Instant};

use loadkit::args::Args;
use serde_json::json;

use super::members::Members;
use crate::meter::{self, Meter, round};
use crate::net::Net;
use crate::setup;

/// Connections that come at a time.
const AT_A_TIME: usize = 128;

/// Who is what, as far as we said it: each is online until it is its turn.
struct Statuses {
    turns: Vec<usize>,
    idle: Vec<bool>,
    changes: usize,
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("members", 10_000);
    let watch: usize = args.number("watch", 50);
    let per_second: f64 = args.number("changes", 200.0);
    let duration = meter::seconds(args, "secs", 10.0);
    let mut net = setup::net(args);
    net.reserve(count);
    let resident = meter::server(args).resident_kib();
    let mut members = Members::new(args, "p-hall", count);
    let (_, came_after) = members.come(&mut net, 0, AT_A_TIME);
    let joined_kib = meter::server(args).resident_kib();
    watch_some(&mut net, count, watch);
    members.fall_quiet(&mut net);

    let mut statuses = Statuses::new(&mut net, count);
    let meter = Meter::start(args, resident);
    members.count_anew();
    let begun = Instant::now();
    change_some(&mut net, &mut members, &mut statuses, (per_second, duration));
    let wall_s = begun.elapsed().as_secs_f64();
    let told = members.count_anew();
    let mut report = meter.report("crowd", "change", statuses.changes as u64);
    let server = meter::server(args);
    members.fall_quiet(&mut net);

    let per_member = |kib: u64| round(kib.saturating_sub(resident) as f64 * 1024.0 / count as f64, 0);
    report.add(&json!({
        "members": count, "watch": watch, "changes_per_s": round(statuses.changes as f64 / wall_s, 1),
        "came_after_s": round(came_after.as_secs_f64(), 3),
        "rss_bytes_per_member": per_member(server.resident_kib()),
        "rss_bytes_without_lists": per_member(joined_kib),
        "told_per_s": round(told.others as f64 / wall_s, 0),
        "told_per_member_and_s": round(told.others as f64 / wall_s / count as f64, 3),
        "told_bytes": told.bytes,
        "lost": members.wrong(|at| if statuses.idle[at] { "idle" } else { "online" }),
        "closed": members.closed,
    }));
    report.add_tally(&net.tally);
    report.print();
}

/// Each member watches others at random.
fn watch_some(net: &mut Net, count: usize, watch: usize) {
    for at in 0..count {
        let users: Vec<_> = (0..watch).map(|_| Members::user(net.random.below(count))).collect();
        net.send(at, format!("42{}", json!(["presence:watch", users])).as_bytes());
    }
}

/// So many change per second, each once: never within the time in which a second change is held back.
fn change_some(net: &mut Net, members: &mut Members, statuses: &mut Statuses, load: (f64, Duration)) {
    let (per_second, duration) = load;
    let begun = Instant::now();
    while begun.elapsed() < duration {
        let due = begun.elapsed().as_secs_f64() * per_second;
        while (statuses.changes as f64) < due
            && let Some(at) = statuses.next()
        {
            net.send(at, b"42[\"presence:status\",\"idle\"]");
        }
        net.poll(Duration::from_millis(5), members);
    }
}

impl Statuses {
    fn new(net: &mut Net, count: usize) -> Self {
        let mut turns: Vec<_> = (0..count).collect();
        net.random.shuffle(&mut turns);
        Self { turns, idle: vec![false; count], changes: 0 }
    }

    /// The next one to become idle.
    fn next(&mut self) -> Option<usize> {
        let at = self.turns.pop()?;
        self.idle[at] = true;
        self.changes += 1;
        Some(at)
    }
}
