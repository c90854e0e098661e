use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A lane and a count of its wake-ups.
fn lane(limit: usize) -> (Lane<u32, &'static str>, Arc<AtomicUsize>) {
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let wake = move || {
        count.fetch_add(1, Ordering::SeqCst);
    };
    (Lane::new(limit, Arc::new(wake)), woken)
}

fn to(room: &'static str) -> Class<&'static str> {
    Class::Room { room, reaches_self: false }
}

fn within(room: &'static str) -> Class<&'static str> {
    Class::Room { room, reaches_self: true }
}

const UNION: Class<&str> = Class::Union { reaches_self: false };

/// Pushes a packet for rooms that must go at once.
fn depart(lane: &mut Lane<u32, &'static str>, op: u32, class: Class<&'static str>) -> Ticket {
    let Step::Go(gone, Some(ticket)) = lane.push(op, class) else { panic!("{op} has to wait") };
    assert_eq!(gone, op);
    ticket
}

#[test]
fn everything_passes_a_clear_lane() {
    for class in [to("a"), within("a"), UNION, Class::Union { reaches_self: true }] {
        let (mut lane, _) = lane(4);
        drop(depart(&mut lane, 1, class));
        assert_eq!(lane.in_flight(), 0);
    }
    for class in [Class::Own, Class::Direct, Class::Membership] {
        let (mut lane, _) = lane(4);
        assert_eq!(lane.push(1, class), Step::Go(1, None));
    }
}

/// Rows: what is in flight. Columns: whether `to(a)`, `to(b)`, a union, an own reply, a direct
/// emit, a join may go.
#[test]
fn what_may_go_depends_on_what_is_in_flight() {
    let table = [
        (to("a"), [true, false, false, true, false, true]),
        (within("a"), [true, false, false, false, false, true]),
        (UNION, [false, false, false, true, false, true]),
        (Class::Union { reaches_self: true }, [false, false, false, false, false, true]),
    ];
    for (in_flight, expected) in table {
        let next = [to("a"), to("b"), UNION, Class::Own, Class::Direct, Class::Membership];
        for (class, expected) in next.into_iter().zip(expected) {
            let (mut lane, _) = lane(4);
            let _ticket = depart(&mut lane, 1, in_flight.clone());
            let goes = matches!(lane.push(2, class.clone()), Step::Go(..));
            assert_eq!(goes, expected, "{class:?} after {in_flight:?}");
        }
    }
}

#[test]
fn nothing_overtakes_a_parked_operation() {
    let (mut lane, _) = lane(4);
    let ticket = depart(&mut lane, 1, to("a"));
    assert_eq!(lane.push(2, UNION), Step::Parked);
    for (op, class) in [(3, to("a")), (4, Class::Own), (5, Class::Membership)] {
        assert_eq!(lane.push(op, class), Step::Parked);
    }
    drop(ticket);
    let mut order = Vec::new();
    while let Some((op, _passed_on)) = lane.poll_ready() {
        order.push(op);
    }
    assert_eq!(order, [2, 3, 4, 5]);
}

#[test]
fn a_wait_is_woken_once_by_the_last_ticket() {
    let (mut lane, woken) = lane(4);
    let tickets = [1, 2, 3].map(|op| depart(&mut lane, op, to("a")));
    assert_eq!(lane.push(4, Class::Direct), Step::Parked);
    for (passed, ticket) in tickets.into_iter().enumerate() {
        assert_eq!((woken.load(Ordering::SeqCst), lane.poll_ready()), (0, None), "{passed}");
        drop(ticket);
    }
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert_eq!(lane.poll_ready(), Some((4, None)));
}

#[test]
fn nobody_is_woken_while_nothing_waits() {
    let (mut lane, woken) = lane(4);
    let tickets = [1, 2].map(|op| depart(&mut lane, op, within("a")));
    drop(tickets);
    assert_eq!(woken.load(Ordering::SeqCst), 0);
}

#[test]
fn an_own_reply_waits_for_the_self_reaching_packets_only() {
    let (mut lane, woken) = lane(8);
    let first = depart(&mut lane, 1, within("a"));
    let second = depart(&mut lane, 2, to("a"));
    assert_eq!(lane.push(3, Class::Own), Step::Parked);
    drop(first);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert_eq!(lane.poll_ready(), Some((3, None)));
    assert_eq!(lane.in_flight(), 1);
    drop(second);
}

#[test]
fn a_packet_is_passed_on_when_every_room_has_dropped_its_clone() {
    let (mut lane, woken) = lane(4);
    let red = depart(&mut lane, 1, UNION);
    let blue = red.clone();
    assert_eq!(lane.push(2, to("red")), Step::Parked);
    drop(red);
    assert_eq!((woken.load(Ordering::SeqCst), lane.poll_ready()), (0, None));
    drop(blue);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert!(lane.poll_ready().is_some());
}

#[test]
fn a_message_that_dies_in_a_mailbox_frees_the_lane() {
    let (mut lane, woken) = lane(4);
    let mailbox = vec![("packet", depart(&mut lane, 1, within("a")))];
    assert_eq!(lane.push(2, Class::Own), Step::Parked);
    drop(mailbox);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert_eq!(lane.poll_ready(), Some((2, None)));
}

#[test]
fn a_run_to_one_room_waits_only_at_the_limit_and_goes_on_at_half_of_it() {
    let (mut lane, woken) = lane(4);
    let mut tickets: Vec<Ticket> = (0..4).map(|op| depart(&mut lane, op, to("a"))).collect();
    assert_eq!(lane.push(4, to("a")), Step::Parked);
    tickets.pop();
    assert_eq!((woken.load(Ordering::SeqCst), lane.poll_ready()), (0, None));
    tickets.pop();
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    assert!(matches!(lane.poll_ready(), Some((4, Some(_)))));
}

#[test]
fn a_full_lane_says_so_and_refuses_at_twice_the_limit() {
    let (mut lane, _) = lane(2);
    let ticket = depart(&mut lane, 0, to("a"));
    for op in 1..=4 {
        assert_eq!(lane.is_full(), op > 2);
        assert_eq!(lane.push(op, UNION), Step::Parked);
    }
    assert_eq!(lane.push(5, Class::Membership), Step::Refused(5));
    drop(ticket);
    assert!(matches!(lane.poll_ready(), Some((1, Some(_)))));
    assert_eq!(lane.parked(), 3);
}

#[test]
fn an_empty_lane_keeps_no_memory_for_parked_operations() {
    let (mut lane, _) = lane(64);
    let ticket = depart(&mut lane, 0, within("a"));
    (1..60).for_each(|op| assert_eq!(lane.push(op, Class::Own), Step::Parked));
    drop(ticket);
    while lane.poll_ready().is_some() {}
    assert_eq!(lane.parked.capacity(), 0);
}

#[test]
fn a_disabled_lane_lets_everything_pass() {
    let (lane, _) = lane(1);
    let mut lane = lane.disabled();
    for class in [within("a"), within("b"), UNION, Class::Own, Class::Direct, Class::Membership] {
        assert_eq!(lane.push(1, class), Step::Go(1, None));
    }
}
