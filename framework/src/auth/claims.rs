//! What a verified token says.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Number, value::RawValue};

use super::{AuthError, Fault};

/// The claims of a token whose signature and registered claims are right.
///
/// All claims are kept as the text that was signed, which takes less memory than a tree and changes
/// no number. [`parse`](Self::parse) reads them into a type of the application.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::{Duration, SystemTime};
/// # use greenroom::auth::{JwtAuth, TokenIssuer};
/// # let secret = "a secret of at least thirty-two bytes";
/// # let (now, hour) = (SystemTime::UNIX_EPOCH, Duration::from_secs(3_600));
/// # let extra = serde_json::json!({ "name": "Ann", "level": 7 });
/// # let token = TokenIssuer::hs256(secret)?.issue("ann", now, hour, &extra)?;
/// # let claims = JwtAuth::hs256(secret)?.verify(&token, now)?;
/// #[derive(serde::Deserialize)]
/// struct Player {
///     name: String,
///     level: u32,
/// }
///
/// let player: Player = claims.parse()?;
/// assert_eq!((player.name.as_str(), player.level), ("Ann", 7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Claims {
    sub: Box<str>,
    exp: Option<SystemTime>,
    iat: Option<SystemTime>,
    jti: Option<Box<str>>,
    kid: Option<Box<str>>,
    text: Box<RawValue>,
}

impl Claims {
    pub(super) fn new(registered: Registered, kid: Option<String>, text: Box<RawValue>) -> Self {
        Self {
            sub: registered.sub.into(),
            exp: registered.exp,
            iat: registered.iat,
            jti: registered.jti.map(Into::into),
            kid: kid.map(Into::into),
            text,
        }
    }

    /// The user id. Never empty.
    #[must_use]
    pub fn sub(&self) -> &str {
        &self.sub
    }

    /// When the token expires, leeway not included. `None` only if the server accepts such tokens.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.exp
    }

    /// When the token was issued, to the second, if it says so.
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.iat
    }

    /// The id of the token, if it has one: for lists of revoked tokens.
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.jti.as_deref()
    }

    /// The id of the key that signed the token; `None` for the default key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// All claims, as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// Reads the claims into a type of the application.
    ///
    /// # Errors
    /// If the claims do not fit that type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }
}

/// Shows the user id only: claims may hold personal data.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("sub", &self.sub).finish_non_exhaustive()
    }
}

/// The claims of RFC 7519 › Registered Claim Names that the rules look at.
pub(super) struct Registered {
    pub(super) sub: String,
    pub(super) exp: Option<SystemTime>,
    pub(super) iat: Option<SystemTime>,
    pub(super) nbf: Option<SystemTime>,
    pub(super) aud: Vec<String>,
    pub(super) iss: Option<String>,
    pub(super) jti: Option<String>,
}

impl Registered {
    pub(super) fn read(text: &RawValue) -> Result<Self, AuthError> {
        let wire: Wire = serde_json::from_str(text.get()).map_err(|_| AuthError::Invalid(Fault::Claims))?;
        let sub = wire.sub.filter(|sub| !sub.is_empty());
        Ok(Self {
            sub: sub.ok_or(AuthError::Invalid(Fault::Claim("sub")))?,
            exp: wire.exp.map(|date| time("exp", &date)).transpose()?,
            iat: wire.iat.map(|date| time("iat", &date)).transpose()?,
            nbf: wire.nbf.map(|date| time("nbf", &date)).transpose()?,
            aud: wire.aud.map_or_else(Vec::new, OneOrMany::into_vec),
            iss: wire.iss,
            jti: wire.jti,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    sub: Option<String>,
    exp: Option<Number>,
    iat: Option<Number>,
    nbf: Option<Number>,
    aud: Option<OneOrMany>,
    iss: Option<String>,
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// RFC 7519 › Terminology › NumericDate: seconds since 1970, "non-integer values can be
/// represented".
fn time(claim: &'static str, date: &Number) -> Result<SystemTime, AuthError> {
    let seconds = match date.as_u64() {
        Some(whole) => Some(Duration::from_secs(whole)),
        None => date.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    let time = seconds.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(seconds));
    time.ok_or(AuthError::Invalid(Fault::Claim(claim)))
}
