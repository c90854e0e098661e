//! A member that reads a kilobyte in a second, in a room that sends it fifty.
//!
//! Time is counted in steps of the room, as its neighbours see them, so a busy machine changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use greenroom::testing::{merge, state_hash};
use greenroom_tests::failure::in_time;
use greenroom_tests::{Endpoint, Failure, Session, Settings, Transport};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::running::{Outcome, Running};

/// The room makes a hundred steps a second and stands for one of twenty.
const STEPS_PER_SECOND: u64 = 20;
const BYTES_PER_SECOND: usize = 1_000;
/// For how long it is slow: long enough for every buffer on the way to be full.
const SLOW_SECONDS: u64 = 60;
/// What the client lets the kernel receive ahead of it, as the kernel counts: twice what it is asked for.
const RECEIVE_BYTES: usize = 8 * 1024;
/// `Config::unsent_bytes`, and two frames: one that has just left, and the one that is being read.
const UNSENT_BYTES: usize = 4 * 1024;
const FRAME_BYTES: usize = 2_500;
/// What its server may take more in memory.
const MEMORY_KIB: u64 = 4 * 1024;
const IN_STEP_WITHIN: Duration = Duration::from_secs(2);

#[actix_rt::test]
async fn a_member_that_reads_slowly_is_stale_within_a_bound_and_soon_in_step_again() -> Outcome {
    let program = env!("CARGO_BIN_EXE_greenroom-rooms");
    let mut running = Running::start_program(program.as_ref(), &Settings::default())?;
    let neighbours = Neighbours::join(running.endpoint(), 3).await?;
    let mut slow = Slow::join(running.endpoint()).await?;
    let before = running.fixture.counters()?;
    let (mut most_stale, mut most_kib, mut frames) = (0, 0, 0);
    for second in 0..SLOW_SECONDS {
        neighbours.wait_for_steps(STEPS_PER_SECOND).await?;
        slow.receive(BYTES_PER_SECOND).await?;
        while slow.take_frame()? {
            frames += 1;
            most_stale = most_stale.max(neighbours.step().saturating_sub(slow.mirror.step()));
        }
        if second > 5 {
            most_kib =
                most_kib.max(running.fixture.counters()?.resident_kib.saturating_sub(before.resident_kib));
        }
    }
    let bound =
        (RECEIVE_BYTES + UNSENT_BYTES + 2 * FRAME_BYTES) as u64 * STEPS_PER_SECOND / BYTES_PER_SECOND as u64;
    assert!(frames > 10, "only {frames} frames: it was not slow but dead");
    assert!(most_stale > STEPS_PER_SECOND, "it was never behind: {most_stale} steps");
    assert!(most_stale <= bound, "{most_stale} steps behind, at most {bound} are stated");
    assert!(most_kib < MEMORY_KIB, "{most_kib} KiB more");

    let in_step = tokio::time::timeout(IN_STEP_WITHIN, slow.catch_up(&neighbours)).await;
    in_step.map_err(|_| Failure::Overdue("in step with the room"))??;
    neighbours.leave().await?;
    drop(slow);
    running.until_nothing_is_left().await
}

/// What a client has of the room.
#[derive(Default)]
struct Mirror {
    offset: u64,
    state: Value,
}

impl Mirror {
    /// Takes a packet of `/crowd`; those that are no state change nothing.
    fn take(&mut self, packet: &str) -> Outcome {
        let Some(event) = packet.strip_prefix("42/crowd,") else { return Ok(()) };
        let event: Value = serde_json::from_str(event)?;
        match event[0].as_str() {
            Some("state") => self.state = event[1]["full"].clone(),
            Some("patch") if event[1]["from"] == self.offset => merge(&mut self.state, &event[1]["d"]),
            Some("patch") => return Err(Failure::Unexpected(format!("a gap at {}: {event}", self.offset))),
            _ => return Ok(()),
        }
        self.offset = event[1]["o"].as_u64().unwrap_or_default();
        Ok(())
    }

    fn step(&self) -> u64 {
        self.state["step"].as_u64().unwrap_or_default()
    }

    /// Whether this is what the server believes that the client has, by its answer to `hash`.
    fn is(&self, answer: &str) -> Result<bool, Failure> {
        let [told]: [Value; 1] = serde_json::from_str(answer)?;
        Ok(told["o"] == self.offset && told["h"] == state_hash(&self.state))
    }
}

/// Members that read at once.
struct Neighbours {
    step: Arc<AtomicU64>,
    enough: Arc<AtomicBool>,
    tasks: Vec<actix_rt::task::JoinHandle<Outcome>>,
}

