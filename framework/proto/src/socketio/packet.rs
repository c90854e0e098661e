//! The packet types. Spec: "Socket.IO protocol" › Packet types, Exchange protocol.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use smol_str::SmolStr;

use super::json;
use crate::Text;

/// One packet, with all its attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// `/`, or `/` and a name. A query behind `?`, which clients of older revisions add, is gone.
    pub namespace: ByteString,
    /// What the packet says.
    pub kind: PacketKind,
}

/// What a packet says. Binary events and acknowledgements are events and acknowledgements whose
/// [`Args`] have attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// `0`: asks for the namespace, or grants it.
    Connect {
        /// A JSON object: credentials of the client, or the socket id from the server.
        auth: Option<RawText>,
    },
    /// `1`: leaves the namespace.
    Disconnect,
    /// `2` or `5`: an event.
    Event {
        /// Name of the event, never a reserved one. A number is given as it was written.
        name: SmolStr,
        /// Present if the sender waits for an acknowledgement.
        ack: Option<AckId>,
        /// What comes behind the name.
        args: Args,
    },
    /// `3` or `6`: acknowledges an event.
    Ack {
        /// Id of the event.
        id: AckId,
        /// What the acknowledgement says.
        args: Args,
    },
    /// `4`: the namespace is refused. Only a server sends it.
    ConnectError {
        /// A JSON object, or a string from servers of older revisions.
        payload: RawText,
    },
}

impl PacketKind {
    /// Completes an event or an acknowledgement; nothing else has attachments.
    pub(super) fn attach(&mut self, attachments: Vec<Bytes>) {
        match self {
            Self::Event { args, .. } | Self::Ack { args, .. } => args.attachments = attachments,
            Self::Connect { .. } | Self::Disconnect | Self::ConnectError { .. } => {}
        }
    }
}

/// Number that ties an acknowledgement to its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckId(pub u64);

impl fmt::Display for AckId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One JSON value as the text that came over the wire, already known to be valid.
#[derive(Clone, PartialEq, Eq)]
pub struct RawText(Text);

impl RawText {
    pub(super) const fn new(json: Text) -> Self {
        Self(json)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the value as a type of the caller.
    ///
    /// # Errors
    /// Whatever serde finds missing, unknown or of another type.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

/// Shows the length only: it may be a token.
impl fmt::Debug for RawText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RawText({} bytes)", self.0.len())
    }
}

/// Arguments of an event or an acknowledgement, as the JSON text of the items of their array. An
/// attachment stands in it as `{"_placeholder":true,"num":0}`, where `num` counts from 0 in
/// [`attachments`](Self::attachments); the same one may stand there twice.
///
/// The text is a part of what came: it keeps all of that read in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Args {
    items: Text,
    len: usize,
    attachments: Vec<Bytes>,
}

impl Args {
    /// Takes the text of a JSON array. The text is not refused here if it is none; it has no
    /// arguments then.
    #[must_use]
    pub fn new(json: Text, attachments: Vec<Bytes>) -> Self {
        let len = json::count_items(&json);
        let start = json.len() - json.trim_start().len();
        let array = json.trim();
        let is_array = array.strip_prefix('[').is_some_and(|rest| rest.ends_with(']'));
        let items = if is_array { start + 1..start + array.len() - 1 } else { 0..0 };
        Self { items: json.narrow(items), len, attachments }
    }

    /// No arguments at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::counted(Text::default(), 0)
    }

    pub(super) const fn counted(items: Text, len: usize) -> Self {
        Self { items, len, attachments: Vec::new() }
    }

    /// The items' text and the attachments.
    #[must_use]
    pub fn into_parts(self) -> (Text, Vec<Bytes>) {
        (self.items, self.attachments)
    }

    /// The JSON text of the array, brackets included.
    #[must_use]
    pub fn json(&self) -> String {
        ["[", &self.items, "]"].concat()
    }

    /// The JSON text without its brackets, as [`encode`](super::encode) takes it.
    #[must_use]
    pub fn items(&self) -> &str {
        &self.items
    }

    /// The attachments, in the order of their numbers.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Number of arguments.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Shows sizes only.
impl fmt::Debug for Args {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Args")
            .field("len", &self.len)
            .field("bytes", &self.items.len())
            .field("attachments", &self.attachments.len())
            .finish()
    }
}

/// Whether an event must not have this name: it has a meaning of its own in a client or a server.
/// One that arrives ends the connection, and one that is to be sent is refused.
#[must_use]
pub fn is_reserved(event: &str) -> bool {
    RESERVED_EVENTS.contains(&event)
}

/// Reference behaviour, `socket.io-parser/lib/index.ts`.
const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_count_themselves() {
        let table = [
            ("[]", 0),
            ("[ ]", 0),
            ("[1]", 1),
            (r#"[1,[2,3],{"a":[4,5]},"x,y"]"#, 4),
            ("{}", 0),
            ("[1", 0),
            ("", 0),
        ];
        for (json, len) in table {
            let args = Args::new(json.into(), Vec::new());
            assert_eq!((args.len(), args.is_empty()), (len, len == 0), "{json}");
        }
    }

    #[test]
    fn items_are_the_arguments_without_brackets() {
        let table = [("[]", ""), ("[1, 2]", "1, 2"), (" [[]] ", "[]"), ("[", ""), ("1", "")];
        for (json, items) in table {
            assert_eq!(Args::new(json.into(), Vec::new()).items(), items);
        }
    }

    #[test]
    fn what_a_client_sent_is_not_shown() {
        let kind = PacketKind::Connect { auth: Some(RawText::new(r#"{"token":"secret"}"#.into())) };
        let event =
            PacketKind::Ack { id: AckId(1), args: Args::new(r#"["secret"]"#.into(), vec!["secret".into()]) };
        assert!(!format!("{kind:?} {event:?}").contains("secret"));
    }

    #[test]
    fn raw_text_is_read_as_a_type_of_the_caller() {
        #[derive(Deserialize)]
        struct Auth<'a> {
            token: &'a str,
        }
        let text = RawText::new(r#"{"token":"t"}"#.into());
        assert_eq!(text.parse::<Auth<'_>>().unwrap().token, "t");
        assert!(text.parse::<u8>().is_err());
    }
}
