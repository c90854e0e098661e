//! Who may see whom.
//!
//! Owns: blocks, and what users show of themselves. Keeps: a block holds in both directions at once;
//! with reciprocity nobody sees more than they show. The answer is asked for when somebody subscribes,
//! comes, or a relationship changes, and is kept by whoever asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::UserId;

/// How much of a user somebody may see, in rising order.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Nothing: the user is offline to them, and was never seen.
    Hidden,
    /// Whether the user is there, and the day of “last seen”.
    Coarse,
    /// Everything.
    #[default]
    Full,
}

/// An application's own rule. Closures are rules.
pub trait Policy: Send + Sync {
    /// How much of `target` may `viewer` see? Must answer at once, from memory.
    fn can_see(&self, viewer: &str, target: &str) -> Visibility;
}

impl<F: Fn(&str, &str) -> Visibility + Send + Sync> Policy for F {
    fn can_see(&self, viewer: &str, target: &str) -> Visibility {
        self(viewer, target)
    }
}

/// Everything that decides who may see whom.
#[derive(Default)]
pub(super) struct Sight {
    policy: Option<Box<dyn Policy>>,
    reciprocal: bool,
    shown: BTreeMap<UserId, Visibility>,
    blocks: BTreeSet<(UserId, UserId)>,
}

impl Sight {
    pub(super) fn new(reciprocal: bool) -> Self {
        Self { reciprocal, ..Self::default() }
    }

    pub(super) fn set_policy(&mut self, policy: Box<dyn Policy>) {
        self.policy = Some(policy);
    }

    /// Whether everyone sees everyone, so that nobody has to be asked about.
    pub(super) fn is_open(&self) -> bool {
        self.policy.is_none() && self.shown.is_empty() && self.blocks.is_empty()
    }

    pub(super) fn can_see(&self, viewer: &UserId, target: &UserId) -> Visibility {
        if viewer == target || self.is_open() {
            return Visibility::Full;
        }
        if self.has_block(viewer, target) || self.has_block(target, viewer) {
            return Visibility::Hidden;
        }
        let shown = |user| self.shown.get(user).copied().unwrap_or_default();
        let own = if self.reciprocal { shown(viewer) } else { Visibility::Full };
        let ruled = self.policy.as_ref().map(|rule| rule.can_see(viewer.as_str(), target.as_str()));
        shown(target).min(own).min(ruled.unwrap_or_default())
    }

    /// Returns false if nothing changed.
    pub(super) fn show(&mut self, user: &UserId, visibility: Visibility) -> bool {
        match visibility {
            Visibility::Full => self.shown.remove(user).is_some(),
            Visibility::Hidden | Visibility::Coarse => {
                self.shown.insert(user.clone(), visibility) != Some(visibility)
            }
        }
    }

    /// Returns false if nothing changed.
    pub(super) fn block(&mut self, blocker: &UserId, blocked: &UserId) -> bool {
        self.blocks.insert((blocker.clone(), blocked.clone()))
    }

    /// Returns false if nothing changed.
    pub(super) fn unblock(&mut self, blocker: &UserId, blocked: &UserId) -> bool {
        self.blocks.remove(&(blocker.clone(), blocked.clone()))
    }

    /// How many blocks and choices are remembered.
    pub(super) fn len(&self) -> usize {
        self.shown.len() + self.blocks.len()
    }

    fn has_block(&self, blocker: &UserId, blocked: &UserId) -> bool {
        !self.blocks.is_empty() && self.blocks.contains(&(blocker.clone(), blocked.clone()))
    }
}

impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sight")
            .field("policy", &self.policy.is_some())
            .field("relations", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_rule_decides_and_oneself_is_always_seen() {
        let (ann, bob, cy) = (UserId::from("ann"), UserId::from("bob"), UserId::from("cy"));
        let mut sight = Sight::new(true);
        assert_eq!(sight.can_see(&ann, &bob), Visibility::Full);
        sight.show(&ann, Visibility::Coarse);
        let table = [(&bob, &ann), (&ann, &bob)].map(|(viewer, target)| sight.can_see(viewer, target));
        assert_eq!(table, [Visibility::Coarse; 2], "who shows less sees less");
        assert_eq!(sight.can_see(&ann, &ann), Visibility::Full);
        sight.block(&bob, &cy);
        let table = [(&bob, &cy), (&cy, &bob)].map(|(viewer, target)| sight.can_see(viewer, target));
        assert_eq!(table, [Visibility::Hidden; 2], "a block holds both ways");
        sight.set_policy(Box::new(|viewer: &str, _: &str| match viewer {
            "dee" => Visibility::Hidden,
            _ => Visibility::Full,
        }));
        assert_eq!(sight.can_see(&UserId::from("dee"), &bob), Visibility::Hidden);
        assert!(sight.unblock(&bob, &cy) && !sight.unblock(&bob, &cy));
        assert_eq!(sight.can_see(&bob, &cy), Visibility::Full);
    }
}
