//! Journals that panics leave on the disk.

use std::fs;
use std::io;
use std::path::PathBuf;

use greenroom_proto::directory::RoomId;
use greenroom_proto::room::Moment;

/// A journal to be written.
#[derive(Debug)]
pub(super) struct File {
    pub(super) directory: PathBuf,
    pub(super) name: String,
    /// Journals that may be there; the oldest make room.
    pub(super) most: usize,
}

impl File {
    /// Writes the journal; what goes wrong is logged, since nobody waits.
    pub(super) fn keep(&self, journal: &str) {
        let path = self.directory.join(&self.name);
        match self.make_room().and_then(|()| fs::write(&path, journal)) {
            Ok(()) => tracing::error!(file = %path.display(), "the journal of a panic was written"),
            Err(error) => tracing::error!(%error, file = %path.display(), "the journal of a panic was lost"),
        }
    }

    fn make_room(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(SUFFIX) {
                kept.push(name);
            }
        }
        // Names begin with the time.
        kept.sort_unstable();
        let surplus = (kept.len() + 1).saturating_sub(self.most.max(1));
        kept.iter().take(surplus).try_for_each(|name| fs::remove_file(self.directory.join(name)))
    }
}

/// `<milliseconds>-<type>-<id>.journal`.
pub(super) fn file_name(of: &str, id: &RoomId, at: Moment) -> String {
    let of: String = of.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{:013}-{}-{id}{SUFFIX}", at.as_millis(), of.trim_matches('_'))
}

const SUFFIX: &str = ".journal";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room_and_other_files_stay() {
        let directory = std::env::temp_dir().join(format!("greenroom-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("notes.txt"), "mine").unwrap();
        for number in 0..5 {
            let name = file_name("/duel", &"x1".into(), Moment::from_millis(number));
            File { directory: directory.clone(), name, most: 2 }.keep(&number.to_string());
        }
        let mut names: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["0000000000003-duel-x1.journal", "0000000000004-duel-x1.journal", "notes.txt"]);
        fs::remove_dir_all(&directory).unwrap();
    }
}
