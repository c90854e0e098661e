//! What the tests beside the code share.

use std::sync::OnceLock;
use std::time::Instant;

/// The beginning of time.
#[expect(clippy::disallowed_methods, reason = "a test starts its own time")]
pub(super) fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}
