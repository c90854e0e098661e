//! What happened, counted per way.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::way::Way;

/// The counts of one thread, or of all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Connections that ended as planned.
    pub(crate) ended: BTreeMap<Way, u64>,
    /// Connections that ended otherwise, for example because the server refused them.
    pub(crate) failed: BTreeMap<Way, u64>,
    /// Half-open connections that the server has closed.
    pub(crate) closed_by_server: u64,
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn end(&mut self, way: Way) {
        *self.ended.entry(way).or_default() += 1;
    }

    pub(crate) fn fail(&mut self, way: Way, error: &std::io::Error) {
        *self.failed.entry(way).or_default() += 1;
        self.first_error.get_or_insert_with(|| format!("{}: {error}", way.name()));
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Adds another thread's counts.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (way, count) in other.ended {
            *self.ended.entry(way).or_default() += count;
        }
        for (way, count) in other.failed {
            *self.failed.entry(way).or_default() += count;
        }
        self.closed_by_server += other.closed_by_server;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "stage": "done", "ended": named(&self.ended), "failed": named(&self.failed),
            "closed_by_server": self.closed_by_server, "first_error": self.first_error,
        })
    }
}

fn named(counts: &BTreeMap<Way, u64>) -> BTreeMap<&'static str, u64> {
    counts.iter().map(|(way, count)| (way.name(), *count)).collect()
}
