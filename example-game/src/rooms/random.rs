//! Whatever clients do, in whatever order: no panic gets out, roster and state agree, and everything
//! replays to the same state. `RANDOM_STEPS` says how many steps each game takes; 2,000 if it is not set.

use std::time::Duration;

use greenroom::testing::{Chance, RandomRun, RunReport, TestSetup, random_run};
use serde_json::{Value, json};

use super::{FloeRoom, FourRoom};

#[test]
fn four_in_a_row_takes_whatever_comes() {
    saw_everything(random_run::<FourRoom>(&run(4), |chance| match chance.below(12) {
        0..=5 => ("drop", vec![json!(chance.below(8))]),
        6..=8 => ("ready", vec![json!(chance.below(8) > 0)]),
        9 => ("give_up", Vec::new()),
        10 => ("lock", vec![json!(chance.below(4) == 0)]),
        _ => rarely_crash(chance, ("ready", json!(false))),
    }));
}

#[test]
fn the_floe_takes_whatever_comes() {
    saw_everything(random_run::<FloeRoom>(&run(10), |chance| match chance.below(12) {
        0 => rarely_crash(chance, ("steer", json!({ "x": 0, "y": 0 }))),
        _ => {
            let mut side = || i64::try_from(chance.below(300)).unwrap() - 150;
            ("steer", vec![json!({ "x": side(), "y": side() })])
        }
    }));
}

fn run(users: u8) -> RandomRun {
    let steps = std::env::var("RANDOM_STEPS").map_or(2_000, |steps| steps.parse().unwrap());
    let setup = TestSetup { options: json!({ "debug": true }), ..TestSetup::default() };
    RandomRun { setup, steps, users, pause: Duration::from_millis(500), ..RandomRun::default() }
}

/// A panic takes its time to say where it came from.
fn rarely_crash(chance: &mut Chance, or: (&'static str, Value)) -> (&'static str, Vec<Value>) {
    if chance.below(8) == 0 { ("crash", Vec::new()) } else { (or.0, vec![or.1]) }
}

fn saw_everything(report: RunReport) {
    assert!(report.accepted > report.steps / 40 && report.refused > report.steps / 40, "{report:?}");
    assert!(report.faults > 0, "{report:?}");
}
