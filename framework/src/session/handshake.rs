//! What is known of a session's first request.

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use actix_web::web::Query;

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
        let pairs = Query::<Vec<(String, String)>>::from_query(self.query()).ok()?.into_inner();
        pairs.into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
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
}
