//! What one member alone sees beside the view of its audience.

use serde::Serialize;

use super::tree::{Tree, TreeError};

/// What one member alone sees beside the view of its audience: an object whose fields are added.
///
/// ```
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::room::Secret;
///
/// #[derive(serde::Serialize)]
/// struct Hand { hand: Vec<u8> }
///
/// let secret = Secret::of(Hand { hand: vec![3, 9] });
/// ```
#[derive(Debug)]
pub struct Secret(pub(super) Option<Result<Tree, TreeError>>);

impl Secret {
    /// Nothing that others do not see.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// The fields of this value; to serde it is an object.
    #[must_use]
    pub fn of(fields: impl Serialize) -> Self {
        Self(Some(Tree::of(&fields)))
    }
}
