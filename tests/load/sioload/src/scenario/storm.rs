//! All members of a room come at once, are cut off at once, and are back at once: with presence, and by
//! hand, where everybody is told of everybody who comes and goes.
//!
//! Unit: one member that comes back.
use std::time::Duration;

use loadkit::args::Args;
use serde_json::{Value, json};

use super::members::{Members, Told};
use crate::meter::{self, Meter, round};
use crate::net::Net;
use crate::setup;

/// Runs the scenario. The server has presence in rooms `p-…`, and does it by hand in rooms `n-…`.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("members", 1_000);
    let mut net = setup::net(args);
    net.reserve(count);
    let resident = meter::server(args).resident_kib();

    let by_hand = naive(args, &mut net, count);
    let mut members = Members::new(args, "p-hall", count);
    let (arrival, _) = members.come(&mut net, 0, count);
    cut_off(&mut net, count);
    let meter = Meter::start(args, resident);
    let (back, took) = members.come(&mut net, 0, count);
    let mut report = meter.report("storm", "member", count as u64);
    report.add(&json!({
        "members": count, "lost": members.wrong(|_| "online"), "closed": members.closed,
        "back_after_s": seconds(took),
    }));
    report.add(&told("", &back, count));
    report.add(&told("arrival_", &arrival, count));
    report.add(&by_hand);
    report.add_tally(&net.tally);
    report.print();
}

/// The same by hand, and what it costs the server.
fn naive(args: &Args, net: &mut Net, count: usize) -> Value {
    let server = meter::server(args);
    let mut members = Members::new(args, "n-hall", count);
    let (arrival, _) = members.come(net, 0, count);
    cut_off(net, count);
    let before = server.cpu();
    let (back, took) = members.come(net, 0, count);
    let cpu_s = server.cpu().since(&before).scheduled_s;
    cut_off(net, count);
    // The last goodbyes are not presence's to pay for.
    net.poll_for(Duration::from_secs(3), &mut members);
    let mut fields = told("naive_", &back, count);
    let arrival = told("naive_arrival_", &arrival, count);
    let more = json!({
        "naive_us_per_unit": round(cpu_s * 1e6 / count as f64, 1), "naive_back_after_s": seconds(took),
    });
    for other in [arrival, more] {
        if let (Value::Object(fields), Value::Object(other)) = (&mut fields, other) {
            fields.extend(other);
        }
    }
    fields
}

/// The network of all of them fails.
fn cut_off(net: &mut Net, count: usize) {
    (0..count).for_each(|at| net.abort(at));
}

fn told(prefix: &str, told: &Told, members: usize) -> Value {
    let per_member = |messages: u64| round(messages as f64 / members as f64, 2);
    json!({
        format!("{prefix}told_per_member"): per_member(told.others),
        format!("{prefix}told_in_a_window"): per_member(told.most_in_a_window()),
        format!("{prefix}own_per_member"): per_member(told.own),
        format!("{prefix}told_bytes"): told.bytes,
    })
}

fn seconds(duration: Duration) -> Value {
    round(duration.as_secs_f64(), 3)
}
