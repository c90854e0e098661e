//! `tests/CONFORMANCE.md`: the outcome of a whole run as a table.
//!
//! Keeps: the same outcome gives the same text, so that a difference is a change of what holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use greenroom_tests::Transport;

use crate::rules::{Rule, Rules};

/// What became of a rule on a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Holds,
    Fails,
}

/// The outcomes of a run.
pub(crate) type Ledger = BTreeMap<(String, Transport), Outcome>;

const INTRODUCTION: &str = "\
# Conformance

Written by the conformance tests, not by hand: `CONFORMANCE=write cargo test -p greenroom-tests --test \
conformance`. A run whose outcome differs from this file fails.

Each rule of the Engine.IO protocol (version 4) and the Socket.IO protocol (version 5) was tested over real \
sockets, on the transports that it concerns. The rules stand in `conformance/rules.toml`, with the cases of \
the protocols' own test suites that they cover: all 24 and all 32. Levels: MUST and SHOULD as the \
specification says, *reference* where it is silent and clients rely on the reference implementation. \
‡: here we keep the rule and the reference implementation does otherwise; the reasons stand below the table.
";

/// Compares the run with the committed table, or writes it.
pub(crate) fn settle(rules: &Rules, ledger: &Ledger) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONFORMANCE.md");
    let table = render(rules, ledger);
    if std::env::var("CONFORMANCE").is_ok_and(|mode| mode == "write") {
        return std::fs::write(&path, table).map_err(|error| format!("{}: {error}", path.display()));
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let changed = table.lines().filter(|line| !committed.lines().any(|old| old == *line)).count();
    if committed == table {
        return Ok(());
    }
    Err(format!(
        "tests/CONFORMANCE.md is not what this run found ({changed} lines are new); \
         run again with CONFORMANCE=write and look at the difference"
    ))
}

fn render(rules: &Rules, ledger: &Ledger) -> String {
    let holding = rules.rule.iter().filter(|rule| holds(rule, ledger)).count();
    let mut text = String::from(INTRODUCTION);
    write(&mut text, format_args!("\n**{holding} of {} rules hold.**\n", rules.rule.len()));
    let mut title = "";
    for rule in &rules.rule {
        let (protocol, _) = rule.heading.split_once(" › ").unwrap_or((&rule.heading, ""));
        if title != protocol {
            title = protocol;
            write(&mut text, format_args!("\n## {title} protocol\n\n"));
            text.push_str("| rule | what it says | heading | level | polling | websocket | result |\n");
            text.push_str("|---|---|---|---|---|---|---|\n");
        }
        text.push_str(&row(rule, ledger));
    }
    text.push_str("\n## ‡ Where the reference implementation does otherwise\n\n");
    for rule in &rules.rule {
        if let Some(difference) = &rule.reference_behaviour {
            let difference = difference.strip_prefix("differs: ").unwrap_or(difference);
            write(&mut text, format_args!("- {}: {difference}\n", rule.id));
        }
    }
    text
}

fn row(rule: &Rule, ledger: &Ledger) -> String {
    let (_, heading) = rule.heading.split_once(" › ").unwrap_or(("", &rule.heading));
    format!(
        "| {}{} | {} | {heading} | {} | {} | {} | {} |\n",
        rule.id,
        if rule.reference_behaviour.is_some() { " ‡" } else { "" },
        rule.rule.replace('|', "\\|"),
        rule.level.as_str(),
        cell(rule, Transport::Polling, ledger),
        cell(rule, Transport::WebSocket, ledger),
        if holds(rule, ledger) { "holds" } else { "**FAILS**" },
    )
}

fn cell(rule: &Rule, transport: Transport, ledger: &Ledger) -> &'static str {
    match ledger.get(&(rule.id.clone(), transport)) {
        Some(Outcome::Holds) => "✓",
        Some(Outcome::Fails) => "**✗**",
        None => "–",
    }
}

fn holds(rule: &Rule, ledger: &Ledger) -> bool {
    let holds_on = |transport| ledger.get(&(rule.id.clone(), transport)) == Some(&Outcome::Holds);
    rule.transports.iter().all(|transport| holds_on(*transport))
}

/// Writing to a string cannot fail.
fn write(text: &mut String, line: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(line);
    debug_assert!(written.is_ok());
}
