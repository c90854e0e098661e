//! A test: named after its rule, run once for each transport that the rule speaks of.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use greenroom_tests::{Failure, Transport, transcript};

/// What a test returns.
pub(crate) type Check = Result<(), Failure>;

/// A test under way.
pub(crate) type Running = Pin<Box<dyn Future<Output = Check>>>;

/// No single test takes longer than this, whatever it waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// The test of one rule.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// `eio_2_01_the_open_packet_has_five_fields`: the rule's id and what it says.
    pub(crate) name: &'static str,
    /// The transports on which it runs.
    pub(crate) transports: &'static [Transport],
    /// The test itself.
    pub(crate) run: fn(Transport) -> Running,
}

impl Case {
    /// The id of the rule in `rules.toml`, e.g. `eio-2.01`.
    pub(crate) fn id(&self) -> String {
        let mut parts = self.name.splitn(4, '_');
        let mut part = || parts.next().unwrap_or_default();
        format!("{}-{}.{}", part(), part(), part())
    }

    /// Runs the test on this thread, and returns what failed with what went over the wire.
    pub(crate) fn perform(&self, transport: Transport) -> Result<(), String> {
        drop(transcript::take());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run_to_end(transport)));
        let complaint = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(panic) => message_of(panic.as_ref()),
        };
        Err(format!("{complaint}\n{}", excerpt(&transcript::take())))
    }

    fn run_to_end(&self, transport: Transport) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let test = async { tokio::time::timeout(LIMIT, (self.run)(transport)).await };
        match runtime.map_err(|error| error.to_string())?.block_on(test) {
            Ok(check) => check.map_err(|failure| failure.to_string()),
            Err(_) => Err(format!("not done after {LIMIT:?}")),
        }
    }
}

/// The beginning and the end of a transcript.
fn excerpt(lines: &[String]) -> String {
    const HEAD: usize = 12;
    const TAIL: usize = 24;
    let tail = lines.len().saturating_sub(TAIL).max(HEAD);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index < HEAD || index >= tail {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        } else if index == HEAD {
            text.push_str("    …\n");
        }
    }
    text
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}

/// Lists the tests of a module: `both` run on each transport and take it as their argument, `polling` and
/// `websocket` concern one alone. A test that is not listed is dead code, which the compiler reports.
macro_rules! cases {
    ($($on:ident $name:ident,)*) => {
        pub(crate) fn cases() -> Vec<$crate::case::Case> {
            vec![$($crate::case::cases!(@case $on $name)),*]
        }
    };
    (@case both $name:ident) => {
        $crate::case::Case {
            name: stringify!($name),
            transports: &[greenroom_tests::Transport::Polling, greenroom_tests::Transport::WebSocket],
            run: |transport| Box::pin($name(transport)),
        }
    };
    (@case polling $name:ident) => {
        $crate::case::Case {
            name: stringify!($name),
            transports: &[greenroom_tests::Transport::Polling],
            run: |_| Box::pin($name()),
        }
    };
    (@case websocket $name:ident) => {
        $crate::case::Case {
            name: stringify!($name),
            transports: &[greenroom_tests::Transport::WebSocket],
            run: |_| Box::pin($name()),
        }
    };
}

pub(crate) use cases;
