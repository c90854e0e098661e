//! What is known of a session's first request.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use actix_web::http::header::HttpDate;
use actix_web::web::Query;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// The request that opened a session.
///
/// Kept as one block of text: it lives as long as the session, and most of it is never looked at.
#[derive(Clone)]
pub struct Handshake {
    path: Box<str>,
    /// `name: value` lines.
    headers: Box<str>,
    address: Option<IpAddr>,
    secure: bool,
    issued: SystemTime,
}

impl Handshake {
    /// What a request would take, in bytes.
    pub(crate) fn size<'a>(path_and_query: &str, headers: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
        let lines = headers.map(|(name, value)| name.len() + ": \n".len() + value.len());
        path_and_query.len() + lines.sum::<usize>()
    }

    /// Notes a request. Headers that are not visible ASCII are left out.
    pub(crate) fn new<'a>(
        path_and_query: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        issued: SystemTime,
    ) -> Self {
        let mut text = String::new();
        for (name, value) in headers {
            text.extend([name, ": ", value, "\n"]);
        }
        Self { path: path_and_query.into(), headers: text.into(), address: None, secure: false, issued }
    }

    pub(crate) fn with_peer(mut self, address: Option<IpAddr>, secure: bool) -> Self {
        self.address = address;
        self.secure = secure;
        self
    }

    /// Path and query string, as requested.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.path
    }

    /// The query string, still percent-encoded.
    #[must_use]
    pub fn query(&self) -> &str {
        self.path.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first parameter of this name in the query string, decoded (Socket.IO's `handshake.query`).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) {
    /// // io("https://game.example", { query: { lobby: "blue sky" } })
    /// io.of("/").on_connect(|socket| println!("{:?}", socket.handshake().query_param("lobby")));
    /// # }
    /// ```
    #[must_use]
    pub fn query_param(&self, name: &str) -> Option<String> {
        self.query_params().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// All parameters of the query string, decoded, in their order.
    #[must_use]
    pub fn query_params(&self) -> Vec<(String, String)> {
        Query::from_query(self.query()).map(Query::into_inner).unwrap_or_default()
    }

    /// The first header of this name, which is not case-sensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.lines().filter_map(|line| line.split_once(": "))
    }

    /// The client's address; behind a trusted proxy the one that the proxy names.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether the connection is encrypted, up to this server.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the request came from a page of another origin, or at least says so.
    #[must_use]
    pub fn is_cross_origin(&self) -> bool {
        self.header("origin").is_some()
    }

    /// When the request came.
    #[must_use]
    pub fn issued(&self) -> SystemTime {
        self.issued
    }

    /// The same to the second, as text that people read (Socket.IO's `handshake.time`).
    #[must_use]
    pub fn time(&self) -> String {
        HttpDate::from(self.issued).to_string()
    }
}

/// As the object that Socket.IO has: `headers`, `time`, `address`, `xdomain`, `secure`, `issued` (milliseconds
/// since 1970), `url`, `query`. Of several headers of one name the values stand in one, of several parameters
/// the last counts. It has tokens and cookies in it.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(io: Server) {
/// io.of("/").on("who am i", |socket, ()| {
///     let handshake = serde_json::json!(socket.handshake());
///     Ok((handshake["address"].clone(), handshake["headers"]["user-agent"].clone()))
/// });
/// # }
/// ```
impl Serialize for Handshake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in self.headers() {
            let all = headers.entry(name).or_default();
            all.extend([if all.is_empty() { "" } else { ", " }, value]);
        }
        let query: BTreeMap<String, String> = self.query_params().into_iter().collect();
        let since = self.issued.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut object = serializer.serialize_struct("Handshake", 8)?;
        object.serialize_field("headers", &headers)?;
        object.serialize_field("time", &self.time())?;
        object.serialize_field("address", &self.address)?;
        object.serialize_field("xdomain", &self.is_cross_origin())?;
        object.serialize_field("secure", &self.secure)?;
        object.serialize_field("issued", &u64::try_from(since.as_millis()).unwrap_or(u64::MAX))?;
        object.serialize_field("url", self.url())?;
        object.serialize_field("query", &query)?;
        object.end()
    }
}

/// Without values: tokens and cookies are not for logs.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split_once('?').map_or(&*self.path, |(path, _)| path);
        let headers: Vec<&str> = self.headers().map(|(name, _)| name).collect();
        f.debug_struct("Handshake")
            .field("path", &path)
            .field("headers", &headers)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_by_name_in_any_case() {
        let headers = [("host", "game.example"), ("authorization", "Bearer a: b"), ("empty", "")];
        let handshake = Handshake::new(
            "/socket.io/?EIO=4&x=1&name=a%20b%26",
            headers.into_iter(),
            SystemTime::UNIX_EPOCH,
        );
        assert_eq!(handshake.header("Authorization"), Some("Bearer a: b"));
        assert_eq!(handshake.header("empty"), Some(""));
        assert_eq!(handshake.header("none"), None);
        assert_eq!(handshake.query(), "EIO=4&x=1&name=a%20b%26");
        assert_eq!(handshake.query_param("name").as_deref(), Some("a b&"));
        assert_eq!(handshake.query_param("y"), None);
        assert_eq!(handshake.headers().count(), 3);
    }

    #[test]
    fn it_is_written_as_the_object_that_socket_io_has() {
        let headers =
            [("x-forwarded-for", "10.0.0.1"), ("origin", "https://a.example"), ("x-forwarded-for", "::1")];
        let issued = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(784_111_777_250);
        let handshake = Handshake::new("/socket.io/?EIO=4&name=a%20b", headers.into_iter(), issued)
            .with_peer(Some([127, 0, 0, 1].into()), true);
        let expected = serde_json::json!({
            "headers": { "x-forwarded-for": "10.0.0.1, ::1", "origin": "https://a.example" },
            "time": "Sun, 06 Nov 1994 08:49:37 GMT",
            "address": "127.0.0.1",
            "xdomain": true,
            "secure": true,
            "issued": 784_111_777_250_u64,
            "url": "/socket.io/?EIO=4&name=a%20b",
            "query": { "EIO": "4", "name": "a b" },
        });
        assert_eq!(serde_json::json!(handshake), expected);
    }
}
