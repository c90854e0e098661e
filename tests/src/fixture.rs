//! The server under test, as a process of its own.
//!
//! Owns: the child process, which ends with the value.
//! Keeps: a fixture that exists accepts connections (its `listening` line has been read).

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use crate::{Counters, Failure};

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
    output: BufReader<ChildStdout>,
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
            Ok((output, address)) => Ok(Self { process, output, address }),
            Err(failure) => {
                end(&mut process);
                Err(failure)
            }
        }
    }

    /// Asks for its counters.
    ///
    /// # Errors
    /// [`Failure::Io`] or [`Failure::Json`] if it has ended.
    pub fn counters(&mut self) -> Result<Counters, Failure> {
        self.signal("USR1")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Sends it a signal, by its name without `SIG`.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it has ended.
    pub fn signal(&self, name: &str) -> Result<(), Failure> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status()?;
        if sent.success() {
            return Ok(());
        }
        Err(Failure::Unexpected(format!("the fixture took no SIG{name}")))
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// [`Failure::Io`] if the operating system does not know it.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.process.try_wait()?)
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

fn listening_address(process: &mut Child) -> Result<(BufReader<ChildStdout>, SocketAddr), Failure> {
    let Some(output) = process.stdout.take() else {
        return Err(Failure::Unexpected("the fixture has no output".to_owned()));
    };
    let (mut line, mut output) = (String::new(), BufReader::new(output));
    output.read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening ").and_then(|address| address.parse().ok());
    let unexpected = || Failure::Unexpected(format!("the fixture said {line:?} instead of its address"));
    Ok((output, address.ok_or_else(unexpected)?))
}

/// An error means that it has ended already.
fn end(process: &mut Child) {
    drop(process.kill());
    drop(process.wait());
}
