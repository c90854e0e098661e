//! One user: the sockets, what they say, and what follows for the user as a whole.
//!
//! ```text
//!            connect                    every socket lost          away_after_drop
//! offline ─────────────▶ there, as the ─────────────────▶ as before ───────────▶ away
//!    ▲                   liveliest socket ◀──────────────────────────────────────┘│
//!    │ left, kicked            │                  connect                         │
//!    └─────────────────────────┴──────────────────────────────────────────────────┘
//!                                                           offline_after
//! ```

use std::time::Instant;

use smallvec::SmallVec;

use super::{Activity, Data, Entry, LeaveReason, Manual, MetaRef, PresenceConfig, Report, Scope, Status};

/// One socket of a user.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) socket: MetaRef,
    pub(super) device: Option<Box<str>>,
    pub(super) since: Instant,
    claim: Option<(Activity, Instant)>,
}

/// Sockets that were lost and may come back.
#[derive(Clone, Copy, Debug)]
struct Lost {
    count: u32,
    at: Instant,
    activity: Activity,
    reason: LeaveReason,
}

/// A user who is there, or was.
#[derive(Debug)]
pub(super) struct User {
    pub(super) metas: SmallVec<[Meta; 1]>,
    pub(super) scopes: SmallVec<[Scope; 2]>,
    pub(super) manual: Option<Manual>,
    pub(super) data: Option<Data>,
    lost: Option<Lost>,
    gone: LeaveReason,
    last_seen: Option<Instant>,
    is_visible: bool,
    typing_since: Option<Instant>,
    typing_reports: u32,
}

impl User {
    pub(super) fn new() -> Self {
        Self {
            metas: SmallVec::new(),
            scopes: SmallVec::new(),
            manual: None,
            data: None,
            lost: None,
            gone: LeaveReason::Left,
            last_seen: None,
            is_visible: false,
            typing_since: None,
            typing_reports: 0,
        }
    }

    /// A socket comes: a new one, or one in place of one that was lost.
    pub(super) fn connect(&mut self, socket: MetaRef, device: Option<Box<str>>, now: Instant) {
        self.metas.push(Meta { socket, device, since: now, claim: None });
        self.lost = self.lost.filter(|lost| lost.count > 1);
        if let Some(lost) = &mut self.lost {
            lost.count -= 1;
        }
    }

    /// A socket ends. One that is not there changes nothing.
    pub(super) fn disconnect(
        &mut self,
        socket: MetaRef,
        reason: LeaveReason,
        now: Instant,
        config: &PresenceConfig,
    ) {
        let Some(place) = self.metas.iter().position(|meta| meta.socket == socket) else { return };
        let ended = self.metas.remove(place);
        if !reason.has_grace() {
            self.gone = reason;
            self.lost = self.lost.filter(|lost| lost.shown(now, config).is_some());
            return;
        }
        let before = self.lost.filter(|lost| lost.shown(now, config).is_some());
        let still_shown = before.and_then(|lost| lost.shown(now, config));
        let activity = ended.activity(now, config).max(still_shown.unwrap_or(Activity::Away));
        let count = before.map_or(0, |lost| lost.count).saturating_add(1);
        self.lost = Some(Lost { count, at: now, activity, reason });
    }

    /// What a client says of its user.
    pub(super) fn report(&mut self, socket: MetaRef, report: Report, now: Instant) {
        let activity = match report {
            Report::Online => Activity::Online,
            Report::Idle => Activity::Idle,
            Report::Away => Activity::Away,
            Report::Dnd => return self.manual = Some(Manual::Dnd),
            Report::Invisible => return self.manual = Some(Manual::Invisible),
            Report::Auto => return self.manual = None,
        };
        if let Some(meta) = self.metas.iter_mut().find(|meta| meta.socket == socket) {
            // An idle page that says so again is idle since it first did.
            let repeated = meta.claim.is_some_and(|(claimed, _)| claimed == activity);
            if !repeated || activity == Activity::Online {
                meta.claim = Some((activity, now));
            }
        }
    }

    /// Counts a report of typing; `false` if there were too many.
    pub(super) fn may_type(&mut self, now: Instant, config: &PresenceConfig) -> bool {
        if self.typing_since.is_none_or(|since| since + config.typing_refresh <= now) {
            self.typing_since = Some(now);
            self.typing_reports = 0;
        }
        self.typing_reports = self.typing_reports.saturating_add(1);
        self.typing_reports <= config.typing_reports
    }

