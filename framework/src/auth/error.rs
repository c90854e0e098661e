//! Why a token is refused: a code for the client, a fault for the log.

use thiserror::Error;

use crate::error::Reject;

/// Why a client is not let in.
///
/// Code and text go to the client, so they say no more than an honest client needs to help itself:
/// log in, log in again, or set the clock. That a token is expired is only said of one that is
/// right in every other respect.
///
/// ```
/// use greenroom::auth::{AuthError, Fault};
///
/// let refusal = AuthError::Invalid(Fault::Signature);
/// assert_eq!((refusal.code(), refusal.to_string().as_str()), ("token_invalid", "token invalid"));
/// ```
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AuthError {
    /// There is no token, neither in the payload nor in the header.
    #[error("token missing")]
    Missing,
    /// `exp` has passed, leeway included.
    #[error("token expired")]
    Expired,
    /// `nbf` has not come, leeway included.
    #[error("token not yet valid")]
    NotYetValid,
    /// It was revoked: itself, its user's, or its key's.
    #[error("token revoked")]
    Revoked,
    /// A refreshed token belongs to another user than the one it is to replace.
    #[error("token of another user")]
    OtherUser,
    /// A token is offered where none is asked for.
    #[error("no token is needed here")]
    NotNeeded,
    /// Everything else. The fault is for the log: the client is not told.
    #[error("token invalid")]
    Invalid(Fault),
}

impl AuthError {
    /// What the client finds in `err.data.code` of its `connect_error`, and in `error.code` of a refused
    /// `auth:refresh`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Revoked => "token_revoked",
            Self::OtherUser => "token_other_user",
            Self::NotNeeded => "token_not_needed",
            Self::Invalid(_) => "token_invalid",
        }
    }

    /// What the client is told.
    pub(crate) fn to_reject(self) -> Reject {
        Reject::new(self.code(), self.to_string())
    }
}

/// What is wrong with an invalid token, for the log. Never holds a part of the token.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Longer than any honest token.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url, or the header is not one of a signed token.
    #[error("the token is malformed")]
    Malformed,
    /// The header demands extensions (`crit`) that are not understood.
    #[error("the header has critical extensions")]
    CriticalHeader,
    /// A refresh token where one for access is needed, or the other way round.
    #[error("the token is of the other kind")]
    Kind,
    /// No key has this `kid`; or there is no `kid` and no default key.
    #[error("no key fits the token")]
    UnknownKey,
    /// Another algorithm than the one the key is for.
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// The payload is not an object with registered claims of the right types.
    #[error("the claims are malformed")]
    Claims,
    /// This claim is missing, or has another value than it must have.
    #[error("the claim `{0}` is missing or not as required")]
    Claim(&'static str),
}
