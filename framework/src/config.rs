//! Every limit and time of a server: name, unit, default, and why.

mod cookie;
mod size;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use cookie::{SameSite, SessionCookie};

/// Every limit and time of a server.
///
/// Defaults follow Socket.IO where it has one; the others are bounds that Socket.IO lacks.
///
/// ```
/// use std::time::Duration;
/// use greenroom::Config;
///
/// let config = Config { ping_interval: Duration::from_secs(10), ..Config::default() };
/// assert_eq!(config.max_payload, 1_000_000);
/// let io = greenroom::Server::builder().config(config).build();
/// ```
///
/// It can be part of a program's own settings: by serde, what is not said has its default, and an unknown name
/// is an error. Times are text (`"25s"`, `"1m 30s"`), sizes are text (`"64 KiB"`, `"1 MB"`) or bytes.
///
/// ```
/// let config: greenroom::Config = serde_json::from_str(
///     r#"{ "ping_interval": "10s", "outbox_bytes": "8 MiB", "max_sessions_per_address": 50 }"#,
/// )?;
/// assert_eq!(config.outbox_bytes, 8 * 1024 * 1024);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct Config {
    /// Path of the Engine.IO endpoint. Default `/socket.io`, as stock clients expect.
    pub path: String,
    /// What may carry a session (Socket.IO `transports`). Default polling and WebSocket. A request for another
    /// one is refused with `Transport unknown`.
    pub transports: Vec<Transport>,
    /// Whether a session that polls may move to WebSocket (`allowUpgrades`). Default true.
    pub allow_upgrades: bool,
    /// Folder of the npm package with the client's bundles (`serveClient`), `node_modules/socket.io-client/dist`
    /// for example; they are read once, and served as `socket.io.js`, `socket.io.min.js`,
    /// `socket.io.esm.min.js`, `socket.io.msgpack.min.js` and their maps below `path`. Default none: pages
    /// mostly have a client of their own, and which version it is is their choice.
    pub serve_client: Option<PathBuf>,
    /// Whether answers to polls are compressed for clients that say they take it (`httpCompression`). Default
    /// true, as in Socket.IO. Over TLS the size of an answer tells what repeats in it: set false where a
    /// stranger's text may come in one packet with a secret.
    pub http_compression: bool,
    /// Bytes from which they are. Default 1,024, as in Socket.IO: some 15 µs for a third of the bytes; less
    /// fits a segment or two anyway.
    #[serde(with = "size")]
    pub http_compression_threshold: usize,
    /// A cookie with the session's id (`cookie`). Default none, as in Socket.IO: without a balancer that
    /// reads it, it is of no use.
    pub cookie: Option<SessionCookie>,
    /// Number of this process among those behind one proxy. Session ids begin with it (`7-…`), so that the proxy
    /// can bring every request of a session to the process that has it. Default 0, no number: alone, there
    /// is nobody to tell apart.
    pub node: u16,
    /// Whether clients of Engine.IO 3 are served too, `socket.io-client` 1 and 2 (`allowEIO3`). Default false, as
    /// in Socket.IO: such a client takes its session's id for its socket's, so whoever is shown the id of
    /// another player's socket can speak for that player while the session polls.
    pub allow_eio3: bool,
    /// Time from a pong to the next ping. Default 25 s (Socket.IO `pingInterval`): below the 30 s
    /// and more after which proxies end quiet connections.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// Time that a client has for its pong. Default 20 s (`pingTimeout`): a mobile network may
    /// stall that long.
    #[serde(with = "humantime_serde")]
    pub ping_timeout: Duration,
    /// Time that an upgrade to WebSocket may take; then the session stays on polling. Default 10 s
    /// (`upgradeTimeout`).
    #[serde(with = "humantime_serde")]
    pub upgrade_timeout: Duration,
    /// Time from a handshake over polling to the session's first request. Default 20 s: by then a stock
    /// client has given up (its option `timeout`), and nobody will come.
    #[serde(with = "humantime_serde")]
    pub claim_timeout: Duration,
    /// Time in which a session that the server closes must have taken its last packets. Default 10 s:
    /// a client that is still there takes them at once.
    #[serde(with = "humantime_serde")]
    pub close_timeout: Duration,
    /// Time after which a session without any socket is closed. Default 45 s (`connectTimeout`).
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// Bytes of one POST body, of one WebSocket message, and of one polling response unless a
    /// single packet is larger. Default 1 MB (`maxHttpBufferSize`): a larger body costs one
    /// allocation of its size per request.
    #[serde(with = "size")]
    pub max_payload: usize,
    /// Frames that one WebSocket message may come in. Default 1,024: tiny fragments cost more than
    /// their bytes.
    pub max_fragments: u32,
    /// Packets in one POST body. Default 100,000: what stock clients put into a full body when they
    /// emit the smallest events in one go; some 20 MB while they are read.
    pub max_packets: usize,
    /// Attachments of one packet. Default 10 (`maxAttachments`).
    pub max_attachments: u32,
    /// Bytes of all attachments of one packet. Default 10 MB: what ten messages of the largest size
    /// have, so nothing that Socket.IO takes is refused.
    #[serde(with = "size")]
    pub max_attachment_bytes: usize,
    /// Time in which all attachments of a packet must have come. Default 60 s: the largest packet at
    /// 1.4 Mbit/s.
    #[serde(with = "humantime_serde")]
    pub attachments_timeout: Duration,
    /// Bytes that may wait for one client, besides the largest packet among them. A packet counts 128
    /// bytes more than it has, for what it costs to keep. Default 4 MiB: seconds of a busy room for a
    /// phone that is in a tunnel; a client further behind is closed as slow.
    #[serde(with = "size")]
    pub outbox_bytes: usize,
    /// Bytes that the kernel may hold for one WebSocket beyond what the network carries; while it holds half of
    /// them, a room's state waits for the client to catch up. Default 4 KiB: at 1 KB/s a ping behind them and
    /// a few frames of state is still answered within `ping_timeout`. 0 leaves it to the kernel, which takes
    /// some 150 KB.
    #[serde(with = "size")]
    pub unsent_bytes: usize,
    /// Bytes of the URL and the headers of the request that opens a session; over it the handshake is
    /// answered with 431. Default 16 KiB, Node's own limit: what Socket.IO takes is taken. They are kept
    /// as long as the session.
    #[serde(with = "size")]
    pub max_handshake_bytes: usize,
    /// Bytes read from one client whose handlers have not run; then its reading stops. Default
    /// 128 KiB: two full reads.
    #[serde(with = "size")]
    pub read_ahead_bytes: usize,
    /// Packets for rooms that one socket may have in flight, and operations that may wait behind
    /// them; then its reading stops. Default 256, see [`greenroom_proto::socket::lane`].
    pub lane_limit: usize,
    /// Whether sockets keep their order by lanes. Default true; the ordering test shows what happens
    /// without.
    #[doc(hidden)]
    #[serde(skip)]
    pub lanes: bool,
    /// Messages in an actor's mailbox; then its senders wait. Default 1,024: a turn of a busy room,
    /// some 100 KB.
    pub mailbox_capacity: usize,
    /// Namespaces that one session may have open, and as many again that it is about to leave. Default
    /// 64: each costs an actor.
    pub max_namespaces: usize,
    /// Namespaces that clients may bring into being, see [`Server::of_pattern`](crate::Server::of_pattern);
    /// one more is refused with `too_many_namespaces`. Default 1,000: each costs an actor.
    pub max_child_namespaces: usize,
    /// Whether such a namespace ends with its last socket (`cleanupEmptyChildNamespaces`). Default false,
    /// as in Socket.IO: rooms and handles of it would be gone.
    pub cleanup_empty_child_namespaces: bool,
    /// Rooms that one socket may be in. Default 256: leaving them all is one turn of the namespace.
    pub max_rooms: usize,
    /// Acknowledgements that one client may owe the server. Default 1,024.
    pub max_pending_acks: usize,
    /// Time for an acknowledgement where the call names none. Default 30 s; Socket.IO waits for
    /// ever.
    #[serde(with = "humantime_serde")]
    pub ack_timeout: Duration,
    /// Bytes of a room's name. Default 256: clients often choose them, and every member keeps one.
    #[serde(with = "size")]
    pub max_room_name: usize,
    /// Time for which a socket whose connection was lost waits for its client, which then gets what it
    /// missed (`connectionStateRecovery.maxDisconnectionDuration`). Default 0, no recovery, as in Socket.IO:
    /// each event has an offset as its last argument then, and is kept. Socket.IO's is 120 s where it is on.
    pub recovery_window: Duration,
    /// Events that are kept for one socket; with more to send again a client begins anew. Default 1,000: two
    /// minutes of a busy chat.
    pub recovery_events: usize,
    /// Bytes of the events that are kept for one socket. Default 1 MiB: a quarter of `outbox_bytes`, so what
    /// is sent again finds room. Events to rooms are kept once for all members.
    pub recovery_bytes: usize,
    /// Sockets of one namespace that wait for their clients; one more sends the oldest away. Default 10,000:
    /// all of a node that restarts its network.
    pub max_recoverable: usize,
    /// Whether a client that comes back skips middleware (`skipMiddlewares`). Default false, unlike in
    /// Socket.IO: who was banned meanwhile would be back in.
    pub recovery_skips_middleware: bool,
    /// Time in which middleware must have decided, and each hook of a handshake; then the client is refused with
    /// `unavailable`, by a hook with 503. Default 10 s: half of what stock clients wait for their connection.
    #[serde(with = "humantime_serde")]
    pub middleware_timeout: Duration,
    /// Time before a token's `exp` at which its client gets `auth:expiring`. Default 60 s: enough for a
    /// page to fetch another one, also with a retry; 0 sends none. A token with less than twice this left
    /// is warned of when half of that is over, so that a page with short tokens does not refresh all the time.
    #[serde(with = "humantime_serde")]
    pub token_expiry_warning: Duration,
    /// Revocations that are remembered, of tokens, users and keys together. Default 100,000, some 20 MB;
    /// one more is refused until others are of no use any more.
    pub max_revocations: usize,
    /// Time for which a revocation is remembered where it names none itself. Default 30 days, the longest
    /// life that [`TokenLives`](crate::auth::TokenLives) gives a token: a token that lives longer would be
    /// good again.
    #[serde(with = "humantime_serde")]
    pub longest_token_life: Duration,
    /// Events that one socket may send per second; those above are refused with the code `rate_limited`
    /// and not handled. Default 0, no limit: a chat and a game at 60 Hz have nothing in common, and a
    /// client that sends faster than its handlers run is read no faster.
    pub events_per_second: u32,
    /// Events that may come at once, before `events_per_second` counts. Default 100: what a page has
    /// gathered while it was offline.
    pub event_burst: u32,
    /// Refused events within `refused_events_window` after which the client is disconnected for good.
    /// Default 1,000: no honest page goes on that long.
    pub max_refused_events: u32,
    /// Time over which refused events are counted. Default 10 s.
    #[serde(with = "humantime_serde")]
    pub refused_events_window: Duration,
    /// CONNECTs that one session may send per second; those above are refused with `rate_limited`.
    /// Default 50: each starts an actor and verifies a token. 0 is no limit.
    pub connects_per_second: u32,
    /// CONNECTs that may come at once. Default 256: four times `max_namespaces`, for a page that joins all
    /// of them.
    pub connect_burst: u32,
    /// Sessions that one address may have, an IPv6 network of 64 bits being one; those above get 429.
    /// Default 0, no limit: a mobile carrier puts thousands behind one address, and so does a proxy that is
    /// not in `trusted_proxies`.
    pub max_sessions_per_address: usize,
    /// Time that a CONNECT waits for its room; then it is refused with `unavailable`. Default 10 s: half of
    /// what stock clients wait for their connection.
    pub room_wait: Duration,
    /// Bytes of `auth.join`. Default 4,096: every room keeps what it was created with.
    pub max_join_bytes: usize,
    /// Events and messages in the mailbox of a custom room; then events are answered `busy`. Default
    /// 1,024: what a room of a hundred sends in half a second.
    pub room_mailbox: usize,
    /// Time for which a custom room may hold its thread before it is named in the log. Default 50 ms: a
    /// tick of its neighbours at 20 Hz.
    pub room_step_warning: Duration,
    /// Rooms that a client of a lobby has made and nobody has joined. Default 4: a client joins what it makes.
    pub max_unjoined_rooms: usize,
    /// Time for which such a room is kept. Default 30 s: longer than a client needs to connect.
    pub unjoined_room_timeout: Duration,
    /// Directory for the journals that panics of custom rooms leave: files that replay to the same panic.
    /// Default `None`, nothing is written: a journal holds what clients have sent.
    pub room_journals: Option<PathBuf>,
    /// Files in that directory; the oldest make room. Default 64: a room that panics again and again must
    /// not fill a disk.
    pub max_room_journals: usize,
    /// Time between two deltas of a list of rooms. Default 100 ms: people do not read faster.
    pub room_list_interval: Duration,
    /// Asynchronous handlers of one socket that may run at once; then its events wait. Default 64.
    pub max_async_handlers: usize,
    /// Time that asynchronous handlers have after their socket ended. Default 5 s; then they are
    /// dropped.
    #[serde(with = "humantime_serde")]
    pub handler_grace: Duration,
    /// Time in which a client must have sent a whole request. Default 10 s: the answer to
    /// slow-loris requests.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Time for which an idle HTTP connection is kept. Default 30 s: longer than a `ping_interval`,
    /// so a polling client keeps its connection.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// Time for which a server that was told to stop serves on while `/readyz` says no. Default 0: alone, it
    /// has nobody to hand over to. Behind a balancer: longer than the balancer takes to notice.
    #[serde(with = "humantime_serde")]
    pub drain_delay: Duration,
    /// Time in which a draining server flushes its outboxes. Default 10 s, below the 30 s after
    /// which orchestrators kill.
    #[serde(with = "humantime_serde")]
    pub shutdown_timeout: Duration,
    /// Connections of one worker. Default 100,000; the limit of open files is usually the lower one.
    pub max_connections: usize,
    /// Worker threads of `serve`. Default: the number of cores.
    pub workers: usize,
    /// Who may use the server from a browser of another origin. Default: nobody.
    pub cors: Option<Cors>,
    /// Proxies whose word about a client's address is believed, as addresses or networks
    /// (`10.0.0.0/8`). Default: none.
    pub trusted_proxies: Vec<String>,
    /// The header in which these proxies name the client. Default `X-Forwarded-For`. The other one is
    /// never read: a proxy that does not set it lets it pass as the client wrote it.
    pub trusted_header: TrustedHeader,
}

