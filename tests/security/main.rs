//! What broke other servers, sent to ours: a test for each published advisory that concerns a server of
//! Socket.IO or WebSocket. After each attack the server lives, nothing in it has panicked, and another
//! client is served.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use greenroom_tests::http::Request;
use greenroom_tests::{
    Endpoint, Failure, Fixture, Packet, Polling, Session, Settings, Transport, WebSocket, socketio,
};

type Check = Result<(), Failure>;

/// A server under attack.
struct Victim(Fixture);

impl Victim {
    fn new(settings: Settings) -> Result<Self, Failure> {
        let calm = settings.with("PING_INTERVAL_MS", "120000").with("PING_TIMEOUT_MS", "120000");
        Ok(Self(Fixture::start(env!("CARGO_BIN_EXE_greenroom-fixture"), &calm)?))
    }

    fn at(&self) -> Endpoint {
        Endpoint { address: self.0.address(), path: "/socket.io/" }
    }

    async fn joined(&self, transport: Transport) -> Result<Session, Failure> {
        let mut session = Session::open(self.at(), transport).await?;
        socketio::join(&mut session, "/").await?;
        Ok(session)
    }

    /// Sends packets over both transports, each of which must end its session.
    async fn is_offended_by(&self, packets: &[Packet]) -> Check {
        for transport in [Transport::Polling, Transport::WebSocket] {
            let mut session = self.joined(transport).await?;
            session.offend(packets.iter().cloned()).await?;
            session.closes().await?;
        }
        Ok(())
    }

