//! What goes to clients: the payloads of all events, encoded once each.
//!
//! *Spec*: `docs/guide/presence.md`. Maps are ordered, so equal contents are equal bytes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytestring::ByteString;
use serde::Serialize;

use super::{
    Counts, Data, Entry, LeaveReason, Manual, MetaRef, Mode, PresenceConfig, Scope, Status, UserId,
    Visibility,
};

/// An event, ready to be put into a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The event's name.
    pub event: &'static str,
    /// Its only argument, as JSON.
    pub json: ByteString,
    /// Whether it may be lost where a client is not ready for it.
    pub volatile: bool,
}

/// Something that the shell is to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// To every socket in the scope but these.
    Everyone {
        /// Whose members.
        scope: Scope,
        /// Sockets that get something else, or nothing.
        except: Vec<MetaRef>,
        /// What.
        message: Message,
    },
    /// To these sockets alone.
    Sockets {
        /// Who.
        to: Vec<MetaRef>,
        /// What.
        message: Message,
    },
}

/// A place in a stream of messages: whoever has applied all up to it has the same table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The epoch: grows whenever a stream begins anew.
    pub e: u64,
    /// The offset in the epoch.
    pub o: u64,
}

/// `presence:state` with names.
#[derive(Debug, Serialize)]
pub(super) struct StateMessage<'a> {
    pub(super) room: &'a Scope,
    pub(super) mode: Mode,
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) users: BTreeMap<&'a UserId, Entry>,
}

/// `presence:state` and `presence:counts` without names.
#[derive(Debug, Serialize)]
pub(super) struct CountsMessage<'a> {
    pub(super) room: &'a Scope,
    pub(super) mode: Mode,
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) counts: Counts,
}

/// `presence:diff`.
#[derive(Debug, Serialize)]
pub(super) struct DiffMessage<'a> {
    pub(super) room: &'a Scope,
    pub(super) mode: Mode,
    pub(super) from: u64,
    #[serde(flatten)]
    pub(super) place: Place,
    #[serde(flatten)]
    pub(super) changes: Changes<'a>,
}

/// What a diff says.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changes<'a> {
    pub(super) joins: BTreeMap<&'a UserId, Entry>,
    pub(super) updates: BTreeMap<&'a UserId, Entry>,
    pub(super) leaves: BTreeMap<&'a UserId, Leave>,
}

/// Somebody is no longer there.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Leave {
    pub(super) reason: LeaveReason,
    pub(super) last_seen: Option<u64>,
}

/// `presence:watched`.
#[derive(Debug, Serialize)]
pub(super) struct WatchedMessage<'a> {
    /// Absent where `users` is everybody that the socket watches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<u64>,
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) users: BTreeMap<&'a UserId, Watched>,
}

/// A user as somebody sees it who watches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    /// How the user is shown.
    pub status: Status,
    /// What the application shows of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Milliseconds since 1970, rounded down, the more the longer ago; for who is offline and was
    /// seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
}

/// `presence:self`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SelfMessage<'a> {
    pub(super) id: &'a UserId,
    pub(super) manual: Option<Manual>,
    pub(super) idle_after: u64,
    pub(super) typing_refresh: u64,
}

/// `typing:state`.
#[derive(Debug, Serialize)]
pub(super) struct TypingMessage<'a> {
    pub(super) room: &'a Scope,
    pub(super) users: BTreeMap<&'a UserId, u64>,
    pub(super) count: usize,
    pub(super) until: u64,
    pub(super) at: u64,
}

impl Changes<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.updates.is_empty() && self.leaves.is_empty()
    }
}

