//! The limit of open files.
use std::io;

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises this process's limit of open files as far as it may, and returns it (`None`: no limit).
///
/// # Errors
/// What the system answers; none is expected, since no process has to ask for its own hard limit.
pub fn raise_open_files() -> io::Result<Option<u64>> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(limit.current)
}
