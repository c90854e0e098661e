//! Bytes inside of JSON arguments.
//!
//! On the wire a binary argument is `{"_placeholder":true,"num":N}` in the JSON and the bytes in a
//! packet of their own behind it (Socket.IO protocol › Packet encoding › binary). A [`Binary`] may
//! stand anywhere in a serde type: while arguments are encoded or decoded, the attachments of that
//! packet are at hand in a thread-local.

use std::cell::RefCell;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::Error as _;
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as an argument, or anywhere inside of one.
///
/// ```
/// use greenroom::Binary;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Picture { name: String, png: Binary }
///
/// # fn example(socket: greenroom::Socket) {
/// socket.on("picture", |socket, picture: Picture| {
///     let bytes = picture.png.len();
///     socket.broadcast().emit("picture", picture);
///     Ok(bytes)
/// });
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Binary(pub Bytes);

thread_local! {
    static ATTACHMENTS: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
}

/// Runs `encode` and returns the bytes of all [`Binary`] values that it met, in order.
pub(super) fn collecting<R>(encode: impl FnOnce() -> R) -> (R, Vec<Bytes>) {
    let outer = ATTACHMENTS.replace(Some(Vec::new()));
    let result = encode();
    let collected = ATTACHMENTS.replace(outer).unwrap_or_default();
    (result, collected)
}

/// Runs `decode` with the attachments that placeholders refer to.
pub(super) fn providing<R>(attachments: &[Bytes], decode: impl FnOnce() -> R) -> R {
    if attachments.is_empty() {
        return decode();
    }
    let outer = ATTACHMENTS.replace(Some(attachments.to_vec()));
    let result = decode();
    ATTACHMENTS.set(outer);
    result
}

#[derive(Deserialize)]
struct Placeholder {
    #[serde(rename = "_placeholder")]
    placeholder: bool,
    num: usize,
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let num = ATTACHMENTS.with_borrow_mut(|attachments| {
            let attachments = attachments.as_mut()?;
            attachments.push(self.0.clone());
            Some(attachments.len() - 1)
        });
        let num = num.ok_or_else(|| S::Error::custom("Binary can only be written as part of an event"))?;
        let mut placeholder = serializer.serialize_struct("Placeholder", 2)?;
        placeholder.serialize_field("_placeholder", &true)?;
        placeholder.serialize_field("num", &num)?;
        placeholder.end()
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Placeholder { placeholder, num } = Placeholder::deserialize(deserializer)?;
        if !placeholder {
            return Err(D::Error::custom("expected binary data"));
        }
        ATTACHMENTS
            .with_borrow(|attachments| attachments.as_ref()?.get(num).cloned())
            .map(Self)
            .ok_or_else(|| D::Error::custom("the binary data is missing"))
    }
}

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Into<Bytes>> From<T> for Binary {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}
