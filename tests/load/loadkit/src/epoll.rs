//! A level-triggered poller.
//!
//! Owns one epoll descriptor and a list of ready events. Level-triggered, because one read per
//! readable socket and turn is all that the generator and the floor want.
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const NANOS_PER_MILLI: i64 = 1_000_000;

/// A set of sockets, each with a token that its events carry.
pub struct Epoll {
    fd: OwnedFd,
    events: Vec<Event>,
}

/// One socket that is ready.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// The token given to [`Epoll::add`].
    pub token: u64,
    /// A read would not block; true for hang-ups and errors too, which a read reports.
    pub readable: bool,
    /// A write would not block.
    pub writable: bool,
}

impl Epoll {
    /// Makes a set that reports at most `batch` sockets per turn.
    ///
    /// # Errors
    /// What the system answers when it has no descriptor left.
    pub fn new(batch: usize) -> io::Result<Self> {
        let fd = epoll::create(CreateFlags::CLOEXEC)?;
        let none = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        Ok(Self { fd, events: vec![none; batch] })
    }

    /// Watches `source` for reading, and for writing if `write`.
    ///
    /// # Errors
    /// What the system answers, for example when `source` is watched already.
    pub fn add(&self, source: impl AsFd, token: u64, write: bool) -> io::Result<()> {
        Ok(epoll::add(&self.fd, source, EventData::new_u64(token), interest(write))?)
    }

    /// Changes whether `source` is watched for writing.
    ///
    /// # Errors
    /// What the system answers, for example when `source` is not watched.
    pub fn modify(&self, source: impl AsFd, token: u64, write: bool) -> io::Result<()> {
        Ok(epoll::modify(&self.fd, source, EventData::new_u64(token), interest(write))?)
    }

    /// Waits at most `timeout` and returns how many sockets are ready; a signal ends the wait with 0.
    ///
    /// # Errors
    /// What the system answers; none is expected on a descriptor of our own.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<usize> {
        let mut timeout = timespec(timeout);
        if timeout.tv_nsec % NANOS_PER_MILLI != 0 {
            self.wait_precisely(&timeout)?;
            timeout = timespec(Duration::ZERO);
        }
        without_signals(epoll::wait(&self.fd, self.events.as_mut_slice(), Some(&timeout)))
    }

    /// Returns the ready socket number `index` of the last [`Self::wait`].
    #[must_use]
    #[inline]
    pub fn ready(&self, index: usize) -> Ready {
        let Event { flags, data, .. } = self.events[index];
        Ready {
            token: data.u64(),
            readable: flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR),
            writable: flags.contains(EventFlags::OUT),
        }
    }

    /// Epoll's timeout has milliseconds, and an open loop sends on the microsecond: `ppoll` on the
    /// set itself has nanoseconds. (`epoll_pwait2` has them too, but Valgrind does not know it.)
    fn wait_precisely(&self, timeout: &Timespec) -> io::Result<()> {
        let mut set = [PollFd::new(&self.fd, PollFlags::IN)];
        without_signals(poll(&mut set, Some(timeout))).map(drop)
    }
}

impl fmt::Debug for Epoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoll").field("fd", &self.fd).field("batch", &self.events.len()).finish()
    }
}

fn without_signals(waited: rustix::io::Result<usize>) -> io::Result<usize> {
    match waited {
        Ok(count) => Ok(count),
        Err(rustix::io::Errno::INTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn timespec(timeout: Duration) -> Timespec {
    Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() }
}

fn interest(write: bool) -> EventFlags {
    if write { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN }
}
