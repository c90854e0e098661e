//! A token that was verified, and by which rules.

use std::sync::Arc;
use std::time::SystemTime;

use super::{AuthError, Claims, JwtAuth, Revocations};

/// What lets a socket stay connected.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) claims: Arc<Claims>,
    auth: Arc<JwtAuth>,
}

/// A credential in the place of another one.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) old: Credential,
    pub(crate) new: Credential,
}

impl Credential {
    pub(crate) fn verify(
        token: &str,
        auth: Arc<JwtAuth>,
        revoked: &Revocations,
        now: SystemTime,
    ) -> Result<Self, AuthError> {
        let claims = Arc::new(auth.verify(token, now)?);
        if revoked.hit(&claims, now) {
            return Err(AuthError::Revoked);
        }
        Ok(Self { claims, auth })
    }

    /// Why it is good no more at this moment.
    pub(crate) fn fault(&self, revoked: &Revocations, now: SystemTime) -> Option<AuthError> {
        if self.ends_at().is_some_and(|end| end <= now) {
            return Some(AuthError::Expired);
        }
        revoked.hit(&self.claims, now).then_some(AuthError::Revoked)
    }

    /// When it ends, leeway included. `None`: never.
    pub(crate) fn ends_at(&self) -> Option<SystemTime> {
        self.auth.ends_at(&self.claims)
    }

    /// Whether both are one token, verified by the same rules.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.claims, &other.claims)
            || self.claims.kid() == other.claims.kid()
                && self.claims.text() == other.claims.text()
                && self.auth.is_same(&other.auth)
    }
}

impl Renewal {
    /// Whether it is for who has this: the same token, under the rules that the new one has passed.
    pub(crate) fn is_for(&self, credential: &Credential) -> bool {
        self.old.is(credential) && self.new.auth.is_same(&credential.auth)
    }
}
