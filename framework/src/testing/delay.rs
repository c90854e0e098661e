//! A seeded scheduler between senders and mailboxes.
//!
//! While a [`Delay`] is installed on a thread, every message that an actor of this thread sends is
//! held, in order, in front of the mailbox that it is for. [`Delay::deliver_one`] lets the oldest
//! message of one mailbox in, chosen by the seed. What the actors then do depends on the seed alone,
//! so a schedule that shows an error can be run again. A mailbox whose held messages reach the
//! capacity is full for traffic, as a real one would be.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::task::{Poll, Waker};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};

use crate::runtime::post::Refused;

/// The scheduler of this thread; uninstalled when dropped.
#[derive(Debug)]
pub struct Delay(());

struct Held {
    seed: u64,
    capacity: usize,
    mailboxes: BTreeMap<u64, VecDeque<Box<dyn FnOnce()>>>,
    /// Mailboxes by their first use, so that addresses in memory do not decide.
    names: BTreeMap<u64, u64>,
    /// Senders that wait for a full mailbox.
    waiting: BTreeMap<u64, Vec<Waker>>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl Delay {
    /// Holds the messages of this thread from now on; so many of one mailbox make it full.
    #[must_use]
    pub fn install(seed: u64, capacity: usize) -> Self {
        let (mailboxes, names, waiting) = Default::default();
        HELD.set(Some(Held { seed, capacity, mailboxes, names, waiting }));
        Self(())
    }

    /// Lets one message into its mailbox. Returns false if none is held.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn deliver_one(&self) -> bool {
        let chosen = HELD.with_borrow_mut(|held| held.as_mut().and_then(Held::choose));
        let Some(deliver) = chosen else { return false };
        deliver();
        true
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        // What is dropped with it may send something.
        drop(HELD.take());
    }
}

impl Held {
    fn choose(&mut self) -> Option<Box<dyn FnOnce()>> {
        let waiting: Vec<u64> = self.mailboxes.keys().copied().collect();
        let place = self.random() % u64::try_from(waiting.len()).ok().filter(|count| *count > 0)?;
        let name = *waiting.get(usize::try_from(place).ok()?)?;
        let queue = self.mailboxes.get_mut(&name)?;
        let message = queue.pop_front();
        if queue.is_empty() {
            self.mailboxes.remove(&name);
        }
        self.waiting.remove(&name).into_iter().flatten().for_each(Waker::wake);
        message
    }

    /// The mailbox of this address.
    fn name<A: Actor>(&mut self, to: &Addr<A>) -> u64 {
        let mut hasher = DefaultHasher::new();
        to.hash(&mut hasher);
        let next = u64::try_from(self.names.len()).unwrap_or(u64::MAX);
        *self.names.entry(hasher.finish()).or_insert(next)
    }

    fn push(&mut self, name: u64, deliver: Box<dyn FnOnce()>) {
        self.mailboxes.entry(name).or_default().push_back(deliver);
    }

    fn is_full(&self, name: u64) -> bool {
        self.mailboxes.get(&name).is_some_and(|queue| queue.len() >= self.capacity)
    }

    /// As above, and if so wakes the task when that may have changed.
    fn is_full_for(&mut self, name: u64, task: &Waker) -> bool {
        let full = self.is_full(name);
        if full {
            self.waiting.entry(name).or_default().push(task.clone());
        }
        full
    }

    /// SplitMix64: small, and the same on every machine.
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Holds a message back if this thread has a scheduler; else gives it back.
pub(crate) fn hold<A, M>(to: &Addr<A>, message: M) -> Option<M>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    let mut message = Some(message);
    with_mailbox(to, |held, name| held.push(name, deliver_to(to, message.take())));
    message
}

/// As [`hold`], if the mailbox is not full. The inner result says whether it was held.
pub(crate) fn hold_traffic<A, M>(to: &Addr<A>, message: M) -> Result<Option<M>, Refused<M>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    match with_mailbox(to, |held, name| held.is_full(name)) {
        Some(true) => Err(Refused::Full(message)),
        Some(false) | None => Ok(hold(to, message)),
    }
}

/// Holds a message back as soon as the mailbox is not full; gives it back without a scheduler.
pub(crate) async fn hold_when_free<A, M>(to: &Addr<A>, message: M) -> Option<M>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    poll_fn(|task| {
        let full = with_mailbox(to, |held, name| held.is_full_for(name, task.waker()));
        if full == Some(true) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    hold(to, message)
}

fn with_mailbox<A: Actor, R>(to: &Addr<A>, act: impl FnOnce(&mut Held, u64) -> R) -> Option<R> {
    HELD.with_borrow_mut(|held| {
        let held = held.as_mut()?;
        let name = held.name(to);
        Some(act(held, name))
    })
}

#[expect(clippy::disallowed_methods, reason = "delivers what runtime/post.rs was asked to send")]
fn deliver_to<A, M>(to: &Addr<A>, message: Option<M>) -> Box<dyn FnOnce()>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    let to = to.clone();
    Box::new(move || message.into_iter().for_each(|message| to.do_send(message)))
}
