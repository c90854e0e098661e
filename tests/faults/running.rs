//! A server in a process of its own, as it is hosted in production, and what is left in it.

use std::time::Duration;

use greenroom_tests::{Counters, Endpoint, Failure, Fixture, Session, Settings, Transport, socketio};

pub(crate) type Outcome = Result<(), Failure>;

/// Both ways of hosting.
pub(crate) const MODES: [&str; 2] = ["serve", "routes"];

/// A running server without clients.
pub(crate) struct Running {
    pub(crate) fixture: Fixture,
    at_rest: Counters,
}

impl Running {
    #[allow(dead_code, reason = "one of two suites uses it")]
    pub(crate) fn start(mode: &str, settings: Settings) -> Result<Self, Failure> {
        Self::start_program(env!("CARGO_BIN_EXE_greenroom-fixture").as_ref(), &settings.with("MODE", mode))
    }

    /// Runs any program that ends up being the fixture.
    pub(crate) fn start_program(program: &std::ffi::OsStr, settings: &Settings) -> Result<Self, Failure> {
        let mut fixture = Fixture::start(program, settings)?;
        let at_rest = fixture.counters()?;
        Ok(Self { fixture, at_rest })
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { address: self.fixture.address(), path: "/socket.io/" }
    }

    /// A client that is connected to `/`.
    #[allow(dead_code, reason = "one of two suites uses it")]
    pub(crate) async fn client(&self, transport: Transport) -> Result<Session, Failure> {
        let mut session = Session::open(self.endpoint(), transport).await?;
        socketio::join(&mut session, "/").await?;
        Ok(session)
    }

    /// Waits until the counters are so, for half a minute at most.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        holds: impl Fn(&Counters, &Counters) -> bool,
    ) -> Result<Counters, Failure> {
        let mut last = self.fixture.counters()?;
        for _ in 0..600 {
            if holds(&last, &self.at_rest) {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            last = self.fixture.counters()?;
        }
        Err(Failure::Unexpected(format!(
            "not within half a minute: {what}; {last:?}, at rest {:?}",
            self.at_rest
        )))
    }

    /// Nothing of any client is left: no session, no member, no descriptor.
    pub(crate) async fn until_nothing_is_left(&mut self) -> Outcome {
        let clean =
            |now: &Counters, rest: &Counters| now.left().is_empty() && now.descriptors <= rest.descriptors;
        self.until("nothing is left", clean).await.map(drop)
    }
}

/// A server on which nothing happens by itself within the time of a test.
pub(crate) fn steady() -> Settings {
    const NEVER_MS: &str = "120000";
    Settings::default()
        .with("PING_INTERVAL_MS", NEVER_MS)
        .with("PING_TIMEOUT_MS", NEVER_MS)
        .with("CONNECT_TIMEOUT_MS", NEVER_MS)
}

/// An event that is acknowledged, there and back.
#[allow(dead_code, reason = "one of two suites uses it")]
pub(crate) async fn trip(session: &mut Session, number: usize) -> Outcome {
    session.send(format!(r#"42{number}["message-with-ack",{number}]"#)).await?;
    loop {
        let text = session.next_text().await?;
        if text == format!("43{number}[{number}]") {
            return Ok(());
        }
        if text.starts_with("43") {
            return Err(Failure::Unexpected(format!("{text:?} instead of the answer to {number}")));
        }
    }
}

/// Closes the sessions in order.
#[allow(dead_code, reason = "one of two suites uses it")]
pub(crate) async fn leave(sessions: impl IntoIterator<Item = Session>) -> Outcome {
    for mut session in sessions {
        session.offend(["1".into()]).await?;
    }
    Ok(())
}
