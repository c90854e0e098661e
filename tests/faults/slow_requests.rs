//! Requests that trickle in, to hold connections for nothing.

use std::time::Duration;

use greenroom_tests::{Failure, Session, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::running::{MODES, Outcome, Running, leave, steady, trip};

/// How long the server gives a request here; how long the test waits for the end of a connection.
const REQUEST_TIMEOUT_MS: &str = "400";
const KEEP_ALIVE_MS: &str = "1000";
const PATIENCE: Duration = Duration::from_secs(8);
/// A byte now and then: fast enough that no read is idle for long.
const PACE: Duration = Duration::from_millis(40);

#[actix_rt::test]
async fn requests_that_trickle_in_are_cut_off_and_others_served() -> Outcome {
    for mode in MODES {
        let settings =
            steady().with("REQUEST_TIMEOUT_MS", REQUEST_TIMEOUT_MS).with("KEEP_ALIVE_MS", KEEP_ALIVE_MS);
        let mut running = Running::start(mode, settings)?;
        let mut neighbour = running.client(Transport::WebSocket).await?;
        let poster = Session::open(running.endpoint(), Transport::Polling).await?;
        let post = format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n4",
            poster.sid()
        );
        let get = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n";
        let upgrade =
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n";
        let whole = format!("GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n{get}");
        let mut cases = vec![
            ("nothing at all", "", false),
            ("a head", get, true),
            ("the head of an upgrade", upgrade, true),
            ("a body", post.as_str(), true),
        ];
        if mode == "serve" {
            // An `HttpServer` of the user's has no hold of these.
            cases.push(("the second head of a connection", whole.as_str(), true));
            cases.push(("half a second head", whole.as_str(), false));
        }
        let connections = cases.into_iter().map(|(what, front, trickles)| {
            let task = trickle(&running, front, trickles);
            (what, task)
        });
        let tasks: Vec<_> = connections.map(|(what, task)| (what, actix_rt::spawn(task))).collect();
        let mut number = 0;
        while tasks.iter().any(|(_, task)| !task.is_finished()) {
            trip(&mut neighbour, number).await?;
            number += 1;
        }
        for (what, task) in tasks {
            let ended = task.await.map_err(|error| Failure::Unexpected(error.to_string()))?;
            assert!(ended.is_ok(), "{mode}: {what} was never cut off");
        }
        leave([neighbour, poster]).await?;
        running.until_nothing_is_left().await?;
    }
    Ok(())
}

/// Sends `front`, then a byte now and then, until the server ends the connection.
fn trickle(running: &Running, front: &str, trickles: bool) -> impl Future<Output = Outcome> + use<> {
    let (address, front) = (running.endpoint().address, front.to_owned());
    async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(front.as_bytes()).await?;
        let (mut reader, mut writer) = stream.into_split();
        let ends = async {
            let mut rest = [0; 4096];
            // A reset is an end as well.
            while reader.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        };
        let drips = async {
            let mut pace = tokio::time::interval(PACE);
            loop {
                pace.tick().await;
                if trickles && writer.write_all(b"x").await.is_err() {
                    // The reader sees the end.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = ends => Ok(()),
            () = drips => Err(Failure::Overdue("end of the connection")),
            () = tokio::time::sleep(PATIENCE) => Err(Failure::Overdue("end of the connection")),
        }
    }
}
