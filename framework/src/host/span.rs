//! What the code of a room logs says which room it was.

use greenroom_proto::room::Moment;
use tracing::Span;

use super::machine::{HostEffect, HostInput, Machine};

/// A machine whose every step runs in its room's span.
pub(super) struct Spanned {
    machine: Box<dyn Machine>,
    span: Span,
}

impl Spanned {
    /// Makes the machine in the span, too. Names are quoted: clients choose them.
    pub(super) fn make<E>(
        room: &str,
        make: impl FnOnce() -> Result<Box<dyn Machine>, E>,
    ) -> Result<Box<dyn Machine>, E> {
        let span = tracing::info_span!(parent: None, "room", room);
        let machine = span.in_scope(make)?;
        Ok(Box::new(Self { machine, span }))
    }
}

impl Machine for Spanned {
    fn handle(&mut self, input: HostInput, now: Moment, effects: &mut Vec<HostEffect>) {
        let Self { machine, span } = self;
        span.in_scope(|| machine.handle(input, now, effects));
    }

    fn next_deadline(&self) -> Option<Moment> {
        self.machine.next_deadline()
    }
}
