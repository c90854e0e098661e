//! Keys that verify tokens, each for one algorithm.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
};

use jsonwebtoken::{DecodingKey, crypto::rust_crypto};
use thiserror::Error;

/// How a token is signed. There is no `none`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    Hs256,
    /// HMAC with SHA-384 and a shared secret.
    Hs384,
    /// HMAC with SHA-512 and a shared secret.
    Hs512,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// A key together with the one algorithm that it is for.
///
/// A token that names another algorithm is refused. So a public key can never be used as the secret
/// of an HMAC, whatever a token says.
///
/// ```
/// use greenroom::auth::{Algorithm, Key, KeyError};
///
/// assert!(Key::secret(Algorithm::Hs256, "a secret of at least thirty-two bytes").is_ok());
/// let short = Key::secret(Algorithm::Hs256, "secret").unwrap_err();
/// assert_eq!(short, KeyError::SecretTooShort { bytes: 6, least: 32 });
/// ```
#[derive(Clone)]
pub struct Key {
    pub(super) algorithm: jsonwebtoken::Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Why a key cannot be used. A mistake in the configuration, found when the server is built.
///
/// It becomes an [`io::Error`] by `?`, since it is met in `main`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// A short secret can be guessed offline from one token. RFC 7518 › HMAC with SHA-2 Functions:
    /// "A key of the same size as the hash output or larger MUST be used".
    #[error("the secret has {bytes} bytes, the algorithm needs {least}")]
    SecretTooShort {
        /// Bytes of the secret.
        bytes: usize,
        /// Bytes that the algorithm needs: 32, 48 or 64.
        least: usize,
    },
    /// RFC 7518 › Digital Signature with RSASSA-PKCS1-v1_5: "A key of size 2048 bits or larger MUST
    /// be used".
    #[error("the RSA key has fewer than 2048 bits")]
    RsaTooShort,
    /// A secret for an algorithm with public keys, or the other way round. A PEM text is never a
    /// secret: it is a public key in the wrong place.
    #[error("the algorithm needs a key of another kind")]
    WrongKind,
    /// Not a public key of the algorithm in PEM.
    #[error("not a public key of this algorithm in PEM")]
    InvalidPem,
}

