//! Tokens that are good no more, whatever they say themselves.
//!
//! **Owns** what was revoked, until no such token can be left. **Takes** revocations, claims and the
//! time. **Keeps** at most [`Config::max_revocations`](crate::Config::max_revocations) of them: one more
//! is refused, never an old one forgotten.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::Claims;

/// Which tokens are revoked; see [`Server::revoke`](crate::Server::revoke).
///
/// ```
/// use std::time::SystemTime;
/// use greenroom::auth::Revocation;
///
/// let one_token = Revocation::token("its jti");
/// let everywhere = Revocation::user("ann");                      // all that she has by now
/// let before_the_leak = Revocation::user("ann").issued_before(SystemTime::UNIX_EPOCH);
/// let a_stolen_key = Revocation::key("2026-06");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    which: Which,
    name: Box<str>,
    issued_before: Option<SystemTime>,
    until: Option<SystemTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    Token,
    User,
    Key,
}

/// So much is revoked that no more can be remembered. Who is connected was sent away all the same, but
/// may come back.
///
/// Room comes when tokens expire. Until then: raise
/// [`Config::max_revocations`](crate::Config::max_revocations), revoke users in place of tokens, or take
/// the key away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too much is revoked")]
pub struct RevocationsFull;

impl Revocation {
    /// The token with this `jti`.
    #[must_use]
    pub fn token(jti: &str) -> Self {
        Self::new(Which::Token, jti)
    }

    /// All tokens of the user with this `sub` that were issued by now.
    #[must_use]
    pub fn user(sub: &str) -> Self {
        Self::new(Which::User, sub)
    }

    /// All tokens that the key with this `kid` has signed. Give no other key the name again.
    #[must_use]
    pub fn key(kid: &str) -> Self {
        Self::new(Which::Key, kid)
    }

    /// Of a user's tokens only those whose `iat` is before this time, and those that have none. `iat`
    /// counts whole seconds: a login in the second of the revocation comes too early.
    #[must_use]
    pub fn issued_before(mut self, time: SystemTime) -> Self {
        self.issued_before = Some(time);
        self
    }

    /// When the last of these tokens expires, if that is known: what is revoked is forgotten then.
    /// Default: after [`Config::longest_token_life`](crate::Config::longest_token_life).
    #[must_use]
    pub fn until(mut self, time: SystemTime) -> Self {
        self.until = Some(time);
        self
    }

    fn new(which: Which, name: &str) -> Self {
        Self { which, name: name.into(), issued_before: None, until: None }
    }

    /// The same at a certain time: what is due "by now" has a date.
    pub(crate) fn at(self, now: SystemTime) -> Self {
        let issued_before = match self.which {
            Which::User => Some(self.issued_before.unwrap_or(now)),
            Which::Token | Which::Key => None,
        };
        Self { issued_before, ..self }
    }

    /// Whether a token is one of these.
    pub(crate) fn hits(&self, claims: &Claims) -> bool {
        self.which.name_in(claims) == Some(&*self.name) && is_before(claims, self.issued_before)
    }
}

impl Which {
    fn name_in(self, claims: &Claims) -> Option<&str> {
        match self {
            Self::Token => claims.jti(),
            Self::User => Some(claims.sub()),
            Self::Key => claims.kid(),
        }
    }
}

/// Everything that is revoked on one server.
#[derive(Debug)]
pub(crate) struct Revocations {
    most: usize,
    longest_life: Duration,
    entries: RwLock<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    tokens: HashMap<Box<str>, Entry>,
    users: HashMap<Box<str>, Entry>,
    keys: HashMap<Box<str>, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    issued_before: Option<SystemTime>,
    until: SystemTime,
}

impl Revocations {
    pub(crate) fn new(most: usize, longest_life: Duration) -> Self {
        Self { most, longest_life, entries: RwLock::default() }
    }

    /// Remembers one, for as long as its tokens may live.
    pub(crate) fn add(&self, revocation: &Revocation, now: SystemTime) -> Result<(), RevocationsFull> {
        let until = revocation.until.or_else(|| now.checked_add(self.longest_life));
        let entry = Entry { issued_before: revocation.issued_before, until: until.ok_or(RevocationsFull)? };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.forget_expired(now);
        }
        let full = entries.len() >= self.most;
        let of_its_kind = entries.of(revocation.which);
        match of_its_kind.get_mut(&revocation.name) {
            Some(known) => known.widen(entry),
            None if full => return Err(RevocationsFull),
            None => drop(of_its_kind.insert(revocation.name.clone(), entry)),
        }
        Ok(())
    }

    /// Whether a token was revoked.
    pub(crate) fn hit(&self, claims: &Claims, now: SystemTime) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let kinds =
            [(Which::Token, &entries.tokens), (Which::User, &entries.users), (Which::Key, &entries.keys)];
        kinds.into_iter().any(|(which, entries)| {
            let entry = which.name_in(claims).and_then(|name| entries.get(name));
            entry.is_some_and(|entry| now < entry.until && is_before(claims, entry.issued_before))
        })
    }
}

