//! Members of one room: they connect, join, and keep what they are told of each other; [`super::storm`]
//! and [`super::crowd`] decide what they do.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loadkit::args::{Args, die};
use serde_json::Value;

use crate::credentials::Credentials;
use crate::net::{Client, Event, Net};

/// A digest's window.
const WINDOW: Duration = Duration::from_millis(500);
/// Longest wait for everybody to be in the room, and for the end of what that brings.
const PATIENCE: Duration = Duration::from_secs(120);
/// So long nothing must come, for it to be the end: longer than a change may be held back.
const QUIET: Duration = Duration::from_secs(3);
/// Members whose tables are kept, spread over all.
const SAMPLES: usize = 10;

/// All members, each on the connection of its number.
pub(crate) struct Members {
    credentials: Credentials,
    room: String,
    count: usize,
    joined: usize,
    told: Told,
    last: Instant,
    tables: BTreeMap<usize, Table>,
    /// Connections that the server ended.
    pub(crate) closed: u64,
}

/// Messages to all members since the count began.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    started: Instant,
    /// About others.
    pub(crate) others: u64,
    /// To each about itself.
    pub(crate) own: u64,
    /// All of these.
    pub(crate) bytes: u64,
    windows: Vec<u64>,
}

/// What one member believes of the others.
#[derive(Debug, Default)]
struct Table {
    users: BTreeMap<String, String>,
    watched: BTreeMap<String, String>,
    total: Option<u64>,
}

impl Told {
    fn begin() -> Self {
        Self { started: Instant::now(), others: 0, own: 0, bytes: 0, windows: Vec::new() }
    }

    /// Most messages about others in one window.
    pub(crate) fn most_in_a_window(&self) -> u64 {
        self.windows.iter().copied().max().unwrap_or(0)
    }

    fn count(&mut self, array: &[u8]) {
        self.bytes += array.len() as u64;
        if array.starts_with(b"[\"presence:self\"") {
            self.own += 1;
            return;
        }
        self.others += 1;
        let window = usize::try_from(self.started.elapsed().as_millis() / WINDOW.as_millis()).unwrap_or(0);
        if self.windows.len() <= window {
            self.windows.resize(window + 1, 0);
        }
        self.windows[window] += 1;
    }
}

impl Members {
    /// Nobody is there yet.
    pub(crate) fn new(args: &Args, room: &str, count: usize) -> Self {
        let step = (count / SAMPLES).max(1);
        Self {
            credentials: Credentials::from_args(args),
            room: room.to_owned(),
            count,
            joined: 0,
            told: Told::begin(),
            last: Instant::now(),
            tables: (0..count).step_by(step).map(|at| (at, Table::default())).collect(),
            closed: 0,
        }
    }

    /// The name of a member.
    pub(crate) fn user(at: usize) -> String {
        format!("user-{at}")
    }

    /// All connect, so many at a time, and join; returns what was told until it was quiet again, and
    /// after how long everybody was in the room.
    pub(crate) fn come(&mut self, net: &mut Net, first: usize, at_a_time: usize) -> (Told, Duration) {
        self.joined = 0;
        self.tables.values_mut().for_each(|table| *table = Table::default());
        self.told = Told::begin();
        let started = Instant::now();
        let mut opened = 0;
        while self.joined < self.count {
            while opened < self.count && opened - self.joined < at_a_time {
                net.reopen(first + opened);
                opened += 1;
            }
            net.poll(Duration::from_millis(5), self);
            if started.elapsed() > PATIENCE {
                die(&format!(
                    "of {} members {} joined; {:?}",
                    self.count, self.joined, net.tally.first_error
                ));
            }
        }
        let took = started.elapsed();
        self.fall_quiet(net);
        (self.told.clone(), took)
    }

    /// Runs until nothing was told for a while.
    pub(crate) fn fall_quiet(&mut self, net: &mut Net) {
        let started = Instant::now();
        self.last = started;
        while self.last.elapsed() < QUIET && started.elapsed() < PATIENCE {
            net.poll(Duration::from_millis(5), self);
        }
    }

    /// Begins to count anew.
    pub(crate) fn count_anew(&mut self) -> Told {
        std::mem::replace(&mut self.told, Told::begin())
    }

