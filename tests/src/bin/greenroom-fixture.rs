//! The server under test, as a process of its own; what it serves stands in `tests/FIXTURE.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("greenroom-fixture: not there yet; set FIXTURE_BIN to another server");
    ExitCode::FAILURE
}