/// What carries a session.
///
/// ```
/// use greenroom::{Config, Transport};
///
/// let config: Config = serde_json::from_str(r#"{ "transports": ["websocket"] }"#)?;
/// assert_eq!(config.transports, [Transport::WebSocket]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

/// The header in which a proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustedHeader {
    /// `X-Forwarded-For`, as most proxies do.
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Cross-origin use (Socket.IO `cors`), for polling and for WebSocket alike.
///
/// ```
/// use greenroom::{Config, Cors};
///
/// let cors = Cors { origins: vec!["https://game.example".to_owned()], credentials: false };
/// let config = Config { cors: Some(cors), ..Config::default() };
/// # assert!(config.cors.is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://game.example`, or `*` for all.
    pub origins: Vec<String>,
    /// Whether cookies and authorisation may be sent along; not with `*`.
    #[serde(default)]
    pub credentials: bool,
}

impl Default for Config {
    #[expect(clippy::too_many_lines, reason = "a flat table")]
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            transports: vec![Transport::Polling, Transport::WebSocket],
            allow_upgrades: true,
            serve_client: None,
            http_compression: true,
            http_compression_threshold: 1_024,
            cookie: None,
            node: 0,
            allow_eio3: false,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            claim_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            max_payload: 1_000_000,
            max_fragments: 1_024,
            max_packets: 100_000,
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
            attachments_timeout: Duration::from_secs(60),
            outbox_bytes: 4 * 1024 * 1024,
            unsent_bytes: 4 * 1024,
            max_handshake_bytes: 16 * 1024,
            read_ahead_bytes: 128 * 1024,
            lane_limit: greenroom_proto::socket::lane::DEFAULT_LIMIT,
            lanes: true,
            mailbox_capacity: 1_024,
            max_namespaces: 64,
            max_child_namespaces: 1_000,
            cleanup_empty_child_namespaces: false,
            max_rooms: 256,
            max_pending_acks: 1_024,
            max_room_name: 256,
            recovery_window: Duration::ZERO,
            recovery_events: 1_000,
            recovery_bytes: 1024 * 1024,
            max_recoverable: 10_000,
            recovery_skips_middleware: false,
            middleware_timeout: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(30),
            token_expiry_warning: Duration::from_secs(60),
            max_revocations: 100_000,
            longest_token_life: Duration::from_secs(30 * 24 * 60 * 60),
            events_per_second: 0,
            event_burst: 100,
            max_refused_events: 1_000,
            refused_events_window: Duration::from_secs(10),
            connects_per_second: 50,
            connect_burst: 256,
            max_sessions_per_address: 0,
            room_wait: Duration::from_secs(10),
            max_join_bytes: 4_096,
            room_mailbox: 1_024,
            room_step_warning: Duration::from_millis(50),
            max_unjoined_rooms: 4,
            unjoined_room_timeout: Duration::from_secs(30),
            room_journals: None,
            max_room_journals: 64,
            room_list_interval: Duration::from_millis(100),
            max_async_handlers: 64,
            handler_grace: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            drain_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(10),
            max_connections: 100_000,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            cors: None,
            trusted_proxies: Vec::new(),
            trusted_header: TrustedHeader::XForwardedFor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let cors = Cors { origins: vec!["https://game.example".to_owned()], credentials: true };
        let config = Config {
            ping_interval: Duration::from_millis(1_500),
            max_payload: 1_234_567,
            trusted_header: TrustedHeader::Forwarded,
            trusted_proxies: vec!["10.0.0.0/8".to_owned()],
            cors: Some(cors),
            ..Config::default()
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
        for as_people_write in
            [r#""1s 500ms""#, r#""drain_delay":"0s""#, r#""4 MiB""#, ":1234567", r#""16 KiB""#]
        {
            assert!(text.contains(as_people_write), "{as_people_write} in {text}");
        }
    }

    #[test]
    fn what_is_not_said_has_its_default_and_an_unknown_name_is_named() {
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
        let error = serde_json::from_str::<Config>(r#"{ "max_paylaod": 1 }"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `max_paylaod`"), "{error}");
        let error = serde_json::from_str::<Config>(r#"{ "cors": { "origin": [] } }"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `origin`"), "{error}");
    }

    #[test]
    fn a_time_without_its_unit_and_a_size_that_is_none_are_refused() {
        for wrong in
            [r#"{ "ping_interval": 25 }"#, r#"{ "ping_interval": "25" }"#, r#"{ "max_payload": "1 cup" }"#]
        {
            assert!(serde_json::from_str::<Config>(wrong).is_err(), "{wrong}");
        }
    }
}
