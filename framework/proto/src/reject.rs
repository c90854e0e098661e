//! What a client is told when something is refused.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// A refusal that a client is told: in the ack of its event, or as `connect_error`.
///
/// In an ack it stands as `{"error": {"code", "message", "data"}}`; without an ack the client gets
/// an `error` event with the same object. Out of middleware it becomes the `connect_error` with
/// this message, and `data` (or `{"code"}`) as its data.
///
/// Any standard error converts into one by `?`. Its text may hold what a client must not see, so
/// the client is told the code `internal` and nothing else; the server logs the text, see
/// [`Reject::cause`].
///
/// ```
/// # extern crate greenroom_proto as greenroom;
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
    #[serde(skip)]
    cause: Option<Arc<str>>,
}

impl Reject {
    /// A refusal with a code for programs and a message for people.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: message.into(), data: None, cause: None }
    }

    /// Adds details for programs. In a `connect_error` they are its `data`, in place of `{"code"}`.
    ///
    /// ```
    /// # extern crate greenroom_proto as greenroom;
    /// use greenroom::Reject;
    ///
    /// let reject = Reject::new("too_old", "please reload").with_data(serde_json::json!({ "wanted": 2 }));
    /// assert_eq!(reject.data().unwrap()["wanted"], 2);
    /// // socket.on("connect_error", (error) => { error.message == "please reload"; error.data.wanted == 2 })
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

    /// The text of the error that became this refusal by `?`: for the log, never for a client.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// A handler panicked or failed: the client learns no more than that.
    #[must_use]
    pub fn internal() -> Self {
        Self::new("internal", "the server failed to handle this")
    }

    /// The arguments do not fit the handler's type.
    #[must_use]
    pub fn bad_payload(error: &serde_json::Error) -> Self {
        Self::new("bad_payload", error.to_string())
    }

    /// The payload of `connect_error`.
    #[must_use]
    pub fn to_connect_error(&self) -> Value {
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
        Self { cause: Some(error.to_string().into()), ..Self::internal() }
    }
}