    /// Notes whether others see the user, and since when they do not.
    pub(super) fn settle(&mut self, now: Instant, config: &PresenceConfig) {
        let is_visible = self.public_status(now, config).is_some();
        if self.is_visible && !is_visible {
            let lost_at = self.lost.map(|lost| lost.at).filter(|_| self.manual != Some(Manual::Invisible));
            self.last_seen = Some(lost_at.unwrap_or(now));
        }
        self.is_visible = is_visible;
    }

    /// What the liveliest socket does; `None` if there is none and none is expected back.
    pub(super) fn activity(&self, now: Instant, config: &PresenceConfig) -> Option<Activity> {
        let live = self.metas.iter().map(|meta| meta.activity(now, config)).max();
        live.max(self.lost.and_then(|lost| lost.shown(now, config)))
    }

    /// The user as it is.
    pub(super) fn true_status(&self, now: Instant, config: &PresenceConfig) -> Status {
        match (self.activity(now, config), self.manual) {
            (None, _) => Status::Offline,
            (Some(_), Some(Manual::Dnd)) => Status::Dnd,
            (Some(activity), None | Some(Manual::Invisible)) => activity.into(),
        }
    }

    /// The user as others see it; `None` is offline.
    pub(super) fn public_status(&self, now: Instant, config: &PresenceConfig) -> Option<Status> {
        if self.manual == Some(Manual::Invisible) {
            return None;
        }
        Some(self.true_status(now, config)).filter(|status| *status != Status::Offline)
    }

    /// As above, with what the application shows.
    pub(super) fn public_entry(&self, now: Instant, config: &PresenceConfig) -> Option<Entry> {
        Some(Entry { status: self.public_status(now, config)?, data: self.data.clone() })
    }

    /// When others last saw the user; `None` while they do, or if they never did.
    pub(super) fn last_seen(&self) -> Option<Instant> {
        self.last_seen.filter(|_| !self.is_visible)
    }

    /// When others last saw the user before it came, if it is there.
    pub(super) fn seen_before(&self) -> Option<Instant> {
        self.last_seen
    }

    /// Why the user is not there for others. Who is invisible has left, whatever the sockets do.
    pub(super) fn leave_reason(&self) -> LeaveReason {
        match (self.manual, self.lost) {
            (Some(Manual::Invisible), _) => LeaveReason::Left,
            (_, Some(lost)) => lost.reason,
            (_, None) => self.gone,
        }
    }

    /// Whether sockets live, or are expected back.
    pub(super) fn is_there(&self, now: Instant, config: &PresenceConfig) -> bool {
        self.activity(now, config).is_some()
    }

    /// When what is above changes by itself.
    pub(super) fn next_change(&self, now: Instant, config: &PresenceConfig) -> Option<Instant> {
        let claims = self.metas.iter().flat_map(|meta| meta.changes(config));
        let lost = self.lost.iter().flat_map(|lost| lost.changes(config));
        claims.chain(lost).filter(|at| *at > now).min()
    }
}

impl Meta {
    /// What the socket is believed to do.
    pub(super) fn activity(&self, now: Instant, config: &PresenceConfig) -> Activity {
        let Some((claimed, _)) = self.claim else { return Activity::Online };
        let passed = self.changes(config).filter(|at| *at <= now).count();
        match (claimed, passed) {
            (Activity::Online, 0) => Activity::Online,
            (Activity::Online, 1) | (Activity::Idle, 0) => Activity::Idle,
            (Activity::Online | Activity::Idle | Activity::Away, _) => Activity::Away,
        }
    }

    /// When a claim is no longer believed, in order.
    fn changes(&self, config: &PresenceConfig) -> impl Iterator<Item = Instant> + use<> {
        let (online, idle) = (config.online_believed_for, config.away_after_idle);
        let steps: SmallVec<[Instant; 2]> = match self.claim {
            Some((Activity::Online, at)) => [at + online, at + online + idle].into(),
            Some((Activity::Idle, at)) => [at + idle].into_iter().collect(),
            Some((Activity::Away, _)) | None => SmallVec::new(),
        };
        steps.into_iter()
    }
}

impl Lost {
    /// As what the sockets that may come back are shown.
    fn shown(&self, now: Instant, config: &PresenceConfig) -> Option<Activity> {
        if now >= self.at + config.offline_after {
            None
        } else if now >= self.at + config.away_after_drop && self.reason != LeaveReason::Server {
            Some(Activity::Away)
        } else {
            Some(self.activity)
        }
    }

    fn changes(&self, config: &PresenceConfig) -> [Instant; 2] {
        [self.at + config.away_after_drop, self.at + config.offline_after]
    }
}
