//! The server under test, as a process of its own.
//!
//! Owns: the child process, which ends with the value.
//! Keeps: a fixture that exists accepts connections (its `listening` line has been read).

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::Failure;

/// Environment of a fixture; what is not set has the default of the fixture's contract.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    variables: Vec<(&'static str, String)>,
}

impl Settings {
    /// Sets one variable, e.g. `("PING_INTERVAL_MS", "300")`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }
}

/// A running server.
#[derive(Debug)]
pub struct Fixture {
    process: Child,
    address: SocketAddr,
}

impl Fixture {
    /// Starts `program` on a free port and waits until it listens.
    ///
    /// # Errors
    /// [`Failure::Io`] if it cannot be started, [`Failure::Unexpected`] if it ends or says something else.
    pub fn start(program: impl AsRef<OsStr>, settings: &Settings) -> Result<Self, Failure> {
        let mut process = Command::new(program)
            .env("PORT", "0")
            .envs(settings.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        match listening_address(&mut process) {
            Ok(address) => Ok(Self { process, address }),
            Err(failure) => {
                end(&mut process);
                Err(failure)
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn listening_address(process: &mut Child) -> Result<SocketAddr, Failure> {
    let Some(output) = process.stdout.take() else {
        return Err(Failure::Unexpected("the fixture has no output".to_owned()));
    };
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening ").and_then(|address| address.parse().ok());
    address.ok_or_else(|| Failure::Unexpected(format!("the fixture said {line:?} instead of its address")))
}

/// An error means that it has ended already.
fn end(process: &mut Child) {
    drop(process.kill());
    drop(process.wait());
}
