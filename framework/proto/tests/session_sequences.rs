//! Random lives of a session with its outbox, as a host would run them.
//!
//! Keeps: no panic; no deadline lies in the past once it was handled; a session closes exactly once and
//! finishes exactly once; whatever was pushed before the close arrives whole and in order, unless the
//! transport died.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and starts its own time"
)]

mod session_world;

use std::time::Duration;

use greenroom_proto::engineio::{Packet, Revision};
use greenroom_proto::session::{SessionState, WireEnd};
use proptest::prelude::*;
use session_world::{Op, World};

fn any_packet() -> impl Strategy<Value = Packet> {
    let packets = ["2probe", "5", "3", "4text", "6", "2", "1", "0{}"];
    let weights = [8, 8, 8, 8, 2, 1, 1, 1];
    let choices = packets.iter().zip(weights);
    let choices = choices.map(|(text, weight)| (weight, Just(Packet::decode_text((*text).into()).unwrap())));
    proptest::strategy::Union::new_weighted(choices.collect())
}

fn any_revision() -> impl Strategy<Value = Revision> {
    prop_oneof![Just(Revision::Three), Just(Revision::Four)]
}

fn any_op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![Just(WireEnd::Closed), Just(WireEnd::Failed)];
    prop_oneof![
        10 => Just(Op::Poll),
        1 => Just(Op::PollAborted),
        8 => Just(Op::Post),
        8 => Just(Op::PostEnded { aborted: false }),
        1 => Just(Op::PostEnded { aborted: true }),
        20 => (any::<bool>(), any_packet()).prop_map(|(posted, packet)| Op::Packet { posted, packet }),
        1 => any::<bool>().prop_map(|posted| Op::Rubbish { posted }),
        8 => Just(Op::Upgrade),
        1 => end.prop_map(Op::WireEnded),
        20 => Just(Op::Push),
        10 => (1_usize..40).prop_map(|budget| Op::Write { budget }),
        2 => Just(Op::Close),
        4 => Just(Op::Sealed),
        1 => Just(Op::Abort),
        4 => (0_u64..30_000).prop_map(|wait| Op::Wait(Duration::from_millis(wait))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_happens_a_session_keeps_its_promises(
        websocket: bool,
        revision in any_revision(),
        ops in prop::collection::vec(any_op(), 1..80),
    ) {
        let mut world = World::new(websocket, revision);
        for op in &ops {
            world.run(op);
        }
        prop_assert!(world.closed <= 1);
        let arrived = world.arrived();
        prop_assert_eq!(&arrived[..], &world.pushed[..arrived.len()]);
    }

    #[test]
    fn what_was_pushed_before_the_close_arrives(
        websocket: bool,
        revision in any_revision(),
        ops in prop::collection::vec(any_op(), 1..60),
    ) {
        let mut world = World::new(websocket, revision);
        for op in &ops {
            world.run(op);
        }
        let alive = matches!(world.session.state(), SessionState::Closing) || world.session.is_open();
        world.run(&Op::Close);
        world.run(&Op::Sealed);
        // A peer that goes on reading, on the transport that it has.
        for _ in 0..200 {
            world.run(if world.attached { &Op::Write { budget: 100 } } else if world.waiting { &Op::Sealed } else { &Op::Poll });
        }
        if alive {
            prop_assert_eq!(world.arrived(), world.pushed);
        }
    }

    #[test]
    fn a_session_that_nobody_uses_ends(
        websocket: bool,
        revision in any_revision(),
        ops in prop::collection::vec(any_op(), 0..40),
    ) {
        let mut world = World::new(websocket, revision);
        for op in &ops {
            world.run(op);
        }
        world.run(&Op::PostEnded { aborted: false });
        for _ in 0..20 {
            let Some(deadline) = world.session.next_deadline() else { break };
            world.run(&Op::Wait(deadline - world.now));
        }
        prop_assert_eq!((world.closed, world.finished), (1, 1));
    }
}
