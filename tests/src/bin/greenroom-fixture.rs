//! The server under test of the conformance and client suites. Its contract: `tests/FIXTURE.md`.

use std::error::Error;
use std::time::Duration;

use greenroom::Cors;
use greenroom::auth::{JwtAuth, Revocation};
use greenroom::prelude::*;
use greenroom::presence::{Presence, PresenceConfig};
use greenroom_tests::host::Ports;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let io = Server::builder().config(config()?).build();
    main_namespace(&io);
    echo(&io.of("/custom"));
    token_namespace(&io)?;
    middleware_namespace(&io.of("/middleware"));
    policy_namespace(&io);
    presence_namespaces(&io);
    let ports = Ports { clients: setting("PORT", 0)?, operations: setting("OPERATIONS_PORT", 0)? };
    greenroom_tests::host::run(io, ports, &setting("MODE", "serve".to_owned())?)
}

fn config() -> Result<Config, Box<dyn Error>> {
    let milliseconds = |name, default| setting(name, default).map(Duration::from_millis);
    let origins: String = setting("ALLOWED_ORIGINS", "*".to_owned())?;
    Ok(Config {
        node: setting("NODE", 0)?,
        allow_eio3: setting("ALLOW_EIO3", false)?,
        ping_interval: milliseconds("PING_INTERVAL_MS", 300)?,
        ping_timeout: milliseconds("PING_TIMEOUT_MS", 200)?,
        connect_timeout: milliseconds("CONNECT_TIMEOUT_MS", 1_000)?,
        upgrade_timeout: milliseconds("UPGRADE_TIMEOUT_MS", 10_000)?,
        max_payload: setting("MAX_PAYLOAD", 1_000_000)?,
        workers: setting("WORKERS", 2)?,
        outbox_bytes: setting("OUTBOX_BYTES", 4 * 1024 * 1024)?,
        request_timeout: milliseconds("REQUEST_TIMEOUT_MS", 10_000)?,
        keep_alive: milliseconds("KEEP_ALIVE_MS", 30_000)?,
        drain_delay: milliseconds("DRAIN_DELAY_MS", 0)?,
        shutdown_timeout: milliseconds("SHUTDOWN_TIMEOUT_MS", 3_000)?,
        cors: Some(Cors { origins: origins.split(',').map(str::to_owned).collect(), credentials: false }),
        ..rates()?
    })
}

/// What a client may do how often.
fn rates() -> Result<Config, Box<dyn Error>> {
    let default = Config::default();
    let proxies: String = setting("TRUSTED_PROXIES", String::new())?;
    Ok(Config {
        events_per_second: setting("EVENTS_PER_SECOND", default.events_per_second)?,
        event_burst: setting("EVENT_BURST", default.event_burst)?,
        max_refused_events: setting("MAX_REFUSED_EVENTS", default.max_refused_events)?,
        connects_per_second: setting("CONNECTS_PER_SECOND", default.connects_per_second)?,
        connect_burst: setting("CONNECT_BURST", default.connect_burst)?,
        max_sessions_per_address: setting("MAX_SESSIONS_PER_ADDRESS", default.max_sessions_per_address)?,
        trusted_proxies: proxies.split_whitespace().map(str::to_owned).collect(),
        ..default
    })
}

fn main_namespace(io: &Server) {
    let root = io.of("/");
    echo(&root);
    root.on("id", |socket: Socket, ()| Ok(socket.id().clone()));
    root.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    root.on("leave", |socket: Socket, room: String| {
        socket.leave(room);
        Ok("ok")
    });
    root.on("rooms", |socket: Socket, ()| Ok(room_names(&socket)));
    root.on("kick", |socket: Socket, close: bool| socket.disconnect(close));
    root.on("fail", |_: Socket, _: Args| Err::<(), _>(Reject::new("failed", "this event always fails")));
    root.on("panic", panics);
    root.on("sum", |_: Socket, (a, b): (i64, i64)| Ok(a + b));
    root.on_async("ask-me", |socket: Socket, question: Args| async move {
        let asked = socket.emit_with_ack("question", question).timeout(Duration::from_secs(1));
        match asked.answer::<Args>().await {
            Ok(answer) => match answer.nth(0) {
                Some(first) => socket.emit("answered", first),
                None => socket.emit("answered", json!(null)),
            },
            Err(_) => socket.emit("answered", json!({ "error": "timeout" })),
        };
    });
    root.on_disconnecting(|socket, reason| {
        let shared = socket.rooms().into_iter().skip(1);
        if let Some(everyone) = shared
            .fold(None, |to: Option<Broadcast>, room| Some(to.unwrap_or_else(|| socket.broadcast()).to(room)))
        {
            everyone.emit("left", json!({ "id": socket.id(), "reason": reason.as_str() }));
        }
    });
    say(io, "/");
    shout(io);
}

#[expect(clippy::panic, reason = "this handler is asked to panic")]
fn panics(_: Socket, _: Args) -> Result<(), Reject> {
    panic!("the fixture was asked to panic")
}

