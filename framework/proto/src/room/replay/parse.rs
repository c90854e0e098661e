//! From the text of a journal to its records, and from those to inputs.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{FIRST_RECORD, ReplayError};
use crate::room::core::HEADER;
use crate::room::{Event, Input, Moment, Room, SocketKey, TaskId};
use crate::socketio::Args;

/// A file.
pub(super) struct Journal {
    pub(super) snapshot: String,
    pub(super) records: Vec<Record>,
    pub(super) end: Moment,
    /// Of the state at the end; the file of a panic does not have it.
    pub(super) hash: Option<u64>,
    /// The hook that panicked, and what the panic said.
    pub(super) panic: Option<(String, String)>,
}

/// A line.
pub(super) struct Record {
    pub(super) at: Moment,
    pub(super) text: String,
    pub(super) what: What,
}

pub(super) enum What {
    Late { from: Moment },
    Input { kind: String, rest: String },
}

/// The moment in a snapshot.
#[derive(serde::Deserialize)]
struct Start {
    now: Moment,
}

pub(super) fn journal(text: &str) -> Result<Journal, ReplayError> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(ReplayError::NotAJournal);
    }
    let snapshot = lines.next().ok_or(ReplayError::NoEnd)?;
    let Start { now: mut last } =
        serde_json::from_str(snapshot).map_err(|error| ReplayError::Snapshot(error.to_string()))?;
    let mut records = Vec::new();
    while let Some(line) = lines.next() {
        let bad = |why: &str| ReplayError::Line { line: records.len() + FIRST_RECORD, why: why.to_owned() };
        let (after, what) = line.split_once(' ').ok_or_else(|| bad("a time and a word"))?;
        let after = after.parse().map_err(|_| bad("a time in milliseconds"))?;
        let at = last + std::time::Duration::from_millis(after);
        let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
        if kind == "end" {
            let hash = if rest == "-" { None } else { Some(rest.parse().map_err(|_| bad("a hash"))?) };
            let panic = lines.next().map(|line| panic(line).ok_or_else(|| bad("a panic"))).transpose()?;
            return Ok(Journal { snapshot: snapshot.to_owned(), records, end: at, hash, panic });
        }
        let what = if kind == "late" {
            let from = rest.parse().map_err(|_| bad("a time in milliseconds"))?;
            What::Late { from: last + std::time::Duration::from_millis(from) }
        } else {
            What::Input { kind: kind.to_owned(), rest: rest.to_owned() }
        };
        last = at;
        records.push(Record { at, text: line.to_owned(), what });
    }
    Err(ReplayError::NoEnd)
}

fn panic(line: &str) -> Option<(String, String)> {
    let mut texts = serde_json::Deserializer::from_str(line.strip_prefix("panic ")?).into_iter();
    Some((texts.next()?.ok()?, texts.next()?.ok()?))
}

/// What a record tells the room.
pub(super) fn input<R: Room>(kind: &str, rest: &str) -> Result<Input<R>, String> {
    Ok(match kind {
        "join" => Input::Join(json(rest)?),
        "event" => Input::Event(event(rest, Vec::new())?),
        // What the attachments held decided nothing.
        "binary" => Input::Event(event(rest, vec![Bytes::new()])?),
        "gone" => Input::SocketGone(json(rest)?),
        "leave" => Input::Leave(json(rest)?),
        "kick" => {
            let (member, reason) = json(rest)?;
            Input::Kick(member, reason)
        }
        "internal" => Input::Internal(json(rest)?),
        "task" => {
            let (task, message) = rest.split_once(' ').unwrap_or((rest, ""));
            let message = if message.is_empty() { None } else { Some(json(message)?) };
            Input::TaskDone(TaskId(json(task)?), message)
        }
        "close" => Input::Close,
        "page" => Input::Wake,
        _ => return Err(format!("`{kind}` is not known")),
    })
}

fn event(rest: &str, attachments: Vec<Bytes>) -> Result<Event, String> {
    let word = || "a connection, a number, a name and arguments".to_owned();
    let (socket, rest) = rest.split_once(' ').ok_or_else(word)?;
    let (number, rest) = rest.split_once(' ').ok_or_else(word)?;
    let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let name = texts.next().ok_or_else(word)?.map_err(|error| error.to_string())?;
    let args = rest.get(texts.byte_offset()..).unwrap_or_default().trim();
    serde_json::from_str::<Vec<serde::de::IgnoredAny>>(args).map_err(|error| error.to_string())?;
    Ok(Event {
        socket: SocketKey(json(socket)?),
        name: name.into(),
        args: Args::new(args.into(), attachments),
        number: if number == "-" { None } else { Some(json(number)?) },
        ack: None,
    })
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
