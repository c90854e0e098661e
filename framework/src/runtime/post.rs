//! How a message enters a mailbox.
//!
//! Owns: the only calls of `do_send` and `try_send`. Three classes, chosen in each actor's
//! `handle.rs`:
//!
//! * **lifecycle**: never refused. Bounded by what exists (actors, permits, rooms of a socket),
//!   never by traffic.
//! * **traffic**: refused when the mailbox is full; the message comes back and its sender waits,
//!   which stops the sender's own mailbox and in the end the reading of the wire. Waiting goes one
//!   way only (session → socket → namespace → room → fanout), so nobody waits in a circle.
//! * **queries**: `Addr::send`, awaited outside of actors.
//!
//! With the feature `testing` a seeded scheduler can sit in between, see [`crate::testing::delay`].

use std::fmt::Debug;

use actix::dev::ToEnvelope;
use actix::prelude::SendError;
use actix::{Actor, Addr, Handler, Message};

use super::metrics::Metrics;

/// Why a message did not enter a mailbox; the message comes back.
#[derive(Debug)]
pub(crate) enum Refused<M> {
    /// The mailbox is full: wait with [`wait`].
    Full(M),
    /// The actor has ended.
    Gone(M),
}

/// Sends what must not get lost. Returns false if the actor has ended.
#[expect(clippy::disallowed_methods, reason = "the one place that chooses how a message travels")]
pub(crate) fn lifecycle<A, M>(metrics: &Metrics, to: &Addr<A>, message: M) -> bool
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Debug + Send + 'static,
{
    metrics.mailbox_messages.count();
    #[cfg(feature = "testing")]
    let Some(message) = crate::testing::delay::hold(to, message) else { return true };
    let open = to.connected();
    to.do_send(message);
    open
}

/// Sends what may be refused.
///
/// `to` must be the address that others send by, too, and no clone of it: in actix each clone has a
/// place in the mailbox of its own, so a fresh one is never refused.
pub(crate) fn traffic<A, M>(metrics: &Metrics, to: &Addr<A>, message: M) -> Result<(), Refused<M>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Debug + Send + 'static,
{
    metrics.mailbox_messages.count();
    let refused = match try_post(to, message) {
        Ok(()) => return Ok(()),
        Err(refused) => refused,
    };
    if let Refused::Full(_) = refused {
        metrics.mailbox_full.count();
    }
    Err(refused)
}

#[expect(clippy::disallowed_methods, reason = "the one place that chooses how a message travels")]
fn try_post<A, M>(to: &Addr<A>, message: M) -> Result<(), Refused<M>>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Debug + Send + 'static,
{
    #[cfg(feature = "testing")]
    let Some(message) = crate::testing::delay::hold_traffic(to, message)? else { return Ok(()) };
    match to.try_send(message) {
        Ok(()) => Ok(()),
        Err(SendError::Full(message)) => Err(Refused::Full(message)),
        Err(SendError::Closed(message)) => Err(Refused::Gone(message)),
    }
}

/// Sends what was refused as soon as there is room for it. Returns false if the actor ended.
pub(crate) async fn wait<A, M>(to: Addr<A>, message: M) -> bool
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Debug + Send + 'static,
{
    #[cfg(feature = "testing")]
    let Some(message) = crate::testing::delay::hold_when_free(&to, message).await else { return true };
    to.send(message).await.is_ok()
}
