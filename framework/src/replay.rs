//! Journals of custom rooms, read and told by a program that knows their rooms.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fmt, fs, io};

use greenroom_proto::room::{Ending, Replay, ReplayError, Room};
use serde_json::{Value, json};

/// Why a file was not replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no journal of this type of rooms.
    #[error(transparent)]
    Journal(#[from] ReplayError),
}

/// Reads a journal that a panic has left (see [`Config::room_journals`](crate::Config::room_journals)), or that
/// a room was asked for. The replay stands at its beginning.
///
/// ```no_run
/// # use greenroom::room::Room;
/// # fn example<Duel: Room>() -> Result<(), greenroom::ReplayFileError> {
/// let mut replay = greenroom::replay::<Duel>("journals/1795616458337-duel-64755736461f455e.journal")?;
/// replay.seek(12);
/// println!("{:?}", replay.view("ann"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// The file cannot be read, or is no journal of this type of rooms.
pub fn replay<R: Room>(file: impl AsRef<Path>) -> Result<Replay<R>, ReplayFileError> {
    Ok(greenroom_proto::room::replay(&fs::read_to_string(file)?)?)
}

/// The command `replay FILE` of a program, for all its types of rooms.
///
/// | command line | what is written |
/// |---|---|
/// | `replay FILE` | how it ends: on the same state, with the same panic, or otherwise |
/// | `replay FILE --list` | every record, with its offset |
/// | `replay FILE --at 12` | the state there, and what every member sees |
/// | `replay FILE --view ann` | the state at the end, and what this member sees; with `--at`, there |
///
/// It succeeds if the file ends as it says. A program calls it before it does anything else:
///
/// ```no_run
/// use std::process::ExitCode;
/// use greenroom::Replays;
/// # use greenroom::{prelude::*, room::Room};
/// # async fn main_of<Duel: Room, Table: Room>() -> std::io::Result<ExitCode> {
///
/// // #[actix_web::main] async fn main() -> std::io::Result<ExitCode> {
/// if let Some(done) = Replays::new().of::<Duel>().of::<Table>().command() {
///     return Ok(done);
/// }
/// # let io = Server::new();
/// greenroom::serve(io, ("127.0.0.1", 7000)).await?;
/// Ok(ExitCode::SUCCESS)
/// # }
/// ```
#[derive(Default)]
pub struct Replays {
    types: Vec<Tell>,
}

/// Tells of a journal if it is one of a certain type of rooms.
type Tell = Box<dyn Fn(&str, &Look) -> Result<Told, ReplayError>>;

/// What somebody wants to know of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    End,
    List,
    /// At this offset or at the end; what this member sees, or everybody.
    At(Option<usize>, Option<String>),
}

struct Told {
    text: String,
    as_written: bool,
}

impl Replays {
    /// No types of rooms yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type of rooms. A file is of the first type that its state fits.
    #[must_use]
    pub fn of<R: Room>(mut self) -> Self {
        self.types.push(Box::new(|text, look| Ok(tell(greenroom_proto::room::replay::<R>(text)?, look))));
        self
    }

    /// Does what the program's arguments say, if the first one is `replay`.
    #[must_use]
    pub fn command(&self) -> Option<ExitCode> {
        self.run(std::env::args().skip(1), &mut io::stdout())
    }

    /// As [`command`](Self::command), with other arguments and another place to write to.
    pub fn run(&self, args: impl IntoIterator<Item = String>, out: &mut impl io::Write) -> Option<ExitCode> {
        let mut args = args.into_iter();
        if args.next()? != "replay" {
            return None;
        }
        let (text, good) = match read(args) {
            Some((file, look)) => match self.tell(&file, &look) {
                Ok(told) => (told.text, told.as_written),
                Err(error) => (format!("{}: {error}\n", file.display()), false),
            },
            None => (USAGE.to_owned(), false),
        };
        let written = out.write_all(text.as_bytes()).is_ok();
        Some(if good && written { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, file: &Path, look: &Look) -> Result<Told, ReplayFileError> {
        let text = fs::read_to_string(file)?;
        let mut why = ReplayError::NotAJournal;
        for tell in &self.types {
            match tell(&text, look) {
                Ok(told) => return Ok(told),
                Err(error) => why = error,
            }
        }
        Err(why.into())
    }
}

fn read(mut args: impl Iterator<Item = String>) -> Option<(PathBuf, Look)> {
    let file = PathBuf::from(args.next()?);
    let (mut list, mut at, mut view) = (false, None, None);
    while let Some(option) = args.next() {
        match &*option {
            "--list" => list = true,
            "--at" => at = Some(args.next()?.parse().ok()?),
            "--view" => view = Some(args.next()?),
            _ => return None,
        }
    }
    let look = match (list, at, view) {
        (true, None, None) => Look::List,
        (true, ..) => return None,
        (false, None, None) => Look::End,
        (false, at, view) => Look::At(at, view),
    };
    Some((file, look))
}

fn tell<R: Room>(mut replay: Replay<R>, look: &Look) -> Told {
    let mut text = String::new();
    let as_written = match look {
        Look::End => {
            let (line, as_written) = match replay.finish() {
                Ok(Ending::State(hash)) => (format!("the same state, with the hash {hash}"), true),
                Ok(Ending::Panic(fault)) => {
                    (format!("the same panic: {} with `{}`", fault.hook, fault.message), true)
                }
                Err(error) => (error.to_string(), false),
            };
            push(&mut text, format_args!("{} records; {line}", replay.len()));
            as_written
        }
        Look::List => {
            for offset in 0..replay.len() {
                push(&mut text, format_args!("{offset}: {}", replay.record(offset).unwrap_or_default()));
            }
            true
        }
        Look::At(offset, member) => {
            replay.seek(offset.unwrap_or(usize::MAX));
            push(&mut text, format_args!("{}", whole(&replay, member.as_deref())));
            true
        }
    };
    Told { text, as_written }
}

fn push(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _: fmt::Result = writeln!(text, "{line}");
}

/// State and views at one offset, as JSON; the view of one member, if only that is asked for.
fn whole<R: Room>(replay: &Replay<R>, member: Option<&str>) -> String {
    let views: serde_json::Map<_, _> = replay
        .members()
        .filter(|of| member.is_none_or(|member| of.id == *member))
        .map(|member| (member.id.to_string(), replay.view(&member.id).unwrap_or(Value::Null)))
        .collect();
    let whole = json!({
        "offset": replay.offset(),
        "time": replay.now(),
        "hash": replay.state_hash(),
        "state": serde_json::to_value(replay.room()).unwrap_or(Value::Null),
        "views": views,
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").field("types", &self.types.len()).finish()
    }
}

const USAGE: &str = "usage: replay FILE [--list] [--at OFFSET] [--view MEMBER]\n";
