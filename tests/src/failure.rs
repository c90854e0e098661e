//! What can go wrong while a test talks to the server under test.

use std::future::Future;
use std::io;

use tokio_tungstenite::tungstenite;

use crate::PATIENCE;

/// Why a test could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The operating system refused, or the peer cut the connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The WebSocket layer found something illegal.
    #[error("WebSocket: {0}")]
    WebSocket(Box<tungstenite::Error>),
    /// The answer is not HTTP/1.1.
    #[error("not HTTP: {0}")]
    Http(#[from] httparse::Error),
    /// JSON was expected.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Nothing came within [`PATIENCE`].
    #[error("{0}: nothing within {PATIENCE:?}")]
    Overdue(&'static str),
    /// The session had ended already.
    #[error("the session is closed ({0})")]
    Closed(String),
    /// Something else came than the protocol allows here.
    #[error("{0}")]
    Unexpected(String),
}

impl From<tungstenite::Error> for Failure {
    fn from(error: tungstenite::Error) -> Self {
        Self::WebSocket(Box::new(error))
    }
}

/// Waits for `work`, which is called `what` if it takes longer than [`PATIENCE`].
///
/// # Errors
/// [`Failure::Overdue`], or what the work itself failed with.
pub async fn in_time<T, E: Into<Failure>>(
    what: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(_) => Err(Failure::Overdue(what)),
    }
}