impl Neighbours {
    async fn join(at: Endpoint, count: usize) -> Result<Self, Failure> {
        let (step, enough) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut tasks = Vec::new();
        for _ in 0..count {
            let mut session = Session::open(at, Transport::WebSocket).await?;
            session.send("40/crowd,{}").await?;
            tasks.push(actix_rt::spawn(follow(session, step.clone(), enough.clone())));
        }
        let all = Self { step, enough, tasks };
        all.wait_for_steps(1).await?;
        Ok(all)
    }

    fn step(&self) -> u64 {
        self.step.load(Ordering::Relaxed)
    }

    async fn wait_for_steps(&self, steps: u64) -> Outcome {
        let until = self.step() + steps;
        let wait = async {
            while self.step() < until {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<_, Failure>(())
        };
        in_time("steps of the room", wait).await
    }

    /// All of them are in step in the end.
    async fn leave(self) -> Outcome {
        self.enough.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.map_err(|error| Failure::Unexpected(error.to_string()))??;
        }
        Ok(())
    }
}

/// Follows the room until it is enough, then proves that it is in step.
async fn follow(mut session: Session, step: Arc<AtomicU64>, enough: Arc<AtomicBool>) -> Outcome {
    let mut mirror = Mirror::default();
    while !enough.load(Ordering::Relaxed) {
        let packet = session.next_text().await?;
        mirror.take(&packet)?;
        step.fetch_max(mirror.step(), Ordering::Relaxed);
    }
    session.send(r#"42/crowd,1["hash"]"#).await?;
    loop {
        let packet = session.next_text().await?;
        mirror.take(&packet)?;
        if let Some(answer) = packet.strip_prefix("43/crowd,1") {
            assert!(mirror.is(answer)?, "{answer}");
            return session.offend(["1".into()]).await;
        }
    }
}

/// A member whose bytes are counted, with its own receive buffer.
struct Slow {
    stream: TcpStream,
    unread: Vec<u8>,
    mirror: Mirror,
    answer: Option<String>,
}

impl Slow {
    async fn join(at: Endpoint) -> Result<Self, Failure> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(u32::try_from(RECEIVE_BYTES / 2).unwrap_or(u32::MAX))?;
        let mut stream = socket.connect(at.address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            at.target(Transport::WebSocket, None),
            at.address
        );
        stream.write_all(request.as_bytes()).await?;
        let mut slow = Self { stream, unread: Vec::new(), mirror: Mirror::default(), answer: None };
        while !slow.unread.windows(4).any(|four| four == b"\r\n\r\n") {
            slow.receive(1).await?;
        }
        slow.unread.clear();
        slow.say("40/crowd,{}").await?;
        Ok(slow)
    }

    /// Sends a text in a masked frame; the mask is zero, which is a mask as well.
    async fn say(&mut self, text: &str) -> Outcome {
        let length = u8::try_from(text.len()).map_err(|_| Failure::Unexpected("a long text".to_owned()))?;
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Reads so many bytes at most, or what there is.
    async fn receive(&mut self, most: usize) -> Outcome {
        let mut buffer = vec![0; most];
        let read = async { Ok::<_, Failure>(self.stream.read(&mut buffer).await?) };
        let count = in_time("bytes of the server", read).await?;
        if count == 0 {
            return Err(Failure::Closed("the server has given it up".to_owned()));
        }
        self.unread.extend_from_slice(&buffer[..count]);
        Ok(())
    }

    /// Takes the next frame, if it is there as a whole.
    fn take_frame(&mut self) -> Result<bool, Failure> {
        let (head, length) = match self.unread[..] {
            [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
            [_, 126, ..] | [] | [_] => return Ok(false),
            [_, short, ..] => (2, usize::from(short)),
        };
        if self.unread.len() < head + length {
            return Ok(false);
        }
        let frame: Vec<u8> = self.unread.drain(..head + length).skip(head).collect();
        let text = String::from_utf8_lossy(&frame);
        self.mirror.take(&text)?;
        self.answer = text.strip_prefix("43/crowd,1").map(str::to_owned).or(self.answer.take());
        Ok(true)
    }

    /// Reads as fast as it can until it sees what its neighbours see, and what the server says.
    async fn catch_up(&mut self, neighbours: &Neighbours) -> Outcome {
        let goal = neighbours.step();
        while self.prove().await? < goal {}
        Ok(())
    }

    /// The step of the state that it has, after the server has said that it has that.
    async fn prove(&mut self) -> Result<u64, Failure> {
        self.say(r#"42/crowd,1["hash"]"#).await?;
        loop {
            while self.take_frame()? {
                let Some(answer) = self.answer.take() else { continue };
                assert!(self.mirror.is(&answer)?, "{answer} at {}", self.mirror.offset);
                return Ok(self.mirror.step());
            }
            self.receive(64 * 1024).await?;
        }
    }
}
