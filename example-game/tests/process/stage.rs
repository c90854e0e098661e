//! The lobby as a process of its own, in a folder of its own, that knows no other environment.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use greenroom_tests::http::Request;
use greenroom_tests::{Endpoint, Failure, PATIENCE};
use serde_json::Value;

/// The program in this folder.
pub(crate) fn lobby(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-game"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// A lobby that listens; it ends with the value.
pub(crate) struct Running {
    process: Child,
    pub(crate) clients: SocketAddr,
    pub(crate) operations: SocketAddr,
}

impl Running {
    /// Starts it on free ports, and reads them in its log.
    pub(crate) fn start(folder: &Path) -> Result<Self, Failure> {
        fs::write(folder.join("index.html"), "the page")?;
        let mut command = lobby(folder);
        command.args(["--port=0", "--operations=127.0.0.1:0", "--web-root=.", "--log-format=json"]);
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let log = process.stdout.take().ok_or_else(|| Failure::Unexpected("no output".to_owned()))?;
        let mut addresses = BufReader::new(log).lines().filter_map(|line| address(line).transpose());
        match (addresses.next(), addresses.next()) {
            (Some(Ok(clients)), Some(Ok(operations))) => {
                thread::spawn(move || addresses.for_each(drop));
                Ok(Self { process, clients, operations })
            }
            (clients, operations) => {
                drop(process.kill());
                drop(process.wait());
                Err(Failure::Unexpected(format!("it said {clients:?} and {operations:?}")))
            }
        }
    }

    /// Where sessions are opened.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { address: self.clients, path: "/socket.io/" }
    }

    /// Posts JSON, and reads JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<(u16, Value), Failure> {
        let request = Request::post(path, body.to_string()).header("Content-Type", "application/json");
        let response = request.send(self.clients).await?;
        Ok((response.status, serde_json::from_slice(&response.body)?))
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status()?;
        let ended = async {
            loop {
                if let Some(status) = self.process.try_wait()? {
                    return Ok::<_, Failure>(status);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let status =
            tokio::time::timeout(PATIENCE, ended).await.map_err(|_| Failure::Overdue("its end"))??;
        assert!(status.success(), "{status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The address that a line of the log names.
fn address(line: std::io::Result<String>) -> Result<Option<SocketAddr>, Failure> {
    let line: Value = serde_json::from_str(&line?)?;
    let address = line.pointer("/fields/address").and_then(Value::as_str);
    Ok(address.and_then(|address| address.parse().ok()))
}
