//! The framework's events about presence, as this lobby's pages get and send them.
//!
//! *Spec*: `docs/guide/presence.md` › Wire contract. Written down here for the page's types alone; the
//! tests below hold them to what the framework says and takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::tests::Page;

/// Adds all events about presence.
pub(super) fn add(page: &mut Page) {
    page.declare::<Shown>();
    page.declare::<Watched>();
    page.declare::<Leave>();
    page.told::<PresenceState>("presence:state");
    page.told::<PresenceDiff>("presence:diff");
    page.told::<PresenceCounts>("presence:counts");
    page.told::<PresenceWatched>("presence:watched");
    page.told::<PresenceSelf>("presence:self");
    page.told::<TypingState>("typing:state");
    page.said::<Report>("presence:status");
    page.said::<Vec<String>>("presence:watch");
    page.said::<Resync>("presence:resync");
    page.said::<OwnTyping>("typing");
}

/// How somebody is shown; `offline` only to those who watch.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
enum Status {
    Online,
    Idle,
    Away,
    Dnd,
    Offline,
}

/// Why somebody is no longer there.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
enum LeaveReason {
    Left,
    Dropped,
    Kicked,
    Expired,
    Server,
}

/// How a room is told of its members: each change, a digest of them, or numbers.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Diff,
    Digest,
    Counts,
}

/// What somebody wants to be seen as, whatever they do.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
enum Manual {
    Dnd,
    Invisible,
}

/// What a page says of its user: what it sees of them, and what they want (`auto` takes that back).
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
enum Report {
    Online,
    Idle,
    Away,
    Dnd,
    Invisible,
    Auto,
}

/// What the lobby shows of somebody.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct ShownAs {
    name: String,
}

/// Somebody as others see them.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct Shown {
    status: Status,
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ShownAs>,
}

/// Somebody as those see them who watch.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Watched {
    status: Status,
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ShownAs>,
    /// Milliseconds since 1970, rounded down, the more the longer ago.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<u64>,
}

/// How somebody was gone.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Leave {
    reason: LeaveReason,
    /// Milliseconds since 1970, rounded down.
    last_seen: Option<u64>,
}

/// Everybody who is there.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct PresenceState {
    /// `null` is the namespace.
    room: Option<String>,
    mode: Mode,
    e: u64,
    o: u64,
    #[ts(type = "Record<string, Shown>")]
    users: BTreeMap<String, Shown>,
}

/// What has changed behind `from`.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct PresenceDiff {
    room: Option<String>,
    mode: Mode,
    from: u64,
    e: u64,
    o: u64,
    #[ts(type = "Record<string, Shown>")]
    joins: BTreeMap<String, Shown>,
    #[ts(type = "Record<string, Shown>")]
    updates: BTreeMap<String, Shown>,
    #[ts(type = "Record<string, Leave>")]
    leaves: BTreeMap<String, Leave>,
}

/// How many are there, in place of names.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct PresenceCounts {
    room: Option<String>,
    mode: Mode,
    e: u64,
    o: u64,
    counts: Counts,
}

/// Numbers of people.
#[derive(Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct Counts {
    total: u32,
    online: u32,
    idle: u32,
    away: u32,
    dnd: u32,
}

/// Those who are watched: what has changed behind `from`, or all of them.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct PresenceWatched {
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    e: u64,
    o: u64,
    #[ts(type = "Record<string, Watched>")]
    users: BTreeMap<String, Watched>,
}

/// Who the page is to the server.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PresenceSelf {
    id: String,
    manual: Option<Manual>,
    /// Without input for so many milliseconds somebody is idle.
    idle_after: u32,
    /// While keys are pressed, typing is said again after so many milliseconds.
    typing_refresh: u32,
}

/// Everybody else who types.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
struct TypingState {
    room: Option<String>,
    /// A few of them, and until when each does, by the server's clock.
    #[ts(type = "Record<string, number>")]
    users: BTreeMap<String, u64>,
    count: u32,
    /// Until when the last of them does.
    until: u64,
    /// The server's clock.
    at: u64,
}

/// Asks for the state if it is another than this one: of a room, or of those who are watched.
#[derive(Debug, Serialize, TS)]
struct Resync {
    #[ts(optional = nullable)]
    room: Option<String>,
    #[ts(optional, as = "Option<bool>")]
    watched: bool,
    e: u64,
    o: u64,
}

/// Types in a room, or no longer does.
#[derive(Debug, Serialize, TS)]
struct OwnTyping {
    room: Option<String>,
    on: bool,
}

mod tests {
    use std::time::Duration;

    use greenroom::prelude::*;
    use greenroom::presence::PresenceConfig;
    use greenroom::testing::{SimulatedClient, Simulation};
    use greenroom::{Clock, presence};
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// A server whose rooms go from names to numbers with the third member, and are told of typing.
    fn server() -> Server {
        let io = Server::builder().clock(Clock::manual()).build();
        let config = PresenceConfig { digest_limit: 2, diff_limit: 1, ..PresenceConfig::default() };
        let presence = io.of("/").room_presence(config, |room| room == "lounge");
        let auth = |socket: &Socket| socket.auth::<Value>().unwrap_or_default();
        presence.identify(move |socket| auth(socket)["name"].as_str().unwrap_or_default().to_owned());
        presence.describe(auth);
        io.of("/").on("join", |socket: Socket, ()| socket.join("lounge"));
        io
    }

