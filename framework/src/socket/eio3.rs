//! What is different for `socket.io-client` 1 and 2, which speak Engine.IO 3 and Socket.IO protocol 4.
//!
//! Owns: nothing. Takes: what a session's table and its sockets say. Emits: the same in the words of its
//! client. Spec: the reference with `allowEIO3` (socket.io, `client.ts`, `namespace.ts`, `socket.ts`).
//!
//! | | protocol 4 | protocol 5 |
//! |---|---|---|
//! | `/` | is joined without CONNECT | by CONNECT |
//! | credentials | the query of the namespace | `auth` |
//! | answer to CONNECT | has no payload | `sid` |
//! | refusal | its data, else its message | an object of both |
//! | a socket's id | the session's, with the namespace before it | random |

use actix_web::web::Query;
use bytes::Bytes;
use greenroom_proto::engineio::{Message, Revision};
use greenroom_proto::socketio::{connect_query, encode};
use serde_json::Value;
use serde_json::map::{Entry, Map};

use super::Socket;
use crate::error::Reject;
use crate::session::SessionHandle;

/// Whether the client is one of these.
pub(super) fn is_spoken(session: &SessionHandle) -> bool {
    session.revision() == Revision::Three
}

/// The query of a CONNECT as the JSON text that `auth` would be: an object of strings, and of lists of
/// strings for names that come again.
pub(super) fn auth_of(message: &Message) -> Option<String> {
    let Message::Text(text) = message else { return None };
    let pairs = Query::<Vec<(String, String)>>::from_query(connect_query(text)?).ok()?.into_inner();
    let mut auth = Map::new();
    for (name, value) in pairs {
        match auth.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value.into());
            }
            Entry::Occupied(mut entry) => again(entry.get_mut(), value.into()),
        }
    }
    Some(Value::Object(auth).to_string())
}

fn again(values: &mut Value, value: Value) {
    if let Value::Array(list) = values {
        return list.push(value);
    }
    *values = Value::Array(vec![values.take(), value]);
}

/// What the client takes for its socket's id; nobody can tell it another.
pub(super) fn socket_id(session: &SessionHandle, path: &str) -> String {
    let sid = session.sid();
    if path == "/" { sid } else { format!("{path}#{sid}") }
}

/// What a refusal says.
pub(super) fn refusal(reject: &Reject) -> Value {
    reject.data().cloned().unwrap_or_else(|| reject.message().into())
}

impl Socket {
    /// The answer to its CONNECT; `payload` is for a client that takes one.
    pub(crate) fn connect_answer(&self, payload: &str) -> Bytes {
        encode::connect(self.path(), if is_spoken(self.session()) { "" } else { payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(packet: &str) -> Option<Value> {
        auth_of(&Message::Text(packet.into())).map(|json| serde_json::from_str(&json).unwrap())
    }

    #[test]
    fn the_query_of_a_connect_is_its_auth() {
        let expected = serde_json::json!({ "token": "a,b c", "tag": ["x", "y", "z"], "empty": "" });
        assert_eq!(auth("0/admin?token=a%2Cb+c&tag=x&tag=y&empty&tag=z,"), Some(expected));
        assert_eq!(auth("0/admin,"), None);
        assert_eq!(auth("0"), None);
        assert_eq!(auth_of(&Message::Binary(Bytes::new())), None);
    }

    #[test]
    fn a_refusal_is_its_data_or_its_message() {
        let reject = Reject::new("no", "not you");
        assert_eq!(refusal(&reject), "not you");
        let data = serde_json::json!({ "why": "fail" });
        assert_eq!(refusal(&reject.with_data(data.clone())), data);
    }
}
