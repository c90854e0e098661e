//! The cookie with a session's id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A cookie that has the session's id as its value (Socket.IO `cookie`), for balancers that keep a client with
/// its process by it. The server itself never reads it.
///
/// ```
/// use greenroom::{Config, SessionCookie};
///
/// // io=…; Path=/; HttpOnly; SameSite=Lax
/// let config = Config { cookie: Some(SessionCookie::default()), ..Config::default() };
/// # assert_eq!(config.cookie.unwrap().name, "io");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionCookie {
    /// Its name. Default `io`, as in Socket.IO.
    pub name: String,
    /// Below which path it is sent. Default `/`; none is the path of the endpoint.
    pub path: Option<String>,
    /// For which domain. Default none: the host that set it.
    pub domain: Option<String>,
    /// How long a browser keeps it. Default none: as long as it runs.
    #[serde(with = "humantime_serde")]
    pub max_age: Option<Duration>,
    /// Whether scripts cannot read it. Default true: it is a credential.
    pub http_only: bool,
    /// Whether it is sent over TLS alone. Default false, since the server may be behind a proxy that ends TLS.
    pub secure: bool,
    /// Whether it is sent from pages of other sites. Default `Lax`, as in Socket.IO.
    pub same_site: SameSite,
}

/// From whose pages a cookie is sent along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Only from pages of the same site.
    Strict,
    /// Also where a link leads here.
    Lax,
    /// From everywhere; browsers want `secure` then.
    None,
}

impl SameSite {
    /// As it stands in the header.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: "io".to_owned(),
            path: Some("/".to_owned()),
            domain: None,
            max_age: None,
            http_only: true,
            secure: false,
            same_site: SameSite::Lax,
        }
    }
}