impl<'a> Changes<'a> {
    /// Adds what one viewer sees of a change, if that is anything.
    pub(super) fn add(
        &mut self,
        user: &'a UserId,
        before: Option<Entry>,
        after: Option<Entry>,
        leave: impl FnOnce() -> Leave,
    ) {
        match (before, after) {
            (None, Some(after)) => drop(self.joins.insert(user, after)),
            (Some(before), Some(after)) if before != after => drop(self.updates.insert(user, after)),
            (Some(_), None) => drop(self.leaves.insert(user, leave())),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
}

/// Encodes a payload of this module.
pub(super) fn encode(event: &'static str, payload: &impl Serialize, volatile: bool) -> Message {
    // Maps with text as keys, numbers and text: nothing that JSON cannot say.
    let json = serde_json::to_string(payload).unwrap_or_default();
    Message { event, json: json.into(), volatile }
}

/// The calendar's time at a moment, and how coarsely others are told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    start: Instant,
    start_unix: Duration,
}

impl Calendar {
    pub(super) fn new(now: Instant, now_unix: Duration) -> Self {
        Self { start: now, start_unix: now_unix }
    }

    /// Milliseconds since 1970.
    pub(super) fn unix_ms(&self, at: Instant) -> u64 {
        u64::try_from(self.unix(at).as_millis()).unwrap_or(u64::MAX)
    }

    /// Microseconds since 1970: for the next 285 years a whole number to JavaScript.
    pub(super) fn unix_us(&self, at: Instant) -> u64 {
        u64::try_from(self.unix(at).as_micros()).unwrap_or(u64::MAX)
    }

    fn unix(&self, at: Instant) -> Duration {
        match at.checked_duration_since(self.start) {
            Some(later) => self.start_unix + later,
            None => self.start_unix.saturating_sub(self.start.duration_since(at)),
        }
    }

    /// The first of the times, each an interval after the other, that is not before `at`.
    pub(super) fn next_beat(&self, at: Instant, interval: Duration, phase: u32) -> Instant {
        let Some(interval) = u64::try_from(interval.as_millis()).ok().filter(|ms| *ms > 0) else { return at };
        let since_start = at.saturating_duration_since(self.start).as_micros().div_ceil(1_000);
        let since_start = u64::try_from(since_start).unwrap_or(u64::MAX / 2);
        let phase = u64::from(phase) % interval;
        let beats = (since_start + interval - phase).div_ceil(interval);
        self.start + Duration::from_millis((beats * interval + phase).saturating_sub(interval))
    }

    /// “Last seen” as this viewer is told.
    pub(super) fn last_seen(
        &self,
        at: Option<Instant>,
        now: Instant,
        visibility: Visibility,
        config: &PresenceConfig,
    ) -> Option<u64> {
        let at = at?;
        let ago = now.saturating_duration_since(at);
        let step = match visibility {
            Visibility::Hidden => return None,
            Visibility::Full if ago < config.last_seen_step_hours => config.last_seen_step,
            Visibility::Full if ago < config.last_seen_step_days => config.last_seen_step_hours,
            Visibility::Full | Visibility::Coarse => config.last_seen_step_days,
        };
        let (ms, step) = (self.unix_ms(at), u64::try_from(step.as_millis()).unwrap_or(u64::MAX).max(1));
        Some(ms - ms % step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::tests::start;

    #[test]
    fn last_seen_is_the_coarser_the_longer_ago() {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let config = PresenceConfig::default();
        let seen = 100 * DAY + 5 * HOUR + 7 * MINUTE + 9;
        let calendar = Calendar::new(start(), Duration::from_secs(seen));
        let told = |ago, visibility| {
            let now = start() + Duration::from_secs(ago);
            calendar.last_seen(Some(start()), now, visibility, &config).map(|ms| ms / 1_000)
        };
        let (minute, hour, day) = (seen - 9, seen - 9 - 7 * MINUTE, 100 * DAY);
        assert_eq!(told(0, Visibility::Full), Some(minute));
        assert_eq!(told(HOUR - 1, Visibility::Full), Some(minute));
        assert_eq!(told(HOUR, Visibility::Full), Some(hour));
        assert_eq!(told(DAY, Visibility::Full), Some(day));
        assert_eq!(told(0, Visibility::Coarse), Some(day));
        assert_eq!(told(0, Visibility::Hidden), None);
    }
}
