//! What can go wrong, one type per boundary.
//!
//! A peer that breaks the protocol is closed with a [`DisconnectReason`](crate::DisconnectReason),
//! which is a value and no error. What is here is told to callers and to clients.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::auth::AuthError;

/// A refusal that a client is told: in the ack of its event, or as `connect_error`.
///
/// In an ack it stands as `{"error": {"code", "message", "data"}}`; without an ack the client gets
/// an `error` event with the same object. Out of middleware it becomes the `connect_error` with
/// this message, and `data` (or `{"code"}`) as its data.
///
/// Any standard error converts into one by `?`. Its text may hold what a client must not see, so
/// the client is told the code `internal` and nothing else; the text is logged.
///
/// ```
/// use greenroom::Reject;
///
/// fn age(text: &str) -> Result<u8, Reject> {
///     let age: u8 = text.parse()?;
///     if age < 12 {
///         return Err(Reject::new("too_young", "players are 12 or older"));
///     }
///     Ok(age)
/// }
/// assert_eq!(age("x").unwrap_err().code(), "internal");
/// assert_eq!(age("11").unwrap_err().code(), "too_young");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Reject {
    /// A refusal with a code for programs and a message for people.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: message.into(), data: None }
    }

    /// Adds details for programs. In a `connect_error` they are its `data`, in place of `{"code"}`.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// io.of("/").middleware(|socket| async move {
    ///     match socket.auth::<serde_json::Value>() {
    ///         Some(auth) if auth["version"] == 2 => Ok(()),
    ///         _ => Err(Reject::new("too_old", "please reload").with_data(serde_json::json!({ "wanted": 2 }))),
    ///     }
    /// });
    /// // socket.on("connect_error", (error) => { error.message == "please reload"; error.data.wanted == 2 })
    /// # }
    /// ```
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// What programs look at, for example `bad_payload`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What people read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Details for programs.
    #[must_use]
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }

    /// A handler panicked or failed: the client learns no more than that.
    pub(crate) fn internal() -> Self {
        Self::new("internal", "the server failed to handle this")
    }

    /// The arguments do not fit the handler's type.
    pub(crate) fn bad_payload(error: &serde_json::Error) -> Self {
        Self::new("bad_payload", error.to_string())
    }

    /// A token that does not let its bearer in.
    pub(crate) fn from_auth(error: &AuthError) -> Self {
        Self::new(error.code(), error.to_string())
    }

    /// The payload of `connect_error`.
    pub(crate) fn to_connect_error(&self) -> Value {
        let data = self.data.clone().unwrap_or_else(|| serde_json::json!({ "code": self.code }));
        serde_json::json!({ "message": self.message, "data": data })
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl<E: std::error::Error> From<E> for Reject {
    fn from(error: E) -> Self {
        tracing::warn!(%error, "a handler failed");
        Self::internal()
    }
}

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
