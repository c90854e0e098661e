//! What happened in a room, once more.
//!
//! * *Owns*: a journal, and the room at one of its offsets.
//! * *Takes*: the text of a file that [`RoomCore::journal`] or a [`FaultReport`] gave.
//! * *Keeps*: the same inputs at the same times lead to the same state, or the same panic.

mod parse;

use serde_json::Value;

use self::parse::{Journal, Record, What};
use super::tree::Tree;
use super::{Effect, FaultReport, Input, Member, Moment, Room, RoomCore};

/// Why a file cannot be replayed, or did not come out as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file is something else, or of another version.
    #[error("not a journal of this version: the first line is not `{}`", super::core::HEADER)]
    NotAJournal,
    /// The state at its beginning is not one of this room.
    #[error("the state at the beginning is not one of this room: {0}")]
    Snapshot(String),
    /// A line cannot be read.
    #[error("line {line} cannot be read: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The file does not say how it ends.
    #[error("the file has no end")]
    NoEnd,
    /// The state at the end is another one: the room does something that its inputs do not decide.
    #[error("the state at the end has the hash {found}, and had {wanted}")]
    OtherState {
        /// In the file.
        wanted: u64,
        /// Now.
        found: u64,
    },
    /// What panicked does not panic any more: it has been mended, or its inputs did not decide it.
    #[error("`{hook}` does not panic with the message `{message}` any more")]
    NoPanic {
        /// The hook that panicked.
        hook: String,
        /// What the panic said.
        message: String,
    },
}

/// How a replay ended: as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In the same state, which has this hash.
    State(u64),
    /// With the same panic.
    Panic(FaultReport),
}

/// A room at one offset of its journal. See [`replay`].
pub struct Replay<R: Room> {
    journal: Journal,
    core: RoomCore<R>,
    offset: usize,
    /// What panicked on the way to here.
    faults: Vec<FaultReport>,
}

/// Reads a journal. The replay stands at its beginning.
///
/// ```
/// # use std::time::Duration;
/// # use greenroom_proto::reject::Reject;
/// # use greenroom_proto::room::testing::TestRoom;
/// # use greenroom_proto::room::{Cx, Member, Nothing, Options, Reply, Room};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)] struct Counter { count: i64 }
/// # #[derive(serde::Deserialize)] #[serde(rename_all = "snake_case")] enum In { Add(i64) }
/// # impl Room for Counter {
/// #     type In = In; type Out = Nothing; type Timer = Nothing; type Internal = Nothing; type View = Self;
/// #     fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> { Ok(Self { count: 0 }) }
/// #     fn on_event(&mut self, _: &Member, In::Add(number): In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
/// #         self.count += number;
/// #         Ok(self.count.into())
/// #     }
/// #     fn view(&self, _: &Member) -> Self { self.clone() }
/// # }
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::{Ending, replay};
///
/// let mut room = TestRoom::<Counter>::new(serde_json::json!({}));
/// room.join("ann").unwrap();
/// room.call("ann", "add", 3).unwrap();
/// room.call("ann", "add", 4).unwrap();
/// let file = room.core().journal().unwrap();
///
/// let mut replay = replay::<Counter>(&file).unwrap();
/// replay.seek(2);
/// assert_eq!(replay.room().count, 3);
/// assert_eq!(replay.view("ann").unwrap(), serde_json::json!({ "count": 3 }));
/// assert_eq!(replay.finish(), Ok(Ending::State(room.core().state_hash())));
/// assert_eq!(replay.room().count, 7);
/// ```
///
/// # Errors
/// The file is no journal of this room.
pub fn replay<R: Room>(text: &str) -> Result<Replay<R>, ReplayError> {
    let journal = parse::journal(text)?;
    let core = restore(&journal.snapshot)?;
    for (place, record) in journal.records.iter().enumerate() {
        // A message of another type is found now, and not half-way.
        input_of::<R>(record).map_err(|why| ReplayError::Line { line: place + FIRST_RECORD, why })?;
    }
    Ok(Replay { journal, core, offset: 0, faults: Vec::new() })
}

fn restore<R: Room>(snapshot: &str) -> Result<RoomCore<R>, ReplayError> {
    RoomCore::restore(snapshot).map_err(|error| ReplayError::Snapshot(error.to_string()))
}

