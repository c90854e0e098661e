//! Random lives of a session with its outbox: no input panics, a session closes and finishes once, no
//! deadline lies in the past once it was handled, and what was pushed before the close arrives in order.
//!
//! Input: two bytes per operation, what happens and how.

#![no_main]

use std::time::Duration;

use greenroom_proto::engineio::{Packet, Revision};
use greenroom_proto::session::WireEnd;
use libfuzzer_sys::fuzz_target;
use session_world::{Op, World};

#[path = "../../tests/session_world/mod.rs"]
mod session_world;

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let revision = if first & 2 == 2 { Revision::Three } else { Revision::Four };
    let mut world = World::new(first & 1 == 1, revision);
    for pair in rest.chunks_exact(2).take(MAX_OPS) {
        world.run(&op(pair[0], pair[1]));
    }
    let arrived = world.arrived();
    assert_eq!(arrived, world.pushed[..arrived.len()]);
    // Whatever happened: a session that nobody uses ends.
    world.run(&Op::PostEnded { aborted: false });
    for _ in 0..20 {
        let Some(deadline) = world.session.next_deadline() else { break };
        world.run(&Op::Wait(deadline - world.now));
    }
    assert_eq!((world.closed, world.finished), (1, 1));
});

fn op(what: u8, how: u8) -> Op {
    let posted = how & 0x80 == 0;
    match what % 15 {
        0 => Op::Poll,
        1 => Op::PollAborted,
        2 => Op::Post,
        3 => Op::PostEnded { aborted: how == 0 },
        4 | 5 | 6 => Op::Packet { posted, packet: packet(how & 0x7f) },
        7 => Op::Rubbish { posted },
        8 => Op::Upgrade,
        9 => Op::WireEnded(if posted { WireEnd::Closed } else { WireEnd::Failed }),
        10 => Op::Push,
        11 => Op::Write { budget: usize::from(how) + 1 },
        12 => if how == 0 { Op::Abort } else { Op::Close },
        13 => Op::Sealed,
        _ => Op::Wait(Duration::from_millis(u64::from(how) * 100)),
    }
}

fn packet(which: u8) -> Packet {
    const PACKETS: [&str; 8] = ["2probe", "5", "3", "4text", "6", "2", "1", "0{}"];
    Packet::decode_text(PACKETS[usize::from(which) % PACKETS.len()].into()).unwrap()
}

const MAX_OPS: usize = 200;
