//! The rules that a token has to meet.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Header, Validation, errors::ErrorKind};
use serde_json::value::RawValue;

use super::{
    AuthError, Claims, Fault, Key, KeyError,
    claims::Registered,
    keys::{Algorithm, Keys},
};

/// Verifies the tokens of connecting clients.
///
/// A token must be signed by a configured key with the algorithm of that key, must have a `sub`, the
/// user id, and an `exp` that has not passed; an `nbf` must have come. What else is checked is
/// configured below.
///
/// Tokens with a `kid` are verified by the key of that name only, tokens without one by the default
/// key only. Clones share their keys, which [`keys`](Self::keys) changes while the server runs.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use greenroom::auth::{Algorithm, JwtAuth, Key};
///
/// let one_secret = JwtAuth::hs256("a secret of at least thirty-two bytes")?.audience("game");
///
/// let rotated = JwtAuth::new()
///     .key("2026-06", Key::secret(Algorithm::Hs256, "the secret of June, thirty-two bytes")?)
///     .key("2026-07", Key::secret(Algorithm::Hs256, "the secret of July, thirty-two bytes")?)
///     .issuer("https://login.example");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JwtAuth {
    keys: Keys,
    audience: Vec<String>,
    issuers: Vec<String>,
    leeway: Duration,
    expiry_required: bool,
    kind: Kind,
    query_parameter: Option<String>,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// To connect with.
    Access,
    /// To get another one for access with.
    Refresh,
}

impl JwtAuth {
    /// Default of [`leeway`](Self::leeway): 5 s. Servers that keep time by NTP are within a second
    /// of each other; more would only let a token live on after its end.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

    /// Bytes of a token: 8 KiB, which is what servers and proxies take as a header. A longer one
    /// is refused before it is hashed.
    pub const MAX_TOKEN_BYTES: usize = 8 * 1_024;