impl Entries {
    fn of(&mut self, which: Which) -> &mut HashMap<Box<str>, Entry> {
        match which {
            Which::Token => &mut self.tokens,
            Which::User => &mut self.users,
            Which::Key => &mut self.keys,
        }
    }

    fn len(&self) -> usize {
        self.tokens.len() + self.users.len() + self.keys.len()
    }

    fn forget_expired(&mut self, now: SystemTime) {
        for entries in [&mut self.tokens, &mut self.users, &mut self.keys] {
            entries.retain(|_, entry| now < entry.until);
        }
    }
}

impl Entry {
    /// Revoked twice, the wider one holds.
    fn widen(&mut self, other: Self) {
        self.issued_before = self.issued_before.max(other.issued_before);
        self.until = self.until.max(other.until);
    }
}

/// A token that does not say when it was issued may be old.
fn is_before(claims: &Claims, time: Option<SystemTime>) -> bool {
    time.is_none_or(|time| claims.issued_at().is_none_or(|issued| issued < time))
}

#[cfg(test)]
mod tests {
    use super::super::{JwtAuth, TokenIssuer};
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";
    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(hours: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + 1_000 * HOUR + hours * HOUR
    }

    fn claims(sub: &str, jti: &str, issued: SystemTime) -> Claims {
        let issuer = TokenIssuer::hs256(SECRET).unwrap().key_id("k");
        let extra = serde_json::json!({ "jti": jti });
        let token = issuer.issue(sub, issued, 100 * HOUR, &extra).unwrap();
        let key = super::super::Key::secret(super::super::Algorithm::Hs256, SECRET).unwrap();
        JwtAuth::new().key("k", key).verify(&token, issued).unwrap()
    }

    #[test]
    fn a_revocation_hits_what_it_names_and_nothing_else() {
        let (ann, bob) = (claims("ann", "1", at(0)), claims("bob", "2", at(0)));
        let table = [
            (Revocation::token("1"), true, false),
            (Revocation::user("ann"), true, false),
            (Revocation::user("ann").issued_before(at(0)), false, false),
            (Revocation::key("k"), true, true),
            (Revocation::key("1"), false, false),
            (Revocation::token("ann"), false, false),
        ];
        for (revocation, hits_ann, hits_bob) in table {
            let revocation = revocation.at(at(1));
            assert_eq!(
                (revocation.hits(&ann), revocation.hits(&bob)),
                (hits_ann, hits_bob),
                "{revocation:?}"
            );
            let all = Revocations::new(8, HOUR);
            all.add(&revocation, at(1)).unwrap();
            assert_eq!((all.hit(&ann, at(1)), all.hit(&bob, at(1))), (hits_ann, hits_bob), "{revocation:?}");
        }
    }

    #[test]
    fn a_user_who_logs_in_again_is_let_in() {
        let all = Revocations::new(8, HOUR);
        all.add(&Revocation::user("ann").at(at(1)), at(1)).unwrap();
        // An older revocation that comes late does not narrow it down.
        all.add(&Revocation::user("ann").issued_before(at(0)), at(1)).unwrap();
        assert!(all.hit(&claims("ann", "1", at(0)), at(1)));
        assert!(!all.hit(&claims("ann", "2", at(1)), at(1)));
    }

    #[test]
    fn what_no_token_can_be_of_any_more_makes_room_and_nothing_else_does() {
        let all = Revocations::new(2, 3 * HOUR);
        all.add(&Revocation::token("1").until(at(2)), at(0)).unwrap();
        all.add(&Revocation::token("2"), at(0)).unwrap();
        assert_eq!(all.add(&Revocation::token("3"), at(1)), Err(RevocationsFull));
        assert_eq!(all.add(&Revocation::token("2"), at(1)), Ok(()), "known already");
        assert_eq!(all.add(&Revocation::token("3"), at(2)), Ok(()));
        assert!(!all.hit(&claims("ann", "1", at(0)), at(2)), "it has expired by itself");
        assert!(all.hit(&claims("ann", "2", at(0)), at(3)));
        assert!(!all.hit(&claims("ann", "2", at(0)), at(4)));
    }
}
