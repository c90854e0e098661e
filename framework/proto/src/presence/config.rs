//! Every time and limit of presence: name, unit, default, and why.

use std::time::Duration;

/// Every time and limit of presence in one namespace.
///
/// ```
/// use std::time::Duration;
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::presence::PresenceConfig;
///
/// let config = PresenceConfig { offline_after: Duration::from_secs(30), ..PresenceConfig::default() };
/// assert_eq!(config.max_watched, 200);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PresenceConfig {
    /// Time from the loss of a user's last socket until others see `away`. Default 3 s: a page reload
    /// and a change of the network stay invisible.
    pub away_after_drop: Duration,
    /// Time from the loss of a user's last socket until the user is offline. Default 15 s: a phone in
    /// a lift comes back in that time.
    pub offline_after: Duration,
    /// Time from the loss of a user's last socket in a room until the user leaves that room, while
    /// other sockets of the user live. Default 30 s: late rather than wrong.
    pub seat_grace: Duration,
    /// Time in which others see at most one change of a user; a goodbye that is taken back within it
    /// is never seen. Default 2 s: longer than a page load.
    pub flap_window: Duration,
    /// Time without input after which a page should report `idle`. Default 60 s; told to the clients,
    /// since only they see the input.
    pub idle_after: Duration,
    /// Time for which a report of `online` is believed; then the socket is idle. Default 2 min, twice
    /// [`idle_after`](Self::idle_after): pages repeat it while there is input, and a page that sleeps
    /// cannot report that it does. A socket that never reports is online while it is connected.
    pub online_believed_for: Duration,
    /// Time from idle to away. Default 10 min, as Slack has it. The server's clock decides: the timers
    /// of a hidden page do not run.
    pub away_after_idle: Duration,
    /// What a “last seen” of less than an hour ago is rounded down to. Default 1 min: nobody learns
    /// when exactly a page was closed, and answers can be shared.
    pub last_seen_step: Duration,
    /// The same for less than a day ago. Default 1 h.
    pub last_seen_step_hours: Duration,
    /// The same for longer ago, and for those who see a user coarsely. Default 1 d.
    pub last_seen_step_days: Duration,
    /// Users of a room up to which each change is sent at once. Default 64: a change costs as many
    /// messages.
    pub diff_limit: usize,
    /// Users of a room up to which changes are sent as a digest; above it only counts are. Default
    /// 1,000: a table of that size is some 40 KB.
    pub digest_limit: usize,
    /// Percentage of a limit below which a room goes back to the mode before. Default 80: a room that
    /// breathes around its limit does not change its mode with every breath.
    pub hysteresis_percent: usize,
    /// Time between two digests of a room. Default 500 ms: people do not notice, and it bounds the
    /// messages to two per member and second, whatever happens.
    pub digest_interval: Duration,
    /// Time between two counts of a room, and between two messages about those who are watched in it.
    /// Default 1 s.
    pub counts_interval: Duration,
    /// Users that one socket may watch. Default 200: more than a screen shows.
    pub max_watched: usize,
    /// Users that one answer over HTTP lists. Default 1,000: some 40 KB.
    pub max_listed: usize,
    /// Bytes of a user's id in a list of those to watch. Default 256, as a room's name has.
    pub max_user_id: usize,
    /// Bytes of the data that a user is shown with (a name, a colour), as JSON. Default 1,024, as
    /// Pusher has it: every member of a room gets it.
    pub max_data: usize,
    /// Offline users whose “last seen” and manual status are remembered. Default 100,000: some 20 MB;
    /// beyond it those that were offline longest are forgotten, users with a manual status last.
    pub max_offline: usize,
    /// Blocks, and users who show less than everything, that are remembered. Default 100,000.
    pub max_relations: usize,
    /// Whether a user sees of others no more than others see of the user. Default false.
    pub reciprocal: bool,
    /// Time that one report of typing counts. Default 6 s: twice the time in which clients repeat it.
    pub typing_lease: Duration,
    /// Time after which a client should repeat its report while keys are pressed. Default 3 s; told to
    /// the clients.
    pub typing_refresh: Duration,
    /// Time between two messages about who types in a room. Default 500 ms.
    pub typing_interval: Duration,
    /// Users of a room above which nobody is told who types. Default 100, as Zulip has it: in a crowd
    /// somebody always types.
    pub typing_max_members: usize,
    /// Typers that are named; of the others there is the number. Default 3: “Ann, Bob, Cy and 4 more”.
    pub typing_names: usize,
    /// Reports of typing that one user may send in [`typing_refresh`](Self::typing_refresh); more are
    /// ignored, the end of typing never is. Default 6: several rooms, several tabs.
    pub typing_reports: u32,
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self {
            away_after_drop: Duration::from_secs(3),
            offline_after: Duration::from_secs(15),
            seat_grace: Duration::from_secs(30),
            flap_window: Duration::from_secs(2),
            idle_after: Duration::from_secs(60),
            online_believed_for: Duration::from_secs(120),
            away_after_idle: Duration::from_secs(600),
            last_seen_step: Duration::from_secs(60),
            last_seen_step_hours: Duration::from_secs(60 * 60),
            last_seen_step_days: Duration::from_secs(24 * 60 * 60),
            diff_limit: 64,
            digest_limit: 1_000,
            hysteresis_percent: 80,
            digest_interval: Duration::from_millis(500),
            counts_interval: Duration::from_secs(1),
            max_watched: 200,
            max_listed: 1_000,
            max_user_id: 256,
            max_data: 1_024,
            max_offline: 100_000,
            max_relations: 100_000,
            reciprocal: false,
            typing_lease: Duration::from_secs(6),
            typing_refresh: Duration::from_secs(3),
            typing_interval: Duration::from_millis(500),
            typing_max_members: 100,
            typing_names: 3,
            typing_reports: 6,
        }
    }
}
