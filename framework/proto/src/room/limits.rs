//! The bounds of a custom room.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much a custom room takes, each with its default and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoomLimits {
    /// Connections of one member at the same time. Default 8: a user has a few tabs and a phone.
    pub sockets_per_member: usize,
    /// Timers pending at the same time. Default 1,024: a few per player of a large room; more fail
    /// the hook that sets them, and one that replaces another counts as one more until the hook ends.
    pub timers: usize,
    /// Asynchronous work going on at the same time. Default 64; more is refused as a failed handler.
    pub tasks: usize,
    /// Events emitted and not yet sent. Default 4,096: more in one step is a loop that went wrong.
    pub queued_events: usize,
    /// Events that a room takes between two ticks, or two patches if it does not tick but has a
    /// [`Room::PATCH_INTERVAL`](super::Room::PATCH_INTERVAL), of all members. Default 1,024; the rest
    /// is answered `busy`.
    pub inputs_per_tick: u32,
    /// Events per second that a member may send for long. Default 60: a client that sends its input
    /// with each frame.
    pub events_per_second: u32,
    /// Events that a member may send at once after a pause. Default 120: two seconds' worth, which a
    /// client sends when its connection stalled.
    pub events_burst: u32,
    /// Events beyond the rate, within ten seconds, for which a member is removed. Default 600: an
    /// honest client stops at the first `rate_limited`.
    pub kick_after: u32,
    /// Panics within [`fault_window`](Self::fault_window) after which the room closes. Default 5: what
    /// fails that often does not heal.
    pub faults: usize,
    /// Panics within [`fault_window`](Self::fault_window) caused by events of one member, after which
    /// its events are refused until the window has passed. Default 3: one member alone cannot close
    /// the room.
    pub faults_per_member: usize,
    /// Panics within [`fault_window`](Self::fault_window) in events of one name, sent by two members
    /// or more, after which events of that name are refused until the window has passed. Default 3:
    /// an event that fails for everybody cannot close the room, and one member's failures do not take
    /// the event away from the others.
    pub faults_per_event: usize,
    /// See [`faults`](Self::faults). Default 10 s.
    pub fault_window: Duration,
    /// How long a room waits for its first member, if it closes when it is empty. Default 30 s: time
    /// for a client that has just been told the room's id.
    pub first_join: Duration,
    /// Bytes of inputs kept for the file that a panic leaves; half of it is always there once that
    /// much has come. Default 256 KiB: about half a minute of a busy room. Zero keeps none.
    pub journal_bytes: usize,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self {
            sockets_per_member: 8,
            timers: 1_024,
            tasks: 64,
            queued_events: 4_096,
            inputs_per_tick: 1_024,
            events_per_second: 60,
            events_burst: 120,
            kick_after: 600,
            faults: 5,
            faults_per_member: 3,
            faults_per_event: 3,
            fault_window: Duration::from_secs(10),
            first_join: Duration::from_secs(30),
            journal_bytes: 256 * 1_024,
        }
    }
}