    async fn come(simulation: &Simulation, name: &str) -> SimulatedClient {
        let client = simulation.open(0);
        client.send(&format!("0{}", json!({ "name": name }))).await;
        client.send(r#"2["join"]"#).await;
        pass(simulation, 1_000).await;
        client
    }

    async fn say(client: &SimulatedClient, event: &str, payload: impl Serialize) {
        client.send(&format!("2{}", json!([event, payload]))).await;
    }

    async fn pass(simulation: &Simulation, ms: u64) {
        for _ in 0..ms / 100 {
            simulation.advance(Duration::from_millis(100)).await;
        }
    }

    /// All that was told by this event; written again it is what it was.
    fn told<T: DeserializeOwned + Serialize>(events: &[(String, Value)], name: &str) -> Vec<T> {
        let named = events.iter().filter(|(event, _)| event == name);
        let read = named.map(|(_, payload)| {
            let told: T = serde_json::from_value(payload.clone()).unwrap();
            assert_eq!(json!(told), *payload);
            told
        });
        let told: Vec<T> = read.collect();
        assert!(!told.is_empty(), "nothing was told by {name}");
        told
    }

    fn heard(client: &SimulatedClient) -> Vec<(String, Value)> {
        let events = client.received();
        events.iter().filter_map(|packet| serde_json::from_str(packet.strip_prefix('2')?).ok()).collect()
    }

    #[actix_web::test]
    async fn the_framework_says_what_is_written_here() {
        let io = server();
        let simulation = Simulation::new(&io, 1, 1);
        let ann = come(&simulation, "ann").await;
        let bob = come(&simulation, "bob").await;
        say(&ann, "presence:watch", ["bob", "cy"]).await;
        say(&bob, "typing", OwnTyping { room: Some("lounge".into()), on: true }).await;
        pass(&simulation, 1_000).await;
        bob.send("1").await;
        pass(&simulation, 3_000).await;
        let heard = heard(&ann);
        assert_eq!(told::<PresenceSelf>(&heard, "presence:self")[0].manual, None);
        assert!(told::<PresenceState>(&heard, "presence:state")[0].users.contains_key("ann"));
        let diffs = told::<PresenceDiff>(&heard, "presence:diff");
        let name = |name: &str| ShownAs { name: name.into() };
        assert_eq!(diffs[0].joins["bob"], Shown { status: Status::Online, data: Some(name("bob")) });
        assert_eq!(diffs.last().unwrap().leaves["bob"].reason, LeaveReason::Left);
        let watched = told::<PresenceWatched>(&heard, "presence:watched");
        assert_eq!(watched[0].users["bob"].data, Some(name("bob")));
        assert!(watched.last().unwrap().users["bob"].last_seen.is_some());
        assert_eq!(told::<TypingState>(&heard, "typing:state")[0].count, 1);
    }

    #[actix_web::test]
    async fn the_framework_takes_what_is_written_here() {
        let io = server();
        let simulation = Simulation::new(&io, 1, 1);
        let ann = come(&simulation, "ann").await;
        heard(&ann);
        say(&ann, "presence:resync", Resync { room: Some("lounge".into()), watched: false, e: 1, o: 1 })
            .await;
        say(&ann, "presence:resync", Resync { room: None, watched: true, e: 1, o: 1 }).await;
        say(&ann, "presence:status", Report::Invisible).await;
        pass(&simulation, 1_000).await;
        let heard_by_ann = heard(&ann);
        told::<PresenceState>(&heard_by_ann, "presence:state");
        let own = told::<PresenceSelf>(&heard_by_ann, "presence:self");
        assert_eq!(own[0].manual, Some(Manual::Invisible));
        for name in ["bob", "cy", "dan"] {
            come(&simulation, name).await;
        }
        let counts = told::<PresenceCounts>(&heard(&ann), "presence:counts");
        assert_eq!(counts.last().unwrap().counts, Counts { total: 3, online: 3, idle: 0, away: 0, dnd: 0 });
    }

    #[test]
    fn the_words_are_the_frameworks() {
        for report in
            [Report::Online, Report::Idle, Report::Away, Report::Dnd, Report::Invisible, Report::Auto]
        {
            serde_json::from_value::<presence::Report>(json!(report)).unwrap();
        }
        let every = json!(["offline", "away", "idle", "online", "dnd"]);
        let theirs: Vec<presence::Status> = serde_json::from_value(every.clone()).unwrap();
        let ours: Vec<Status> = serde_json::from_value(every).unwrap();
        assert_eq!((theirs.len(), ours.len()), (5, 5));
        let every = json!(["left", "dropped", "kicked", "expired", "server"]);
        let theirs: Vec<presence::LeaveReason> = serde_json::from_value(every.clone()).unwrap();
        let ours: Vec<LeaveReason> = serde_json::from_value(every).unwrap();
        assert_eq!((theirs.len(), ours.len()), (5, 5));
    }
}
