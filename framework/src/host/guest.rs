//! Members without a token.

use greenroom_proto::room::MemberId;
use uuid::Uuid;

/// A guest: whoever has the key is known again by it, and nobody else can learn it from the member's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest(Uuid);

impl Guest {
    /// The guest with this key; a new one if there is none, or it is not one of ours.
    pub(crate) fn known_by(key: Option<&str>) -> Self {
        Self(key.and_then(|key| Uuid::try_parse(key).ok()).unwrap_or_else(Uuid::new_v4))
    }

    /// What others see: a hash of the key.
    pub(crate) fn member(self) -> MemberId {
        MemberId::from(format!("guest-{}", Uuid::new_v5(&NAMESPACE, self.0.as_bytes()).simple()))
    }

    /// What the client returns to be known again.
    pub(crate) fn key(self) -> String {
        self.0.simple().to_string()
    }
}

/// Of Greenroom's guests alone: made once, by chance.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1a_7f0e_52d1_4b8e_9a43_d07f_3be2_915c);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_known_again_by_its_key_alone() {
        let guest = Guest::known_by(None);
        assert_eq!(Guest::known_by(Some(&guest.key())), guest);
        assert_ne!(Guest::known_by(Some("whatever")), guest);
        assert!(!guest.member().as_str().contains(&guest.key()));
        assert_ne!(Guest::known_by(Some(guest.member().as_str())), guest);
    }
}
