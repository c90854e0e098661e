//! How long a connection may be between two requests.
//!
//! * *Owns*: when the last request was answered, and how many are being answered.
//! * *Takes*: reads and writes of the dispatcher, the begin and the end of requests.
//! * *Emits*: an error to a read that has waited for too long, which ends the connection.
//! * *Keeps*: while a request is answered, nothing is measured; whoever takes bytes is not idle.
//!
//! actix measures the head of a connection's first request, and the quiet behind an answer. A head that
//! begins behind an answer and never ends is neither, and would hold its connection for ever.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::runtime::clock::Clock;

/// A connection that ends if it is too long between two requests.
pub(super) struct Watched<Io> {
    io: Io,
    watch: Watch,
    alarm: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// What is known of the requests of one connection.
#[derive(Clone)]
pub(super) struct Watch(Rc<State>);

struct State {
    clock: Clock,
    patience: Duration,
    busy: Cell<u32>,
    idle_since: Cell<Instant>,
    /// The connection's task, to look at the time when it is idle again.
    task: RefCell<Option<Waker>>,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Busy(Watch);

impl<Io> Watched<Io> {
    pub(super) fn new(io: Io, clock: Clock, patience: Duration) -> Self {
        let (busy, idle_since) = (Cell::new(0), Cell::new(clock.now()));
        let state = State { clock, patience, busy, idle_since, task: RefCell::default() };
        Self { io, watch: Watch(Rc::new(state)), alarm: None }
    }

    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The connection, no longer watched.
    pub(super) fn into_inner(self) -> Io {
        self.io
    }

    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let state = &self.watch.0;
        state.task.replace(Some(cx.waker().clone()));
        while state.busy.get() == 0 {
            let due = state.idle_since.get() + state.patience;
            if due <= state.clock.now() {
                return Poll::Ready(());
            }
            let clock = state.clock.clone();
            let alarm =
                self.alarm.get_or_insert_with(|| Box::pin(async move { clock.sleep_until(due).await }));
            ready!(alarm.as_mut().poll(cx));
            // Something may have happened since it was set.
            self.alarm = None;
        }
        Poll::Pending
    }
}

impl Watch {
    /// A request has come.
    pub(super) fn begin(&self) -> Busy {
        self.0.busy.set(self.0.busy.get() + 1);
        Busy(self.clone())
    }
}

impl Busy {
    /// Lasts as long as the body is on its way.
    pub(super) fn until_sent(self, body: BoxBody) -> BoxBody {
        BoxBody::new(Answer { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.busy.set(state.busy.get().saturating_sub(1));
        state.idle_since.set(state.clock.now());
        if let Some(task) = state.task.take() {
            task.wake();
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Poll::Ready(read) = Pin::new(&mut this.io).poll_read(cx, out) {
            return Poll::Ready(read);
        }
        ready!(this.poll_overdue(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.io).poll_write(cx, bytes));
        this.watch.0.idle_since.set(this.watch.0.clock.now());
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

impl<Io> fmt::Debug for Watched<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("busy", &self.watch.0.busy.get()).finish_non_exhaustive()
    }
}

/// A body whose request ends with it.
struct Answer {
    body: BoxBody,
    _busy: Busy,
}

impl MessageBody for Answer {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}
