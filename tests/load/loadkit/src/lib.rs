//! What the load generator, the swarm and the floor share.
//!
//! * [`epoll`]: a level-triggered poller with a nanosecond timeout.
//! * [`websocket`]: frame headers and masking, written and read by hand.
//! * [`random`]: a seeded generator, so that a run can be repeated.
//! * [`args`]: `--name value` arguments.
//! * [`limits`]: the limit of open files.
//! * [`http`], [`polling`]: blocking long-polling.
//! * [`loopback`]: client and listening sockets on the loopback interface.
//!
//! Nothing here validates more than a peer under measurement needs: no limits, no UTF-8 checks.
#![forbid(unsafe_code)]

pub mod args;
pub mod epoll;
pub mod http;
pub mod limits;
pub mod loopback;
pub mod polling;
pub mod random;
pub mod websocket;

/// Finds the first place of `pattern` in `bytes`.
#[must_use]
pub fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
