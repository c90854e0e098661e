//! The course of a closed loop: fill the window, let every answer bring the next request, drain.
use std::time::{Duration, Instant};

use crate::net::{Client, Net};

/// Longest wait for what is still on its way; what has not come then is lost.
const DRAIN: Duration = Duration::from_secs(20);
/// After the drain: what should not come, a duplicate for example, would come now.
const QUIET: Duration = Duration::from_millis(100);
const TURN: Duration = Duration::from_millis(5);

/// A scenario in which every answer brings the next request.
pub(crate) trait ClosedLoop: Client {
    /// Sends the first requests; from now on answers bring more.
    fn start(&mut self, net: &mut Net);
    /// From now on answers bring no more.
    fn stop(&mut self);
    /// Requests without an answer.
    fn outstanding(&self) -> u64;
}

/// Runs one phase from quiet to quiet, with `duration` of load.
pub(crate) fn run(net: &mut Net, scenario: &mut impl ClosedLoop, duration: Duration) {
    scenario.start(net);
    net.poll_for(duration, scenario);
    scenario.stop();
    drain(net, scenario);
}

/// Waits until nothing is outstanding and nothing more comes.
pub(crate) fn drain(net: &mut Net, scenario: &mut impl ClosedLoop) {
    let started = Instant::now();
    while scenario.outstanding() > 0 && started.elapsed() < DRAIN {
        net.poll(TURN, scenario);
    }
    net.poll_for(QUIET, scenario);
}