    /// In how many places the sampled tables are not what `status` says of a member: somebody who is
    /// missing, somebody who is gone, another status.
    pub(crate) fn wrong(&self, status: impl Fn(usize) -> &'static str) -> usize {
        let truth: BTreeMap<_, _> = (0..self.count).map(|at| (Self::user(at), status(at))).collect();
        let is_wrong = |(user, believed): (&String, &String)| truth.get(user) != Some(&believed.as_str());
        self.tables
            .values()
            .map(|table| {
                let missing = match table.total {
                    Some(total) => self.count.abs_diff(usize::try_from(total).unwrap_or(0)),
                    None => self.count.abs_diff(table.users.len()),
                };
                let wrong = table.users.iter().chain(&table.watched).filter(|entry| is_wrong(*entry));
                missing + wrong.count()
            })
            .sum()
    }
}

impl Table {
    /// Applies one event. Members keep what they know and look at no offsets: a gap would show as a
    /// wrong table.
    fn learn(&mut self, array: &[u8]) {
        let Ok((event, payload)) = serde_json::from_slice::<(String, Value)>(array) else { return };
        match event.as_str() {
            "presence:state" => {
                (self.users, self.total) = (statuses(&payload["users"]), None);
            }
            "presence:counts" => {
                self.users.clear();
                self.total = payload["counts"]["total"].as_u64();
            }
            "presence:diff" => {
                self.users.extend(statuses(&payload["joins"]));
                self.users.extend(statuses(&payload["updates"]));
                let gone = statuses(&payload["leaves"]);
                self.users.retain(|user, _| !gone.contains_key(user));
            }
            "presence:watched" => {
                if payload["from"].is_null() {
                    self.watched.clear();
                }
                self.watched.extend(statuses(&payload["users"]));
            }
            _ => {}
        }
    }
}

fn statuses(users: &Value) -> BTreeMap<String, String> {
    let entries = users.as_object().into_iter().flatten();
    entries
        .map(|(user, entry)| (user.clone(), entry["status"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

impl Client for Members {
    fn on(&mut self, net: &mut Net, at: usize, event: Event<'_>) {
        match event {
            Event::Open => net.send(at, self.credentials.packet(at % self.count)),
            Event::Connected => net.send(at, format!("420[\"join\",\"{}\"]", self.room).as_bytes()),
            Event::Ack(0, _) => self.joined += 1,
            Event::Ack(..) => {}
            Event::Message(array) => {
                self.told.count(array);
                self.last = Instant::now();
                if let Some(table) = self.tables.get_mut(&at) {
                    table.learn(array);
                }
            }
            Event::Closed => self.closed += 1,
            Event::Refused(data) => die(&format!("CONNECT refused: {}", String::from_utf8_lossy(data))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(events: &[&str]) -> Table {
        let mut table = Table::default();
        events.iter().for_each(|event| table.learn(event.as_bytes()));
        table
    }

    fn wrong(table: Table) -> usize {
        let args = Args::parse(Vec::new()).expect("no options");
        let mut members = Members::new(&args, "hall", 2);
        members.tables = BTreeMap::from([(0, table)]);
        members.wrong(|at| if at == 0 { "online" } else { "idle" })
    }

    const STATE: &str =
        r#"["presence:state",{"users":{"user-0":{"status":"online"},"user-1":{"status":"online"}}}]"#;
    const IDLE: &str = r#"["presence:diff",{"joins":{},"updates":{"user-1":{"status":"idle"}},"leaves":{}}]"#;
    const GONE: &str = r#"["presence:diff",{"joins":{},"updates":{},"leaves":{"user-0":{"reason":"left"}}}]"#;

    #[test]
    fn a_table_that_is_the_truth_is_right_and_every_other_is_wrong() {
        assert_eq!(wrong(table(&[STATE, IDLE])), 0);
        assert_eq!(wrong(table(&[STATE])), 1, "another status");
        assert_eq!(wrong(table(&[STATE, IDLE, GONE])), 1, "somebody is missing");
        assert_eq!(wrong(table(&[])), 2);
        assert_eq!(wrong(table(&[r#"["presence:counts",{"counts":{"total":3}}]"#])), 1, "one too many");
        let watched = r#"["presence:watched",{"users":{"user-0":{"status":"offline"}}}]"#;
        assert_eq!(wrong(table(&[STATE, IDLE, watched])), 1);
    }

    #[test]
    fn windows_have_half_a_second_and_what_is_about_oneself_is_counted_apart() {
        let mut told = Told::begin();
        for _ in 0..3 {
            told.count(b"[\"presence:diff\",{}]");
        }
        told.count(b"[\"presence:self\",{}]");
        assert_eq!((told.others, told.own, told.most_in_a_window()), (3, 1, 3));
    }
}
