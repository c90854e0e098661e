//! Conformance to the Engine.IO protocol (version 4) and the Socket.IO protocol (version 5): one test per
//! rule and transport, over real sockets, against a server in a process of its own.
//!
//! The rules stand numbered in `rules.toml`. A rule without a test fails, a test without a rule fails, and
//! so does a run whose outcome is not what `tests/CONFORMANCE.md` says.
//!
//! Environment: `FIXTURE_BIN`, another server with the same contract (`tests/FIXTURE.md`);
//! `CONFORMANCE=write`, write the table instead of comparing it; `ORACLE=1`, the server is the reference
//! implementation: rules where we differ on purpose are skipped, and the table is left alone.

mod case;
mod engineio;
mod report;
mod rules;
mod servers;
mod socketio;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use greenroom_tests::Transport;
use libtest_mimic::{Arguments, Trial};

use crate::case::Case;
use crate::report::{Ledger, Outcome};
use crate::rules::Rules;

/// Most tests wait for a server, not for the processor.
const THREADS: usize = 8;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let rules = match Rules::load() {
        Ok(rules) => rules,
        Err(error) => return refuse(&format!("rules.toml: {error}")),
    };
    let cases: Vec<Case> = engineio::cases().into_iter().chain(socketio::cases()).collect();
    let gaps = rules.gaps(&cases);
    if !gaps.is_empty() {
        return refuse(&gaps.join("\n"));
    }
    let is_oracle = std::env::var_os("ORACLE").is_some();
    let ledger = Arc::new(Mutex::new(BTreeMap::new()));
    let trials = trials(&rules, cases, is_oracle, &ledger);
    let count = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    servers::end_all();
    let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let is_whole_run = ledger.len() == count && !is_oracle;
    match if is_whole_run { report::settle(&rules, &ledger) } else { Ok(()) } {
        Ok(()) => conclusion.exit_code(),
        Err(complaint) => refuse(&complaint),
    }
}

fn trials(rules: &Rules, cases: Vec<Case>, is_oracle: bool, ledger: &Arc<Mutex<Ledger>>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in cases {
        for &transport in case.transports {
            let name = format!("{}::{transport}", case.name);
            let is_skipped = is_oracle && rules.differs_from_reference(&case.id());
            let ledger = Arc::clone(ledger);
            let trial = Trial::test(name, move || {
                let outcome = case.perform(transport);
                record(&ledger, case, transport, outcome.is_ok());
                outcome.map_err(Into::into)
            });
            trials.push(trial.with_ignored_flag(is_skipped));
        }
    }
    trials
}

fn record(ledger: &Mutex<Ledger>, case: Case, transport: Transport, holds: bool) {
    let outcome = if holds { Outcome::Holds } else { Outcome::Fails };
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    ledger.insert((case.id(), transport), outcome);
}

fn refuse(complaint: &str) -> ExitCode {
    eprintln!("conformance: {complaint}");
    ExitCode::FAILURE
}
