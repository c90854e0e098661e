//! Who is alive: pings, and how long silence is believed. In revision 3 the client pings.
//!
//! Spec: Engine.IO protocol › Heartbeat. "If the client does not receive a ping … the server … should
//! consider that the connection is closed" holds for both sides.

use std::time::Instant;

use super::SessionLimits;
use crate::engineio::Revision;

/// Whether a ping is out.
#[derive(Debug)]
pub(super) enum Heartbeat {
    /// The last ping was answered, or there was none yet.
    Quiet { ping_at: Instant },
    /// A ping is out.
    Asked { pong_by: Instant, heard_at: Option<Instant> },
    /// Revision 3: the client has to be heard by then.
    Listening { by: Instant },
}

/// What a due heartbeat asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Nothing,
    Ping,
    Dead,
}

impl Heartbeat {
    /// The first ping comes after an interval, not at once: clients count on it.
    pub(super) fn new(revision: Revision, now: Instant, limits: &SessionLimits) -> Self {
        match revision {
            Revision::Three => Self::Listening { by: now + limits.ping_interval + limits.ping_timeout },
            Revision::Four => Self::Quiet { ping_at: now + limits.ping_interval },
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match self {
            Self::Quiet { ping_at } => *ping_at,
            Self::Asked { pong_by, .. } => *pong_by,
            Self::Listening { by } => *by,
        }
    }

    /// Any packet counts as life: a pong may wait behind a large message.
    pub(super) fn heard(&mut self, now: Instant, limits: &SessionLimits) {
        match self {
            Self::Quiet { .. } => {}
            Self::Asked { heard_at, .. } => *heard_at = Some(now),
            Self::Listening { by } => *by = now + limits.ping_interval + limits.ping_timeout,
        }
    }

    /// A pong that nobody asked for is ignored.
    pub(super) fn pong(&mut self, now: Instant, limits: &SessionLimits) {
        if let Self::Asked { .. } = self {
            *self = Self::Quiet { ping_at: now + limits.ping_interval };
        }
    }

    pub(super) fn handle_deadline(&mut self, now: Instant, limits: &SessionLimits) -> Beat {
        match *self {
            Self::Quiet { ping_at } if ping_at <= now => {
                *self = Self::Asked { pong_by: pong_by(ping_at, now, limits), heard_at: None };
                Beat::Ping
            }
            Self::Asked { pong_by, heard_at } if pong_by <= now => {
                let extended = heard_at.map(|heard| heard + limits.ping_timeout).filter(|by| *by > now);
                let Some(pong_by) = extended else { return Beat::Dead };
                *self = Self::Asked { pong_by, heard_at: None };
                Beat::Nothing
            }
            Self::Listening { by } if by <= now => {
                // Far too late, the process stood still, and what the peer has said is not read yet.
                if now.saturating_duration_since(by) < limits.ping_timeout / 2 {
                    return Beat::Dead;
                }
                *self = Self::Listening { by: now + limits.ping_timeout };
                Beat::Nothing
            }
            Self::Quiet { .. } | Self::Asked { .. } | Self::Listening { .. } => Beat::Nothing,
        }
    }
}

/// A timer that fires a little late must not give the peer more time; one that fires very late, after
/// this process stood still, must not take the peer's time away.
fn pong_by(ping_at: Instant, now: Instant, limits: &SessionLimits) -> Instant {
    let on_time = now.saturating_duration_since(ping_at) < limits.ping_timeout / 2;
    (if on_time { ping_at } else { now }) + limits.ping_timeout
}