impl<R: Room> Replay<R> {
    /// How many records there are: the offsets are 0 to this number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.journal.records.len()
    }

    /// Whether there is nothing to be replayed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.journal.records.is_empty()
    }

    /// How many records have been replayed.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The text of a record: how many milliseconds after the one before, and what.
    #[must_use]
    pub fn record(&self, offset: usize) -> Option<&str> {
        self.journal.records.get(offset).map(|record| &*record.text)
    }

    /// Goes to an offset, or the last one if there are fewer: what was told the room before it has
    /// happened. Going back begins at the beginning.
    pub fn seek(&mut self, offset: usize) {
        if offset < self.offset
            && let Ok(core) = restore(&self.journal.snapshot)
        {
            self.core = core;
            self.offset = 0;
            self.faults.clear();
        }
        while self.offset < offset.min(self.len()) {
            self.step();
        }
    }

    /// Goes on until this time: to the last record before it, and through what is due until then.
    pub fn advance_to(&mut self, time: Moment) {
        while self.journal.records.get(self.offset).is_some_and(|record| record.at <= time) {
            self.step();
        }
        self.run_until(time);
    }

    fn step(&mut self) {
        let Some(record) = self.journal.records.get(self.offset) else { return };
        self.offset += 1;
        let (at, from) = match record.what {
            What::Late { from } => (record.at, from),
            What::Input { .. } => (record.at, record.at),
        };
        // It could be read when the journal was.
        let Ok(input) = input_of(record) else { return };
        self.run_until(from);
        self.handle(input, at);
    }

    /// Handles deadlines as a host does that is always in time.
    fn run_until(&mut self, time: Moment) {
        while let Some(due) = self.core.next_deadline().filter(|due| *due <= time) {
            self.handle(Input::Wake, due);
        }
    }

    fn handle(&mut self, input: Input<R>, at: Moment) {
        let mut effects = Vec::new();
        self.core.handle(input, at, &mut effects);
        self.faults.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Fault(report) => Some(report),
            Effect::Admit { .. }
            | Effect::Refuse { .. }
            | Effect::Answer { .. }
            | Effect::Emit { .. }
            | Effect::Frame { .. }
            | Effect::Dismiss { .. }
            | Effect::Seat { .. }
            | Effect::Listing(_)
            | Effect::Spawn { .. }
            | Effect::Closed(_) => None,
        }));
    }

    /// Replays the rest, and compares the end with that of the file.
    ///
    /// # Errors
    /// It is another one.
    pub fn finish(&mut self) -> Result<Ending, ReplayError> {
        self.seek(self.len());
        let (end, wanted) = (self.journal.end, self.journal.hash);
        self.run_until(end);
        self.handle(Input::Wake, end);
        if let Some((hook, message)) = &self.journal.panic {
            let same = |fault: &&FaultReport| fault.hook == hook && fault.message == *message;
            let fault = self.faults.iter().rev().find(same).cloned();
            let fault = fault.or_else(|| self.fails_to_show(hook, message));
            let (hook, message) = (hook.clone(), message.clone());
            return fault.map(Ending::Panic).ok_or(ReplayError::NoPanic { hook, message });
        }
        let found = self.core.state_hash();
        match wanted {
            Some(wanted) if wanted != found => Err(ReplayError::OtherState { wanted, found }),
            Some(_) | None => Ok(Ending::State(found)),
        }
    }

    /// Views are not looked at on the way: whether one panics in this state.
    fn fails_to_show(&self, hook: &str, message: &str) -> Option<FaultReport> {
        let hook = ["view", "secret", "audience"].into_iter().find(|one| *one == hook)?;
        let fails = |member: &Member| {
            let seen = super::core::catch(|| {
                let room = self.core.room();
                let audience = room.audience(member);
                let view = Tree::of(&room.view(member)).err();
                let secret = room.secret(member).0.and_then(Result::err);
                drop(audience);
                view.or(secret).map(|error| error.to_string())
            });
            seen.unwrap_or_else(Some).is_some_and(|text| text == message)
        };
        let member = self.members().find(|member| fails(member))?.id.clone();
        Some(FaultReport { hook, message: message.to_owned(), member: Some(member), journal: None })
    }

    /// The room's state.
    #[must_use]
    pub fn room(&self) -> &R {
        self.core.room()
    }

    /// Who is in the room, in the order in which they came.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.core.members()
    }

    /// What a member sees, its secrets included; `None` if it is not in the room, or its view panics.
    #[must_use]
    pub fn view(&self, member: &str) -> Option<Value> {
        let member = self.members().find(|one| one.id == *member)?;
        view_of(self.room(), member)
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.core.now()
    }

    /// See [`RoomCore::state_hash`].
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }

    /// What panicked on the way to here.
    #[must_use]
    pub fn faults(&self) -> &[FaultReport] {
        &self.faults
    }
}

impl<R: Room> std::fmt::Debug for Replay<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("offset", &self.offset)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// What a member sees, its secrets included; `None` if that cannot be shown.
pub(super) fn view_of<R: Room>(room: &R, member: &Member) -> Option<Value> {
    let view = super::core::catch(|| {
        let view = Tree::of(&room.view(member)).ok()?;
        let secret = room.secret(member).0.transpose().ok()?;
        let mut text = String::from("{");
        view.write_fields(&mut text);
        let mut hidden = String::new();
        secret.unwrap_or_else(Tree::empty).write_fields(&mut hidden);
        if text.len() > 1 && !hidden.is_empty() {
            text.push(',');
        }
        serde_json::from_str(&[&*text, &*hidden, "}"].concat()).ok()
    });
    view.ok().flatten()
}

/// The header and the snapshot stand before the records.
const FIRST_RECORD: usize = 3;

fn input_of<R: Room>(record: &Record) -> Result<Input<R>, String> {
    match &record.what {
        What::Late { .. } => Ok(Input::Wake),
        What::Input { kind, rest } => parse::input(kind, rest),
    }
}
