//! How far a transport may read ahead of the handlers.
//!
//! Owns: the bytes of reads whose handlers have not run yet. Keeps: a reader over its budget stops, and
//! is woken when permits are dropped; one that does not wait is not woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// The reading side of one transport, or of one POST request.
#[derive(Debug)]
pub(crate) struct ReadBudget {
    outstanding: AtomicUsize,
    reader: AtomicWaker,
}

/// Leave to have read something; whoever still works on it holds it, or a share of it.
///
/// When the last share is dropped, its bytes may be read again. Most permits are never shared, and then
/// nothing is allocated for them.
#[derive(Debug)]
pub(crate) enum ReadPermit {
    Whole(Read),
    Shared(Arc<Read>),
}

/// Bytes that were read, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Read {
    bytes: usize,
    /// Nothing in what was left behind when a permit was shared.
    budget: Option<Arc<ReadBudget>>,
}

impl ReadBudget {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { outstanding: AtomicUsize::new(0), reader: AtomicWaker::new() })
    }

    /// Notes that `bytes` were read. A short read counts as [`LEAST`] bytes: it costs a command, too.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize) -> ReadPermit {
        let bytes = bytes.max(LEAST);
        self.outstanding.fetch_add(bytes, Ordering::AcqRel);
        ReadPermit::Whole(Read { bytes, budget: Some(self.clone()) })
    }

    /// Ready while less than `limit` bytes are outstanding.
    pub(crate) fn poll_below(&self, limit: usize, cx: &Context<'_>) -> Poll<()> {
        if self.is_below(limit) {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // A permit may have been dropped between the look and the registration.
        if self.is_below(limit) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until every permit is dropped.
    pub(crate) async fn all_dropped(&self) {
        std::future::poll_fn(|cx| self.poll_below(1, cx)).await;
    }

    fn is_below(&self, limit: usize) -> bool {
        self.outstanding.load(Ordering::Acquire) < limit
    }
}

impl ReadPermit {
    /// Another share.
    pub(crate) fn share(&mut self) -> Self {
        let read = match self {
            Self::Whole(Read { bytes, budget }) => Arc::new(Read { bytes: *bytes, budget: budget.take() }),
            Self::Shared(read) => read.clone(),
        };
        *self = Self::Shared(read.clone());
        Self::Shared(read)
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.outstanding.fetch_sub(self.bytes, Ordering::AcqRel);
            budget.reader.wake();
        }
    }
}

/// About what a command in a mailbox takes.
const LEAST: usize = 256;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn reading_goes_on_when_the_last_share_of_a_permit_is_dropped() {
        let budget = ReadBudget::new();
        let mut permit = budget.take(1000);
        let shares = [permit.share(), permit.share()];
        assert_eq!(budget.outstanding.load(Ordering::Relaxed), 1000);
        drop(permit);
        assert!(budget.all_dropped().now_or_never().is_none());
        drop(shares);
        assert!(budget.all_dropped().now_or_never().is_some());
        drop(budget.take(1000));
        assert!(budget.all_dropped().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let budget = ReadBudget::new();
        let permit = budget.take(0);
        let waiter = tokio::spawn({
            let budget = budget.clone();
            async move { budget.all_dropped().await }
        });
        tokio::task::yield_now().await;
        drop(permit);
        waiter.await.unwrap();
    }
}
