//! The deadlines of one worker.
//!
//! Owns: one deadline per registered timer, in ticks of 10 ms. Takes: `arm` and `remove` from
//! actors of the same thread. Emits: a call of the timer's callback, never before its deadline and
//! in the order of the ticks. Keeps: one sleeping task for all timers; no timer, no wake-up.
//!
//! A timer per heartbeat would cost an entry in the runtime's own wheel and a wake-up each; here
//! everything that is due in the same 10 ms is one wake-up.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::clock::Clock;

/// Deadlines are rounded up to this.
const TICK: Duration = Duration::from_millis(TICK_MS);
const TICK_MS: u64 = 10;
/// A hundred years.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// All timers of one worker.
#[derive(Clone)]
pub(crate) struct Wheel(Rc<Shared>);

/// A registered timer: a place in the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey(usize);

struct Shared {
    clock: Clock,
    start: Instant,
    rearmed: Notify,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    timers: Vec<Option<Timer>>,
    free: Vec<usize>,
    due: BTreeSet<(u64, usize)>,
}

struct Timer {
    fire: Rc<dyn Fn()>,
    tick: Option<u64>,
}

impl Wheel {
    /// A wheel whose task runs on this thread.
    pub(crate) fn start(clock: Clock) -> Self {
        let start = clock.now();
        let wheel = Self(Rc::new(Shared { clock, start, rearmed: Notify::new(), state: RefCell::default() }));
        actix_rt::spawn(turn(wheel.clone()));
        wheel
    }

    /// A timer that calls `fire` whenever a deadline passes that it was armed with.
    pub(crate) fn register(&self, fire: impl Fn() + 'static) -> TimerKey {
        let mut state = self.0.state.borrow_mut();
        let timer = Some(Timer { fire: Rc::new(fire), tick: None });
        match state.free.pop() {
            Some(place) => {
                if let Some(entry) = state.timers.get_mut(place) {
                    *entry = timer;
                }
                TimerKey(place)
            }
            None => {
                state.timers.push(timer);
                TimerKey(state.timers.len() - 1)
            }
        }
    }

    /// Sets the timer's only deadline; `None` disarms it.
    pub(crate) fn arm(&self, key: TimerKey, deadline: Option<Instant>) {
        let tick = deadline.map(|deadline| self.tick_at_or_after(deadline));
        let mut state = self.0.state.borrow_mut();
        let State { timers, due, .. } = &mut *state;
        let Some(timer) = timers.get_mut(key.0).and_then(Option::as_mut) else { return };
        if timer.tick == tick {
            return;
        }
        let first = due.first().map(|(tick, _)| *tick);
        if let Some(old) = timer.tick {
            due.remove(&(old, key.0));
        }
        timer.tick = tick;
        if let Some(tick) = tick {
            due.insert((tick, key.0));
            if first.is_none_or(|first| tick < first) {
                self.0.rearmed.notify_one();
            }
        }
    }

    /// Forgets the timer. Its key may be given to another one.
    pub(crate) fn remove(&self, key: TimerKey) {
        self.arm(key, None);
        let mut state = self.0.state.borrow_mut();
        if state.timers.get_mut(key.0).and_then(Option::take).is_some() {
            state.free.push(key.0);
        }
    }

    /// How many timers there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        let state = self.0.state.borrow();
        state.timers.len() - state.free.len()
    }

    fn tick_at_or_after(&self, deadline: Instant) -> u64 {
        let passed = deadline.saturating_duration_since(self.0.start).as_micros();
        u64::try_from(passed.div_ceil(TICK.as_micros())).unwrap_or(u64::MAX)
    }

    fn instant_of(&self, tick: u64) -> Instant {
        let passed = Duration::from_millis(tick.saturating_mul(TICK_MS));
        // What is beyond the end of time never comes.
        self.0.start.checked_add(passed).unwrap_or_else(|| self.0.start + FOR_EVER)
    }

    fn next(&self) -> Option<Instant> {
        self.0.state.borrow().due.first().map(|(tick, _)| self.instant_of(*tick))
    }

    fn take_due(&self) -> Vec<Rc<dyn Fn()>> {
        let now = self.0.clock.now().saturating_duration_since(self.0.start).as_micros();
        let tick_now = u64::try_from(now / TICK.as_micros()).unwrap_or(u64::MAX);
        let mut state = self.0.state.borrow_mut();
        let State { timers, due, .. } = &mut *state;
        let later = due.split_off(&(tick_now + 1, 0));
        let fired = std::mem::replace(due, later);
        let fire = |(_, place): (u64, usize)| {
            let timer = timers.get_mut(place).and_then(Option::as_mut)?;
            timer.tick = None;
            Some(timer.fire.clone())
        };
        fired.into_iter().filter_map(fire).collect()
    }
}

impl std::fmt::Debug for Wheel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wheel").finish_non_exhaustive()
    }
}

/// The wheel's task: sleeps until the first deadline, or until an earlier one is armed.
async fn turn(wheel: Wheel) {
    loop {
        match wheel.next() {
            None => wheel.0.rearmed.notified().await,
            Some(deadline) => {
                let sleep = wheel.0.clock.sleep_until(deadline);
                tokio::select! {
                    () = sleep => {}
                    () = wheel.0.rearmed.notified() => continue,
                }
                for fire in wheel.take_due() {
                    fire();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[actix_rt::test]
    async fn timers_fire_in_order_and_never_early() {
        let clock = Clock::manual();
        let wheel = Wheel::start(clock.clone());
        let fired = Rc::new(RefCell::new(Vec::new()));
        let keys: Vec<_> = (0..3)
            .map(|name| {
                let fired = fired.clone();
                wheel.register(move || fired.borrow_mut().push(name))
            })
            .collect();
        for (key, after) in keys.iter().zip([30_u64, 20, 10]) {
            wheel.arm(*key, Some(clock.now() + Duration::from_millis(after)));
        }
        clock.advance(Duration::from_millis(9));
        settle().await;
        assert!(fired.borrow().is_empty());
        clock.advance(Duration::from_millis(100));
        settle().await;
        assert_eq!(*fired.borrow(), [2, 1, 0]);
    }

    #[actix_rt::test]
    async fn a_removed_timer_never_fires_and_its_place_is_used_again() {
        let clock = Clock::manual();
        let wheel = Wheel::start(clock.clone());
        let fired = Rc::new(Cell::new(0));
        let count = fired.clone();
        let key = wheel.register(move || count.set(count.get() + 1));
        wheel.arm(key, Some(clock.now() + TICK));
        wheel.remove(key);
        clock.advance(Duration::from_secs(1));
        settle().await;
        assert_eq!((fired.get(), wheel.len()), (0, 0));
        assert_eq!(wheel.register(|| ()), key);
    }

    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}