fn shout(io: &Server) {
    let root = io.of("/");
    root.on("shout", |socket: Socket, First(room, said): First<String>| {
        socket.to(room).emit("said", said);
        Ok("ok")
    });
    let server = io.clone();
    root.on("say-many", move |_: Socket, args: Args| {
        let (rooms, except) =
            (args.nth(0).ok_or_else(bad)?.parse::<Vec<String>>()?, args.nth(1).ok_or_else(bad)?);
        let union = rooms.into_iter().fold(server.of("/").everyone(), Broadcast::to);
        let to = except.parse::<Vec<String>>()?.into_iter().fold(union, Broadcast::except);
        to.emit("said", args.skip(2));
        Ok("ok")
    });
    let server = io.clone();
    root.on("all", move |_: Socket, said: Args| {
        server.emit("said", said);
        Ok("ok")
    });
}

fn say(io: &Server, path: &'static str) {
    let server = io.clone();
    io.of(path).on("say", move |_: Socket, First(room, said): First<String>| {
        server.of(path).to(room).emit("said", said);
        Ok("ok")
    });
}

fn echo(namespace: &Namespace) {
    namespace.on_connect(|socket| {
        socket.emit("auth", socket.auth::<serde_json::Value>().unwrap_or_else(|| json!({})));
    });
    namespace.on("message", |socket: Socket, args: Args| {
        socket.emit("message-back", args);
    });
    namespace.on("message-with-ack", |_: Socket, args: Args| Ok(args));
}

fn token_namespace(io: &Server) -> Result<(), Box<dyn Error>> {
    let secret = setting("JWT_SECRET", "only-for-tests-0123456789abcdef0123".to_owned())?;
    let leeway = Duration::from_millis(setting("JWT_LEEWAY_MS", 5_000)?);
    let jwt = io.of("/jwt");
    let auth = JwtAuth::hs256(secret)?.leeway(leeway);
    let parameter: String = setting("JWT_QUERY", String::new())?;
    let auth = if parameter.is_empty() { auth } else { auth.token_in_query(parameter) };
    jwt.auth(auth).on_connect(|socket| {
        socket.emit("claims", json!({ "sub": socket.user_id() }));
    });
    jwt.on("token", |socket: Socket, ()| {
        let claims = socket.claims().ok_or_else(|| Reject::new("no_token", "no token"))?;
        Ok(claims.parse::<serde_json::Value>()?)
    });
    let server = io.clone();
    jwt.on("revoke", move |socket: Socket, what: String| {
        let claims = socket.claims().ok_or_else(|| Reject::new("no_token", "no token"))?;
        let revocation = match (what.as_str(), claims.jti()) {
            ("user", _) => Revocation::user(claims.sub()),
            ("token", Some(jti)) => Revocation::token(jti),
            _ => return Err(Reject::new("bad_payload", "neither `user` nor `token`")),
        };
        server.revoke(revocation)?;
        Ok("ok")
    });
    Ok(())
}

fn middleware_namespace(namespace: &Namespace) {
    namespace.middleware(|socket| async move {
        let said = socket.auth::<serde_json::Value>().and_then(|auth| auth.get("fail").cloned());
        let fails = [Some(json!(true)), Some(json!("true"))].contains(&said);
        if fails {
            Err(Reject::new("refused", "refused").with_data(json!({ "why": "fail" })))
        } else {
            Ok(())
        }
    });
    namespace.on("message-with-ack", |_: Socket, args: Args| Ok(args));
}

fn policy_namespace(io: &Server) {
    let namespace = io.of("/policy");
    namespace.allow_client_rooms(|_, room| room.starts_with("public-"));
    namespace.on("rooms", |socket: Socket, ()| Ok(room_names(&socket)));
    say(io, "/policy");
}

/// Times are a fraction of the defaults, so that nobody waits long.
fn presence_namespaces(io: &Server) {
    let config = PresenceConfig {
        away_after_drop: Duration::from_millis(1_000),
        offline_after: Duration::from_millis(2_500),
        flap_window: Duration::from_millis(600),
        typing_lease: Duration::from_millis(2_000),
        typing_interval: Duration::from_millis(100),
        ..PresenceConfig::default()
    };
    let chat = io.of("/presence");
    known_by_auth(&chat.room_presence(config.clone(), |room| room.starts_with("chat-"))).message_event("say");
    chat.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    chat.on("leave", |socket: Socket, room: String| {
        socket.leave(room);
        Ok("ok")
    });
    say(io, "/presence");
    let crowd = PresenceConfig { diff_limit: 1, digest_limit: 2, ..config };
    known_by_auth(&io.of("/crowd").presence(crowd));
}

fn known_by_auth(presence: &Presence) -> &Presence {
    let user = |socket: &Socket| {
        let auth = socket.auth::<serde_json::Value>().unwrap_or_default();
        auth.get("user").and_then(|user| user.as_str()).unwrap_or("nobody").to_owned()
    };
    presence.identify(user).describe(move |socket| json!({ "name": user(socket) }))
}

fn room_names(socket: &Socket) -> Vec<String> {
    socket.rooms().iter().map(|room| room.as_str().to_owned()).collect()
}

fn bad() -> Reject {
    Reject::new("bad_payload", "an argument is missing")
}

/// A value of the environment; one that does not parse ends the process.
fn setting<T: std::str::FromStr<Err: Error + 'static>>(name: &str, default: T) -> Result<T, Box<dyn Error>> {
    match std::env::var(name) {
        Ok(value) => value.parse().map_err(|error| format!("{name}={value}: {error}").into()),
        Err(_) => Ok(default),
    }
}
