//! What can go wrong, one type per boundary.
//!
//! A peer that breaks the protocol is closed with a [`DisconnectReason`](crate::DisconnectReason),
//! which is a value and no error. What is here is told to callers and to clients.

pub use greenroom_proto::reject::Reject;

/// Why something was not emitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The arguments cannot be written as JSON.
    #[error("the arguments cannot be encoded: {0}")]
    Encode(#[from] serde_json::Error),
    /// The name belongs to the protocol, `connect` or `disconnect` for example.
    #[error("`{0}` is a reserved event name")]
    ReservedName(String),
    /// The socket or the server has ended.
    #[error("the socket is closed")]
    Closed,
    /// So much is waiting that no more is taken; try again later.
    #[error("too much is waiting to be sent")]
    Full,
}

/// Why a client's acknowledgement did not come.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(socket: Socket) {
/// socket.on_async("choose", |socket, ()| async move {
///     match socket.emit_with_ack("color?", ("red", "blue")).answer::<String>().await {
///         Ok(color) => Ok(color),
///         Err(AckError::Timeout) => Err(Reject::new("late", "you did not answer in time")),
///         Err(error) => Err(error.into()),
///     }
/// });
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The event was not even sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The client did not answer in time.
    #[error("the client did not acknowledge in time")]
    Timeout,
    /// The socket ended before the client answered.
    #[error("the socket closed before the client acknowledged")]
    Disconnected,
    /// The client's answer does not fit the expected type.
    #[error("the acknowledgement does not have the expected form: {0}")]
    Decode(serde_json::Error),
}

/// What became of an emit that nobody has to look at.
///
/// Emitting is telling: most callers have nothing to do when it fails, and a client that is gone
/// is reported by its disconnect. A failure that is the caller's mistake is logged.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(io: Server) {
/// if let Err(EmitError::Full) = io.emit("tick", 7).result() {
///     // The next tick will do.
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Emitted(Result<(), EmitError>);

impl Emitted {
    pub(crate) fn new(result: Result<(), EmitError>) -> Self {
        match &result {
            Err(error @ (EmitError::Encode(_) | EmitError::ReservedName(_))) => {
                tracing::error!(%error, "nothing was emitted");
            }
            Err(error @ (EmitError::Closed | EmitError::Full)) => {
                tracing::debug!(%error, "nothing was emitted")
            }
            Ok(()) => {}
        }
        Self(result)
    }

    /// The outcome, for callers that care.
    ///
    /// # Errors
    /// [`EmitError`] if nothing was emitted.
    pub fn result(self) -> Result<(), EmitError> {
        self.0
    }
}
