//! Out of the outbox.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use greenroom_proto::engineio::frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::carried::WireIo;
use super::{FAILED, LAST_MOMENT, NORMAL, Over, Phase, SCRATCH, Wire, broken};
use crate::session::Pending;

impl<Io: WireIo> Wire<Io> {
    /// Writes all there is. Pending is the normal outcome: either nothing is left, or the peer does not read.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        loop {
            match self.poll_write_once(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => {
                    self.let_go(cx);
                    return Poll::Pending;
                }
                Poll::Ready(Err(over)) => return Poll::Ready(over),
                Poll::Pending => {
                    self.set_blocked(true);
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes once; says whether there may be more to write.
    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        if !self.own.is_empty() {
            return self.poll_write_own(cx);
        }
        match self.phase {
            Phase::Probing => self.poll_flush(cx),
            Phase::Attached | Phase::Finishing => self.poll_write_outbox(cx),
        }
    }

    /// Writes what is first, and behind it what the outbox has, if it flows here.
    fn poll_write_own(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        let Self { io, ticket, own, phase, receipts, .. } = self;
        let outbox = ticket.session.outbox();
        let written = SCRATCH.with_borrow_mut(|scratch| {
            let Some((front, rest)) = scratch.split_at_mut_checked(own.len()) else {
                return Pin::new(io).poll_write(cx, own);
            };
            front.copy_from_slice(own);
            let attached = *phase != Phase::Probing;
            let behind = if attached { outbox.copy_front(rest).unwrap_or_default() } else { 0 };
            let bytes = scratch.get(..own.len() + behind).unwrap_or_default();
            let result = Pin::new(io).poll_write(cx, bytes);
            if attached {
                let count = if let Poll::Ready(Ok(count)) = &result { *count } else { 0 };
                receipts.extend(outbox.with(|outbox| outbox.advance(count.saturating_sub(own.len()))));
            }
            result
        });
        let count = ready!(written).and_then(wrote).map_err(broken)?;
        own.advance(count.min(own.len()));
        if own.is_empty() {
            // An idle connection holds no buffer.
            *own = BytesMut::new();
        }
        Poll::Ready(Ok(true))
    }

    fn poll_write_outbox(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        let Self { io, ticket, receipts, taken, .. } = self;
        let outbox = ticket.session.outbox();
        // Before the look: what is pushed after it wakes this task.
        outbox.register(cx.waker());
        let written = SCRATCH.with_borrow_mut(|scratch| match outbox.copy_front(scratch) {
            Ok(count) => {
                let bytes = scratch.get(..count).unwrap_or_default();
                Ok(Pin::new(io).poll_write(cx, bytes).map(|result| result.and_then(wrote)))
            }
            Err(pending) => Err(pending),
        });
        match written {
            Ok(result) => {
                // A write that did not happen is over, too: a ping may pass what was not taken.
                let count = if let Poll::Ready(Ok(count)) = &result { *count } else { 0 };
                let (gone, drained) = outbox.with(|outbox| (outbox.advance(count), outbox.is_empty()));
                receipts.extend(gone);
                *taken += count;
                ready!(result).map_err(broken)?;
                // While attached there is nothing to find behind an empty outbox: what comes wakes.
                if drained && self.phase == Phase::Attached {
                    return self.poll_flush(cx);
                }
                self.set_blocked(false);
                Poll::Ready(Ok(true))
            }
            Err(pending) => self.poll_drained(pending, cx),
        }
    }

    fn poll_drained(&mut self, pending: Pending, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        match pending {
            Pending::Doomed(reason) => {
                self.ticket.session.abort(reason);
                Poll::Ready(Err(Over::BySelf { fate: FAILED, close_code: None }))
            }
            Pending::Sealed if self.phase == Phase::Finishing => {
                ready!(self.poll_flush(cx))?;
                Poll::Ready(Err(Over::closed(Some(NORMAL))))
            }
            Pending::Packets | Pending::Nothing | Pending::Sealed => self.poll_flush(cx),
        }
    }

    /// For streams that buffer, such as TLS.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Over>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx)).map_err(broken)?;
        self.set_blocked(false);
        Poll::Ready(Ok(false))
    }

    /// Lets go of receipts when what they stand for is about to reach the network. The kernel would take many
    /// frames of state ahead of it, each of which is old when the peer reads it.
    fn let_go(&mut self, cx: &mut Context<'_>) {
        if self.receipts.is_empty() {
            return;
        }
        let most = self.ticket.session.runtime().config.unsent_bytes;
        // Looking is a system call: as long as it cannot hold so much there is no need to.
        if most != 0 && self.taken >= most / 2 {
            if self.io.poll_carried(cx).is_pending() {
                return self.set_blocked(true);
            }
            self.taken = 0;
        }
        self.receipts = Vec::new();
        self.set_blocked(false);
    }

    /// Volatile packets are left out while the peer does not keep up.
    fn set_blocked(&mut self, blocked: bool) {
        if self.blocked != blocked && matches!(self.phase, Phase::Attached | Phase::Finishing) {
            self.blocked = blocked;
            self.ticket.session.outbox().with(|outbox| outbox.set_writable(!blocked));
        }
    }

    /// Whether a close frame can be said: the peer reads, and no packet is half written.
    pub(super) fn can_say_close(&self) -> bool {
        let outbox = self.ticket.session.outbox();
        !self.blocked && self.own.is_empty() && outbox.with(|outbox| outbox.is_between_packets())
    }

    /// Says a close frame, and waits a moment for the peer's end unless the peer has said it: a connection
    /// that is dropped with unread input is reset, and the frame lost with it.
    pub(super) async fn say_close(mut self, code: u16) {
        let clock = self.ticket.session.runtime().clock.clone();
        let said = async {
            self.io.write_all(&frame::close(code)).await?;
            self.io.shutdown().await?;
            while !self.peer_closed && self.io.read(&mut [0; 512]).await? > 0 {}
            io::Result::Ok(())
        };
        tokio::select! {
            result = said => tracing::trace!(?result, code, "closed a WebSocket"),
            () = clock.sleep_until(clock.now() + LAST_MOMENT) => {}
        }
    }
}

fn wrote(count: usize) -> io::Result<usize> {
    if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
}
