//! `example-game replay FILE`: plays the journal of a room again, as a panic has left it.

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use greenroom::room::{Ending, Replay, ReplayError, Room, replay};

use crate::rooms::{FloeRoom, FourRoom};

/// What is played again, and what is shown of it.
#[derive(Debug, Args)]
pub(crate) struct Replaying {
    /// A journal, out of the folder `server.room_journals`
    file: PathBuf,
    /// Stops after so many records, instead of going to the end
    #[arg(long)]
    at: Option<usize>,
    /// Shows what this member saw, too
    #[arg(long, value_name = "ID")]
    member: Option<String>,
}

impl Replaying {
    /// What there is to see.
    pub(crate) fn run(&self) -> Result<String, Box<dyn Error>> {
        let text = std::fs::read_to_string(&self.file)?;
        match replay::<FourRoom>(&text) {
            Ok(four) => self.show(four),
            Err(ReplayError::Snapshot(_)) => self.show(replay::<FloeRoom>(&text)?),
            Err(error) => Err(error.into()),
        }
    }

    fn show<R: Room>(&self, mut replay: Replay<R>) -> Result<String, Box<dyn Error>> {
        let ending = match self.at {
            Some(at) => {
                replay.seek(at);
                None
            }
            None => Some(replay.finish()?),
        };
        let mut shown = format!("record {} of {}, at {}", replay.offset(), replay.len(), replay.now());
        if let Some(next) = replay.record(replay.offset()) {
            write!(shown, "\nnext: {next}")?;
        }
        write!(shown, "\nstate: {}", serde_json::to_string_pretty(replay.room())?)?;
        if let Some(member) = &self.member {
            let view = replay.view(member).ok_or("this member is not in the room here")?;
            write!(shown, "\nview of {member}: {view:#}")?;
        }
        match ending {
            None => {}
            Some(Ending::State(hash)) => write!(shown, "\nends in the same state: {hash:016x}")?,
            Some(Ending::Panic(report)) => {
                write!(shown, "\nends with the same panic in {}: {}", report.hook, report.message)?;
            }
        }
        Ok(shown + "\n")
    }
}

#[cfg(test)]
mod tests {
    use greenroom::testing::TestRoom;
    use serde_json::json;

    use super::*;

    /// Ann joins and is ready; then she crashes the room.
    fn journal() -> String {
        let mut room = TestRoom::<FourRoom>::new(json!({ "debug": true }));
        room.join("ann").unwrap();
        room.call("ann", "ready", true).unwrap();
        room.call("ann", "crash", ()).unwrap_err();
        room.faults()[0].journal.clone().unwrap()
    }

    fn shown(journal: &str, at: Option<usize>, member: Option<&str>) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.journal");
        std::fs::write(&file, journal).unwrap();
        let replaying = Replaying { file, at, member: member.map(str::to_owned) };
        replaying.run().map_err(|error| error.to_string())
    }

    #[test]
    fn a_crash_is_played_again_up_to_the_same_panic() {
        let shown = shown(&journal(), None, None).unwrap();
        assert!(shown.ends_with("same panic in on_event: somebody asked the room to crash\n"), "{shown}");
        assert!(shown.contains(r#""ready": true"#), "{shown}");
    }

    #[test]
    fn time_can_be_stopped_and_every_member_looked_over_the_shoulder() {
        let shown = |at| shown(&journal(), Some(at), Some("ann"));
        assert_eq!(shown(0).unwrap_err(), "this member is not in the room here");
        let joined = shown(1).unwrap();
        assert!(joined.contains("view of ann") && joined.contains(r#""ready": false"#), "{joined}");
        assert!(shown(2).unwrap().contains(r#""ready": true"#));
    }

    #[test]
    fn the_kind_of_room_is_found_and_another_file_is_none() {
        let mut room = TestRoom::<FloeRoom>::new(json!({}));
        room.join("ann").unwrap();
        let floe = shown(&room.core().journal().unwrap(), None, None).unwrap();
        assert!(floe.contains(r#""radius""#) && floe.contains("the same state"), "{floe}");
        assert!(shown("{}", None, None).is_err());
    }
}
