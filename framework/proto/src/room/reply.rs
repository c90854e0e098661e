//! What an event is answered with, and what a room is created with.

use bytestring::ByteString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reject::Reject;

/// The acknowledgement of an event: one JSON value, or nothing.
///
/// Every serde value converts into one.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::Reply;
///
/// let none = Reply::none();
/// let number: Reply = 7.into();
/// assert_eq!(number.items().unwrap(), "7");
/// assert_eq!(none.items().unwrap(), "");
/// ```
#[derive(Debug)]
pub struct Reply(Result<ByteString, serde_json::Error>);

impl Reply {
    /// An acknowledgement without a value.
    #[must_use]
    pub fn none() -> Self {
        Self(Ok(ByteString::new()))
    }

    /// An acknowledgement with this value.
    #[must_use]
    pub fn value(value: impl Serialize) -> Self {
        Self(serde_json::to_string(&value).map(ByteString::from))
    }

    /// The JSON text of the acknowledgement's arguments, without brackets.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn items(self) -> Result<ByteString, Reject> {
        Ok(self.0?)
    }
}

impl<T: Serialize> From<T> for Reply {
    fn from(value: T) -> Self {
        Self::value(value)
    }
}

/// What a room is created with: a JSON object, chosen by the client within what the server allows.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::Options;
///
/// let options = Options::from(serde_json::json!({ "mode": "ranked", "max": 4 }));
/// assert_eq!(options.get::<String>("mode").as_deref(), Some("ranked"));
/// assert_eq!(options.get("max").unwrap_or(2), 4);
/// assert_eq!(options.get::<u8>("mode"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(Value);

impl Options {
    /// One entry; `None` if it is missing or of another type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.0.get(name)?).ok()
    }

    /// All of them as one type.
    ///
    /// # Errors
    /// Code `bad_options`, with what serde finds missing or wrong.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Reject> {
        T::deserialize(&self.0).map_err(|error| Reject::new("bad_options", error.to_string()))
    }

    /// The JSON itself.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Options {
    fn from(json: Value) -> Self {
        Self(json)
    }
}
