//! A seeded scheduler between senders and mailboxes.
//!
//! While a [`Delay`] is installed on a thread, every message that an actor of this thread sends is
//! held, in order, in front of the mailbox that it is for. [`Delay::deliver_one`] lets the oldest
//! message of one mailbox in, chosen by the seed. What the actors then do depends on the seed alone,
//! so a schedule that shows an error can be run again. A mailbox whose held messages reach the
//! capacity is full for traffic, as a real one would be. A scheduler that keeps the order of sending also
//! writes down what is sent, so that a flow can be read and compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::task::{Poll, Waker};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler};

use crate::runtime::post::Refused;

/// The scheduler of this thread; uninstalled when dropped.
#[derive(Debug)]
pub struct Delay(());

struct Held {
    schedule: Schedule,
    capacity: usize,
    mailboxes: BTreeMap<u64, VecDeque<Message>>,
    /// Messages held so far.
    count: u64,
    /// Mailboxes by their first use, so that addresses in memory do not decide.
    names: BTreeMap<u64, u64>,
    /// Senders that wait for a full mailbox.
    waiting: BTreeMap<u64, Vec<Waker>>,
}

/// Which mailbox gets its oldest message next.
enum Schedule {
    /// The one that the seed chooses.
    Seeded(u64),
    /// The one whose message was sent first; each is written down.
    InOrder(Trace),
}

/// A message on its way.
struct Message {
    number: u64,
    deliver: Box<dyn FnOnce()>,
}

/// What was sent, a line for each message: whom, and what.
#[derive(Default)]
struct Trace {
    lines: Vec<String>,
    /// The mailboxes of each kind of actor, in the order of their first message.
    actors: BTreeMap<String, Vec<u64>>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl Delay {
    /// Holds the messages of this thread from now on; so many of one mailbox make it full.
    #[must_use]
    pub fn install(seed: u64, capacity: usize) -> Self {
        Self::with(Schedule::Seeded(seed), capacity)
    }

    /// Delivers in the order of sending, and writes down what is sent.
    #[must_use]
    pub fn install_in_order(capacity: usize) -> Self {
        Self::with(Schedule::InOrder(Trace::default()), capacity)
    }

    fn with(schedule: Schedule, capacity: usize) -> Self {
        let (mailboxes, names, waiting) = Default::default();
        HELD.set(Some(Held { schedule, capacity, mailboxes, count: 0, names, waiting }));
        Self(())
    }

    /// What was sent since the last call, as `whom: what`; nothing unless it is written down.
    #[must_use]
    pub fn take_trace(&self) -> Vec<String> {
        HELD.with_borrow_mut(|held| match held.as_mut().map(|held| &mut held.schedule) {
            Some(Schedule::InOrder(trace)) => std::mem::take(&mut trace.lines),
            Some(Schedule::Seeded(_)) | None => Vec::new(),
        })
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
        let name = match &mut self.schedule {
            Schedule::Seeded(seed) => {
                let waiting: Vec<u64> = self.mailboxes.keys().copied().collect();
                let place = random(seed) % u64::try_from(waiting.len()).ok().filter(|count| *count > 0)?;
                *waiting.get(usize::try_from(place).ok()?)?
            }
            Schedule::InOrder(_) => {
                let oldest = |queue: &VecDeque<Message>| queue.front().map(|message| message.number);
                *self.mailboxes.iter().min_by_key(|(_, queue)| oldest(queue))?.0
            }
        };
        let queue = self.mailboxes.get_mut(&name)?;
        let message = queue.pop_front().map(|message| message.deliver);
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
        self.count += 1;
        let message = Message { number: self.count, deliver };
        self.mailboxes.entry(name).or_default().push_back(message);
    }

    /// Writes a message down, if that is wanted.
    fn note<A: Actor>(&mut self, name: u64, message: &impl fmt::Debug) {
        if let Schedule::InOrder(trace) = &mut self.schedule {
            trace.note(std::any::type_name::<A>(), name, &format!("{message:?}"));
        }
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
}

impl Trace {
    /// Notes the actor by its kind and number, and the name of the message.
    fn note(&mut self, actor: &str, mailbox: u64, message: &str) {
        let kind = actor.rsplit("::").next().unwrap_or(actor).trim_end_matches("Actor").to_lowercase();
        let known = self.actors.entry(kind.clone()).or_default();
        let number = known.iter().position(|other| *other == mailbox).unwrap_or(known.len());
        if number == known.len() {
            known.push(mailbox);
        }
        let what = message.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
        self.lines.push(format!("{kind} {}: {what}", number + 1));
    }
}

/// SplitMix64: small, and the same on every machine.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Holds a message back if this thread has a scheduler; else gives it back.
pub(crate) fn hold<A, M>(to: &Addr<A>, message: M) -> Option<M>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: actix::Message<Result = ()> + fmt::Debug + Send + 'static,
{
    let mut message = Some(message);
    with_mailbox(to, |held, name| {
        message.iter().for_each(|message| held.note::<A>(name, message));
        held.push(name, deliver_to(to, message.take()));
    });
    message
}

/// As [`hold`], if the mailbox is not full. The inner result says whether it was held.
pub(crate) fn hold_traffic<A, M>(to: &Addr<A>, message: M) -> Result<Option<M>, Refused<M>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: actix::Message<Result = ()> + fmt::Debug + Send + 'static,
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
    M: actix::Message<Result = ()> + fmt::Debug + Send + 'static,
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
    M: actix::Message<Result = ()> + fmt::Debug + Send + 'static,
{
    let to = to.clone();
    Box::new(move || message.into_iter().for_each(|message| to.do_send(message)))
}
