//! What one emitter sends reaches any one recipient in program order (ARCHITECTURE › Order).
//!
//! A program is a list of operations that one socket's handlers perform: emits to rooms, unions and
//! everyone, direct emits to itself and to others, joins and leaves of itself and of others. It runs
//! on the real actors, on four workers, under a scheduler that delays every mailbox by a seed. A
//! model that knows nothing of actors says who has to receive what, and in which order.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

mod program;

use greenroom::prelude::*;
use program::{Outcome, run};

const PROGRAMS: u64 = 10_000;

#[actix_rt::test]
async fn every_recipient_gets_exactly_what_the_program_says_in_its_order() {
    for seed in 0..PROGRAMS {
        let Outcome { expected, received, program } = run(seed, Config::default()).await;
        assert_eq!(received, expected, "seed {seed}: {program:?}");
    }
}

#[actix_rt::test]
async fn a_narrow_lane_stops_reading_and_still_keeps_the_order() {
    for seed in 0..500 {
        let config = Config { lane_limit: 1, ..Config::default() };
        let Outcome { expected, received, program } = run(seed, config).await;
        assert_eq!(received, expected, "seed {seed}: {program:?}");
    }
}

#[actix_rt::test]
async fn full_mailboxes_make_senders_wait_and_still_keep_the_order() {
    for seed in 0..1_000 {
        let config = Config { mailbox_capacity: 1 + usize::from(seed % 2 == 1), ..Config::default() };
        let Outcome { expected, received, program } = run(seed, config).await;
        assert_eq!(received, expected, "seed {seed}: {program:?}");
    }
}

#[actix_rt::test]
async fn without_lanes_the_same_programs_lose_their_order() {
    let mut violations = 0;
    for seed in 0..1_000 {
        let config = Config { lanes: false, ..Config::default() };
        let outcome = run(seed, config).await;
        violations += u32::from(outcome.received != outcome.expected);
    }
    assert!(violations > 10, "only {violations} of 1,000: the test no longer provokes the race");
}
