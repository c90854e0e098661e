//! What a room was told, written down.
//!
//! ```text
//! greenroom-journal 1
//! {"id":"duel-7", …}                    where it begins
//! 1203 event 3 17 "move" [1,2]          1,203 ms later: connection, number of the input, name, arguments
//! 0 binary 3 - "move" []                the same with attachments
//! 12 join {"socket":4, …}
//! 3 gone 4                              likewise: leave
//! 0 kick ["ann","kicked"]
//! 0 internal {…}
//! 8 task 2 {…}
//! 40 close
//! 7 page                                another half of what is kept begins here
//! 9000 late 200                         woken 9,000 ms later for what was due 200 ms later and after
//! 5 end 1234                            5 ms later the state had this hash
//! panic "on_event" "message"            and then this happened
//! ```
//!
//! Deadlines are not written: they are known from the state, and happen at their times. Only when the
//! room was so late that this made a difference, it is written how late.

use std::fmt::{self, Write};

use super::{Phase, RoomCore};
use crate::room::{Event, Input, Moment, Room};

/// The first line of a file.
pub(in crate::room) const HEADER: &str = "greenroom-journal 1";

/// The records of late, in two halves: when the second is full, the first is forgotten.
#[derive(Debug)]
pub(super) struct Journal {
    /// Bytes of a half; none are kept if that is none.
    half: usize,
    older: Option<Half>,
    newer: Option<Half>,
    /// When the last record was made.
    last: Moment,
    /// The time up to which deadlines are being handled, and from where, if that was late.
    late: Option<(Moment, Moment)>,
}

#[derive(Debug)]
struct Half {
    snapshot: String,
    records: String,
}

impl Journal {
    pub(super) fn new(bytes: usize, now: Moment) -> Self {
        Self { half: bytes / 2, older: None, newer: None, last: now, late: None }
    }

    pub(super) const fn none() -> Self {
        Self { half: 0, older: None, newer: None, last: Moment::from_millis(0), late: None }
    }

    fn record(&mut self, now: Moment, write: impl FnOnce(&mut String)) {
        let Some(half) = &mut self.newer else { return };
        put(&mut half.records, format_args!("{} ", (now - self.last).as_millis()));
        write(&mut half.records);
        half.records.push('\n');
        self.last = self.last.max(now);
    }

    /// Deadlines between these times are handled in one go, and that makes a difference.
    pub(super) fn note_late(&mut self, from: Moment, to: Moment) {
        self.late.get_or_insert((from, to));
    }

    /// Those deadlines have been handled.
    pub(super) fn end_late(&mut self) {
        if let Some((from, to)) = self.late.take() {
            let ago = (from - self.last).as_millis();
            self.record(to, |out| put(out, format_args!("late {ago}")));
        }
    }

    fn is_full(&self) -> bool {
        self.half > 0 && self.newer.as_ref().is_none_or(|half| half.records.len() >= self.half)
    }

    fn begin_half(&mut self, snapshot: String) {
        self.older = self.newer.take();
        self.newer = Some(Half { snapshot, records: String::new() });
    }

    fn text(&self, now: Moment, end: &str) -> Option<String> {
        let newer = self.newer.as_ref()?;
        let first = self.older.as_ref().unwrap_or(newer);
        let mut text = format!("{HEADER}\n{}\n{}", first.snapshot, first.records);
        if self.older.is_some() {
            text.push_str(&newer.records);
        }
        let mut last = self.last;
        if let Some((from, to)) = self.late {
            put(&mut text, format_args!("{} late {}\n", (to - last).as_millis(), (from - last).as_millis()));
            last = to;
        }
        put(&mut text, format_args!("{} end {end}\n", (now - last).as_millis()));
        Some(text)
    }
}

impl<R: Room> RoomCore<R> {
    /// Writes an input down, before it is handled.
    pub(super) fn record(&mut self, input: &Input<R>) {
        if self.journal.newer.is_none() || self.phase != Phase::Open {
            return;
        }
        let now = self.cx.now;
        match input {
            Input::Join(join) => self.record_json(now, "join", join),
            Input::Event(event) => self.journal.record(now, |out| write_event(event, out)),
            Input::SocketGone(socket) => self.record_json(now, "gone", socket),
            Input::Leave(socket) => self.record_json(now, "leave", socket),
            Input::Kick(member, reason) => self.record_json(now, "kick", &(member, reason)),
            Input::Internal(message) => self.record_json(now, "internal", message),
            Input::TaskDone(task, Some(message)) => {
                self.record_json(now, &format!("task {}", task.0), message);
            }
            Input::TaskDone(task, None) => {
                self.journal.record(now, |out| put(out, format_args!("task {}", task.0)));
            }
            Input::Close => self.journal.record(now, |out| out.push_str("close")),
            // What connections have seen, and waking in time, decide nothing.
            Input::Flushed(_) | Input::Wake => {}
        }
    }

    fn record_json(&mut self, now: Moment, kind: &str, value: &impl serde::Serialize) {
        match super::guard::catch(|| serde_json::to_string(value)) {
            Ok(Ok(json)) => self.journal.record(now, |out| put(out, format_args!("{kind} {json}"))),
            // Nothing that follows could be replayed.
            Ok(Err(_)) | Err(_) => self.journal = Journal::none(),
        }
    }

    /// Begins the next half where nothing is on its way.
    pub(super) fn turn_page(&mut self) {
        let settled = !self.outbound.is_waiting() && self.kicks.is_empty() && self.phase == Phase::Open;
        if !settled || !self.journal.is_full() {
            return;
        }
        match super::guard::catch(|| self.snapshot()) {
            Ok(Ok(snapshot)) => {
                // The records of both halves follow one another, and count from this moment.
                self.journal.record(self.cx.now, |out| out.push_str("page"));
                self.journal.begin_half(snapshot);
            }
            Ok(Err(_)) | Err(_) => self.journal = Journal::none(),
        }
    }

    /// The file of a panic that has just been rolled back.
    pub(super) fn panic_journal(&self, hook: &str, message: &str) -> Option<String> {
        let mut text = self.journal.text(self.cx.now, "-")?;
        let (hook, message) = (serde_json::to_string(hook).ok()?, serde_json::to_string(message).ok()?);
        put(&mut text, format_args!("panic {hook} {message}\n"));
        Some(text)
    }

    /// What a replay needs to come to where the room is now; none if no journal is kept.
    #[must_use]
    pub fn journal(&self) -> Option<String> {
        self.journal.text(self.cx.now, &self.state_hash().to_string())
    }
}

fn put(out: &mut String, text: fmt::Arguments<'_>) {
    // A `String` takes everything.
    let _: fmt::Result = out.write_fmt(text);
}

fn write_event(event: &Event, out: &mut String) {
    let kind = if event.args.attachments().is_empty() { "event" } else { "binary" };
    let number = event.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let name = serde_json::Value::from(&*event.name);
    // A line break in JSON is a space.
    let args = event.args.json().replace(['\n', '\r'], " ");
    put(out, format_args!("{kind} {} {number} {name} {args}", event.socket.0));
}
