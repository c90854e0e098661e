//! What user code asks for while it runs.
//!
//! Owns: a thread-local turn, set while code of one socket runs on its worker. Keeps: everything
//! that the code emits, on whatever handle, is an operation of that socket, in program order;
//! nothing is performed before the code has returned, and nothing at all if it panicked.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use greenroom_proto::rooms::{RoomName, Selection};
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::AckId;

use super::Socket;
use crate::adapter;
use crate::fanout::SlotRef;
use crate::namespace::{Errand, FindReply, NamespaceShared};
use crate::session::Seal;

/// Something that user code asked for.
#[derive(Debug)]
pub(crate) enum Op {
    /// A packet for the client of the socket itself.
    Own { frames: Bytes, delivery: Delivery },
    /// A packet for the client of a socket, itself or another.
    Emit { to: Socket, frames: Bytes, delivery: Delivery },
    /// The same, with an acknowledgement that is pending there.
    EmitWithAck { to: Socket, frames: Bytes, ack: AckId },
    /// A packet for a selection of a namespace's sockets.
    Broadcast { namespace: Arc<NamespaceShared>, to: Selection<SlotRef>, frames: Bytes, delivery: Delivery },
    /// Something to do with each socket of a selection.
    Errand { namespace: Arc<NamespaceShared>, to: Selection<SlotRef>, errand: Box<Errand> },
    /// A message for the other nodes of the cluster.
    Publish(Box<adapter::Message>),
    /// A socket joins a room.
    Join(Socket, RoomName),
    /// A socket leaves a room.
    Leave(Socket, RoomName),
    /// A socket is disconnected from its namespace, or its whole connection closed.
    Disconnect { socket: Socket, close: bool },
    /// The sockets of a selection, as they are behind all that was asked for before.
    Find { namespace: Arc<NamespaceShared>, to: Selection<SlotRef>, reply: FindReply },
    /// The socket itself has left: its namespace forgets it.
    Gone,
    /// Behind all that, the connection is closed.
    CloseSession,
    /// The connection closes, and this socket has no more for it.
    Release(Seal),
}

impl Op {
    /// It will not be performed: what became visible when it was asked for is taken back.
    pub(super) fn undo(self) {
        match self {
            Self::Join(socket, room) => drop(socket.unlist(&room)),
            Self::Leave(socket, room) => socket.list(room),
            Self::EmitWithAck { to, ack, .. } => to.forget_ack(ack),
            Self::Own { .. }
            | Self::Emit { .. }
            | Self::Broadcast { .. }
            | Self::Errand { .. }
            | Self::Publish(_)
            | Self::Disconnect { .. }
            | Self::Find { .. }
            | Self::Gone
            | Self::CloseSession
            | Self::Release(_) => {}
        }
    }
}

thread_local! {
    static TURN: RefCell<Option<Vec<Op>>> = const { RefCell::new(None) };
}

/// What a panic left behind.
pub(super) type Panicked = Box<dyn Any + Send>;

/// Runs user code for a socket, in its span, and returns what the code asked for; its panic ends here.
pub(super) fn run<R>(socket: &Socket, code: impl FnOnce() -> R) -> (Result<R, Panicked>, Vec<Op>) {
    let outer = TURN.replace(Some(Vec::new()));
    let span = &socket.shared().span;
    // One that nobody looks at is not worth entering.
    let in_span = || if span.is_disabled() { code() } else { span.in_scope(code) };
    let result = catch_unwind(AssertUnwindSafe(in_span));
    let asked = TURN.replace(outer).unwrap_or_default();
    match result {
        Ok(result) => (Ok(result), asked),
        Err(panicked) => {
            asked.into_iter().rev().for_each(Op::undo);
            (Err(panicked), Vec::new())
        }
    }
}

/// Notes an operation of the running turn; gives it back outside of one.
pub(crate) fn record(op: Op) -> Result<(), Op> {
    TURN.with_borrow_mut(|turn| match turn {
        Some(asked) => {
            asked.push(op);
            Ok(())
        }
        None => Err(op),
    })
}
