//! A seeded scheduler between senders and mailboxes.
//!
//! While a [`Delay`] is installed on a thread, every message that an actor of this thread sends is
//! held, in order, in front of the mailbox that it is for. [`Delay::deliver_one`] lets the oldest
//! message of one mailbox in, chosen by the seed. What the actors then do depends on the seed alone,
//! so a schedule that shows an error can be run again.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};

/// The scheduler of this thread; uninstalled when dropped.
#[derive(Debug)]
pub struct Delay(());

struct Held {
    seed: u64,
    mailboxes: BTreeMap<u64, VecDeque<Box<dyn FnOnce()>>>,
    /// Mailboxes by their first use, so that addresses in memory do not decide.
    names: BTreeMap<u64, u64>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl Delay {
    /// Holds the messages of this thread from now on.
    #[must_use]
    pub fn install(seed: u64) -> Self {
        let held = Held { seed, mailboxes: BTreeMap::new(), names: BTreeMap::new() };
        HELD.set(Some(held));
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
        HELD.set(None);
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
        message
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
#[expect(clippy::disallowed_methods, reason = "delivers what runtime/post.rs was asked to send")]
pub(crate) fn hold<A, M>(to: &Addr<A>, message: M) -> Option<M>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    let mut message = Some(message);
    HELD.with_borrow_mut(|held| {
        let Some(held) = held else { return };
        let mut hasher = DefaultHasher::new();
        to.hash(&mut hasher);
        let next = u64::try_from(held.names.len()).unwrap_or(u64::MAX);
        let name = *held.names.entry(hasher.finish()).or_insert(next);
        if let Some(message) = message.take() {
            let to = to.clone();
            let deliver: Box<dyn FnOnce()> = Box::new(move || to.do_send(message));
            held.mailboxes.entry(name).or_default().push_back(deliver);
        }
    });
    message
}
