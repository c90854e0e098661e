//! Who is connecting: JSON Web Tokens in the handshake.
//!
//! **Owns** the keys and the rules for tokens. **Takes** the CONNECT packet's `auth` payload or the
//! `Authorization` header, and the time. **Emits** [`Claims`], whose `sub` is the user id, or an
//! [`AuthError`] whose code the client is told. **Keeps** to the configuration: neither the
//! algorithm nor a key nor an address of one is ever taken from a token.
//!
//! *Spec*: RFC 7519 (claims), RFC 7515 (header and signature), RFC 8725 (best current practices).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::{Duration, SystemTime};
//!
//! use greenroom::auth::{JwtAuth, TokenIssuer, token_from};
//!
//! let secret = "a secret of at least thirty-two bytes";
//! let now = SystemTime::now();
//!
//! // The login hands out a token …
//! let issuer = TokenIssuer::hs256(secret)?.audience("game");
//! let token = issuer.issue("ann", now, Duration::from_secs(3_600), &())?;
//!
//! // … the browser connects with `io({ auth: { token } })` …
//! let payload = format!(r#"{{"token":"{token}"}}"#);
//!
//! // … and the server knows who that is.
//! let auth = JwtAuth::hs256(secret)?.audience("game");
//! let token = token_from(Some(&payload), None).expect("the payload has a token");
//! assert_eq!(auth.verify(&token, now)?.sub(), "ann");
//! # Ok(())
//! # }
//! ```

mod claims;
mod credential;
mod error;
mod issue;
mod jwt;
mod keys;
mod revoke;

use std::borrow::Cow;

use serde::Deserialize;

pub use self::{
    claims::Claims,
    error::{AuthError, Fault},
    issue::{IssueError, TokenIssuer, TokenLives, TokenPair},
    jwt::JwtAuth,
    keys::{Algorithm, Key, KeyError, Keys},
    revoke::{Revocation, RevocationsFull},
};
pub(crate) use credential::{Credential, Renewal};
pub(crate) use revoke::Revocations;

/// Finds the token of a connecting client: the string `token` in the CONNECT packet's `auth`
/// payload, else the `Authorization` header of the handshake, if its scheme is `Bearer`.
///
/// The payload comes first because a browser can set it for each namespace and each reconnect,
/// the header only where WebSocket is not used.
///
/// ```
/// use greenroom::auth::token_from;
///
/// let payload = Some(r#"{"token":"from the payload"}"#);
/// let header = Some("Bearer from-the-header");
/// assert_eq!(token_from(payload, header).as_deref(), Some("from the payload"));
/// assert_eq!(token_from(Some("{}"), header).as_deref(), Some("from-the-header"));
/// assert_eq!(token_from(None, Some("Basic YW5uOg==")), None);
/// ```
#[must_use]
pub fn token_from<'a>(
    auth_payload_json: Option<&'a str>,
    authorization_header: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    let payload = auth_payload_json.and_then(|json| serde_json::from_str::<Payload<'_>>(json).ok());
    let in_payload = payload.and_then(|payload| payload.token).filter(|token| !token.is_empty());
    in_payload.or_else(|| authorization_header.and_then(bearer).map(Cow::Borrowed))
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
}

/// The scheme is case-insensitive: RFC 9110 › Authentication › Authentication Scheme.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests;
