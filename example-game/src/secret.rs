//! The secret that signs tokens, where none is given: made once and kept, so that pages come back after a restart.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;
use uuid::Uuid;

/// The secret in this file, which is made if it is not there; only its owner may read it.
///
/// # Errors
/// The file can be neither read nor made.
pub(crate) fn kept_in(file: &Path) -> io::Result<String> {
    let missing = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    let secret = read(file).or_else(|error| if missing(&error) { make(file) } else { Err(error) });
    secret.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

fn read(file: &Path) -> io::Result<String> {
    Ok(fs::read_to_string(file)?.trim().to_owned())
}

/// Appears as a whole or not at all. If two processes start at once, both take what the first has made.
fn make(file: &Path) -> io::Result<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut made = NamedTempFile::new_in(folder)?;
    made.write_all(random().as_bytes())?;
    made.as_file().sync_all()?;
    match made.persist_noclobber(file) {
        Err(refused) if refused.error.kind() != ErrorKind::AlreadyExists => Err(refused.error),
        Ok(_) | Err(_) => read(file),
    }
}

/// Two random UUIDs: more than the 32 bytes that HS256 asks for.
fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("not/there/yet");
        let made = kept_in(&file).unwrap();
        assert!(made.len() >= 32);
        assert_eq!(kept_in(&file).unwrap(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(kept_in(&folder.path().join("another")).unwrap(), made);
    }

    #[test]
    fn is_the_same_for_all_who_start_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| kept_in(&file).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let error = kept_in(Path::new("/dev/null/secret")).unwrap_err();
        assert!(error.to_string().contains("/dev/null/secret"), "{error}");
    }
}