    /// Makes rules without a key: until a key is added, every token is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes rules with one secret as the default key, for HS256.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] if it has fewer than 32 bytes, [`KeyError::WrongKind`] if it is
    /// a PEM text.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Ok(Self::new().default_key(Key::secret(Algorithm::Hs256, secret)?))
    }

    /// Adds a key for tokens with this `kid`; replaces the one that had the name.
    #[must_use]
    pub fn key(self, kid: impl Into<String>, key: Key) -> Self {
        self.keys.insert(kid, key);
        self
    }

    /// Sets the key for tokens without a `kid`.
    #[must_use]
    pub fn default_key(self, key: Key) -> Self {
        self.keys.set_default(Some(key));
        self
    }

    /// The keys, to be changed while the server runs.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Demands an `aud` with this value; called again, one of the values suffices.
    ///
    /// Without a call a token that has an `aud` is refused: it is meant for somebody else. RFC 7519
    /// › "aud" (Audience) Claim: "If the principal processing the claim does not identify itself
    /// with a value in the "aud" claim when this claim is present, then the JWT MUST be rejected".
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Demands an `iss` with this value; called again, one of the values suffices. Without a call
    /// `iss` is not looked at.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// The rules for the refresh tokens that a [`TokenIssuer`](super::TokenIssuer) makes beside those
    /// for access, for the route that takes them: the same keys, and no token for access passes. Configure
    /// the rest before.
    #[must_use]
    pub fn for_refresh_tokens(&self) -> Self {
        let audience = if self.audience.is_empty() {
            vec![refresh_audience(None)]
        } else {
            self.audience.iter().map(|audience| refresh_audience(Some(audience))).collect()
        };
        Self { audience, kind: Kind::Refresh, ..self.clone() }
    }

    /// How far the clocks of the issuer and of this server may differ, for `exp` and `nbf`. Default
    /// [`DEFAULT_LEEWAY`](Self::DEFAULT_LEEWAY).
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Accepts tokens without `exp`, which are good until their key is taken away. An `exp` that is
    /// there still counts.
    #[must_use]
    pub fn allow_tokens_without_expiry(mut self) -> Self {
        self.expiry_required = false;
        self
    }

    /// Takes the token from this parameter of the handshake's query as well, if neither `auth` nor the
    /// `Authorization` header has one: for clients that can set nothing else, such as `socket.io-client` 2
    /// in a browser. Default: no, since addresses stand in the logs of servers and proxies, and a token with
    /// them. Such tokens should live for seconds.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use greenroom::auth::JwtAuth;
    ///
    /// let auth = JwtAuth::hs256("a secret of at least thirty-two bytes")?.token_in_query("token");
    /// // io("https://game.example", { query: { token } })
    /// # let _ = auth;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn token_in_query(mut self, parameter: impl Into<String>) -> Self {
        self.query_parameter = Some(parameter.into());
        self
    }

    /// The parameter that may have the token.
    pub(crate) fn query_parameter(&self) -> Option<&str> {
        self.query_parameter.as_deref()
    }

    /// Verifies a token at the time `now`.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] unless key, signature, `sub`, `aud` and `iss` are right; then
    /// [`AuthError::Expired`] or [`AuthError::NotYetValid`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::{Duration, SystemTime};
    ///
    /// use greenroom::auth::{AuthError, JwtAuth, TokenIssuer};
    ///
    /// let secret = "a secret of at least thirty-two bytes";
    /// let (now, hour) = (SystemTime::UNIX_EPOCH, Duration::from_secs(3_600));
    /// let token = TokenIssuer::hs256(secret)?.issue("ann", now, hour, &())?;
    ///
    /// let auth = JwtAuth::hs256(secret)?;
    /// assert_eq!(auth.verify(&token, now)?.sub(), "ann");
    /// assert_eq!(auth.verify(&token, now + 2 * hour).unwrap_err(), AuthError::Expired);
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, AuthError> {
        let (header, text) = self.authentic(token)?;
        let registered = Registered::read(&text)?;
        self.check_parties(&registered)?;
        self.check_times(&registered, now)?;
        Ok(Claims::new(registered, header.kid, text))
    }

    /// When a token ends, leeway included. `None`: never.
    pub(crate) fn ends_at(&self, claims: &Claims) -> Option<SystemTime> {
        claims.expires_at().and_then(|exp| exp.checked_add(self.leeway))
    }

    /// Whether both accept the same tokens, now and after a change of the keys.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.keys.are(&other.keys)
            && self.audience == other.audience
            && self.issuers == other.issuers
            && self.leeway == other.leeway
            && self.expiry_required == other.expiry_required
            && self.kind == other.kind
    }

    /// The header and claims of a token that one of the keys has signed.
    fn authentic(&self, token: &str) -> Result<(Header, Box<RawValue>), AuthError> {
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        if token.len() > Self::MAX_TOKEN_BYTES {
            return Err(AuthError::Invalid(Fault::TooLong));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Invalid(Fault::Malformed))?;
        // RFC 7515 › "crit" (Critical) Header Parameter: "If any of the listed extension Header
        // Parameters are not understood and supported by the recipient, then the JWS is invalid".
        if header.crit.is_some() {
            return Err(AuthError::Invalid(Fault::CriticalHeader));
        }
        if Kind::of(header.typ.as_deref()) != self.kind {
            return Err(AuthError::Invalid(Fault::Kind));
        }
        let keys = self.keys.now();
        let key = keys.find(header.kid.as_deref()).ok_or(AuthError::Invalid(Fault::UnknownKey))?;
        let token = jsonwebtoken::decode(token, &key.decoding, &signature_only(key));
        token
            .map(|token| (token.header, token.claims))
            .map_err(|error| AuthError::Invalid(fault(error.kind())))
    }

    fn check_parties(&self, claims: &Registered) -> Result<(), AuthError> {
        let for_us = claims.aud.iter().any(|audience| self.audience.contains(audience));
        let for_anyone = self.audience.is_empty() && claims.aud.is_empty();
        if !for_us && !for_anyone {
            return Err(AuthError::Invalid(Fault::Claim("aud")));
        }
        let trusted = claims.iss.as_ref().is_some_and(|issuer| self.issuers.contains(issuer));
        if !trusted && !self.issuers.is_empty() {
            return Err(AuthError::Invalid(Fault::Claim("iss")));
        }
        if claims.exp.is_none() && self.expiry_required {
            return Err(AuthError::Invalid(Fault::Claim("exp")));
        }
        Ok(())
    }

    /// RFC 7519: "the current date/time MUST be before" `exp`, and "after or equal to" `nbf`.
    fn check_times(&self, claims: &Registered, now: SystemTime) -> Result<(), AuthError> {
        let has_come = |time: SystemTime| time <= now;
        if claims.exp.and_then(|exp| exp.checked_add(self.leeway)).is_some_and(has_come) {
            return Err(AuthError::Expired);
        }
        if claims.nbf.and_then(|nbf| nbf.checked_sub(self.leeway)).is_some_and(|nbf| !has_come(nbf)) {
            return Err(AuthError::NotYetValid);
        }
        Ok(())
    }
}

impl Default for JwtAuth {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            audience: Vec::new(),
            issuers: Vec::new(),
            leeway: Self::DEFAULT_LEEWAY,
            expiry_required: true,
            kind: Kind::Access,
            query_parameter: None,
        }
    }
}

impl Kind {
    /// RFC 8725 › Use Explicit Typing. Nobody else's tokens have the type of ours for refresh.
    pub(super) const REFRESH_TYPE: &str = "refresh+jwt";

    fn of(typ: Option<&str>) -> Self {
        let is_refresh = typ.is_some_and(|typ| typ.eq_ignore_ascii_case(Self::REFRESH_TYPE));
        if is_refresh { Self::Refresh } else { Self::Access }
    }
}

/// Whom refresh tokens are for: services that share the key and look at no `typ` refuse them, too.
pub(super) fn refresh_audience(audience: Option<&str>) -> String {
    audience.map_or_else(|| "refresh".to_owned(), |audience| format!("{audience}/refresh"))
}

/// The claims are checked here, against a time that is passed in and with `aud` and `iss` required
/// where they are configured.
fn signature_only(key: &Key) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an open enum of another crate")]
fn fault(kind: &ErrorKind) -> Fault {
    match kind {
        ErrorKind::InvalidAlgorithm => Fault::Algorithm,
        ErrorKind::InvalidSignature => Fault::Signature,
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => Fault::Claims,
        _ => Fault::Malformed,
    }
}
