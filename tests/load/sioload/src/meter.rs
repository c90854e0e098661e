//! Measures the server between two quiet points and builds the line that is printed.
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use loadkit::args::Args;
use serde_json::{Map, Value, json};

use crate::net::Tally;
use crate::procfs::{self, Cpu, ProcessTree};

/// Readings at the start of a measurement.
#[derive(Debug)]
pub(crate) struct Meter {
    label: String,
    server: ProcessTree,
    server_cpu: Cpu,
    own_cpu: Cpu,
    machine: (f64, f64),
    started: Instant,
    resident_before_kib: u64,
    load_before: Option<f64>,
}

/// The line of JSON that a run prints.
#[derive(Debug)]
pub(crate) struct Report(Map<String, Value>);

impl Meter {
    /// Takes the first readings; `resident_before_kib` is from before the connections.
    pub(crate) fn start(args: &Args, resident_before_kib: u64) -> Self {
        let server = server(args);
        Self {
            label: args.text("label", ""),
            server_cpu: server.cpu(),
            own_cpu: ProcessTree::own().cpu(),
            machine: procfs::machine(),
            started: Instant::now(),
            resident_before_kib,
            load_before: procfs::load_average(),
            server,
        }
    }

    /// Takes the second readings and puts them in relation to the work done.
    pub(crate) fn report(&self, scenario: &str, unit: &str, units: u64) -> Report {
        let wall_s = self.started.elapsed().as_secs_f64();
        let server = self.server.cpu().since(&self.server_cpu);
        let own = ProcessTree::own().cpu().since(&self.own_cpu);
        let (busy_s, steal_s) = procfs::machine();
        let other_s = busy_s - self.machine.0 - server.total_s() - own.total_s();
        let per_unit_us = |s: f64| if units == 0 { Value::Null } else { round(s * 1e6 / units as f64, 4) };
        let mut report = Report(Map::new());
        report.add(&json!({
            "scenario": scenario, "label": self.label, "unit": unit, "units": units,
            "wall_s": round(wall_s, 4), "units_per_s": round(units as f64 / wall_s, 1),
        }));
        report.add(&json!({
            "server_cpu_s": round(server.total_s(), 3), "server_sched_s": round(server.scheduled_s, 4),
            "server_user_s": round(server.user_s, 3), "server_sys_s": round(server.system_s, 3),
            "cpu_us_per_unit": per_unit_us(server.total_s()),
            "sched_us_per_unit": per_unit_us(server.scheduled_s),
            "client_cpu_s": round(own.total_s(), 3), "client_us_per_unit": per_unit_us(own.total_s()),
        }));
        report.add(&json!({
            "other_cpu_s": round(other_s, 2), "steal_s": round(steal_s - self.machine.1, 2),
            "load_before": self.load_before,
            "rss_before_kb": self.resident_before_kib, "rss_after_kb": self.server.resident_kib(),
        }));
        report
    }
}

impl Report {
    /// Adds the fields of the object `fields`.
    pub(crate) fn add(&mut self, fields: &Value) {
        if let Value::Object(fields) = fields {
            self.0.extend(fields.clone());
        }
    }

    /// Adds quantiles of `latency`, which is in nanoseconds, if anything was recorded.
    pub(crate) fn add_latency(&mut self, latency: &Histogram<u64>) {
        if latency.is_empty() {
            return;
        }
        let us = |quantile: f64| round(latency.value_at_quantile(quantile) as f64 / 1e3, 1);
        self.add(&json!({
            "lat_us_p50": us(0.5), "lat_us_p99": us(0.99), "lat_us_p999": us(0.999),
            "lat_us_max": round(latency.max() as f64 / 1e3, 1),
        }));
    }

    /// Adds what the connections counted.
    pub(crate) fn add_tally(&mut self, tally: &Tally) {
        self.add(&json!({
            "unexpected_close": tally.unexpected_closes, "protocol_errors": tally.protocol_errors,
            "pings": tally.pings, "client_reads": tally.reads,
        }));
        if let Some(error) = &tally.first_error {
            self.add(&json!({ "first_error": error }));
        }
    }

    /// Prints the line.
    pub(crate) fn print(self) {
        println!("{}", Value::Object(self.0));
    }
}

/// The server's process tree, from `--pid`.
pub(crate) fn server(args: &Args) -> ProcessTree {
    ProcessTree::of(args.number("pid", 0))
}

/// An empty histogram of nanoseconds, up to ten minutes.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("the bounds are valid")
}

/// Records a latency; one beyond the bounds counts as the highest.
pub(crate) fn record(histogram: &mut Histogram<u64>, ns: u64) {
    histogram.saturating_record(ns.max(1));
}

/// The duration that `--name SECS` gives.
pub(crate) fn seconds(args: &Args, name: &str, default: f64) -> Duration {
    Duration::from_secs_f64(args.number(name, default))
}

/// A number with so many decimals.
pub(crate) fn round(value: f64, decimals: i32) -> Value {
    let scale = 10f64.powi(decimals);
    json!((value * scale).round() / scale)
}
