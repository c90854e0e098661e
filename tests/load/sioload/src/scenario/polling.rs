//! Echo round trips over HTTP long-polling: the GET is pending while the POST goes out.
//!
//! Unit: one round trip. One blocking thread per session.
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use loadkit::args::{Args, die};
use loadkit::polling::Session;
use serde_json::json;

use crate::credentials::Credentials;
use crate::meter::{self, Meter, Report};
use crate::payload::Payload;

/// Between the last handshake and the first event, as in the set-up of the other scenarios.
const SETTLE: Duration = Duration::from_millis(100);

/// What all threads share.
struct Run {
    port: u16,
    path: String,
    size: usize,
    credentials: Credentials,
    started: Instant,
    ready: Barrier,
    measuring: AtomicBool,
    stop: AtomicBool,
    totals: Mutex<Totals>,
}

struct Totals {
    trips: u64,
    bad: u64,
    failed: u64,
    latency: Histogram<u64>,
    first_error: Option<String>,
}

/// Runs the scenario.
pub(crate) fn run(args: &Args) {
    let count: usize = args.number("conns", 50);
    let run = Run::new(args, count);
    let resident = meter::server(args).resident_kib();
    let report = thread::scope(|scope| {
        for at in 0..count {
            let run = &run;
            scope.spawn(move || run.session(at));
        }
        run.measure(args, resident)
    });
    run.print(report, count);
}

impl Run {
    fn new(args: &Args, count: usize) -> Self {
        let port = args.number("port", 0);
        if port == 0 {
            die("--port is required");
        }
        Self {
            port,
            path: args.text("path", "/socket.io/"),
            size: args.number("size", 64),
            credentials: Credentials::from_args(args),
            started: Instant::now(),
            ready: Barrier::new(count + 1),
            measuring: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            totals: Mutex::new(Totals {
                trips: 0,
                bad: 0,
                failed: 0,
                latency: meter::histogram(),
                first_error: None,
            }),
        }
    }

    /// The course of the run; the trips that are under way at either end make the difference of
    /// one trip per session at most.
    fn measure(&self, args: &Args, resident: u64) -> Report {
        self.ready.wait();
        thread::sleep(SETTLE + meter::seconds(args, "warm", 1.0));
        self.measuring.store(true, Ordering::Relaxed);
        let meter = Meter::start(args, resident);
        thread::sleep(meter::seconds(args, "secs", 4.0));
        self.measuring.store(false, Ordering::Relaxed);
        let report = meter.report("polling", "op", self.totals().trips);
        self.stop.store(true, Ordering::Relaxed);
        report
    }

    fn print(&self, mut report: Report, count: usize) {
        let totals = self.totals();
        report.add(&json!({
            "conns": count, "size": self.size, "bad_payload": totals.bad, "failed": totals.failed,
        }));
        if let Some(error) = &totals.first_error {
            report.add(&json!({ "first_error": error }));
        }
        report.add_latency(&totals.latency);
        report.print();
    }

    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().expect("no thread panics while it counts")
    }

    /// One thread: a session and its round trips.
    fn session(&self, at: usize) {
        let opened = self.open(at);
        self.ready.wait();
        thread::sleep(SETTLE);
        if let Err(error) = opened.and_then(|session| self.trips(session, at)) {
            let mut totals = self.totals();
            totals.failed += 1;
            totals.first_error.get_or_insert(error.to_string());
        }
    }

    fn open(&self, at: usize) -> io::Result<Session> {
        let turn = u32::try_from(at).expect("fewer connections than 2^32");
        let mut session = Session::open(self.port, turn, &self.path)?;
        session.connect(self.credentials.packet(at))?;
        Ok(session)
    }

    fn trips(&self, mut session: Session, at: usize) -> io::Result<()> {
        let sender = u32::try_from(at).expect("fewer connections than 2^32");
        let mut sequence = 0;
        while !self.stop.load(Ordering::Relaxed) {
            sequence += 1;
            let sent_ns = self.now_ns();
            let right = self.trip(&mut session, Payload { sender, sequence, sent_ns })?;
            let mut totals = self.totals();
            totals.bad += u64::from(!right);
            if self.measuring.load(Ordering::Relaxed) {
                totals.trips += 1;
                meter::record(&mut totals.latency, self.now_ns() - sent_ns);
            }
        }
        Ok(())
    }

    /// One round trip; false if something else came than the answer.
    fn trip(&self, session: &mut Session, payload: Payload) -> io::Result<bool> {
        let mut event = format!("42{}[\"echo\",\"", payload.sequence).into_bytes();
        payload.put(&mut event, self.size);
        event.extend_from_slice(b"\"]");
        session.poll()?;
        session.send(&event)?;
        let answer = session.receive()?;
        let front = format!("43{}[\"", payload.sequence);
        let text = answer.strip_prefix(front.as_bytes()).and_then(|rest| rest.strip_suffix(b"\"]"));
        let right = text.and_then(|text| Payload::read(text, self.size)) == Some(payload);
        Ok(right && !session.has_received())
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
