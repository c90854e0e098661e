//! The way up: what every connection does until it is joined, or until it ends half-way.
use std::io;

use loadkit::polling::Session;
use loadkit::random::Random;

use crate::crowd::Plan;
use crate::way::Way;
use crate::websocket::{WebSocket, reset, text_frame, upgrade_request};

/// Joins and leaves that are on their way when a connection ends in [`Way::MidJoin`].
const BURST: usize = 5;

/// Brings connection number `at` up. Returns it if its way is to end later.
pub(crate) fn rise(plan: &Plan, at: usize, way: Way) -> io::Result<Option<WebSocket>> {
    let mut rise = Rise {
        plan,
        turn: u32::try_from(at).unwrap_or(u32::MAX),
        random: Random::new(plan.seed.wrapping_add(1 + at as u64)),
    };
    match way {
        Way::Clean | Way::Fin | Way::Rst | Way::HalfOpen | Way::Exit => rise.joined().map(Some),
        Way::MidConnect => rise.mid_connect().map(|()| None),
        Way::MidJoin => rise.mid_join().map(|()| None),
        Way::MidUpgrade => rise.mid_upgrade().map(|()| None),
        Way::PollingAbort => rise.polling_abort().map(|()| None),
    }
}

struct Rise<'a> {
    plan: &'a Plan,
    turn: u32,
    random: Random,
}

impl Rise<'_> {
    fn joined(&mut self) -> io::Result<WebSocket> {
        let mut socket = self.connected()?;
        let join = self.join(0);
        socket.send(&join)?;
        socket.expect("430")?;
        Ok(socket)
    }

    fn connected(&mut self) -> io::Result<WebSocket> {
        let mut socket = self.asked()?;
        socket.upgraded()?;
        socket.expect("0")?;
        socket.send(&self.plan.connect)?;
        socket.expect("40")?;
        Ok(socket)
    }

    fn asked(&mut self) -> io::Result<WebSocket> {
        let mut socket = WebSocket::connect(self.plan.port, self.turn)?;
        socket.write(self.request(None).as_bytes())?;
        Ok(socket)
    }

    fn mid_connect(&mut self) -> io::Result<()> {
        let request = self.request(None);
        let mut socket = WebSocket::connect(self.plan.port, self.turn)?;
        let stage = self.random.below(5);
        if stage == 1 {
            socket.write(self.part_of(request.as_bytes()))?;
        }
        if stage >= 2 {
            socket.write(request.as_bytes())?;
        }
        if stage >= 3 {
            socket.upgraded()?;
        }
        if stage == 4 {
            socket.send(&self.plan.connect)?;
        }
        self.end(socket)
    }

    fn mid_join(&mut self) -> io::Result<()> {
        let mut socket = self.connected()?;
        let mut burst = Vec::new();
        for id in 0..1 + self.random.below(BURST) {
            burst.extend(text_frame(&self.join(id)));
        }
        match self.random.below(3) {
            0 => socket.write(self.part_of(&burst))?,
            1 => socket.write(&burst)?,
            _ => {
                burst.extend(text_frame(&self.join(0).replace("join", "leave")));
                socket.write(&burst)?;
            }
        }
        self.end(socket)
    }

    fn mid_upgrade(&mut self) -> io::Result<()> {
        let mut session = self.polling()?;
        if self.random.below(2) == 0 {
            session.poll()?;
        }
        let request = self.request(Some(&session.sid));
        let mut socket = WebSocket::connect(self.plan.port, self.turn)?;
        let stage = self.random.below(5);
        if stage == 0 {
            socket.write(self.part_of(request.as_bytes()))?;
        } else {
            socket.write(request.as_bytes())?;
        }
        if stage >= 2 {
            socket.upgraded()?;
            socket.send("2probe")?;
        }
        if stage >= 3 {
            socket.expect("3probe")?;
        }
        if stage == 4 {
            socket.send("5")?;
        }
        self.end(socket)?;
        self.abort(session)
    }

    fn polling_abort(&mut self) -> io::Result<()> {
        let stage = self.random.below(5);
        let mut session = if stage == 0 { self.shaken_hands()? } else { self.polling()? };
        let join = self.join(1);
        match stage {
            1 => session.poll()?,
            2 => session.post.post(&session.target, join.as_bytes())?,
            3 => session.post.post_partly(&session.target, join.len(), self.part_of(join.as_bytes()))?,
            4 => {
                session.poll()?;
                session.post.post(&session.target, join.as_bytes())?;
            }
            _ => {}
        }
        self.abort(session)
    }

    /// A polling session that is connected and joined.
    fn polling(&mut self) -> io::Result<Session> {
        let mut session = self.shaken_hands()?;
        session.connect(self.plan.connect.as_bytes())?;
        let join = self.join(0);
        session.send(join.as_bytes())?;
        while !session.receive()?.starts_with(b"430") {}
        Ok(session)
    }

    fn shaken_hands(&self) -> io::Result<Session> {
        Session::open(self.plan.port, self.turn, &self.plan.path)
    }

    fn request(&self, sid: Option<&str>) -> String {
        upgrade_request(self.plan.port, &self.plan.path, sid)
    }

    fn join(&mut self, id: usize) -> String {
        format!("42{id}[\"join\",\"r{}\"]", self.random.below(self.plan.rooms.max(1)))
    }

    /// The front of `whole`, at least a byte and at most all but one.
    fn part_of<'b>(&mut self, whole: &'b [u8]) -> &'b [u8] {
        &whole[..1 + self.random.below(whole.len() - 1)]
    }

    fn end(&mut self, socket: WebSocket) -> io::Result<()> {
        if self.random.below(2) == 0 { socket.reset() } else { socket.finish() }
    }

    fn abort(&mut self, session: Session) -> io::Result<()> {
        if self.random.below(2) == 0 {
            reset(session.get.into_stream())?;
            return reset(session.post.into_stream());
        }
        Ok(())
    }
}
