//! The way from a room to a client, and what can go wrong on it.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytestring::ByteString;

use super::client::{Client, Frame};
use crate::room::Moment;

/// What goes wrong between a room and a client.
///
/// Socket.IO delivers in order and exactly once, so most of this does not happen on a socket; it does
/// when a client misses what was sent while it was suspended, and to whoever writes another entrance.
/// A client that notices asks for the state again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next packet does not arrive.
    Drop,
    /// The next packet arrives twice.
    Duplicate,
    /// The next packet arrives after the one behind it.
    Reorder,
    /// What is sent arrives this much later.
    Delay(Duration),
    /// The client reads nothing, until the link is healed.
    Slow,
    /// Nothing arrives any more, and nobody notices.
    HalfOpen,
}

/// A frame or event on its way.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    /// Read once, however many clients get it.
    Frame(Rc<Frame>),
    Event {
        event: ByteString,
        items: ByteString,
        volatile: bool,
    },
}

impl Packet {
    fn is_frame(&self) -> bool {
        matches!(self, Self::Frame(_))
    }

    fn is_volatile(&self) -> bool {
        matches!(self, Self::Event { volatile: true, .. })
    }
}

/// The way to one client: in order, at once, unless told otherwise.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// What the client has not taken off the server.
    outbox: VecDeque<Packet>,
    /// What is on its way, and when it arrives.
    wire: VecDeque<(Moment, Packet)>,
    once: Option<Fault>,
    delay: Duration,
    stopped: bool,
    dead: bool,
    /// What arrives may not be what was sent, and the client may not have noticed.
    unreliable: bool,
}

impl Link {
    pub(super) fn fail(&mut self, fault: Fault) {
        match fault {
            Fault::Drop | Fault::Duplicate | Fault::Reorder => {
                (self.once, self.unreliable) = (Some(fault), true);
            }
            Fault::Delay(delay) => self.delay = delay,
            Fault::Slow => self.stopped = true,
            Fault::HalfOpen => self.dead = true,
        }
    }

    pub(super) fn heal(&mut self) {
        (self.once, self.delay, self.stopped) = (None, Duration::ZERO, false);
    }

    /// Whether everything has arrived, and will arrive as it is sent.
    pub(super) fn is_healthy(&self) -> bool {
        let idle = self.outbox.is_empty() && self.wire.is_empty();
        idle && !self.unreliable && !self.stopped && !self.dead
    }

    /// Whether nothing arrives any more.
    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    /// Whether a frame waits for the client to read.
    pub(super) fn has_frame(&self) -> bool {
        self.outbox.iter().any(Packet::is_frame)
    }

    /// How many packets wait for the client to read.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn send(&mut self, packet: Packet) {
        if !packet.is_volatile() || self.outbox.is_empty() && !self.stopped {
            self.outbox.push_back(packet);
        }
    }

    /// Lets the client read, and what is due arrive. Whether a frame has left the server.
    pub(super) fn pump(&mut self, client: &mut Client, now: Moment) -> bool {
        let mut left = false;
        if !self.stopped && !self.dead {
            left = self.has_frame();
            self.wire.extend(self.outbox.drain(..).map(|packet| (now + self.delay, packet)));
        }
        while !self.dead && self.next().is_some_and(|at| at <= now) {
            if self.once.take_if(|fault| *fault == Fault::Reorder).is_some() {
                self.wire.swap(0, 1);
            }
            let Some((_, packet)) = self.wire.pop_front() else { break };
            let times = match self.once.take() {
                Some(Fault::Drop) => 0,
                Some(Fault::Duplicate) => 2,
                Some(Fault::Reorder | Fault::Delay(_) | Fault::Slow | Fault::HalfOpen) | None => 1,
            };
            for _ in 0..times {
                arrive(client, &packet);
            }
        }
        left
    }

    /// When the next packet arrives. One that is to be overtaken waits for the one behind it.
    pub(super) fn next(&self) -> Option<Moment> {
        let place = usize::from(self.once == Some(Fault::Reorder));
        self.wire.get(place).map(|(at, _)| *at).filter(|_| !self.dead)
    }
}

fn arrive(client: &mut Client, packet: &Packet) {
    match packet {
        Packet::Frame(frame) => client.take_frame(frame),
        Packet::Event { event, items, .. } => client.take_event(event, items),
    }
}