    /// The attack is over.
    async fn holds(&mut self) -> Check {
        let mut other = self.joined(Transport::WebSocket).await?;
        other.send(r#"421["message-with-ack","alive"]"#).await?;
        socketio::expect(&mut other, r#"431["alive"]"#).await?;
        let counters = self.0.counters()?;
        let harm = [counters.count("panics"), counters.count("actor_deaths")];
        if harm == [0, 0] {
            return Ok(());
        }
        Err(Failure::Unexpected(format!("panics and deaths: {harm:?}")))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a server in another process takes")]
fn now() -> Instant {
    Instant::now()
}

fn is(yes: bool, what: &str) -> Check {
    if yes { Ok(()) } else { Err(Failure::Unexpected(what.to_owned())) }
}

#[actix_rt::test]
async fn cve_2017_16031_ids_are_random_and_never_one_of_another() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let mut session = Session::open(victim.at(), Transport::WebSocket).await?;
        let socket = socketio::join(&mut session, "/").await?;
        is(socket.len() >= 20 && session.sid().len() >= 20, "an id has 96 bits or more")?;
        is(!socket.contains(session.sid()) && !session.sid().contains(&socket), "one id tells the other")?;
        is(seen.insert(session.sid().to_owned()) && seen.insert(socket), "an id came twice")?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2020_28481_no_other_origin_is_allowed_unless_configured() -> Check {
    let mut victim = Victim::new(Settings::default().with("ALLOWED_ORIGINS", "http://friend.example"))?;
    let target = victim.at().target(Transport::Polling, None);
    let response =
        Request::get(&target).header("Origin", "http://evil.example").send(victim.at().address).await?;
    is(response.header("access-control-allow-origin").is_none(), "another origin may read the answer")?;
    let target = victim.at().target(Transport::WebSocket, None);
    let opened =
        WebSocket::connect_with(victim.at().address, &target, &[("Origin", "http://evil.example")]).await;
    is(opened.is_err(), "CORS does not cover a WebSocket, the server has to")?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2020_36048_a_huge_body_is_refused_before_it_is_buffered() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let before = victim.0.counters()?.resident_kib;
    let session = Polling::open(victim.at()).await?;
    let post = Request::post(session.target(), vec![b'4'; 20_000_000]);
    let answer = post.start_with(victim.at().address, 0).await?.response().await?;
    is(answer.status == 413, "a body of 20 MB was not refused by its length")?;
    let session = Polling::open(victim.at()).await?;
    let answer = session.post(vec![b'4'; 1_000_001]).await?;
    is(answer.status == 413, "a body over the limit was taken")?;
    is(victim.0.counters()?.resident_kib < before + 20_000, "memory was kept for what was refused")?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2020_36049_a_large_packet_is_read_in_one_pass() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let time = async |size: usize| -> Result<Duration, Failure> {
        let mut session = victim.joined(Transport::WebSocket).await?;
        let began = now();
        let digits = "1".repeat(size);
        // An id that never ends, a namespace that never ends, an array of very many items.
        session.send(format!("42/{digits}")).await.ok();
        session.closes().await?;
        let mut session = victim.joined(Transport::WebSocket).await?;
        session.send(format!(r#"421["message-with-ack",[{}1]]"#, "1,".repeat(size / 2))).await?;
        session.next().await?;
        Ok(began.elapsed())
    };
    let (small, large) = (time(30_000).await?, time(900_000).await?);
    // Thirty times the size: quadratic work would take nine hundred times as long.
    is(large < small * 300 + Duration::from_secs(2), "a large packet takes more than its size")?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2022_21676_reserved_bits_in_the_first_frame_end_that_connection_only() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let target = victim.at().target(Transport::WebSocket, None);
    for first in [0xc1_u8, 0xa1, 0x91, 0xf1, 0x83, 0x8b] {
        let mut socket = WebSocket::connect(victim.at().address, &target).await?;
        socket.write_raw(&[first, 0x80, 0, 0, 0, 0]).await?;
        socket.tcp_ends().await?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2022_41940_a_refused_upgrade_that_breaks_off_harms_nobody() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for query in ["EIO=4&transport=websocket&sid=unknown", "EIO=4&transport=polling", "transport=websocket"] {
        let exchange = Request::upgrade(victim.at().query(query)).start(victim.at().address).await?;
        drop(exchange);
        let answer = Request::upgrade(victim.at().query(query)).send(victim.at().address).await?;
        is(answer.status != 101, "an upgrade was granted that must be refused")?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2023_31125_a_transport_named_like_a_property_is_unknown() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
        let target = victim.at().query(&format!("EIO=4&transport={name}"));
        for request in [Request::get(&target), Request::upgrade(&target)] {
            let answer = request.send(victim.at().address).await?;
            is(
                answer.status == 400 && answer.text()?.contains(r#""code":0"#),
                "an unknown transport was taken",
            )?;
        }
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2022_2421_a_placeholder_is_a_number_in_range() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for number in [r#""splice""#, "1", "-1", "0.5", "1e9", "null", r#""0""#] {
        let event = format!(r#"451-["message",{{"_placeholder":true,"num":{number}}}]"#);
        victim.is_offended_by(&[event.into(), Packet::from([1])]).await?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2023_32695_an_event_name_is_a_string_or_a_number() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for name in [r#"{"toString":"foo"}"#, "[]", "null", "true", r#"["message"]"#] {
        victim.is_offended_by(&[format!("42[{name}]").into()]).await?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2024_38355_a_client_raises_no_event_of_the_servers_own() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        victim.is_offended_by(&[format!(r#"42["{name}","x"]"#).into()]).await?;
    }
    // An `error` of a client is an event like any other.
    let mut session = victim.joined(Transport::Polling).await?;
    session.send_all([r#"42["error","boom"]"#.into(), r#"421["message-with-ack"]"#.into()]).await?;
    socketio::expect(&mut session, "431[]").await?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2026_33151_and_ghsa_55mf_attachments_are_bounded() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for count in ["11", "4294967295", "18446744073709551616", "0"] {
        victim.is_offended_by(&[format!(r#"45{count}-["message"]"#).into()]).await?;
    }
    // 10 MB together, in messages of less than one.
    let mut session = victim.joined(Transport::WebSocket).await?;
    let before = victim.0.counters()?.resident_kib;
    let placeholders: Vec<_> = (0..10).map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#)).collect();
    session.send(format!(r#"4510-["nobody-listens",{}]"#, placeholders.join(","))).await?;
    for _ in 0..10 {
        session.send(Packet::Binary(vec![0; 999_000])).await?;
    }
    session.send(r#"421["message-with-ack"]"#).await?;
    socketio::expect(&mut session, "431[]").await?;
    is(victim.0.counters()?.resident_kib < before + 40_000, "attachments stay in memory")?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2016_10542_a_message_and_a_frame_have_a_limit() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let target = victim.at().target(Transport::WebSocket, None);
    // The header alone announces too much.
    let mut socket = WebSocket::connect(victim.at().address, &target).await?;
    let mut header = vec![0x81, 0xff];
    header.extend((1_u64 << 40).to_be_bytes());
    header.extend([0; 4]);
    socket.write_raw(&header).await?;
    let (_, code) = socket.closes().await?;
    is(code == Some(1009), "a frame of a terabyte was not refused at once")?;
    // Each fragment is small, all together are not.
    let mut socket = WebSocket::connect(victim.at().address, &target).await?;
    let fragment = |first: u8| [&[first, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &vec![b'4'; 65_535]].concat();
    socket.write_raw(&fragment(0x01)).await?;
    for _ in 0..20 {
        socket.write_raw(&fragment(0x00)).await.ok();
    }
    socket.tcp_ends().await?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2016_10518_a_pong_has_what_its_ping_had() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let target = victim.at().target(Transport::WebSocket, None);
    let mut socket = WebSocket::connect(victim.at().address, &target).await?;
    socket.next_packet().await?;
    for payload in [&b""[..], b"x", &[0xff; 125]] {
        socket.send_control_ping(payload).await?;
        let pong = socket.next().await?;
        let expected = greenroom_tests::Frame::Pong(payload.to_vec());
        is(pong == expected, "a pong with something else")?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2024_37890_and_2021_32640_headers_are_many_or_long_in_vain() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let target = victim.at().target(Transport::WebSocket, None);
    let many = (0..2_000)
        .fold(Request::upgrade(&target), |request, number| request.header(&format!("X-{number}"), "y"));
    is(many.send(victim.at().address).await.map_or(true, |answer| answer.status != 101), "2,000 headers")?;
    let began = now();
    for name in ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Cookie"] {
        let long = format!("b{}x", " ".repeat(12_000));
        let answer = Request::upgrade(&target).header(name, &long).send(victim.at().address).await;
        drop(answer);
    }
    is(began.elapsed() < Duration::from_secs(5), "a long header takes more than its length")?;
    victim.holds().await
}

#[actix_rt::test]
async fn cve_2026_48779_tiny_fragments_are_counted() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    let target = victim.at().target(Transport::WebSocket, None);
    let mut socket = WebSocket::connect(victim.at().address, &target).await?;
    let mut fragments = vec![0x01, 0x81, 0, 0, 0, 0, b'4'];
    for _ in 0..3_000 {
        fragments.extend([0x00, 0x80, 0, 0, 0, 0]);
    }
    socket.write_raw(&fragments).await.ok();
    socket.tcp_ends().await?;
    victim.holds().await
}

#[actix_rt::test]
async fn nesting_ten_thousand_levels_deep_ends_the_session_only() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!(r#"42["message",{}1{}]"#, open.repeat(10_000), close.repeat(10_000));
        victim.is_offended_by(&[deep.into()]).await?;
        let auth = format!(r#"40{{"a":{}1{}}}"#, open.repeat(10_000), close.repeat(10_000));
        victim.is_offended_by(&[auth.into()]).await?;
    }
    victim.holds().await
}

#[actix_rt::test]
async fn engineioxide_794_truncated_and_multibyte_packets_break_nothing() -> Check {
    let mut victim = Victim::new(Settings::default())?;
    for text in ["4é", "42é", "4😀", "42[\"é", "b", "bé", "451-é", "42/é", "42/é,[", "é", "40é", "43é[]"]
    {
        victim.is_offended_by(&[text.into()]).await?;
    }
    victim.holds().await
}
