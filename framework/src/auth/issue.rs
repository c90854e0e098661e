//! Makes tokens: for tests, for examples, and for servers that are their own login.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::jwt::{Kind, refresh_audience};
use super::keys::{Algorithm, KeyError, checked_secret};

/// Signs tokens with a shared secret, for [`JwtAuth::hs256`](super::JwtAuth::hs256) and for keys
/// made by [`Key::secret`](super::Key::secret).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::{Duration, SystemTime};
///
/// use greenroom::auth::TokenIssuer;
///
/// let issuer = TokenIssuer::hs256("a secret of at least thirty-two bytes")?.audience("game");
/// # let now = SystemTime::UNIX_EPOCH;
/// let extra = serde_json::json!({ "name": "Ann" });
/// let token = issuer.issue("user-1", now, Duration::from_secs(3_600), &extra)?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenIssuer {
    header: Header,
    key: EncodingKey,
    audience: Option<String>,
    issuer: Option<String>,
}

/// Why no token was made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The additional claims cannot be written as JSON.
    #[error("the additional claims cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// The additional claims are neither an object nor nothing.
    #[error("the additional claims are not an object")]
    NotAnObject,
    /// The additional claims hold one that the issuer sets.
    #[error("the claim `{0}` is set by the issuer")]
    Reserved(&'static str),
    /// The time of issue or of expiry cannot be written as seconds since 1970.
    #[error("the time is out of range")]
    TimeOutOfRange,
    /// Signing failed.
    #[error("the token could not be signed")]
    Sign,
}

/// How long the tokens of a pair live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenLives {
    /// The token to connect with. Default 15 minutes: what a stolen one is good for.
    pub access: Duration,
    /// The token to get the next with. Default 30 days: how long a player may stay away and still be
    /// logged in.
    pub refresh: Duration,
}

/// A token to connect with, and one to get the next with.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct TokenPair {
    /// For `io({ auth: { token } })` and `auth:refresh`.
    pub access: String,
    /// For the login's route that makes new ones; it connects nobody.
    pub refresh: String,
}

impl Default for TokenLives {
    fn default() -> Self {
        Self { access: Duration::from_secs(15 * 60), refresh: Duration::from_secs(30 * 24 * 60 * 60) }
    }
}

/// Without the tokens: they are not for logs.
impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").finish_non_exhaustive()
    }
}

impl TokenIssuer {
    /// Makes an issuer of HS256 tokens.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] if the secret has fewer than 32 bytes, [`KeyError::WrongKind`]
    /// if it is a PEM text.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::secret(Algorithm::Hs256, secret)
    }

    /// Makes an issuer of tokens with any of the HMAC algorithms.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`], or [`KeyError::WrongKind`] for other algorithms and PEM texts.
    pub fn secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = checked_secret(algorithm, secret.as_ref())?;
        let (header, key) = (Header::new(algorithm.wire()), EncodingKey::from_secret(secret));
        Ok(Self { header, key, audience: None, issuer: None })
    }

    /// Names the key in the tokens (`kid`).
    #[must_use]
    pub fn key_id(mut self, kid: impl Into<String>) -> Self {
        self.header.kid = Some(kid.into());
        self
    }

    /// Sets the `aud` of the tokens.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Sets the `iss` of the tokens.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Makes a token for the user `sub`, good from `now` for `ttl`. `extra` are additional claims:
    /// an object, or `&()` for none. Its `jti` is random unless it is among them.
    ///
    /// # Errors
    /// [`IssueError::Encode`], [`IssueError::NotAnObject`] or [`IssueError::Reserved`] for the
    /// additional claims, [`IssueError::TimeOutOfRange`] for the times, [`IssueError::Sign`].
    pub fn issue(
        &self,
        sub: &str,
        now: SystemTime,
        ttl: Duration,
        extra: &impl Serialize,
    ) -> Result<String, IssueError> {
        self.sign(Kind::Access, sub, (now, ttl), extra)
    }

    /// Makes a token to connect with, and one to get the next with, which connects nobody: it has another
    /// `typ` and another `aud`, and passes
    /// [`JwtAuth::for_refresh_tokens`](super::JwtAuth::for_refresh_tokens) only. Both hold `extra`.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::SystemTime;
    /// use greenroom::auth::{JwtAuth, TokenIssuer, TokenLives};
    ///
    /// # let (secret, now) = ("a secret of at least thirty-two bytes", SystemTime::UNIX_EPOCH);
    /// let (issuer, auth) = (TokenIssuer::hs256(secret)?, JwtAuth::hs256(secret)?);
    /// let pair = issuer.issue_pair("ann", now, TokenLives::default(), &())?;
    /// assert!(auth.verify(&pair.access, now).is_ok() && auth.verify(&pair.refresh, now).is_err());
    ///
    /// // Later, in the route that refreshes:
    /// let claims = auth.for_refresh_tokens().verify(&pair.refresh, now)?;
    /// let access = issuer.issue(claims.sub(), now, TokenLives::default().access, &())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn issue_pair(
        &self,
        sub: &str,
        now: SystemTime,
        lives: TokenLives,
        extra: &impl Serialize,
    ) -> Result<TokenPair, IssueError> {
        let access = self.sign(Kind::Access, sub, (now, lives.access), extra)?;
        let refresh = self.sign(Kind::Refresh, sub, (now, lives.refresh), extra)?;
        Ok(TokenPair { access, refresh })
    }

    fn sign(
        &self,
        kind: Kind,
        sub: &str,
        (now, ttl): (SystemTime, Duration),
        extra: &impl Serialize,
    ) -> Result<String, IssueError> {
        let mut claims = object(serde_json::to_value(extra)?)?;
        claims.entry("jti").or_insert_with(|| uuid::Uuid::new_v4().simple().to_string().into());
        let mut header = self.header.clone();
        let mut audience = self.audience.clone();
        if kind == Kind::Refresh {
            header.typ = Some(Kind::REFRESH_TYPE.to_owned());
            audience = Some(refresh_audience(audience.as_deref()));
        }
        let expiry = now.checked_add(ttl).ok_or(IssueError::TimeOutOfRange)?;
        let set = [
            ("sub", Some(Value::from(sub))),
            ("iat", Some(seconds(now)?.into())),
            ("exp", Some(seconds(expiry)?.into())),
            ("aud", audience.map(Value::from)),
            ("iss", self.issuer.clone().map(Value::from)),
        ];
        for (name, value) in set.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if claims.insert(name.to_owned(), value).is_some() {
                return Err(IssueError::Reserved(name));
            }
        }
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| IssueError::Sign)
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer").field("algorithm", &self.header.alg).finish_non_exhaustive()
    }
}

fn object(extra: Value) -> Result<Map<String, Value>, IssueError> {
    match extra {
        Value::Null => Ok(Map::new()),
        Value::Object(claims) => Ok(claims),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(IssueError::NotAnObject)
        }
    }
}

fn seconds(time: SystemTime) -> Result<u64, IssueError> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map(|duration| duration.as_secs()).map_err(|_| IssueError::TimeOutOfRange)
}