impl Key {
    /// Makes a key of a shared secret.
    ///
    /// # Errors
    /// [`KeyError::WrongKind`] if the algorithm is not an HMAC or the secret is a PEM text,
    /// [`KeyError::SecretTooShort`] if it has fewer bytes than the hash.
    pub fn secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = checked_secret(algorithm, secret.as_ref())?;
        Ok(Self { algorithm: algorithm.wire(), decoding: DecodingKey::from_secret(secret) })
    }

    /// Makes a key of a public key in PEM.
    ///
    /// # Errors
    /// [`KeyError::WrongKind`] if the algorithm is an HMAC, [`KeyError::InvalidPem`] if this is not
    /// a public key of the algorithm, [`KeyError::RsaTooShort`].
    ///
    /// ```
    /// use greenroom::auth::{Algorithm, JwtAuth, Key};
    ///
    /// let pem = "-----BEGIN PUBLIC KEY-----
    /// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    /// -----END PUBLIC KEY-----";
    /// let auth = JwtAuth::new().key("2026-07", Key::public_pem(Algorithm::EdDsa, pem)?);
    /// # Ok::<(), greenroom::auth::KeyError>(())
    /// ```
    pub fn public_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        use jsonwebtoken::AlgorithmFamily as Family;
        let (wire, pem) = (algorithm.wire(), pem.as_ref());
        let decoding = match wire.family() {
            Family::Hmac => return Err(KeyError::WrongKind),
            Family::Rsa => DecodingKey::from_rsa_pem(pem),
            Family::Ec => DecodingKey::from_ec_pem(pem),
            Family::Ed => DecodingKey::from_ed_pem(pem),
        };
        let decoding = decoding.map_err(|_| KeyError::InvalidPem)?;
        let der_bytes = decoding.try_get_as_bytes().map_or(0, <[u8]>::len);
        if wire.family() == Family::Rsa && der_bytes < RSA_2048_DER_BYTES {
            return Err(KeyError::RsaTooShort);
        }
        // Parses the key, so that a broken one is found now and not at the first token.
        let parsed = (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(&wire, &decoding);
        parsed.map_err(|_| KeyError::InvalidPem)?;
        use_a_crypto_provider();
        Ok(Self { algorithm: wire, decoding })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl From<KeyError> for io::Error {
    fn from(error: KeyError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// The keys of a [`JwtAuth`](super::JwtAuth), which may change while the server runs.
///
/// Cheap to clone; all clones are the same keys. A token that is being verified is verified by the
/// keys of one moment.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use greenroom::auth::{Algorithm, JwtAuth, Key};
///
/// # let (june, july) = ("the secret of June, thirty-two bytes", "the secret of July, thirty-two bytes");
/// let auth = JwtAuth::new().key("2026-06", Key::secret(Algorithm::Hs256, june)?);
/// let keys = auth.keys();
/// let io = greenroom::Server::builder().auth(auth).build();
///
/// // A month later the login signs with the next key; tokens of the old one still pass …
/// keys.insert("2026-07", Key::secret(Algorithm::Hs256, july)?);
/// // … and when the last of them has expired, it goes.
/// assert!(keys.remove("2026-06"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Keys(Arc<RwLock<Arc<Keyring>>>);

impl Keys {
    /// Adds a key for tokens with this `kid`; replaces the one that had the name.
    pub fn insert(&self, kid: impl Into<String>, key: Key) {
        let kid = kid.into();
        self.change(|ring| drop(ring.by_kid.insert(kid, key)));
    }

    /// Takes the key of this `kid` away; tells whether it was there. Its tokens are refused from now
    /// on. Sockets that are connected stay until their tokens expire;
    /// [`Revocation::key`](super::Revocation::key) ends them at once.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn remove(&self, kid: &str) -> bool {
        let mut found = false;
        self.change(|ring| found = ring.by_kid.remove(kid).is_some());
        found
    }

    /// Puts these in the place of all keys that have a `kid`, at once, as after a fetch of the
    /// issuer's list. The default key stays.
    pub fn replace<K: Into<String>>(&self, keys: impl IntoIterator<Item = (K, Key)>) {
        let by_kid = keys.into_iter().map(|(kid, key)| (kid.into(), key)).collect();
        self.change(|ring| ring.by_kid = by_kid);
    }

    /// Sets the key for tokens without a `kid`; `None` refuses them.
    pub fn set_default(&self, key: Option<Key>) {
        self.change(|ring| ring.without_kid = key);
    }

    /// The names of the keys, in no order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.now().by_kid.keys().cloned().collect()
    }

    /// The keys of this moment.
    pub(super) fn now(&self) -> Arc<Keyring> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn change(&self, change: impl FnOnce(&mut Keyring)) {
        change(Arc::make_mut(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

/// The keys of one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring {
    pub(super) without_kid: Option<Key>,
    pub(super) by_kid: HashMap<String, Key>,
}

impl Keyring {
    /// The key for a token. An unknown `kid` does not fall back to the default key.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match kid {
            Some(kid) => self.by_kid.get(kid),
            None => self.without_kid.as_ref(),
        }
    }
}

impl Algorithm {
    pub(super) const fn wire(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Hs384 => jsonwebtoken::Algorithm::HS384,
            Self::Hs512 => jsonwebtoken::Algorithm::HS512,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
            Self::Rs512 => jsonwebtoken::Algorithm::RS512,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Ps384 => jsonwebtoken::Algorithm::PS384,
            Self::Ps512 => jsonwebtoken::Algorithm::PS512,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    /// Bytes that a secret needs; `None` where there is none.
    const fn secret_bytes(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            Self::Rs256
            | Self::Rs384
            | Self::Rs512
            | Self::Ps256
            | Self::Ps384
            | Self::Ps512
            | Self::Es256
            | Self::Es384
            | Self::EdDsa => None,
        }
    }
}

pub(super) fn checked_secret(algorithm: Algorithm, secret: &[u8]) -> Result<&[u8], KeyError> {
    let least = algorithm.secret_bytes().ok_or(KeyError::WrongKind)?;
    if secret.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(KeyError::WrongKind);
    }
    if secret.len() < least {
        return Err(KeyError::SecretTooShort { bytes: secret.len(), least });
    }
    use_a_crypto_provider();
    Ok(secret)
}

/// `jsonwebtoken` panics at the first token if another crate of the program has switched on its
/// second backend and nobody has chosen. A choice that was made before stays.
fn use_a_crypto_provider() {
    if rust_crypto::DEFAULT_PROVIDER.install_default().is_err() {
        tracing::trace!("a provider for jsonwebtoken is installed already");
    }
}

/// The modulus alone has 256 bytes.
const RSA_2048_DER_BYTES: usize = 256;
