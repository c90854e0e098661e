//! The end of a closing session's outbox.

use std::fmt;
use std::sync::Arc;

use super::outbox::SharedOutbox;

/// Held by whoever may still have packets for the client of a session that closes: the session, and
/// each of its sockets.
///
/// When the last clone is dropped, nothing more is taken, and the transport closes behind what waits.
/// A holder lets go by [`FanoutCommand::Release`](crate::fanout::FanoutCommand), so that its packets
/// are there first; one that dies lets go as well.
#[derive(Clone)]
pub(crate) struct Seal(Arc<OnDrop>);

impl Seal {
    pub(super) fn new(outbox: SharedOutbox) -> Self {
        Self(Arc::new(OnDrop(outbox)))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("holders", &Arc::strong_count(&self.0)).finish()
    }
}

struct OnDrop(SharedOutbox);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.seal();
    }
}
