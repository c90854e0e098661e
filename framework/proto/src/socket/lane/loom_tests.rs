//! Every interleaving of a lane with the rooms that drop its tickets. Run by `loom.sh`.

use loom::{
    cell::UnsafeCell,
    sync::{Arc as Shared, Notify, atomic::AtomicUsize, atomic::Ordering},
    thread::{self, JoinHandle},
};

use super::*;

const SELF_REACHING: Class<&str> = Class::Room { room: "a", reaches_self: true };

struct Emitter {
    lane: Lane<&'static str, &'static str>,
    mailbox: Shared<Notify>,
    woken: Shared<AtomicUsize>,
}

impl Emitter {
    fn new(limit: usize) -> Self {
        let (mailbox, woken) = (Shared::new(Notify::new()), Shared::new(AtomicUsize::new(0)));
        let (notify, count) = (Shared::clone(&mailbox), Shared::clone(&woken));
        let wake = move || {
            count.fetch_add(1, Ordering::Relaxed);
            notify.notify();
        };
        Self { lane: Lane::new(limit, Arc::new(wake)), mailbox, woken }
    }

    fn depart(&mut self, class: Class<&'static str>) -> Ticket {
        match self.lane.push("packet", class) {
            Step::Go(_, Some(ticket)) => ticket,
            other => panic!("{other:?}"),
        }
    }

    /// Pushes an operation and waits, if it must, for the one wake-up that it is promised. A
    /// wake-up that is lost would be a deadlock, which loom reports.
    fn send_in_order(&mut self, class: Class<&'static str>) -> Option<Ticket> {
        match self.lane.push("next", class) {
            Step::Go(_, ticket) => {
                assert_eq!(self.woken.load(Ordering::Relaxed), 0, "woken without a wait");
                ticket
            }
            Step::Parked => {
                // Loom lets `wait` return without a reason too.
                while self.woken.load(Ordering::Relaxed) == 0 {
                    self.mailbox.wait();
                }
                assert_eq!(self.woken.load(Ordering::Relaxed), 1);
                self.lane.poll_ready().expect("a woken operation may go").1
            }
            Step::Refused(_) => panic!("the lane is not full"),
        }
    }
}

/// A room on another thread: writes into the fanout's mailbox, then drops the ticket. The cell makes
/// loom report a reader that is not ordered after the write.
fn pass_on(tickets: Vec<Ticket>) -> (Shared<UnsafeCell<()>>, JoinHandle<()>) {
    let outbox = Shared::new(UnsafeCell::new(()));
    let written = Shared::clone(&outbox);
    let room = thread::spawn(move || {
        written.with_mut(|_| ());
        drop(tickets);
    });
    (outbox, room)
}

#[test]
fn an_own_reply_follows_the_packet_it_waits_for() {
    loom::model(|| {
        let mut emitter = Emitter::new(4);
        let (outbox, room) = pass_on(vec![emitter.depart(SELF_REACHING)]);
        assert!(emitter.send_in_order(Class::Own).is_none());
        outbox.with(|_| ());
        room.join().unwrap();
    });
}

#[test]
fn a_direct_emit_follows_all_rooms_of_a_union() {
    loom::model(|| {
        let mut emitter = Emitter::new(4);
        let ticket = emitter.depart(Class::Union { reaches_self: false });
        let (red, red_room) = pass_on(vec![ticket.clone()]);
        let (blue, blue_room) = pass_on(vec![ticket]);
        assert!(emitter.send_in_order(Class::Direct).is_none());
        red.with(|_| ());
        blue.with(|_| ());
        red_room.join().unwrap();
        blue_room.join().unwrap();
    });
}

#[test]
fn a_run_at_its_limit_is_woken_once_by_one_of_two_threads() {
    // All interleavings take more than a minute; those with up to three preemptions a second.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let mut emitter = Emitter::new(2);
        let tickets = [emitter.depart(SELF_REACHING), emitter.depart(SELF_REACHING)];
        let rooms = tickets.map(|ticket| pass_on(vec![ticket]).1);
        assert!(emitter.send_in_order(SELF_REACHING).is_some());
        rooms.into_iter().for_each(|room| room.join().unwrap());
        assert_eq!(emitter.lane.in_flight(), 0);
    });
}

#[test]
fn polling_while_waiting_neither_loses_nor_doubles_the_wake_up() {
    loom::model(|| {
        let mut emitter = Emitter::new(4);
        let (_outbox, room) = pass_on(vec![emitter.depart(SELF_REACHING)]);
        let parked = emitter.lane.push("next", Class::Direct) == Step::Parked;
        let polled = emitter.lane.poll_ready().is_some();
        assert!(parked || !polled);
        room.join().unwrap();
        assert_eq!(emitter.woken.load(Ordering::Relaxed), usize::from(parked));
        assert_eq!(emitter.lane.poll_ready().is_some(), parked && !polled);
    });
}
