//! A server that asks for tokens, on two workers of one thread, and the login that makes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use greenroom::Clock;
use greenroom::auth::TokenIssuer;
use greenroom::prelude::*;
use greenroom::testing::{SimulatedClient, Simulation};

pub(crate) const SECRET: &str = "a secret of at least thirty-two bytes";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) io: Server,
    pub(crate) simulation: Simulation,
    /// What the hooks of all namespaces were told, in order.
    told: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    /// Two namespaces with the server's rules (`/a`, `/b`), one with rules of its own (`/own`), and one
    /// that is open (`/open`).
    pub(crate) fn new(config: Config) -> Self {
        Self::seeded(config, 1)
    }

    /// The same in the schedule of this seed.
    pub(crate) fn seeded(config: Config, seed: u64) -> Self {
        let auth = JwtAuth::hs256(SECRET).unwrap();
        let io = Server::builder().config(config).clock(Clock::manual()).auth(auth).build();
        io.of("/own").auth(JwtAuth::hs256(SECRET).unwrap());
        io.of("/open").no_auth();
        let told = Arc::<Mutex<Vec<String>>>::default();
        for path in ["/a", "/b", "/own", "/open"] {
            let (connected, left) = (told.clone(), told.clone());
            let namespace = io.of(path);
            namespace.on_connect(move |_| connected.lock().unwrap().push(format!("{path} connect")));
            namespace.on_disconnect(move |_, reason| left.lock().unwrap().push(format!("{path} {reason}")));
            namespace.on("exp", |socket: Socket, ()| Ok(expiry(&socket)));
        }
        let simulation = Simulation::new(&io, 2, seed);
        Self { io, simulation, told }
    }

    /// A token of this user for so long.
    pub(crate) fn token(&self, sub: &str, life: Duration) -> String {
        let issuer = TokenIssuer::hs256(SECRET).unwrap();
        issuer.issue(sub, self.now(), life, &()).unwrap()
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.io.clock().unix_now()
    }

    /// Now, as tokens and acknowledgements write it.
    pub(crate) fn seconds(&self) -> u64 {
        self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    /// A client of this namespace, with this token.
    pub(crate) async fn client(&self, path: &str, token: &str) -> SimulatedClient {
        let client = self.simulation.open(0);
        self.join(&client, path, token).await;
        client
    }

    /// Another namespace on the same connection.
    pub(crate) async fn join(&self, client: &SimulatedClient, path: &str, token: &str) {
        let answer = self.connect(client, path, token).await;
        assert!(answer[0].starts_with(&format!(r#"0{path},{{"sid""#)), "{answer:?}");
    }

    /// What a CONNECT is answered.
    pub(crate) async fn connect(&self, client: &SimulatedClient, path: &str, token: &str) -> Vec<String> {
        self.ask(client, &format!(r#"0{path},{{"token":"{token}"}}"#)).await
    }

    /// Sends a packet, and returns what the client gets.
    pub(crate) async fn ask(&self, client: &SimulatedClient, packet: &str) -> Vec<String> {
        client.send(packet).await;
        self.simulation.run().await;
        client.received()
    }

    /// Lets time pass in steps that no heartbeat notices, and answers the pings.
    pub(crate) async fn pass(&self, client: &SimulatedClient, time: Duration) -> Vec<String> {
        let mut left = time;
        let mut received = Vec::new();
        while !left.is_zero() {
            let step = left.min(Duration::from_secs(20));
            self.simulation.advance(step).await;
            client.pong();
            self.simulation.run().await;
            received.extend(client.received());
            left -= step;
        }
        received
    }

    /// What the hooks were told since this was last asked.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// The `exp` of the claims that a socket has now.
fn expiry(socket: &Socket) -> Option<u64> {
    let exp = socket.claims()?.expires_at()?;
    exp.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs())
}
