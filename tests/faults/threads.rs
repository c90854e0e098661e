//! A server on several threads of this process, without a network.

use std::time::Duration;

use greenroom::prelude::*;
use greenroom::testing::SimulatedClient;

/// Opens a session on a thread.
pub(crate) async fn open(io: &Server, thread: &actix_rt::Arbiter) -> SimulatedClient {
    let (reply, opened) = tokio::sync::oneshot::channel();
    let io = io.clone();
    let open =
        async move { assert!(reply.send(SimulatedClient::open(&io)).is_ok(), "the test waits for it") };
    assert!(thread.spawn(open), "the thread runs");
    opened.await.unwrap()
}

/// Waits for a condition on other threads, for a minute at most.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("not within a minute: {what}");
}
